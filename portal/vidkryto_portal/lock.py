"""One command at a time changes a portal: a kernel lock that vanishes with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from vidkryto_portal.errors import LocalPortalError
from vidkryto_portal.places import Home


@contextmanager
def only_one(home: Home, command: str) -> Iterator[None]:
    """Hold the portal's lock; raises LocalPortalError at once when another command holds it."""
    home.make()
    handle = os.open(home.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 100, 0).decode(errors="replace").strip() or "another command"
            raise LocalPortalError(
                f"this portal is busy: {holder} is at work on it", remedy="Wait until it is done, then ask again."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`{command}` (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(handle)
