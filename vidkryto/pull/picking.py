"""Which of several files to take: the only one, the newest, the one with the latest date in its name, or all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vidkryto.catalogue.source import Pick
from vidkryto.errors import ExportMissing
from vidkryto.findings import Finding, Place
from vidkryto.pull.fetched import missing

_DATES = (
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-_. ]?(?P<m>0[1-9]|1[0-2])[-_. ]?(?P<d>0[1-9]|[12]\d|3[01])(?!\d)"),
    re.compile(r"(?<!\d)(?P<d>0[1-9]|[12]\d|3[01])[-_. ](?P<m>0[1-9]|1[0-2])[-_. ](?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-_. ]?(?P<m>0[1-9]|1[0-2])(?!\d)"),
    re.compile(r"(?<!\d)(?P<m>0[1-9]|1[0-2])[-_. ](?P<y>(?:19|20)\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)(?!\d)"),
)


@dataclass(frozen=True, slots=True)
class Offered:
    """A file that matches the pattern: its path at the source, and the time of its last change in seconds."""

    path: str
    changed: float


def picked(offered: Sequence[Offered], pick: Pick, wanted: str, resource: str) -> list[Offered]:
    """The files to take, in the order of their paths. Raises ExportMissing when there is none or several remain."""
    ordered = sorted(offered, key=lambda item: item.path)
    if not ordered:
        raise missing(resource, wanted)
    if pick == "all":
        return ordered
    if pick == "newest":
        return [max(ordered, key=lambda item: (item.changed, item.path))]
    if pick == "dated":
        dated = [(date, item) for item in ordered if (date := date_in(item.path))]
        if not dated:
            raise missing(
                resource, wanted, "No file name holds a date; use pick: newest, or put the date into the name."
            )
        last = max(date for date, _ in dated)
        ordered = [item for date, item in dated if date == last]
    if len(ordered) > 1:
        names = ", ".join(item.path.rsplit("/", 1)[-1] for item in ordered[:5])
        raise ExportMissing(
            f"{len(ordered)} exports match {wanted!r}: {names}",
            Finding("export-ambiguous", Place(resource), wanted=wanted, count=len(ordered), details={"names": names}),
            remedy="Narrow the pattern, or write pick: newest, dated or all into the contract.",
        )
    return ordered


def date_in(path: str) -> str:
    """The date in a file's name as YYYYMMDD, parts that are missing as 00; '' when there is none."""
    name = path.rsplit("/", 1)[-1]
    for pattern in _DATES:
        if found := list(pattern.finditer(name)):
            parts = found[-1].groupdict()
            return f"{parts['y']}{parts.get('m') or '00'}{parts.get('d') or '00'}"
    return ""
