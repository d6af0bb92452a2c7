"""The file, sheet and row of findings of stages that saw only columns and numbers of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vidkryto.disclosure import safe_name
from vidkryto.findings import Finding, Place
from vidkryto.pipeline.job import TextTable
from vidkryto.read.table import PER_SOURCE


def placed(findings: Iterable[Finding], texts: Mapping[str, TextTable]) -> list[Finding]:
    """Findings about `TextTable.numbers` with the places in the officer's own files.

    Where a table has several files or sheets, a finding becomes one for each of them that its rows name, and one for
    the places that it counts without naming their rows.
    """
    return [part for finding in findings for part in _apart(finding, texts.get(finding.place.resource))]


def _apart(finding: Finding, text: TextTable | None) -> list[Finding]:
    if text is None:
        return [finding]
    numbers = finding.rows or (() if finding.place.row is None else (finding.place.row,))
    places = text.places
    if not numbers or (len(places) == 1 and max(numbers) < PER_SOURCE):
        return [replace(finding, place=replace(finding.place, sheet=finding.place.sheet or text.sheet))]
    rows: dict[Place, list[int]] = {}
    for number in numbers:
        source, row = divmod(number, PER_SOURCE)
        if source < len(places):  # else a query of the suite named the row of another table
            rows.setdefault(places[source], []).append(row)
    parts = [_at(finding, place, tuple(named)) for place, named in rows.items()]
    left = finding.count - sum(part.count for part in parts)
    if left > 0:
        parts.append(replace(finding, place=replace(finding.place, row=None), rows=(), count=left))
    return parts


def _at(finding: Finding, place: Place, rows: tuple[int, ...]) -> Finding:
    """The part of a finding that is in one file and sheet."""
    where = replace(finding.place, file=safe_name(place.file), sheet=safe_name(place.sheet), row=rows[0])
    return replace(finding, place=where, rows=rows if finding.rows else (), count=len(rows))
