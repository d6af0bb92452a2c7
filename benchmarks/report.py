"""The report site over a long history: whole builds of growing size, then one build after one more run.

    python benchmarks/report.py [RUNS [DATASETS]]

Records are written as the pipeline writes them. Time is CPU seconds; linear means that the cost of a run stays.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from vidkryto.record.run import (
    Department,
    Metric,
    Promise,
    ReleaseRecord,
    RunRecord,
    StageTime,
    TableRecord,
    Task,
    Text,
)
from vidkryto.report import DatasetDescription, build_site

DATASETS = int(sys.argv[2]) if len(sys.argv) > 2 else 25
FIRST = datetime(2023, 1, 1, 4, tzinfo=UTC)
TODAY = date(2026, 11, 25)
OFFICE = Department(Text("Відділ даних", "Data office"), "data@city.example")


def a_run(dataset: str, number: int) -> RunRecord:
    """One published run with metrics, two tasks and a release."""
    started = (FIRST + timedelta(hours=28 * number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    release = ReleaseRecord(f"1.{number}.0", f"{number:064x}", started)
    metrics = tuple(Metric(f"fill.c{n}", f"{0.9 + number % 7 / 100:.3f}", dataset) for n in range(10))
    metrics += tuple(Metric(f"mean.c{n}", f"{n + number / 9:.3f}", dataset) for n in range(5))
    tasks = (
        Task("repair-spaces", "note", dataset, "export.csv", field="c1", count=3, rows=(4, 5, 9)),
        Task("repair-date", "note", dataset, "export.csv", field="c2", count=1, rows=(7,)),
    )
    return RunRecord(
        run_id=f"{started[:10].replace('-', '')}T0400-{number:05}",
        dataset=dataset,
        title=Text("Набір", "Dataset"),
        department=OFFICE,
        started=started,
        finished=started,
        outcome="Published",
        release=release,
        live=release,
        stages=tuple(StageTime(name, 200) for name in ("pull", "read", "validate", "quality", "release", "publish")),
        tables=(TableRecord(dataset, 400 + number, ("c1", "c2"), {"data": 400 + number}),),
        tasks=tasks,
        metrics=metrics,
        promise=Promise("daily", started[:10], started[:10]),
    )


def build(runs: int) -> tuple[float, float, float]:
    """CPU seconds of a whole build with so many runs in all, of one after one more run, and of one after nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        names = [f"dataset-{number:02}" for number in range(DATASETS)]
        described = [DatasetDescription(name, Text("Набір", "Dataset"), OFFICE) for name in names]
        for number in range(runs):
            a_run(names[number % DATASETS], number).save(home)
        whole = _timed(home, described)
        replace(a_run(names[0], runs), outcome="Published").save(home)
        return whole, _timed(home, described), _timed(home, described)


def _timed(home: Path, described: list[DatasetDescription]) -> float:
    before = time.process_time()
    build_site(home, described, today=TODAY)
    return time.process_time() - before


def main() -> None:
    """Print the cost of each size and of a run in it."""
    largest = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    build(50)  # imports and templates
    for runs in (largest // 4, largest // 2, largest):
        whole, one, none = build(runs)
        print(
            f"{runs:>6} runs of {DATASETS} datasets: whole build {whole:6.2f} s ({1000 * whole / runs:5.2f} ms a run), "
            f"after one run {one:5.2f} s, after none {none:5.2f} s"
        )


if __name__ == "__main__":
    main()
