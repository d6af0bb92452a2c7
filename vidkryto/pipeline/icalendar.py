"""iCalendar files for departments: when an export is due, so that it stands in their own calendar (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from icalendar import Alarm, Calendar, Event

from vidkryto.archive import written_atomically
from vidkryto.catalogue.calendar import PROMISES, late_after
from vidkryto.language import say
from vidkryto.pipeline.agenda import Appointment

AHEAD = timedelta(days=366)
MOST_DATES = 60
"""A daily promise would fill a calendar; it gets the next two months."""
REMINDER = timedelta(days=-2)


def write_calendars(rows: Iterable[Appointment], folder: Path, now: datetime, report: str = "") -> tuple[Path, ...]:
    """Write `folder`/DEPARTMENT.ics for each department among `rows`; returns the files that were written."""
    groups: dict[str, list[Appointment]] = {}
    for row in rows:
        groups.setdefault(row.dataset.department.name, []).append(row)
    files = []
    for name, group in sorted(groups.items()):
        file = folder / f"{name}.ics"
        with written_atomically(file) as part:
            part.write_bytes(department_calendar(group, now, report))
        files.append(file)
    return tuple(files)


def department_calendar(rows: Iterable[Appointment], now: datetime, report: str = "") -> bytes:
    """The dates of one department's datasets. A date keeps its identity when the file is made again."""
    group = list(rows)
    department = group[0].dataset.department
    calendar = Calendar()
    calendar.add("prodid", "-//Vidkryto//Releases calendar//UK")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", department.title_in(department.language))
    for row in group:
        for event in _events(row, now, report):
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(row: Appointment, now: datetime, report: str) -> Iterable[Event]:
    publication, language = row.dataset.contract.publication, row.dataset.department.language
    within = PROMISES.get(publication.frequency)
    if row.next_due is None or within is None:
        return
    due, made = row.next_due, 0
    while due <= now.date() + AHEAD and made < MOST_DATES:
        day = late_after(due, publication.schedule)
        title = row.dataset.contract.title_in(language)
        event = Event()
        event.add("uid", f"{row.dataset.name}-{due.isoformat()}@vidkryto")
        event.add("dtstamp", now)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("summary", say("Export due: {title}", language, title=title))
        if report:
            event.add("url", f"{report}/datasets/{row.dataset.name}/")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", say("Export due: {title}", language, title=title))
        alarm.add("trigger", REMINDER)
        event.add_component(alarm)
        yield event
        due, made = due + within, made + 1
