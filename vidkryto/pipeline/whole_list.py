"""The whole list of findings beside a run's record: every row of every finding, without the values of cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from vidkryto.archive import written_atomically
from vidkryto.disclosure import excel_safe, without_people
from vidkryto.findings import Finding
from vidkryto.findings.catalogue import codes
from vidkryto.pipeline.job import Job, Tables
from vidkryto.record.run import Task
from vidkryto.validate.words import kind_of

FILE = "findings.csv"
HEAD = (
    "severity", "code", "resource", "file", "sheet", "row", "column", "field", "wanted", "count", "title_uk",
    "title_en",
)  # fmt: skip
"""One line for each row of the department's file; a finding without a row has one line."""
ABOUT = ("severity", "code", "resource", "file", "sheet", "column", "field", "wanted")
"""The columns that say which finding a line belongs to."""


def write_whole_list(job: Job, tables: Tables | None, findings: Sequence[Finding]) -> None:
    """Write `findings.csv` into the folder of the run, where the run found anything to mend.

    It is for the department and its house, as the spreadsheet given back is; no public edition copies it.
    """
    told = [finding for finding in findings if str(finding.severity) != "note"]
    if not told:
        return
    target = job.settings.home / "runs" / job.dataset.name / job.run / FILE
    # With its mark, so that a spreadsheet program takes it for UTF-8.
    with written_atomically(target) as part, part.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEAD)
        for finding in told:
            rows = tables.rows_found.get((finding.place.resource, kind_of(finding))) if tables else None
            writer.writerows(_lines(Task.of(without_people(finding)), rows or finding.rows))


def _lines(task: Task, rows: Sequence[int]) -> Iterator[tuple[object, ...]]:
    title = codes()[task.code].title
    _, _, _, file, sheet, column, field, wanted = _about(task)
    named: Sequence[int | None] = rows or (task.row,)
    for row in named:
        place = (task.severity, task.code, task.resource, file, sheet, "" if row is None else row)
        yield (*place, column, field, wanted, task.count, title["uk"], title["en"])


def with_whole_list(tasks: Sequence[Task], run: Path) -> list[Task]:
    """Tasks of a record with all their rows, from the list in the folder of the run; as they are where it has none."""
    file = run / FILE
    found: dict[tuple[str, ...], list[int]] = {}
    if file.is_file():
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for line in csv.DictReader(stream):
                if line["row"]:
                    found.setdefault(tuple(line[name] for name in ABOUT), []).append(int(line["row"]))
    return [replace(task, rows=tuple(found.get(_about(task), task.rows))) for task in tasks]


def _about(task: Task) -> tuple[str, ...]:
    texts = [task.file, task.sheet, task.column, task.field, task.wanted or ""]
    safe = excel_safe(pa.table({"text": texts})).column("text").to_pylist()
    return (task.severity, task.code, task.resource, *safe)
