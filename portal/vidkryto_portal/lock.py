"""One command at a time changes a portal: a kernel lock that vanishes with its holder."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
            raise LocalPortalError(
                f"this portal is busy: {_holder(handle)} is at work on it",
                remedy="Wait until it is done, then ask again.",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"`{command}` (process {os.getpid()})\n".encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _holder(handle: int) -> str:
    """Who holds the lock. Waits up to a second for the name of one that took it just now.

    What a killed holder left there is not told: its process is gone.
    """
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        text = os.pread(handle, 100, 0).decode(errors="replace").strip()
        named = re.search(r"\(process (\d+)\)$", text)
        if named and Path(f"/proc/{named[1]}").exists():
            return text
        time.sleep(0.02)
    return "another command"
