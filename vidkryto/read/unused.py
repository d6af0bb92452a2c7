"""Declarations that the format of a file cannot use: told, since nothing would happen by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from vidkryto.catalogue.reading import Reading
from vidkryto.findings import Finding, Place
from vidkryto.read.formats import format_of

_WORKBOOKS = frozenset(("xlsx", "xls", "xlsb", "ods"))
_TEXTS = frozenset(("csv", "json", "jsonl", "geojson"))
_USED_BY = {
    "encoding": _TEXTS | {"xml", "kml", "dbf", "shp"},
    "mixed": _TEXTS,
    "delimiter": frozenset(("csv",)),
    "quote": frozenset(("csv",)),
    "sheet": _WORKBOOKS,
    "sheet_into": _WORKBOOKS,
    "hidden": _WORKBOOKS,
    "path": frozenset(("json", "xml", "kml")),
    "header": _WORKBOOKS | {"csv"},
}
"""The formats that use a key of the block `reading`; any other key is used by all."""


def once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, but of those of `unused` only the first with the same keys: files of one table are many."""
    told: set[str | None] = set()
    for finding in findings:
        if finding.code == "declaration-unused":
            if finding.found in told:
                continue
            told.add(finding.found)
        yield finding


def unused(reading: Reading, path: Path, place: Place) -> tuple[Finding, ...]:
    """One finding that names the keys without use for a file of its format, where there are some."""
    plain = Reading()
    declared = {key: kinds for key, kinds in _USED_BY.items() if getattr(reading, key) != getattr(plain, key)}
    if not declared:
        return ()
    kind = format_of(path, place.file, reading.format, place)
    keys = [key for key, kinds in declared.items() if kind not in kinds]
    return (Finding("declaration-unused", place, ", ".join(keys), details={"kind": kind}),) if keys else ()
