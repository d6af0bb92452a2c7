"""Where a dataset stands today: one status word, how late it is, how much it needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from vidkryto.record.run import Department, Exemption, Promise, RunRecord, Text
from vidkryto.report.history import History

Status = Literal["failed", "blocked", "late", "new", "exception", "published", "withdrawn"]
NEED: Mapping[Status, int] = {
    "failed": 0,
    "blocked": 1,
    "late": 2,
    "new": 6,
    "exception": 4,
    "published": 5,
    "withdrawn": 7,
}
EXPIRING_DAYS = 14
NO_PROMISE, NO_TEXT = Promise(), Text("", "")


@dataclass(frozen=True, slots=True)
class DatasetDescription:
    """What the contracts say about a dataset, for pages of datasets that never ran and for their names."""

    name: str
    title: Text
    department: Department
    promise: Promise = NO_PROMISE
    """Frequency and next due date; a run's own promise, where there is one, is newer and wins."""
    description: Text = NO_TEXT
    page: str = ""
    """The dataset's page on the portal."""
    section: str = ""
    """The section of the site that tells its rows: open-government-plan or co-creation."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The judgement that overview, dataset page and calendar share."""

    dataset: DatasetDescription
    status: Status
    promise: Promise
    days_late: int
    errors: int
    warnings: int
    notes: int
    exceptions: tuple[Exemption, ...]
    """Exceptions in force today, of those that the live release stands under."""
    ended: tuple[Exemption, ...]
    """The others: the live release stands under them although they have ended."""
    expiring: bool
    """Whether one of them ends within two weeks."""
    decisive: RunRecord | None
    good: RunRecord | None
    """The run after which the portal showed what it shows now."""
    last: RunRecord | None
    withdrawn_on: str

    @property
    def order(self) -> tuple[int, int, int, str]:
        """Sorts by need for action: status, then days late, then errors, then name."""
        need = 3 if self.expiring and NEED[self.status] > 3 else NEED[self.status]
        need = min(need, NEED["blocked"]) if self.ended else need
        return need, -self.days_late, -self.errors, self.dataset.name


def standing(dataset: DatasetDescription, history: History, withdrawn_on: str, today: date) -> Standing:
    """Judge a dataset by its last decisive run, its promise, and withdrawals named in the ledger."""
    last = history.record(history.last.run_id) if history.last else None
    decisive = last
    if history.decisive and history.last and history.decisive.run_id != history.last.run_id:
        decisive = history.record(history.decisive.run_id)
    promise = next((run.promise for run in (last, decisive) if run and run.promise != NO_PROMISE), dataset.promise)
    days_late = max(0, (today - date.fromisoformat(promise.next_due[:10])).days) if promise.next_due else 0
    good = decisive
    if history.good and (decisive is None or history.good.run_id != decisive.run_id):
        good = history.record(history.good.run_id)
    status_without = _status(decisive, withdrawn_on, days_late)
    under = good.exceptions if good and status_without != "withdrawn" else ()
    in_force = tuple(one for one in under if not one.until or date.fromisoformat(one.until[:10]) >= today)
    ended = tuple(one for one in under if one not in in_force)
    until = [date.fromisoformat(exemption.until[:10]) for exemption in in_force if exemption.until]
    counts = {name: sum(task.severity == name for task in decisive.tasks) if decisive else 0 for name in COUNTED}
    return Standing(
        dataset=dataset,
        status="exception" if under and status_without == "published" else status_without,
        promise=promise,
        days_late=days_late,
        errors=counts["error"],
        warnings=counts["warning"],
        notes=counts["note"],
        exceptions=in_force,
        ended=ended,
        expiring=any((day - today).days <= EXPIRING_DAYS for day in until),
        decisive=decisive,
        good=good,
        last=last,
        withdrawn_on=withdrawn_on,
    )


COUNTED = ("error", "warning", "note")


def _status(run: RunRecord | None, withdrawn_on: str, days_late: int) -> Status:
    """The status but for exceptions."""
    went_out = run is not None and run.outcome in ("Published", "Unchanged") and run.started >= withdrawn_on
    if withdrawn_on and not went_out:
        return "withdrawn"
    if run is None:
        return "late" if days_late else "new"
    if run.outcome == "Failed":
        return "failed"
    if run.outcome == "Withheld":
        return "blocked"
    if days_late:
        return "late"
    return "published"
