"""The agenda: for every dataset the promise, the schedule, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from vidkryto import clock
from vidkryto.catalogue import Dataset, load_all
from vidkryto.catalogue.calendar import CITY_TIME, late_after, missed_moments, next_run
from vidkryto.pipeline.remember import last_run
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

State = Literal["on time", "late", "needs action", "run missed", "never run", "planned"]


@dataclass(frozen=True, slots=True)
class Appointment:
    """One dataset in the calendar. `state` is the gravest of what is to be said."""

    dataset: Dataset
    state: State
    last: RunRecord | None
    next_due: date | None
    """The day by which the promise wants a new export."""
    days_late: int
    next_run: datetime | None
    missed: int
    """Scheduled moments that passed without a run; one run catches up on all of them."""


def agenda(
    settings: Settings, now: datetime | None = None, datasets: Sequence[Dataset] | None = None
) -> tuple[Appointment, ...]:
    """All datasets with a contract that loads, or those given, which somebody has loaded, in order of name."""
    known = load_all(settings.datasets)[0] if datasets is None else datasets
    moment = now or clock.now()
    return tuple(appointment(dataset, last_run(settings, dataset.name), moment) for dataset in known)


def appointment(dataset: Dataset, last: RunRecord | None, now: datetime) -> Appointment:
    """One dataset judged by its last run, its promise and its schedule."""
    publication = dataset.contract.publication
    schedule = publication.schedule if publication.status == "active" else None
    today = now.astimezone(CITY_TIME).date()
    due = date.fromisoformat(last.promise.next_due) if last and last.promise.next_due else None
    late = max(0, (today - late_after(due, publication.schedule)).days) if due else 0
    missed = missed_moments(schedule, datetime.fromisoformat(last.started) if last else None, now)
    return Appointment(
        dataset=dataset,
        state=_state(publication.status, last, late, missed),
        last=last,
        next_due=due,
        days_late=late,
        next_run=next_run(schedule, now) if schedule else None,
        missed=missed,
    )


def _state(status: str, last: RunRecord | None, late: int, missed: int) -> State:
    if status == "planned":
        return "planned"
    if last is None:
        return "never run"
    if last.outcome in ("Withheld", "Failed"):
        return "needs action"
    if missed:
        return "run missed"
    return "late" if late else "on time"
