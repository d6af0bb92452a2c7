"""Which of several files to take: the only one, the newest, the one with the latest date in its name, or all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vidkryto.catalogue.source import Pick
from vidkryto.catalogue.spellings import FULL_MONTHS, MONTHS
from vidkryto.errors import ExportMissing
from vidkryto.findings import Finding, Place
from vidkryto.pull.fetched import missing

_MONTH = rf"(?<![^\W\d_])(?P<word>{'|'.join(FULL_MONTHS)})(?![^\W\d_])"
_DATES = (
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-_. ]?(?P<m>0[1-9]|1[0-2])[-_. ]?(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>0[1-9]|[12]\d|3[01])[-_. ](?P<m>0[1-9]|1[0-2])[-_. ](?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>0[1-9]|[12]\d|3[01])\.(?P<m>0[1-9]|1[0-2])\.(?P<short>\d\d)(?!\d)"),
    re.compile(rf"(?<!\d)(?P<d>0?[1-9]|[12]\d|3[01])[-_. ]{_MONTH}[-_. ]{{0,2}}(?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(rf"{_MONTH}[-_. ]{{0,2}}(?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(rf"(?<!\d)(?P<y>(?:19|20)\d\d)[-_. ]{{0,2}}{_MONTH}"),
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-_. ]?(?P<m>0[1-9]|1[0-2])(?!\d)"),
    re.compile(r"(?<!\d)(?P<m>0[1-9]|1[0-2])[-_. ](?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?!\d)"),
)


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that matches the pattern: its path at the source; when it last changed, in seconds, None if unknown."""

    path: str
    changed: float | None


def picked(offered: Sequence[Offered], pick: Pick, wanted: str, resource: str) -> list[Offered]:
    """The files to take, in the order of their paths. Raises ExportMissing when there is none or several remain."""
    ordered = sorted(offered, key=lambda item: item.path)
    if not ordered:
        raise missing(resource, wanted)
    if pick == "all":
        return ordered
    if pick == "newest":
        return [_newest(ordered, wanted, resource)]
    if pick == "dated":
        ordered = _latest(ordered, wanted, resource)
    if len(ordered) > 1:
        names = ", ".join(item.path.rsplit("/", 1)[-1] for item in ordered[:5])
        raise ExportMissing(
            f"{len(ordered)} exports match {wanted!r}: {names}",
            Finding("export-ambiguous", Place(resource), wanted=wanted, count=len(ordered), details={"names": names}),
            remedy="Narrow the pattern, or write pick: newest, dated or all into the contract.",
        )
    return ordered


def _newest(ordered: Sequence[Offered], wanted: str, resource: str) -> Offered:
    untimed = [item for item in ordered if item.changed is None]
    if untimed and len(ordered) > 1:
        raise _unordered(untimed, wanted, resource, "the server does not tell when they were changed", "dated")
    return max(ordered, key=lambda item: (item.changed or 0.0, item.path))


def _latest(ordered: Sequence[Offered], wanted: str, resource: str) -> list[Offered]:
    """Those with the latest date; every other name must show that it is earlier, as far as its date goes."""
    dates = {item: date_in(item.path) for item in ordered}
    last = max(dates.values())
    if not last:
        raise missing(resource, wanted, "No file name holds a date; use pick: newest, or put the date into the name.")
    unsure = [item for item, date in dates.items() if date != last and last.startswith(_told(date))]
    if unsure:
        raise _unordered(unsure, wanted, resource, "their names hold no date, or only a part of it", "newest")
    return [item for item, date in dates.items() if date == last]


def _told(date: str) -> str:
    """The parts of a date that its name tells: the year, the year and the month, or all three."""
    return date.removesuffix("00").removesuffix("00")


def _unordered(unsure: Sequence[Offered], wanted: str, resource: str, why: str, other: str) -> ExportMissing:
    names = ", ".join(item.path.rsplit("/", 1)[-1] for item in unsure[:5])
    return ExportMissing(
        f"which of the exports {wanted!r} is the latest cannot be told: {names}; {why}",
        Finding("export-unordered", Place(resource), wanted=wanted, count=len(unsure), details={"names": names}),
        remedy=f"Narrow the pattern, write pick: {other}, or give every name its whole date.",
    )


def date_in(path: str) -> str:
    """The date in a file's name as YYYYMMDD, parts that are missing as 00; '' when there is none.

    A year of two digits stands only in дд.мм.рр and is one of this century; months may be words: `листопад 2024`.
    """
    name = path.rsplit("/", 1)[-1].casefold()
    for pattern in _DATES:
        if found := list(pattern.finditer(name)):
            parts = found[-1].groupdict()
            year = parts.get("y") or f"20{parts['short']}"
            month = MONTHS[parts["word"]] if "word" in parts else int(parts.get("m") or 0)
            return f"{year}{month:02d}{int(parts.get('d') or 0):02d}"
    return ""
