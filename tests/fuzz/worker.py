"""One process that pulls, reads and validates mutated files; it says before each which one, so that its death is told.

python -m tests.fuzz.worker FORMAT SALT FIRST END SECONDS MEGABYTES
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import TypeAdapter

from tests.fuzz.corpus import SCHEMA, Seed, corpus
from tests.fuzz.mutate import mutated
from vidkryto.archive import Archive
from vidkryto.catalogue.reading import Reading
from vidkryto.catalogue.source import Source
from vidkryto.errors import VidkrytoError
from vidkryto.pull import pull
from vidkryto.read import probe, read
from vidkryto.validate import to_findings, validate_table

JUMP = 512
"""Megabytes by which one small file may raise the peak of memory before it is told."""


_SOURCE: TypeAdapter[Source] = TypeAdapter(Source)


@cache
def _declared(kind: str, place: int) -> tuple[Source, Reading]:
    """Source and reading of a seed, as its contract says them."""
    seed = corpus()[kind][place]
    unpack = {"unpack": seed.unpack} if seed.unpack else {}
    source = _SOURCE.validate_python({"pattern": seed.file, "settle": 0, **unpack})
    return source, Reading.model_validate(dict(seed.reading))


def through_the_stages(kind: str, place: int, seed: Seed, content: bytes, folder: Path) -> str:
    """Pull, read and validate one file as a run does; returns what became of it. Raises what a defect raises."""
    exports, objects = folder / "exports", folder / "objects"
    exports.mkdir(exist_ok=True)
    (exports / seed.file).write_bytes(content)
    source, reading = _declared(kind, place)
    try:
        snapshots = pull(source, folder=folder, archive=Archive(objects), resource="stops")
        table = read(snapshots, reading, SCHEMA, resource="stops")
        validation = validate_table(table.columns, SCHEMA, rows=table.rows, name="stops")
        findings = to_findings(validation, resource="stops", file=seed.file, protected=frozenset())
        for finding in (*table.findings, *table.repairs, *findings):
            finding.message("uk")
        return "valid" if validation.valid else "invalid"
    except VidkrytoError as error:
        return f"refused: {type(error).__name__}"
    finally:
        shutil.rmtree(objects, ignore_errors=True)


FORKS = """
import os, sys
import python_calamine
from vidkryto.read import probe_runner
for line in sys.stdin:
    path, kind, seconds, megabytes = line.rstrip("\\n").split("\\t")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            probe_runner.main(path, kind, int(seconds), int(megabytes))
            code = 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A small process that forks one for each workbook."""


def probe_by_fork() -> None:
    """Let `vidkryto.read.probe` begin its processes by forks: the same runner and limits, without 40 ms for Python."""
    forks = subprocess.Popen([sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert forks.stdin
    assert forks.stdout
    to, back = forks.stdin, forks.stdout

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        print(*command[-4:], sep="\t", file=to, flush=True)
        return subprocess.CompletedProcess(command, int(back.readline()))

    probe.subprocess = SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired)  # type: ignore[attr-defined]


def say(kind: str, value: Any) -> None:
    """One line to the watching process, at once."""
    os.write(1, f"{kind} {json.dumps(value)}\n".encode())


def main(kind: str, salt: str, first: int, end: int, seconds: int, megabytes: int) -> None:
    """Files `first` to `end`; processor time and memory are limited by the system, also inside native code."""
    warnings.simplefilter("ignore")
    seeds = corpus()
    chosen, others = seeds[kind], tuple(seed.content for group in seeds.values() for seed in group)
    if kind == "xls":
        probe_by_fork()
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + (megabytes << 20),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    became: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        folder = Path(name)
        for number in range(first, end):
            say("start", number)
            seed = chosen[number % len(chosen)]
            content = mutated(seed.content, number, others, f"{salt}:{kind}")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            signal.setitimer(signal.ITIMER_PROF, seconds)
            try:
                became[through_the_stages(kind, number % len(chosen), seed, content, folder)] += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                became["crash"] += 1
                trace = [item for item in traceback.extract_tb(error.__traceback__) if "vidkryto" in item.filename]
                place = f"{Path(trace[-1].filename).name}:{trace[-1].lineno}" if trace else "?"
                say("crash", {"number": number, "error": type(error).__name__, "at": place, "text": str(error)[:200]})
            signal.setitimer(signal.ITIMER_PROF, 0)
            jump = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
            if jump > JUMP:
                say("memory", {"number": number, "megabytes": jump})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    say("done", {"became": became, "peak_megabytes": peak})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7]))
