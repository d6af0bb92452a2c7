"""No more requests at once to a portal than the settings say, from all processes of a state folder together."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

LOOK_AGAIN = 0.02
"""Seconds between two looks for a free place, doubled up to LONGEST."""
LONGEST = 0.32
_here: dict[tuple[str, int], threading.BoundedSemaphore] = {}
_making = threading.Lock()


class Gate:
    """So many places for a portal; who sends a request holds one.

    A place is a lock on a file in `folder`, so that a worker, a command at a terminal and the processes of a cluster
    share them; the kernel frees the place of a process that was killed. Within a process threads queue first. Without
    a folder only the threads of this process are counted.
    """

    def __init__(self, url: str, places: int, folder: Path | None) -> None:
        self.folder = folder
        name = hashlib.sha256(url.encode()).hexdigest()[:16]
        self.names = [f"{name}-{number}" for number in range(max(1, places))]
        with _making:
            self._threads = _here.setdefault((name, places), threading.BoundedSemaphore(max(1, places)))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place; waits until one is free."""
        with self._threads:
            if self.folder is None:
                yield
                return
            held = self._taken(self.folder)
            try:
                yield
            finally:
                held.release()

    def _taken(self, folder: Path) -> BaseFileLock:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pause = LOOK_AGAIN
        while True:
            for name in random.sample(self.names, len(self.names)):
                lock = FileLock(folder / name, blocking=False, thread_local=False, mode=0o600)
                try:
                    lock.acquire()
                except Timeout:
                    continue
                return lock
            time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter, not a secret
            pause = min(2 * pause, LONGEST)
