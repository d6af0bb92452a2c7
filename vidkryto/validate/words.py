"""Turns the findings of a validation into findings for a data officer: grouped, with what was found and wanted."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from vidkryto.findings import Finding, Place
from vidkryto.read.table import PER_SOURCE
from vidkryto.validate.validation import Validation

ROWS_NAMED = 20
EXAMPLES = 5
SHIFTED = frozenset({"extra-cell", "missing-cell"})
LABELS = frozenset({"incorrect-label", "extra-label", "missing-label", "blank-label", "duplicate-label"})
KEYED = frozenset({"unique-error", "primary-key", "foreign-key", "unique-key"})
LONGEST_FOUND = 200

SAMPLES: Mapping[str, str] = {
    "integer": "15",
    "number": "12.5",
    "boolean": "true, false",
    "date": "2026-01-31",
    "time": "14:30:00",
    "datetime": "2026-01-31T14:30:00",
    "year": "2026",
    "yearmonth": "2026-01",
    "duration": "P1Y2M, PT30M",
    "geopoint": "26.9871, 49.4230",
    "geojson": '{"type": "Point", "coordinates": [26.9871, 49.4230]}',
    "object": '{"ключ": "значення"}',
    "array": "[1, 2, 3]",
    "list": "a,b,c",
    "string/email": "name@example.org",
    "string/uri": "https://example.org/page",
    "string/uuid": "550e8400-e29b-41d4-a716-446655440000",
    "string/binary": "aGVsbG8=",
    "string/wkt": "POINT (26.9871 49.4230)",
}
"""A cell of each type, which says more to an officer than the name of the type."""

CONSTRAINTS: Mapping[str, str] = {
    "required": "непорожня клітинка / a value",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "exclusiveMinimum": "> {}",
    "exclusiveMaximum": "< {}",
    "minLength": "довжина / length ≥ {}",
    "maxLength": "довжина / length ≤ {}",
    "pattern": "зразок / pattern {}",
    "enum": "одне з / one of {}",
}
CONSTRAINT_NOTE = re.compile(r'^(?:array item )?constraint "(\w+)" is "(.*)"$', re.DOTALL)
TYPE_NOTE = re.compile(r'^(?:array item )?type is "([^/]+)/(.*)"$', re.DOTALL)
FOREIGN_NOTE = re.compile(
    r'^for "(?P<fields>.*?)": values ".*" not found in the lookup table "(?P<table>[^"]*)"', re.DOTALL
)


@dataclass(slots=True)
class Group:
    """Findings that differ only in their rows and cells."""

    kind: str
    number: int | None
    field: str
    wanted: str
    note: str
    source: int | None = None
    count: int = 0
    rows: list[int] = dataclass_field(default_factory=list)
    cells: list[str] = dataclass_field(default_factory=list)


def to_findings(
    validation: Validation,
    *,
    resource: str = "",
    file: str = "",
    sheet: str = "",
    sources: Sequence[Place] = (),
    protected: frozenset[str] = frozenset(),
    limit_per_task: int = 1000,
) -> tuple[Finding, ...]:
    """One Finding for each kind of thing found in each field, in the order in which they first appear.

    `sources` are the files and sheets of a table that comes from several, where its rows have the numbers of
    `vidkryto.read.table.numbered`; there is a Finding for each of them then, with the rows of that one.
    `protected` are fields whose values are shown nowhere; where rows or labels are shifted, so that a protected value
    may stand in another field, no value is shown at all. `limit_per_task` is the most findings returned; what is left
    out is counted in a last finding `more-findings`.
    """
    shifted = shifted_rows(validation) if protected else frozenset()
    groups = grouped(validation, shifted, protected, several=len(sources) > 1)
    whole = Place(resource=resource, file=file, sheet=sheet)
    findings = [
        finding_of(group, whole if group.source is None else sources[group.source], validation.origin.labels)
        for group in groups[:limit_per_task]
    ]
    left = groups[limit_per_task:]
    if left or validation.stopped:
        counted = sum(group.count for group in left)
        findings.append(Finding("more-findings", whole, count=max(counted, 1)))
    return tuple(findings)


def grouped(
    validation: Validation, shifted: frozenset[int | None], protected: frozenset[str], *, several: bool = False
) -> list[Group]:
    """The groups of findings, in the order in which they first appear; `several` sources are kept apart."""
    hidden_labels = bool(protected) and bool(LABELS & set(validation.findings.column("type").unique().to_pylist()))
    groups: dict[tuple[Any, ...], Group] = {}
    for kind, row, number, name, note, cell in walk(validation):
        about = FOREIGN_NOTE.sub(r"\g<fields>\0\g<table>", note).partition("\0")[0] if kind == "foreign-key" else ""
        source, line = divmod(row, PER_SOURCE) if several and row is not None else (None, row)
        key = (kind, number, name, about if kind in KEYED else note, source)
        group = groups.get(key)
        if group is None:
            group = groups[key] = Group(kind, number, name or "", wanted_words(kind, note, name or ""), note, source)
        group.count += 1
        if line is not None and len(group.rows) < ROWS_NAMED and (not group.rows or group.rows[-1] != line):
            group.rows.append(line)
        hidden = name in protected or row in shifted or hidden_labels or (protected and kind in SHIFTED)
        if cell is not None and not hidden and len(group.cells) < EXAMPLES and cell not in group.cells:
            group.cells.append(cell[:LONGEST_FOUND])
    return list(groups.values())


ROWS_LISTED = 200_000
"""Rows of one table in the whole list of findings: a table with more has another fault than its cells."""
Kind = tuple[str, str, str, str, str, str]
"""What makes findings one task: code, field, header, what was wanted, file, sheet."""


def kind_of(finding: Finding) -> Kind:
    """The kind of a finding of a validation."""
    place = finding.place
    return finding.code, place.field, place.column, finding.wanted or "", place.file, place.sheet


def rows_found(
    validation: Validation, *, file: str = "", sheet: str = "", sources: Sequence[Place] = ()
) -> dict[Kind, Sequence[int]]:
    """Every row with a finding, by the kind of the finding, the first `ROWS_LISTED` of all.

    `file`, `sheet` and `sources` are those of `to_findings`.
    """
    labels, listed = validation.origin.labels, 0
    whole = Place(file=file, sheet=sheet)
    found: dict[Kind, array[int]] = {}
    for kind, row, number, name, note, _ in walk(validation):
        if row is None:
            continue
        source, line = divmod(row, PER_SOURCE) if len(sources) > 1 else (None, row)
        place = whole if source is None else sources[source]
        column = labels[number - 1] if number and number <= len(labels) else ""
        wanted = wanted_words(kind, note, name or "")
        rows = found.setdefault((kind, name or "", column, wanted, place.file, place.sheet), array("q"))
        if not rows or rows[-1] != line:
            rows.append(line)
            listed += 1
        if listed == ROWS_LISTED:
            break
    return dict(found)


def walk(validation: Validation) -> Iterator[tuple[str, int | None, int | None, str | None, str, str | None]]:
    """The findings one by one, a batch of the table at a time."""
    names = ("type", "row", "field_number", "field", "note", "cell")
    for batch in validation.findings.to_batches(max_chunksize=65_536):
        yield from zip(*(batch.column(name).to_pylist() for name in names), strict=True)


def shifted_rows(validation: Validation) -> frozenset[int | None]:
    """Rows whose cells may stand in the wrong field."""
    return frozenset(row for kind, row, *_ in walk(validation) if kind in SHIFTED)


def finding_of(group: Group, place: Place, labels: tuple[str, ...]) -> Finding:
    """The finding for an officer that a group stands for."""
    column = labels[group.number - 1] if group.number and group.number <= len(labels) else ""
    at = Place(
        resource=place.resource,
        file=place.file,
        sheet=place.sheet,
        row=group.rows[0] if group.rows else None,
        column=column,
        field=group.field,
    )
    details = {"examples": tuple(group.cells)} if len(group.cells) > 1 else {}
    found = group.cells[0] if group.cells else None
    return Finding(group.kind, at, found, group.wanted, group.count, tuple(group.rows), details)


def wanted_words(kind: str, note: str, name: str) -> str:
    """What was wanted: a sample of the type, the rule of a constraint, the fields of a key, or frictionless' note."""
    if kind == "type-error" and (match := TYPE_NOTE.match(note)):
        described = match[1] if match[2] == "default" else f"{match[1]}/{match[2]}"
        return SAMPLES.get(described, SAMPLES.get(match[1], "") if match[2] in ("default", "any") else match[2])
    if kind == "constraint-error" and (match := CONSTRAINT_NOTE.match(note)):
        return CONSTRAINTS.get(match[1], match[1] + " {}").format(
            match[2].strip("[]") if match[1] == "enum" else match[2]
        )
    if kind == "foreign-key" and (match := FOREIGN_NOTE.match(note)):
        return f"{match['fields']} → {match['table']}"
    if kind in ("incorrect-label", "missing-label", "unique-error"):
        return name
    if kind == "unique-key":
        return note.split('"')[1]
    return "" if kind in KEYED or kind in SHIFTED else note
