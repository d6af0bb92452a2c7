"""Which datasets should be run now: by their schedules, after failures, and while a department owes an export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from vidkryto import clock
from vidkryto.catalogue import Dataset, find_dataset, load_all
from vidkryto.catalogue.calendar import CITY_TIME, is_due, late_after
from vidkryto.catalogue.contract import Schedule
from vidkryto.pipeline import shared
from vidkryto.pipeline.approving import approvals_of, waiting_plan
from vidkryto.pipeline.going_out import delay_ends
from vidkryto.pipeline.remember import last_run, last_started
from vidkryto.pipeline.withdrawn import withdrawn_since
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

AGAIN_AFTER = timedelta(hours=1)
"""How long after a technical failure a dataset is due again."""
LOOK_AGAIN = timedelta(hours=23)
"""How long after a run it is looked whether a department brought the export that it owes."""


def due_datasets(
    settings: Settings, now: datetime | None = None, datasets: Sequence[Dataset] | None = None
) -> tuple[Dataset, ...]:
    """Active datasets that should be run: their scheduled moment has passed since the last run, or something is undone.

    After a technical failure that is so an hour later, and at once when a person let a waiting plan pass, a delayed row
    has become old enough, the moment came for which a release was held back (an embargo, the day of an announced
    change), the last day of an exception under which the live release stands has passed, or the last run could not give
    everything to the shared store, whatever the schedule. A dataset whose export was wrong, or is late by its promise,
    is looked at once a day, so that what a department mends or brings goes out without anybody's asking. What was
    withdrawn is not run. Whoever has loaded the catalogue gives its `datasets`.
    """
    known = load_all(settings.datasets)[0] if datasets is None else datasets
    gone, moment = withdrawn_since(settings), now or clock.now()
    active = (one for one in known if one.contract.publication.status == "active" and one.name not in gone)
    return tuple(dataset for dataset in active if _due(settings, dataset, moment))


def _due(settings: Settings, dataset: Dataset, now: datetime) -> bool:
    last, schedule = last_run(settings, dataset.name), dataset.contract.publication.schedule
    if last is not None and last.not_before and datetime.fromisoformat(last.not_before) <= now:
        return True
    if last is not None and (_exception_ended(settings, last, now) or shared.owing(settings, last)):
        return True
    if last is None or schedule is None:
        return is_due(schedule, None, now)
    started = datetime.fromisoformat(last.started)
    waited = now - started
    return (
        is_due(schedule, started, now)
        or (last.outcome == "Failed" and waited >= AGAIN_AFTER)
        or _let_pass(settings, last)
        or _has_waited(settings, last, now)
        or (waited >= LOOK_AGAIN and _wants_an_export(last, schedule, now))
    )


def _has_waited(settings: Settings, last: RunRecord, now: datetime) -> bool:
    """Whether a row that the contract delays has become old enough since that run."""
    day = delay_ends(settings, last.dataset)
    return day is not None and datetime.fromisoformat(last.started).date() < day <= now.date()


def _exception_ended(settings: Settings, last: RunRecord, now: datetime) -> bool:
    """Whether an exception under which the live release stands has ended, and no run has looked at it since.

    Days are those of the gate: an exception holds through its last day, in UTC.
    """
    good = last_run(settings, last.dataset, outcomes=("Published", "Unchanged"))
    if good is None or not good.exceptions:
        return False
    if last.outcome == "Failed" and now - datetime.fromisoformat(last.started) < AGAIN_AFTER:
        return False
    judged = last_run(settings, last.dataset, outcomes=("Published", "Unchanged", "Withheld")) or good
    looked, today = datetime.fromisoformat(judged.started).date(), now.astimezone(UTC).date()
    return any(looked <= date.fromisoformat(one.until[:10]) < today for one in good.exceptions if one.until)


def _let_pass(settings: Settings, last: RunRecord) -> bool:
    """Whether somebody approved, since that run, the plan with which it stopped."""
    said = approvals_of(settings).said(waiting_plan(last))
    return (
        said is not None
        and said.decision == "approved"
        and datetime.fromisoformat(said.at) >= datetime.fromisoformat(last.started)
    )


def _wants_an_export(last: RunRecord, schedule: Schedule, now: datetime) -> bool:
    """Whether the department owes a better export, or a new one."""
    if last.outcome == "Withheld" and any(task.severity == "error" for task in last.tasks):
        return True
    due = last.promise.next_due
    return bool(due) and late_after(date.fromisoformat(due), schedule) < now.astimezone(CITY_TIME).date()


def is_due_now(settings: Settings, dataset: str) -> bool:
    """Whether a scheduled moment of this dataset has passed since its last run."""
    schedule = find_dataset(settings.datasets, dataset).contract.publication.schedule
    return is_due(schedule, last_started(settings, dataset), clock.now())
