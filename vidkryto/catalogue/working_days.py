"""Working days of Ukraine, for contracts whose dates move over weekends and public holidays."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Whether offices work. Under martial law public holidays are working days (since 2022): the library knows it."""
    return day.weekday() < SATURDAY and day not in _holidays(day.year)


def next_working_day(day: date) -> date:
    """`day` itself when offices work on it, else the first day after it on which they do."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


@cache
def _holidays(year: int) -> frozenset[date]:
    """Imported inside: only contracts that ask for it need the table."""
    import holidays

    return frozenset(holidays.country_holidays("UA", years=year))
