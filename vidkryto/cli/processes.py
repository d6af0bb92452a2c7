"""Programs that are left running: started in a session of their own, found again by a file, stopped politely."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkryto.errors import StateError

PATIENCE = 20.0
"""Seconds a program has to end after SIGTERM before it is killed."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program left running: its process and the moment the kernel started it, so that a reused pid is told apart."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return _started(self.pid) == self.started


def start(name: str, home: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Running:
    """Start a program detached from this one; its output goes to `home`/name.log.

    Raises StateError when it ends at once, with the last lines of its log.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
    running = Running(process.pid, _started(process.pid))
    time.sleep(0.2)
    if process.poll() is not None:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
        raise StateError(f"{name} ended at once:\n{tail}", remedy=f"The whole log is {log.name} in the state folder.")
    (home / f"{name}.json").write_text(json.dumps({"pid": running.pid, "started": running.started}), encoding="utf-8")
    return running


def find(name: str, home: Path) -> Running | None:
    """The program of that name, if it runs."""
    try:
        running = Running(**json.loads((home / f"{name}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return running if running.alive() else None


def stop(name: str, home: Path) -> bool:
    """End the program of that name: SIGTERM, then SIGKILL. Returns whether there was one."""
    running = find(name, home)
    if running is not None:
        os.killpg(running.pid, signal.SIGTERM)
        limit = time.monotonic() + PATIENCE
        while running.alive() and time.monotonic() < limit:
            time.sleep(0.05)
        if running.alive():
            os.killpg(running.pid, signal.SIGKILL)
    (home / f"{name}.json").unlink(missing_ok=True)
    return running is not None


def _started(pid: int) -> str:
    """The start time of a live process in kernel ticks, field 22 of /proc/PID/stat; empty for none or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
