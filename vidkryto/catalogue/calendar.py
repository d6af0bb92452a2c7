"""The calendar: what was promised, and what is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from vidkryto.catalogue.contract import Frequency, Schedule

PROMISES = {
    Frequency.DAILY: timedelta(days=1),
    Frequency.WEEKLY: timedelta(days=7),
    Frequency.MONTHLY: timedelta(days=31),
    Frequency.QUARTERLY: timedelta(days=91),
    Frequency.SEMIANNUAL: timedelta(days=182),
    Frequency.ANNUAL: timedelta(days=364),
}
"""Within what time a dataset of that frequency is on time: BRDO's measure of timeliness on data.gov.ua."""


def next_due(frequency: Frequency, last_good: datetime) -> datetime | None:
    """When the next export is due after a good one; None where the frequency promises no date."""
    within = PROMISES.get(frequency)
    return last_good + within if within else None


def next_run(schedule: Schedule, after: datetime) -> datetime:
    """The first moment of a schedule after `after`, in the schedule's zone."""
    return next(CronSim(schedule.cron, after.astimezone(ZoneInfo(schedule.timezone))))


def is_due(schedule: Schedule | None, last_run: datetime | None, now: datetime) -> bool:
    """Whether a scheduled moment has passed since the last run. After an outage that is once, not N times."""
    if schedule is None:
        return False
    return last_run is None or next_run(schedule, last_run) <= now
