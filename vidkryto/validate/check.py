"""Checks one segment: verdicts on its columns, blank rows, rows of another width; and what the keys will need of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from vidkryto.validate.arrays import TEXT, Codes, Rows, as_text, distinct
from vidkryto.validate.cells import Cells, from_records
from vidkryto.validate.content import content
from vidkryto.validate.fieldtypes.base import Acceptance
from vidkryto.validate.found import Found, Kind, Kinds, joined, nothing
from vidkryto.validate.opening import Structure
from vidkryto.validate.reader import DistinctReader
from vidkryto.validate.textcolumn import TextColumn
from vidkryto.validate.tokenise import split_records

MANY = 200
"""From so many distinct texts on, a column's acceptance is tried before the reader."""
KeyForm = Literal["integer", "decimal", "text", "codes"]


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How one expected field is checked."""

    position: int
    name: str
    reader: DistinctReader
    acceptance: Acceptance | None
    key: KeyForm | None
    """How its values are kept for keys; None when no key needs them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a table is checked."""

    structure: Structure
    columns: tuple[ColumnPlan, ...]
    encoded: frozenset[int]
    """Columns that the tokeniser should hand over as dictionaries."""
    blank_is_missing: bool
    """Whether an empty cell is missing in every field and rows have a cell for each: then an empty line is a blank
    row whichever way it is read."""
    kinds: Kinds = field(default_factory=Kinds)
    keys_only: bool = False
    """Whether only values are wanted, and `columns` are some of the expected fields."""


@dataclass(frozen=True, slots=True)
class KeyPart:
    """The values of one key field in one segment, regular rows first.

    `codes` numbers the distinct texts that the reader has read; -1 where the acceptance took the cell, whose value
    then stands in `values` (int64, float64 or texts; meaningless elsewhere).
    """

    codes: Codes
    values: Any
    texts: Any = None
    """The cells as they stand, kept only where they cannot be told from the values."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of one segment; row numbers count from the segment's first record."""

    records: int
    rows: Rows
    found: Found
    keys: dict[int, KeyPart]


@dataclass(frozen=True, slots=True)
class ColumnVerdict:
    """Verdict numbers of all rows of a column (None: all fine) and its key part."""

    verdicts: Codes | None
    key: KeyPart | None


def check_text(plan: Plan, cells: Cells, data: memoryview, control: Any, base: int | None) -> Checked:
    """Check a tokenised segment; where empty lines matter, its bytes are tokenised again by Python's csv module."""
    kept = content(cells, plan.structure.dialect, base)
    if not kept.empty_lines_known and not plan.blank_is_missing and kept.empty().any():
        cells = from_records(split_records(data, control), plan.structure.width)
        kept = content(cells, plan.structure.dialect, base)
    return check_cells(plan, kept)


def check_cells(plan: Plan, cells: Cells) -> Checked:
    """Check the content rows of a segment."""
    outcomes = [check_column(column, cells) for column in plan.columns]
    rows = cells.rows
    if cells.ragged:
        rows = np.concatenate([rows, np.array([number for number, _ in cells.ragged], np.int64)])
    keys = {column.position: outcome.key for column, outcome in zip(plan.columns, outcomes, strict=True) if outcome.key}
    if plan.keys_only:
        return Checked(cells.records, rows, nothing(), keys)
    blank = blank_rows(plan, outcomes, len(rows))
    parts = [
        cell_findings(plan, column, outcome, cells, rows, blank)
        for column, outcome in zip(plan.columns, outcomes, strict=True)
    ]
    parts.append(width_findings(plan, cells, rows, blank))
    if len(blank):
        kind = plan.kinds.number(Kind("blank-row", None, None, ""))
        parts.append(of_kind(rows[blank], kind, pa.nulls(len(blank), TEXT)))
    return Checked(cells.records, rows, joined(parts), keys)


def check_column(plan: ColumnPlan, cells: Cells) -> ColumnVerdict:
    """Verdicts and key part of one field in a segment."""
    beside = [values[plan.position] if plan.position < len(values) else None for _, values in cells.ragged]
    if plan.position >= len(cells.columns):
        return column_read(plan, [None], np.zeros(len(cells.rows), np.int32), beside)
    array = cells.columns[plan.position]
    if plan.acceptance is None or plan.key == "codes" or (plan.key is None and pa.types.is_dictionary(array.type)):
        texts, codes = distinct(array)
        return column_read(plan, texts, codes, beside)
    return column_accepted(plan, plan.acceptance, TextColumn(as_text(array)), beside)


def column_read(
    plan: ColumnPlan, texts: list[str] | list[None], codes: Codes, beside: Sequence[str | None]
) -> ColumnVerdict:
    """A column judged by its distinct texts."""
    if plan.key:
        numbers = plan.reader.number(texts)[codes] if len(texts) else codes
        if beside:
            numbers = np.concatenate([numbers, plan.reader.number(beside)])
        verdicts = np.array(plan.reader.verdict_of, np.int32)[numbers] if len(numbers) else numbers
        return ColumnVerdict(verdicts if verdicts.any() else None, KeyPart(numbers, None))
    judged = judge_distinct(plan, texts)
    regular = judged[codes] if len(texts) and judged.any() else None
    return ColumnVerdict(with_beside(plan, regular, len(codes), beside), None)


def judge_distinct(plan: ColumnPlan, texts: list[str] | list[None]) -> Codes:
    """Verdicts on distinct texts; where they are many, the acceptance goes first."""
    if plan.acceptance is None or len(texts) < MANY:
        return plan.reader.judge(texts)
    mask = plan.acceptance.accepted(TextColumn(pa.array(texts, TEXT)))
    verdicts = np.zeros(len(texts), np.int32)
    if mask is not None:
        rejected = np.flatnonzero(~mask)
        verdicts[rejected] = plan.reader.judge([texts[position] for position in rejected])
    return verdicts


def column_accepted(
    plan: ColumnPlan, acceptance: Acceptance, column: TextColumn, beside: Sequence[str | None]
) -> ColumnVerdict:
    """A column whose acceptance decides most cells; the distinct texts of the others are read."""
    mask = acceptance.accepted(column)
    rejected = np.flatnonzero(~mask) if mask is not None else None
    key = None
    if plan.key:
        codes = np.full(len(column) + len(beside), -1, np.int32)
        if rejected is not None:
            texts, positions = distinct(column.array.take(pa.array(rejected)))
            codes[rejected] = plan.reader.number(texts)[positions]
        if beside:
            codes[len(column) :] = plan.reader.number(beside)
        values = column.array if plan.key == "text" else column.numbers(mask, acceptance.numbers).to_numpy()
        key = KeyPart(codes, values, column.array if plan.key == "decimal" else None)
        known = np.array([*plan.reader.verdict_of, 0], np.int32)  # the last one is for -1
        verdicts = known[codes]
        return ColumnVerdict(verdicts if verdicts.any() else None, key)
    accepted: Codes | None = None
    if rejected is not None:
        texts, positions = distinct(column.array.take(pa.array(rejected)))
        accepted = np.zeros(len(column), np.int32)
        accepted[rejected] = plan.reader.judge(texts)[positions]
    return ColumnVerdict(with_beside(plan, accepted, len(column), beside), None)


def with_beside(plan: ColumnPlan, verdicts: Codes | None, regular: int, beside: Sequence[str | None]) -> Codes | None:
    """The verdicts of regular rows followed by those of the rows of another width."""
    if not beside:
        return verdicts
    first = np.zeros(regular, np.int32) if verdicts is None else verdicts
    return np.concatenate([first, plan.reader.judge(beside)])


def blank_rows(plan: Plan, outcomes: Sequence[ColumnVerdict], rows: int) -> Rows:
    """Positions of rows whose every cell is missing."""
    positions = np.arange(rows)
    for column, outcome in zip(plan.columns, outcomes, strict=True):
        if outcome.verdicts is None:
            return positions[:0]
        blank = np.array([verdict.blank for verdict in column.reader.verdicts], bool)
        positions = positions[blank[outcome.verdicts[positions]]]
        if not len(positions):
            break
    return positions


def cell_findings(
    plan: Plan, column: ColumnPlan, outcome: ColumnVerdict, cells: Cells, rows: Rows, blank: Rows
) -> Found:
    """Type and constraint errors of one column."""
    if outcome.verdicts is None:
        return nothing()
    verdicts = list(column.reader.verdicts)
    noted = np.array([bool(verdict.notes) for verdict in verdicts], bool)[outcome.verdicts]
    if len(blank):
        noted[blank] = False
    positions = np.flatnonzero(noted)
    if not len(positions):
        return nothing()
    texts = cell_texts(column.position, cells, positions)
    numbers = outcome.verdicts[positions]
    parts = []
    for number in np.unique(numbers):
        chosen = np.flatnonzero(numbers == number)
        for step, (kind_of_error, note) in enumerate(verdicts[number].notes):
            kind = plan.kinds.number(Kind(kind_of_error, column.position + 1, column.name, note, 0, step))
            parts.append(of_kind(rows[positions[chosen]], kind, texts.take(pa.array(chosen))))
    return joined(parts)


def cell_texts(position: int, cells: Cells, positions: Rows) -> Any:
    """The texts of a field's cells in these rows; null where a row has no such cell."""
    regular = positions[positions < len(cells.rows)]
    if position < len(cells.columns):
        texts = as_text(cells.columns[position].take(pa.array(regular)))
    else:
        texts = pa.nulls(len(regular), TEXT)
    if len(regular) == len(positions):
        return texts
    others = [cells.ragged[index - len(cells.rows)][1] for index in positions[len(regular) :].tolist()]
    return pa.concat_arrays([texts, pa.array([row[position] if position < len(row) else None for row in others], TEXT)])


def of_kind(rows: Rows, kind: int, cells: Any) -> Found:
    """Findings that are all of one kind."""
    return Found(rows, np.full(len(rows), kind, np.int32), cells)


def width_findings(plan: Plan, cells: Cells, rows: Rows, blank: Rows) -> Found:
    """Extra and missing cells of all rows that are not blank."""
    expected, width = len(plan.columns), len(cells.columns)
    if not cells.ragged and width == expected:
        return nothing()
    widths = np.concatenate(
        [np.full(len(cells.rows), width, np.int64), np.array([len(row) for _, row in cells.ragged], np.int64)]
    )
    widths[blank] = expected
    parts = []
    for position in range(expected, int(widths.max(initial=expected))):
        chosen = np.flatnonzero(widths > position)
        kind = plan.kinds.number(Kind("extra-cell", position + 1, "", "", 1))
        parts.append(of_kind(rows[chosen], kind, cell_texts(position, cells, chosen)))
    for position in range(int(widths.min(initial=expected)), expected):
        chosen = np.flatnonzero(widths <= position)
        kind = plan.kinds.number(Kind("missing-cell", position + 1, plan.columns[position].name, "", 2))
        parts.append(of_kind(rows[chosen], kind, pa.array([""], TEXT).take(pa.array(np.zeros(len(chosen), np.int64)))))
    return joined(parts)
