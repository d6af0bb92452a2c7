"""Keeps programs running: starts them in order, starts again what has ended, stops all in reverse order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vidkryto.archive import written_atomically
from vidkryto.cli import processes
from vidkryto.errors import StateError

LONGEST_PAUSE = 60.0
"""Seconds between two starts of a program that keeps ending."""
LONGEST_WAIT = 600.0
"""Seconds between two tries of a chore that keeps failing."""
HEALTHY = 300.0
"""Seconds after which a program that runs has its earlier ends forgiven."""
DOWN = 5
"""Starts in vain, or followed by an end soon, from which on people are told that a program does not stay up."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to keep: how it is started, and how it shows that it is ready."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    patience: float = processes.PATIENCE
    environment: Mapping[str, str] = field(default_factory=dict)
    """What this program alone is told, besides the keeper's environment."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do again and again: looked at each `seconds`, and done when `needed` says so or it failed before."""

    name: str
    seconds: float
    needed: Callable[[], bool]
    do: Callable[[], None]


@dataclass
class Keeper:
    """Programs that must run, kept until `stop`. Logs and process files lie in `home`."""

    home: Path
    folder: Path
    environment: Mapping[str, str]
    told: Callable[[str, str], None]
    """Hears of each event: the program's name and one of "started", "ended", "not started"."""
    programs: list[Program] = field(default_factory=list)
    _failures: dict[str, int] = field(default_factory=dict)
    _next: dict[str, float] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    _noted: list[str] = field(default_factory=list)

    def start(self, program: Program) -> None:
        """Start a program and keep it from now on; one left by a keeper that was killed is ended first.

        Raises StateError when it does not become ready.
        """
        processes.stop(program.name, self.home)
        self._run(program)
        self.programs.append(program)

    def look(self) -> None:
        """Start again what has ended; one that keeps ending is tried less and less often, at least once a minute."""
        now = time.monotonic()
        for program in self.programs:
            if processes.find(program.name, self.home) is not None:
                if now - self._since.get(program.name, now) > HEALTHY:
                    self._failures.pop(program.name, None)
                continue
            if now < self._next.get(program.name, 0.0):
                continue
            if program.name not in self._next:
                self.told(program.name, "ended")
            failures = self._failures[program.name] = self._failures.get(program.name, 0) + 1
            self._next[program.name] = now + min(LONGEST_PAUSE, 2.0**failures)
            try:
                self._run(program)
            except (StateError, OSError):  # a full disk too: the others are looked after all the same
                self.told(program.name, "not started")
            else:
                self._next.pop(program.name)
        self._note_down()

    def stop(self) -> None:
        """End every program, the last one started first."""
        for program in reversed(self.programs):
            processes.stop(program.name, self.home)
        self.programs.clear()
        self._failures.clear()
        self._note_down()

    def _note_down(self) -> None:
        """Keep in the state folder which programs do not stay up, for alerts to tell."""
        down = sorted(name for name, failures in self._failures.items() if failures >= DOWN)
        if down != self._noted:
            from vidkryto.alerts.oversight import DOWN_FILE

            with suppress(OSError):  # a full disk: the next look tries again
                with written_atomically(self.home / DOWN_FILE) as part:
                    part.write_text(json.dumps(down) + "\n", encoding="utf-8")
                self._noted = down

    def _run(self, program: Program) -> None:
        processes.start(
            program.name,
            self.home,
            program.command,
            program.ready,
            environment={**self.environment, **program.environment},
            folder=self.folder,
            patience=program.patience,
        )
        self._since[program.name] = time.monotonic()
        self.told(program.name, "started")


def keep(keeper: Keeper, chores: Sequence[Chore], wanted: Callable[[], bool], *, pause: float = 1.0) -> None:
    """Look after the programs and do the chores until `wanted` says no.

    A chore that fails, whatever its error, is told, ends nothing and is done again, with growing pauses unless what
    it is needed for happens anew.
    """
    looked: dict[int, float] = {}
    failures: dict[int, int] = {}
    again: dict[int, float] = {}
    while wanted():
        keeper.look()
        for number, chore in enumerate(chores):
            if time.monotonic() - looked.get(number, -chore.seconds) < chore.seconds:
                continue
            try:
                if chore.needed() or (number in failures and time.monotonic() >= again[number]):
                    failures[number] = failures.get(number, 0) + 1
                    chore.do()
                    del failures[number]
            except Exception as error:  # a full disk, a server that restarts, a defect: the programs must go on
                what = getattr(error, "strerror", None) or type(error).__name__
                keeper.told(f"{chore.name} ({what})", "failed")
                times = min(failures.get(number, 1), 10)
                again[number] = time.monotonic() + min(LONGEST_WAIT, chore.seconds * 2 ** (times - 1))
            looked[number] = time.monotonic()
        time.sleep(pause)
