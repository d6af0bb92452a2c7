"""The campaign: so many mutated files of each format, in a watched process; whatever goes wrong is named by its number.

    python -m tests.fuzz.campaign --files 100000 [--seed 835] [csv tsv …]

A number names one file for ever: `--only NUMBER` with one format writes it out. Exit code 1 when anything was found.
"""

from __future__ import annotations

import argparse
import json
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.corpus import corpus
from tests.fuzz.mutate import mutated

BATCH = 5000
"""Files for one process; then a fresh one, so that nothing adds up."""
SECONDS = 20
"""Processor seconds for one small file."""
SILENCE = 300
"""Seconds on the clock without a word before a process is taken to be stuck."""
MEGABYTES = 3072
"""Address space for the data of one process, above what its libraries take."""


@dataclass(slots=True)
class Outcome:
    """What became of the files of one format."""

    kind: str
    files: int = 0
    became: Counter[str] = field(default_factory=Counter)
    found: list[dict[str, Any]] = field(default_factory=list)
    peak_megabytes: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        """One line for a person."""
        share = ", ".join(f"{name} {count}" for name, count in sorted(self.became.items()))
        return f"{self.kind}: {self.files:,} files in {self.seconds:.0f} s, peak {self.peak_megabytes} MB; {share}"


def fuzz(kind: str, files: int, seed: str, *, first: int = 0, batch: int = BATCH) -> Outcome:
    """Run `files` mutated files of a format; a process that dies or hangs is told, and the next file is begun."""
    outcome = Outcome(kind)
    started = time.monotonic()
    number, end = first, first + files
    while number < end:
        number = _batch(outcome, seed, number, min(number + batch, end))
    outcome.files, outcome.seconds = files, time.monotonic() - started
    return outcome


def _batch(outcome: Outcome, seed: str, first: int, end: int) -> int:
    """One process; returns the number to go on with."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.worker",
        outcome.kind,
        seed,
        *map(str, (first, end, SECONDS, MEGABYTES)),
    ]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root) as process:
        current, done, stuck = _listen(outcome, process)
        if stuck:
            process.kill()
        words = process.stderr.read().decode("utf-8", "replace") if process.stderr else ""
        code = process.wait()
    if done:
        return end
    if current < first:
        raise RuntimeError(f"the fuzzing process did not begin: {words[-1000:]}")
    why = "no answer" if stuck else "too slow" if code == -signal.SIGPROF else f"died ({_signal(code)})"
    outcome.found.append({"number": current, "error": why, "text": words[-400:]})
    outcome.became[why] += 1
    return current + 1


def _listen(outcome: Outcome, process: subprocess.Popen[bytes]) -> tuple[int, bool, bool]:
    """What the process says: the file it is at, whether it came to its end, whether it fell silent."""
    current, done = -1, False
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        rest = b""
        while True:
            if not selector.select(SILENCE):
                return current, False, True
            piece = process.stdout.read1(1 << 16)  # type: ignore[attr-defined]
            if not piece:
                return current, done, False
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                kind, _, text = line.decode().partition(" ")
                value = json.loads(text)
                if kind == "start":
                    current = value
                elif kind == "done":
                    done = True
                    outcome.became.update(value["became"])
                    outcome.peak_megabytes = max(outcome.peak_megabytes, value["peak_megabytes"])
                else:
                    outcome.found.append(value if kind == "crash" else {**value, "error": "memory"})


def _signal(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def main() -> int:
    """The command."""
    seeds = corpus()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("formats", nargs="*", default=list(seeds))
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", default="835")
    parser.add_argument("--only", type=int, help="write this one file to standard output")
    given = parser.parse_args()
    if given.only is not None:
        (kind,) = given.formats
        seed = seeds[kind][given.only % len(seeds[kind])]
        others = tuple(item.content for group in seeds.values() for item in group)
        sys.stdout.buffer.write(mutated(seed.content, given.only, others, f"{given.seed}:{kind}"))
        return 0
    found = 0
    for kind in given.formats:
        outcome = fuzz(kind, given.files, given.seed, first=given.first)
        print(outcome, flush=True)
        kinds = Counter((item["error"], item.get("at", "")) for item in outcome.found)
        for (error, place), count in kinds.most_common():
            first = next(item for item in outcome.found if (item["error"], item.get("at", "")) == (error, place))
            print(f"  {error} {place} × {count}, first number {first['number']}: {first.get('text', '')}", flush=True)
        found += len(outcome.found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
