"""The runs of a dataset as the state folder holds them, with a small memory so that old runs are not read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vidkryto.archive import written_atomically
from vidkryto.record.run import RunRecord, from_json, to_json


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What lists and charts need of one run."""

    run_id: str
    started: str
    finished: str
    outcome: str
    version: str
    milliseconds: int
    errors: int
    warnings: int
    notes: int
    rows: int | None
    metrics: Mapping[str, str]
    stamp: str
    """Size and time of the file it was made from; a record never changes, but somebody may try."""

    @classmethod
    def of(cls, record: RunRecord, stamp: str) -> RunSummary:
        """The summary of a record."""
        counts = {severity: sum(task.severity == severity for task in record.tasks) for severity in SEVERITIES}
        return cls(
            run_id=record.run_id,
            started=record.started,
            finished=record.finished,
            outcome=record.outcome,
            version=record.release.version if record.release else "",
            milliseconds=sum(stage.milliseconds for stage in record.stages),
            errors=counts["error"],
            warnings=counts["warning"],
            notes=counts["note"],
            rows=sum(table.rows for table in record.tables) if record.tables else None,
            metrics={
                _metric_name(metric.resource if len(record.tables) > 1 else "", metric.name): metric.value
                for metric in record.metrics
            },
            stamp=stamp,
        )


SEVERITIES = ("error", "warning", "note")


def _metric_name(resource: str, name: str) -> str:
    return f"{resource}/{name}" if resource else name


@dataclass(frozen=True, slots=True)
class History:
    """All runs of a dataset, oldest first, and the two whose full records pages need."""

    dataset: str
    folder: Path
    runs: tuple[RunSummary, ...]
    fresh: frozenset[str]
    """Runs that the memory did not know: their pages have to be written."""

    def record(self, run_id: str) -> RunRecord:
        """The full record of one run."""
        return RunRecord.load(self.folder / run_id / "run.json")

    @property
    def last(self) -> RunSummary | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def decisive(self) -> RunSummary | None:
        """The newest run that judged an export: an unchanged export leaves the earlier judgement standing."""
        judged = (run for run in reversed(self.runs) if run.outcome != "Unchanged")
        return next(judged, self.last)

    @property
    def good(self) -> RunSummary | None:
        """The newest run after which the portal showed what the run had judged."""
        return next((run for run in reversed(self.runs) if run.outcome in ("Published", "Unchanged")), None)

    @property
    def last_published(self) -> RunSummary | None:
        """The newest run that put something on the portal."""
        return next((run for run in reversed(self.runs) if run.outcome == "Published"), None)


def read_history(home: Path, dataset: str, memory: Path | None) -> History:
    """The runs under `HOME/runs/DATASET`; `memory` is a file that remembers summaries between builds; None: no memory.

    Raises StateError for a run record that cannot be read: a report that leaves a run out would be a lie.
    """
    folder = home / "runs" / dataset
    known = _remembered(memory) if memory else {}
    found: dict[str, RunSummary] = {}
    for run in sorted(folder.iterdir()) if folder.is_dir() else []:
        file = run / "run.json"
        if not file.is_file():
            continue
        facts = file.stat()
        stamp = f"{facts.st_size}-{facts.st_mtime_ns}"
        if (old := known.get(run.name)) and old.stamp == stamp:
            found[run.name] = old
        else:
            found[run.name] = RunSummary.of(RunRecord.load(file), stamp)
    fresh = frozenset(name for name, run in found.items() if known.get(name) != run)
    if memory and (fresh or set(found) != set(known)):
        with written_atomically(memory) as part:
            part.write_text(json.dumps([to_json(run) for run in found.values()], ensure_ascii=False), encoding="utf-8")
    ordered = tuple(sorted(found.values(), key=lambda run: (run.started, run.run_id)))
    return History(dataset, folder, ordered, fresh)


def _remembered(memory: Path) -> dict[str, RunSummary]:
    """What the last build wrote; a memory of another program version is forgotten, it can be made again."""
    try:
        runs = [from_json(RunSummary, run) for run in json.loads(memory.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {run.run_id: run for run in runs}
