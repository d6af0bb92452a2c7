"""Words, plurals, dates and numbers of the report pages in Ukrainian and English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from vidkryto.language import Language, plural_form

CITY_TIME = ZoneInfo("Europe/Kyiv")
ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NARROW_SPACE = "\u202f"


@cache
def catalogue(language: Language) -> Mapping[str, str | list[str]]:
    """All words of one language by key."""
    return tomllib.loads(files("vidkryto.report").joinpath("texts", f"{language}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, as the templates use them."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """The words of `key`; `n` chooses the plural form. An unknown key is a defect and raises KeyError."""
        found = catalogue(self.language)[key]
        if isinstance(found, list):
            number = int(str(values["n"]))
            found = found[plural_form(self.language, number)]
            values = {**values, "n": self.number(number)}
        return found.format(**values)

    def has(self, key: str) -> bool:
        """Whether there are words for `key`: names that come from contracts may be unknown."""
        return key in catalogue(self.language)

    def known(self, prefix: str, name: str) -> str:
        """The words of `prefix-name`, or the name itself where there are none."""
        return self(f"{prefix}-{name}") if self.has(f"{prefix}-{name}") else name

    def metric(self, name: str) -> str:
        """A measure's name in words: rows, stops/fill.label as "Filled label (stops)"; other names as they are."""
        resource, _, bare = name.rpartition("/")
        kind, _, field = bare.partition(".")
        said = bare
        if bare == "rows":
            said = self("metric-rows")
        elif field and self.has(f"metric-{kind}"):
            said = self(f"metric-{kind}", field=field)
        return f"{said} ({resource})" if resource else said

    def number(self, value: float) -> str:
        """1234567 as 1 234 567 (uk) or 1,234,567 (en); decimal comma in Ukrainian."""
        written = f"{value:,}"
        if self.language == "uk":
            return written.replace(",", NARROW_SPACE).replace(".", ",")
        return written

    def measure(self, value: str) -> str:
        """A measured value as it was recorded, with the language's separators where it is a number."""
        try:
            number = float(value)
        except ValueError:
            return value
        whole = number.is_integer() and abs(number) < 2**53
        return self.number(int(number) if whole else round(number, 4))

    def day(self, moment: str) -> str:
        """23.11.2026 or 23 Nov 2026, in the city's time; takes an ISO 8601 date or moment."""
        if not moment:
            return ""
        return self._day(date.fromisoformat(moment) if len(moment) == 10 else _local(moment).date())

    def moment(self, moment: str) -> str:
        """Day and time in the city's time."""
        return f"{self.day(moment)}, {_local(moment):%H:%M}" if moment else ""

    def duration(self, milliseconds: int) -> str:
        """Seconds with one digit, minutes from two minutes on."""
        if milliseconds >= 120_000:
            return self("minutes", n=self.number(round(milliseconds / 60_000, 1)))
        return self("seconds", n=self.number(round(milliseconds / 1000, 1 if milliseconds >= 100 else 2)))

    def size(self, count: int) -> str:
        """Bytes as B, kB, MB (powers of ten)."""
        units = {"uk": ("Б", "кБ", "МБ", "ГБ"), "en": ("B", "kB", "MB", "GB")}[self.language]
        amount, unit = float(count), 0
        while amount >= 1000 and unit < 3:
            amount, unit = amount / 1000, unit + 1
        return f"{self.number(round(amount, 1) if unit and amount < 100 else round(amount))}\u00a0{units[unit]}"

    def _day(self, day: date) -> str:
        if self.language == "uk":
            return f"{day:%d.%m.%Y}"
        return f"{day.day} {ENGLISH_MONTHS[day.month - 1]} {day.year}"


def _local(moment: str) -> datetime:
    found = datetime.fromisoformat(moment)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(CITY_TIME)
