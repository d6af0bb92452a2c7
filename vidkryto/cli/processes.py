"""Programs that are left running: started in a session of their own, found again by a file, stopped politely."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vidkryto.errors import SettingsError, StateError

PATIENCE = 20.0
"""Seconds a program has to become ready, and to end after SIGTERM before it is killed."""
LOG_SIZE = 10_000_000
"""Bytes of a log from which on a start sets it aside; one older log is kept."""


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


def start(
    name: str,
    home: Path,
    command: Sequence[str],
    ready: Callable[[], bool],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    patience: float = PATIENCE,
) -> Running:
    """Start a program detached from this one and wait until it is `ready`; its output goes to `home`/name.log.

    `environment` replaces this process' own, `folder` is where the program runs, `patience` is in seconds.
    Raises StateError, with the last lines of its log, when it ends before it is ready or is not ready in time.
    """
    home.mkdir(parents=True, exist_ok=True)
    log = home / f"{name}.log"
    if log.is_file() and log.stat().st_size > LOG_SIZE:
        log.replace(home / f"{name}.log.1")
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=None if environment is None else dict(environment),
            cwd=folder,
        )
    _started_here.append(process)
    running = Running(process.pid, _started(process.pid))
    limit = time.monotonic() + patience
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > limit:
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
            what = "ended at once" if ended else f"was not ready within {patience:.0f} seconds"
            process.kill()
            process.wait()
            raise StateError(f"{name} {what}:\n{tail}", remedy=f"The whole log is {log.name} in the state folder.")
        time.sleep(0.05)
    _note(name, home, running)
    return running


def remember_this(name: str, home: Path) -> None:
    """Note this very process under a name, so that others `find` it for as long as it lives."""
    home.mkdir(parents=True, exist_ok=True)
    _note(name, home, Running(os.getpid(), _started(os.getpid())))


def _note(name: str, home: Path, running: Running) -> None:
    (home / f"{name}.json").write_text(json.dumps({"pid": running.pid, "started": running.started}), encoding="utf-8")


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
        _signal(running.pid, signal.SIGTERM)
        limit = time.monotonic() + PATIENCE
        while running.alive() and time.monotonic() < limit:
            time.sleep(0.05)
        while running.alive():
            _signal(running.pid, signal.SIGKILL)
            time.sleep(0.05)
    (home / f"{name}.json").unlink(missing_ok=True)
    _started_here[:] = [process for process in _started_here if process.poll() is None]
    return running is not None


def _signal(pid: int, number: int) -> None:
    """To a program and all it started; alone to one that a script runs, whose group is the script's."""
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:  # it ended meanwhile
        return


def answers(port: int) -> bool:
    """Whether something listens at 127.0.0.1:`port`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def refuse_taken(port: int, remedy: str) -> None:
    """Raise SettingsError when another program has the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SettingsError(f"port {port} on 127.0.0.1 is taken by another program", remedy=remedy) from None


def _started(pid: int) -> str:
    """The start time of a live process in kernel ticks, field 22 of /proc/PID/stat; empty for none or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
