"""Processes: started apart from the terminal, known again for certain, stopped gently and then firmly.

A pid alone proves nothing: it may belong to a zombie or have been given to another program. A record therefore
keeps the kernel's start time of the process and the boot it belongs to, and a process is the recorded one only if
all of it agrees (Linux: /proc).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkryto_portal.errors import LocalPortalError

KEPT_VARIABLES = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
LARGEST_LOG = 10_000_000


@dataclass(frozen=True, slots=True)
class Record:
    """One process, named so that no other process is ever taken for it."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Record | None:
        """The record of a living process; None when there is none with this pid (a zombie is none)."""
        started = _start_time(pid)
        return None if started is None else cls(pid, started, _boot())

    @property
    def alive(self) -> bool:
        """Is this very process still there?"""
        return Record.of(self.pid) == self


def remember(path: Path, pid: int) -> None:
    """Write the record of a process that was just started."""
    record = Record.of(pid)
    if record is not None:
        write_private(path, json.dumps(asdict(record)))


def recall(path: Path) -> Record | None:
    """The recorded process if it is alive; a record that is stale or unreadable counts as none."""
    record = _read(path)
    return record if record is not None and record.alive else None


def _read(path: Path) -> Record | None:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Record(int(fields["pid"]), int(fields["started"]), str(fields["boot"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def end(path: Path, folder: Path, *, seconds: float = 20) -> None:
    """Stop the recorded process, then what is left of its session, then forget the record.

    A server killed on its own leaves workers that hold its port. They are known by their session, which `start` made,
    and by `folder`, the working folder they were started in.
    """
    record = _read(path)
    if record is not None and record.boot == _boot():
        if record.alive:
            stop(record, seconds=seconds)
        for pid in working_in(folder):
            if _session(pid) == record.pid:
                stop(Record.of(pid), gentle=signal.SIGKILL)
    path.unlink(missing_ok=True)


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _start_time(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (clock ticks after boot); None for no process and for a zombie. See proc(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    return None if state in "ZXx" else int(fields[18])


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def working_in(folder: Path) -> list[int]:
    """Pids of living processes whose working folder is this one: how PostgreSQL's processes are known."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                same = (entry / "cwd").samefile(folder)
            except OSError:  # ended meanwhile, a zombie, or another user's
                continue
            if same and _start_time(int(entry.name)) is not None:
                found.append(int(entry.name))
    return found


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for the portal's programs: CKAN_*, PG*, proxies and Python settings of the caller stay out."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1", "NO_PROXY": "*", "no_proxy": "*", **(extra or {})}


def start(
    command: Iterable[str | Path],
    *,
    log: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    pass_fds: tuple[int, ...] = (),
    user: tuple[int, int] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in its own session, its output in `log`; `user` is (uid, gid) to become."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".old.log"))
    identity = as_user(user)
    with log.open("ab") as output:
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=clean_environment(environment),
            pass_fds=pass_fds,
            start_new_session=True,
            umask=0o077,
            **identity,
        )
    return process


def as_user(user: tuple[int, int] | None) -> dict[str, Any]:
    """The arguments of Popen that become another user (uid, gid) without any of our groups."""
    return {"user": user[0], "group": user[1], "extra_groups": []} if user else {}


def wait_for(
    ready: Callable[[], bool], process: subprocess.Popen[bytes] | None, *, name: str, log: Path, seconds: float
) -> None:
    """Wait until `ready`; raises LocalPortalError with the end of the log when the program ends or takes too long."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not ready():
        if process is not None and process.poll() is not None:
            raise LocalPortalError(f"{name} ended right after its start:\n{tail(log)}", remedy=f"The whole log: {log}")
        if time.monotonic() > deadline:
            raise LocalPortalError(
                f"{name} did not answer within {seconds:.0f} s:\n{tail(log)}", remedy=f"The log: {log}"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def stop(record: Record | None, *, gentle: int = signal.SIGTERM, seconds: float = 20) -> None:
    """Ask the process to end, wait, then kill it. Nothing happens to any other process."""
    if record is None:
        return
    for number, patience in ((gentle, seconds), (signal.SIGKILL, 5.0)):
        if not record.alive:
            return
        try:
            os.kill(record.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while record.alive and time.monotonic() < deadline:
            _reap(record.pid)
            time.sleep(0.02)


def _reap(pid: int) -> None:
    """Collect the process if it is our own child, so that it does not stay as a zombie."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, indented."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")[-8000:]
    except OSError:
        return "    (no log)"
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    fresh.replace(path)
