"""Repairs of dates: declared spellings, Ukrainian month words, serial dates of a workbook, made into ISO 8601."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable

from vidkryto.catalogue.spellings import EXCEL, MONTHS, pattern_of

_EPOCH = datetime.date(1899, 12, 30)


def reader(spellings: tuple[str, ...], century: int, day: str | None, kind: str) -> Callable[[str], str]:
    """A function that makes ISO text of a cell in one of the spellings, and leaves any other cell alone.

    `kind` is the type of the field: a `yearmonth` becomes 2024-03, a `year` 2024. A month or a year alone becomes a
    date only when `day` says whether its first or its last day is meant: otherwise a day would be made up.
    """
    ways = [None if spelling.casefold() == EXCEL else pattern_of(spelling) for spelling in spellings]

    def change(text: str) -> str:
        bare = " ".join(text.split())
        for way in ways:
            result = _read(way.fullmatch(bare), century, day, kind) if way else _serial(bare, kind)
            if result is not None:
                return result
        return text

    return change


def _serial(text: str, kind: str) -> str | None:
    """A serial date of a workbook: days since 30.12.1899 (ECMA-376 part 1, 18.17.4.1), from 1930 to 2100."""
    if not re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return None
    days, _, part = text.partition(".")
    if not 10_959 <= int(days) <= 73_050:
        return None
    date = (_EPOCH + datetime.timedelta(days=int(days))).isoformat()
    seconds = round(float(f"0.{part or 0}") * 86_400)
    if kind != "datetime" or seconds >= 86_400:
        return date
    return f"{date}T{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def _read(found: re.Match[str] | None, century: int, day: str | None, kind: str) -> str | None:
    if not found:
        return None
    parts = {name: value for name, value in found.groupdict().items() if value is not None}
    month = _month(parts)
    if month is not None and not 1 <= month <= 12:
        return None
    if "year" not in parts and "short" not in parts:
        return str(month) if month and set(parts) <= {"word", "month"} else None
    year = int(parts["year"]) if "year" in parts else _full_year(int(parts["short"]), century)
    return _written(year, month, parts, day, kind)


def _month(parts: dict[str, str]) -> int | None:
    if "word" in parts:
        return MONTHS.get(parts["word"].casefold(), 0)
    return int(parts["month"]) if "month" in parts else None


def _full_year(short: int, century: int) -> int:
    year = century // 100 * 100 + short
    return year if year >= century else year + 100


def _written(year: int, month: int | None, parts: dict[str, str], day: str | None, kind: str) -> str | None:
    if month is None:
        if kind == "year" or not day:
            return str(year)
        return f"{year:04d}-01-01" if day == "first" else f"{year:04d}-12-31"
    if "day" not in parts:
        if kind == "yearmonth" or not day:
            return f"{year:04d}-{month:02d}"
        return f"{year:04d}-{month:02d}-{1 if day == 'first' else calendar.monthrange(year, month)[1]:02d}"
    try:
        date = datetime.date(year, month, int(parts["day"]))
        if "hour" not in parts:
            return date.isoformat()
        time = datetime.time(int(parts["hour"]), int(parts.get("minute", 0)), int(parts.get("second", 0)))
    except ValueError:
        return None
    return f"{date.isoformat()}T{time.isoformat()}"
