"""Programs that are left running: started in a session of their own, found again by a file, stopped politely."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkryto.errors import StateError

PATIENCE = 20.0
"""Seconds a program has to become ready, and to end after SIGTERM before it is killed."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program left running: its process and the moment the kernel started it, so that a reused pid is told apart."""

    pid: int
    started: str

    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return _started(self.pid) == self.started


_started_here: list[subprocess.Popen[bytes]] = []
"""Programs this process left running, kept so that Python does not take them for forgotten."""


def start(name: str, home: Path, command: Sequence[str], ready: Callable[[], bool]) -> Running:
    """Start a program detached from this one and wait until it is `ready`; its output goes to `home`/name.log.

    Raises StateError, with the last lines of its log, when it ends before it is ready or is not ready in time.
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
        )
    _started_here.append(process)
    running = Running(process.pid, _started(process.pid))
    limit = time.monotonic() + PATIENCE
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > limit:
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
            what = "ended at once" if ended else f"was not ready within {PATIENCE:.0f} seconds"
            process.kill()
            process.wait()
            raise StateError(f"{name} {what}:\n{tail}", remedy=f"The whole log is {log.name} in the state folder.")
        time.sleep(0.05)
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
