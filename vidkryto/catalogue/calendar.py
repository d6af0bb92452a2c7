"""The calendar: what was promised, and what is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from vidkryto.catalogue.contract import Frequency, Schedule
from vidkryto.catalogue.working_days import next_working_day

LONGEST_HOLIDAYS = timedelta(days=14)
MOST_MISSED = 1000

CITY_TIME = ZoneInfo("Europe/Kyiv")
"""In which a promise's day begins and ends."""
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
    """The first moment of a schedule after `after`, in the schedule's zone, moved where the contract says so."""
    return next(moments(schedule, after))


def moments(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """All moments of a schedule after `after`, oldest first; two that move to one day's moment are one."""
    zone = ZoneInfo(schedule.timezone)
    if schedule.holidays == "run":
        yield from CronSim(schedule.cron, after.astimezone(zone))
        return
    told = after
    for moment in CronSim(schedule.cron, (after - LONGEST_HOLIDAYS).astimezone(zone)):
        moved = datetime.combine(next_working_day(moment.date()), moment.time(), zone)
        if moved > told:
            told = moved
            yield moved


def missed_moments(schedule: Schedule | None, last_run: datetime | None, now: datetime) -> int:
    """How many scheduled moments passed since the last run; the run that catches up is one all the same."""
    if schedule is None or last_run is None:
        return 0
    return sum(1 for _ in takewhile(lambda moment: moment <= now, islice(moments(schedule, last_run), MOST_MISSED)))


def late_after(due: date, schedule: Schedule | None) -> date:
    """The last day on which an export due on `due` is on time."""
    return next_working_day(due) if schedule and schedule.holidays == "next-working-day" else due


def is_due(schedule: Schedule | None, last_run: datetime | None, now: datetime) -> bool:
    """Whether a scheduled moment has passed since the last run. After an outage that is once, not N times."""
    if schedule is None:
        return False
    return last_run is None or next_run(schedule, last_run) <= now
