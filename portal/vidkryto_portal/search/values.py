"""Dates and numbers: read, brought to one form whose order is the values' order, and reckoned with (NOW-7DAYS/DAY)."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

from vidkryto_portal.search.errors import BadRequestError

DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)")
STEP = re.compile(r"([+-]\d+|/)([A-Z]+)")
UNITS = {
    unit: name
    for name in ("year", "month", "day", "hour", "minute", "second", "milli")
    for unit in (name.upper(), name.upper() + "S")
} | {"DATE": "day", "MILLISECOND": "milli", "MILLISECONDS": "milli"}
MONTHS = {"year": 12, "month": 1}
FIELDS = ("year", "month", "day", "hour", "minute", "second", "milli")


def date_term(text: str) -> str:
    """A date, possibly with arithmetic, as `2026-11-23T09:05:00.000Z`. Raises BadRequestError for anything else.

    The arithmetic is Solr's: `NOW-1MONTH/DAY` (Solr reference guide, "Date Math").
    """
    if text.startswith("NOW"):
        moment, rest = datetime.now(UTC), text[3:]
    elif found := DATE.match(text):
        zone = "+00:00" if found[2] == "Z" else found[2]
        try:
            moment = datetime.fromisoformat(found[1][:26] + zone).astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadRequestError(f"Invalid Date String:'{text[:100]}'") from None
        rest = text[found.end() :]
    else:
        raise BadRequestError(f"Invalid Date String:'{text[:100]}'")
    return _written(_reckoned(moment, rest, text))


def _reckoned(moment: datetime, rest: str, text: str) -> datetime:
    position = 0
    while position < len(rest):
        step = STEP.match(rest, position)
        unit = UNITS.get(step[2]) if step else None
        if step is None or unit is None:
            raise BadRequestError(f"Invalid Date Math String:'{text[:100]}'")
        try:
            moment = _rounded(moment, unit) if step[1] == "/" else _moved(moment, int(step[1]), unit)
        except (ValueError, OverflowError):
            raise BadRequestError(f"Date out of range:'{text[:100]}'") from None
        position = step.end()
    return moment


def _rounded(moment: datetime, unit: str) -> datetime:
    """Down to the start of the unit."""
    lowest = {"month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
    below = FIELDS[FIELDS.index(unit) + 1 :]
    kept = moment.microsecond // 1000 * 1000 if unit == "milli" else 0
    return moment.replace(microsecond=kept, **{name: lowest[name] for name in below if name in lowest})  # type: ignore[arg-type]  # names of replace()


def _moved(moment: datetime, number: int, unit: str) -> datetime:
    """Months and years by the calendar (31 January + 1 month = 28 February), the rest by the clock."""
    if unit in MONTHS:
        month = moment.month - 1 + number * MONTHS[unit]
        year, month = moment.year + month // 12, month % 12 + 1
        return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
    return moment + timedelta(**{{"milli": "milliseconds"}.get(unit, f"{unit}s"): number})


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.").rjust(20, "0") + f"{moment.microsecond // 1000:03d}Z"


def date_shown(term: str) -> str:
    """A date as Solr gives it back: without fractions of a second that are nought."""
    return term.replace(".000Z", "Z")


def number_term(text: str) -> int:
    """A whole number. Raises BadRequestError for anything else."""
    try:
        return int(text)
    except ValueError:
        raise BadRequestError(f"Invalid Number: {text[:100]}") from None
