"""The agenda: for every dataset the promise, the schedule, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from vidkryto import clock
from vidkryto.catalogue import Dataset, load_all
from vidkryto.catalogue.calendar import CITY_TIME, late_after, missed_moments, next_due, next_run
from vidkryto.catalogue.contract import Publication
from vidkryto.pipeline.promised import Promised, promised
from vidkryto.pipeline.remember import last_run
from vidkryto.pipeline.withdrawn import withdrawn_since
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

State = Literal["on time", "late", "needs action", "paused", "run missed", "never run", "planned", "withdrawn"]


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
    """Scheduled moments that passed without a run; one run catches up on all of them. None while it is paused."""
    promised: Promised
    """Since when it is promised, and since when a person has paused it."""


def agenda(
    settings: Settings, now: datetime | None = None, datasets: Sequence[Dataset] | None = None
) -> tuple[Appointment, ...]:
    """All datasets with a contract that loads, or those given, which somebody has loaded, in order of name."""
    known = load_all(settings.datasets)[0] if datasets is None else datasets
    moment, promises, gone = now or clock.now(), promised(settings), withdrawn_since(settings)
    return tuple(
        _withdrawn(dataset, last, kept) if dataset.name in gone else appointment(dataset, last, moment, kept)
        for dataset in known
        for last, kept in [(last_run(settings, dataset.name), promises.get(dataset.name, Promised()))]
    )


def _withdrawn(dataset: Dataset, last: RunRecord | None, known: Promised) -> Appointment:
    """Nothing is promised or run until a person brings it back."""
    return Appointment(dataset, "withdrawn", last, None, 0, None, 0, known)


def appointment(dataset: Dataset, last: RunRecord | None, now: datetime, known: Promised) -> Appointment:
    """One dataset judged by its last run, its promise and its schedule.

    Before the first run the promise counts from the day on which it was first seen, and so it does while nothing good
    has come. What a person paused is neither late nor missed, nor is it blamed, once resumed, for the time before.
    """
    publication = dataset.contract.publication
    active = publication.status == "active"
    schedule = publication.schedule if active else None
    due = _due(publication, last, known)
    counted = [known.since if last is None else last.started, known.resumed]
    since = max((datetime.fromisoformat(moment) for moment in counted if moment), default=None)
    late = 0 if due is None or known.paused else _days_late(late_after(due, publication.schedule), last, known, now)
    missed = 0 if known.paused else missed_moments(schedule, since, now)
    return Appointment(
        dataset=dataset,
        state=_state(publication.status, last, known, late, missed),
        last=last,
        next_due=due,
        days_late=late,
        next_run=next_run(schedule, now) if schedule and not known.paused else None,
        missed=missed,
        promised=known,
    )


def _due(publication: Publication, last: RunRecord | None, known: Promised) -> date | None:
    """The day of the promise. Where no good export ever came it counts from the beginning, unless one is held back."""
    if last is not None and last.promise.next_due:
        return date.fromisoformat(last.promise.next_due)
    wanting = last is None or any(task.severity == "error" for task in last.tasks)
    if publication.status != "active" or not known.since or not wanting:
        return None
    due = next_due(publication.frequency, datetime.fromisoformat(known.since).astimezone(CITY_TIME))
    return due.date() if due else None


def _days_late(last_day: date, last: RunRecord | None, known: Promised, now: datetime) -> int:
    """Days since the last one on which the export was on time; those before a pause ended do not count."""
    resumed = datetime.fromisoformat(known.resumed) if known.resumed else None
    if resumed is not None and (last is None or datetime.fromisoformat(last.started) < resumed):
        last_day = max(last_day, resumed.astimezone(CITY_TIME).date())
    return max(0, (now.astimezone(CITY_TIME).date() - last_day).days)


def _state(status: str, last: RunRecord | None, known: Promised, late: int, missed: int) -> State:
    if status == "planned":
        return "planned"
    if last is not None and last.outcome in ("Withheld", "Failed"):
        return "needs action"
    if known.paused:
        return "paused"
    if missed:
        return "run missed"
    if late:
        return "late"
    return "on time" if last is not None else "never run"
