"""Snapshots read by their declaration: file to grid, grid to layout, columns to fields, cells to declared form."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.reading import Correction, Reading
from vidkryto.errors import ContractError, ReadError
from vidkryto.findings import Finding, Place
from vidkryto.pull.snapshot import Snapshot
from vidkryto.read import shape
from vidkryto.read.corrections import correct
from vidkryto.read.files import grids_of
from vidkryto.read.foreign import cyrillic, foreign_cells
from vidkryto.read.grid import Grid, blank_rows
from vidkryto.read.layout import Kind, Layout, lay_out
from vidkryto.read.mojibake import broken_letters
from vidkryto.read.names import Matching, match, supplied
from vidkryto.read.repair import Repaired, doubtful, repair_field
from vidkryto.read.shape import Draft
from vidkryto.read.table import HEADERS, Account, Table
from vidkryto.read.unused import once, unused

SHOWN = 10
"""Rows kept in a finding."""


@dataclass(slots=True)
class Part:
    """One sheet or file on its way."""

    draft: Draft
    source: str
    account: Account
    labels: dict[str, str]
    repairs: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    one_byte: str = ""
    """The encoding of a text in a Cyrillic one-byte encoding, whose cells may be in another one."""


def read(
    snapshots: Sequence[Snapshot],
    reading: Reading,
    schema: Mapping[str, Any],
    *,
    resource: str,
    corrections: Iterable[Correction] = (),
    today: datetime.date | None = None,
    parts: Sequence[Part] | None = None,
) -> Table:
    """The table that the snapshots hold together, by the declaration and the Table Schema.

    `parts` are the snapshots' sheets and files where they were read apart already, in their order.

    Raises ReadError, with a finding, for a file that cannot be turned into a table with certainty. A column that the
    export has and the schema has not, or the other way round, is a finding and never silent; a missing one is empty.
    """
    if not snapshots:
        raise ValueError("nothing to read: no snapshots")
    names = [str(item["name"]) for item in schema.get("fields", ())]
    check_fields(reading, names)
    if parts is None:
        several = len(snapshots) > 1
        parts = [part for one in snapshots for part in read_parts(one, reading, schema, resource, several=several)]
    draft = _joined(parts, names)
    repairs = summed(repair for part in parts for repair in part.repairs)
    findings = once(finding for part in parts for finding in part.findings)
    sources = pa.DictionaryArray.from_arrays(
        pa.array(np.repeat(np.arange(len(parts)), [part.draft.height for part in parts]), pa.int32()),
        pa.array([part.source for part in parts], pa.string()),
    )
    applied, stale = correct(draft, sources, corrections, resource, today or datetime.date.today())
    return Table(
        columns=pa.table({name: draft.columns[name] for name in names}),
        rows=draft.rows,
        sources=sources,
        repairs=(*repairs, *applied),
        findings=(*findings, *stale),
        account=sum((part.account for part in parts), Account()),
        labels=_labels(parts),
    )


def _labels(parts: Sequence[Part]) -> dict[str, str]:
    """The headers that stand above each field, each once."""
    found: dict[str, dict[str, None]] = {}
    for part in parts:
        for name, label in part.labels.items():
            found.setdefault(name, {})[label] = None
    return {name: HEADERS.join(labels) for name, labels in found.items()}


def check_fields(reading: Reading, names: Sequence[str]) -> None:
    """Raises ContractError when the reading feeds a field that the schema does not have."""
    fed = [*reading.columns.values(), *supplied(reading), *reading.fields, *reading.fill_down, *reading.split]
    fed += reading.absent
    for name in fed:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ContractError(
                f"the block reading feeds the field {name!r}, which the schema does not have{hint}",
                remedy="Correct the name in the block reading, or add the field to the schema.",
            )


def summed(repairs: Iterable[Finding]) -> list[Finding]:
    """Repairs of one kind in one field over all sheets and files as one; the place is that of the first."""
    found: dict[tuple[str, str], Finding] = {}
    for repair in repairs:
        key = (repair.code, repair.place.field)
        first = found.get(key)
        found[key] = replace(first, count=first.count + repair.count) if first else repair
    return list(found.values())


def read_parts(
    snapshot: Snapshot, reading: Reading, schema: Mapping[str, Any], resource: str, *, several: bool
) -> list[Part]:
    """The sheets of one snapshot, read; `several` tells that it is one of several. Raises ReadError."""
    place = Place(resource, snapshot.file)
    parts = []
    for grid in grids_of(snapshot.path, reading, place):
        where = replace(place, sheet=grid.sheet)
        if bool(np.asarray(blank_rows(grid)).all()):
            parts.append(_empty(grid, reading, schema, where, several))
        else:
            parts.append(_part(grid, reading, schema, where, snapshot))
    if parts:
        parts[0].findings += unused(reading, snapshot.path, place)
    return parts


def _empty(grid: Grid, reading: Reading, schema: Mapping[str, Any], place: Place, several: bool) -> Part:
    """A file without any content: one of several partitions may be empty, the only one may not."""
    if not several and len(reading.sheet) < 2:
        raise ReadError(
            f"{place.file} holds no value", (Finding("file-empty", place),), remedy="Export the table again."
        )
    columns = {str(item["name"]): pa.array([], pa.string()) for item in schema.get("fields", ())}
    blank = grid.height + grid.blank_after
    account = Account(rows_in_file=grid.rows_in_file, blank=blank, note=grid.noted, rejected=grid.rejected)
    draft = Draft(columns, pa.array([], pa.int64()))
    return Part(draft, place.file, account, {}, findings=[*grid.findings, Finding("partition-empty", place)])


def _part(grid: Grid, reading: Reading, schema: Mapping[str, Any], place: Place, snapshot: Snapshot) -> Part:
    layout = lay_out(grid, reading, place)
    account = layout.account(grid)
    matching = match(grid, layout.labels, reading, schema, place)
    draft, wide = _data(grid, layout, matching)
    if draft.height != account.data:
        raise AssertionError(f"{draft.height} data rows kept, {account.data} accounted for")
    labels = {name: layout.labels[position] for name, position in matching.fields.items()}
    source = f"{snapshot.file} / {grid.sheet}" if grid.sheet else snapshot.file
    findings = [*grid.findings, *layout.findings, *matching.findings]
    one_byte = grid.encoding if grid.encoding and cyrillic(grid.encoding) else ""
    part = Part(draft, source, account, labels, findings=findings, one_byte=one_byte)
    _fill_down(part, reading, place)
    _repair(part, reading, schema, place)
    _melt(part, wide, reading, schema, place)
    _split(part, reading, place)
    _supply(part, grid, reading, schema, place)
    return part


def _data(grid: Grid, layout: Layout, matching: Matching) -> tuple[Draft, list[tuple[str, pa.Array]]]:
    """The data rows of the matched columns, and the wide columns with their labels."""
    mask = layout.kinds == Kind.DATA
    chosen = pa.array(mask)
    places = np.flatnonzero(mask)
    first, count = (int(places[0]), len(places)) if len(places) else (0, 0)
    together = count == 0 or int(places[-1]) - first + 1 == count

    def kept(column: pa.Array) -> pa.Array:
        return column.slice(first, count) if together else column.filter(chosen)

    columns = {name: kept(grid.columns[position]) for name, position in matching.fields.items()}
    wide = [(layout.labels[position], kept(grid.columns[position])) for position in matching.melted]
    return Draft(columns, kept(grid.rows)), wide


def _fill_down(part: Part, reading: Reading, place: Place) -> None:
    for name in reading.fill_down:
        if name in part.draft.columns:
            filled = shape.fill_down(part.draft, name)
            where = replace(place, column=part.labels.get(name, ""), field=name)
            part.repairs += _in_rows("repair-filled-down", where, filled, part.draft.rows)


def _melt(
    part: Part, wide: list[tuple[str, pa.Array]], reading: Reading, schema: Mapping[str, Any], place: Place
) -> None:
    """Cells of the narrow columns are repaired before, so that each is counted once; the melted ones after."""
    if not reading.melt or not wide:
        return
    before = part.draft
    part.draft, gone = shape.melt(before, wide, reading.melt, reading.header.join)
    part.repairs += _in_rows("melt-row-empty", place, gone, before.rows)
    details = {"columns": len(wide), "before": before.height}
    part.repairs.append(Finding("repair-melted", place, count=part.draft.height, details=details))
    made = (*reading.melt.names, reading.melt.value)
    _repair(part, reading, {"fields": [item for item in schema["fields"] if item["name"] in made]}, place)


def _supply(part: Part, grid: Grid, reading: Reading, schema: Mapping[str, Any], place: Place) -> None:
    """Fields that come from the contract, the name of the sheet or of the file; a field with no source is empty."""
    given: dict[str, str] = dict(reading.constants)
    if reading.sheet_into:
        given[reading.sheet_into] = grid.sheet.strip()
    for name, expression in reading.file_into.items():
        found = re.search(expression, place.file)
        if not found:
            raise ReadError(
                f"the name {place.file} does not fit the expression for {name}: {expression}",
                (Finding("file-name-unfit", replace(place, field=name), found=place.file, wanted=expression),),
                remedy="Correct `file_into` in the block `reading`, or the name of the export.",
            )
        given[name] = found[1] if found.re.groups else found[0]
    for name, value in given.items():
        part.draft.columns[name] = pa.repeat(pa.scalar(value, pa.string()), part.draft.height)
    for item in schema.get("fields", ()):
        part.draft.columns.setdefault(str(item["name"]), pa.nulls(part.draft.height, pa.string()))


def _repair(part: Part, reading: Reading, schema: Mapping[str, Any], place: Place) -> None:
    for schema_field in schema.get("fields", ()):
        name = str(schema_field["name"])
        column = part.draft.columns.get(name)
        if column is None:
            continue
        part.findings += [_told(item, part, name, place) for item in doubtful(column, reading, name)]
        column, done = repair_field(column, reading, schema_field, workbook=bool(place.sheet))
        part.repairs += [_told(item, part, name, place) for item in done]
        part.draft.columns[name] = _without_empty(column)
        if schema_field.get("type", "string") == "string":
            _look_for_broken_letters(part, name, place)


def _look_for_broken_letters(part: Part, name: str, place: Place) -> None:
    hits, was, becomes = broken_letters(part.draft.columns[name])
    if hits:
        rows = tuple(int(part.draft.rows[index].as_py()) for index in hits[:SHOWN])
        where = replace(place, row=rows[0], column=part.labels.get(name, name), field=name)
        part.findings.append(Finding("mojibake", where, was[:80], becomes[:80], len(hits), rows))
    if part.one_byte:
        hits, other = foreign_cells(part.draft.columns[name], part.one_byte)
        if hits:
            rows = tuple(int(part.draft.rows[index].as_py()) for index in hits[:SHOWN])
            where = replace(place, row=rows[0], column=part.labels.get(name, name), field=name)
            found = str(part.draft.columns[name][hits[0]].as_py())[:80]
            part.findings.append(Finding("encoding-cells", where, found, other, len(hits), rows))


def _without_empty(column: pa.Array) -> pa.Array:
    """'' and null are the same: nothing there."""
    empty = pc.equal(column, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), column) if empty.true_count else column


def _told(item: Repaired, part: Part, name: str, place: Place) -> Finding:
    rows = tuple(int(part.draft.rows[int(index)].as_py()) for index in item.indices[:SHOWN])
    where = replace(place, row=rows[0], column=part.labels.get(name, ""), field=name)
    return Finding(item.code, where, item.was[:80], (item.becomes or "")[:80], len(item.indices), rows)


def _split(part: Part, reading: Reading, place: Place) -> None:
    for name, declared in reading.split.items():
        if name not in part.draft.columns:
            continue
        before = part.draft
        part.draft, several = shape.split(before, name, declared)
        where = replace(place, column=part.labels.get(name, ""), field=name)
        part.repairs += _in_rows("repair-split", where, several, before.rows)


def _in_rows(code: str, place: Place, indices: shape.Places, numbers: pa.Array) -> list[Finding]:
    """A finding about the rows at these indices, if there are any; `numbers` are those of the officer's file."""
    rows = tuple(int(numbers[int(index)].as_py()) for index in indices[:SHOWN])
    return [Finding(code, replace(place, row=rows[0]), count=len(indices), rows=rows)] if rows else []


def _joined(parts: Sequence[Part], names: Sequence[str]) -> Draft:
    if len(parts) == 1:
        return parts[0].draft
    columns = {name: pa.concat_arrays([part.draft.columns[name] for part in parts]) for name in names}
    return Draft(columns, pa.concat_arrays([part.draft.rows for part in parts]))
