"""Unique fields, primary keys and foreign keys, compared on the values that frictionless reads, after all segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.validate.arrays import TEXT, Rows
from vidkryto.validate.check import ColumnPlan, KeyPart, Plan
from vidkryto.validate.extensions import UNIQUE_KEY
from vidkryto.validate.found import Late
from vidkryto.validate.identities import Identities, KeyTable, combined_numbers, identities, repeated
from vidkryto.validate.opening import ForeignKey
from vidkryto.validate.spill import Spilled

NONE_KEY = 'cells composing the primary keys are all "None"'
SAME = "the same as in the row at position "

LookUp = Mapping[tuple[str, tuple[str, ...]], frozenset[tuple[Any, ...]]]
"""For a resource and fields of it: the tuples of values that stand in them."""


def violations(plan: Plan, table: KeyTable, lookup: LookUp) -> list[Late]:
    """All violated keys of a table, in the order in which frictionless checks them."""
    structure = plan.structure
    late: list[Late] = []
    reads: list[int] = []
    known: dict[int, Identities] = {}
    for position in (*structure.unique, *structure.primary, *(one for key in structure.unique_keys for one in key)):
        if position not in known:
            known[position] = identities(plan.columns[position], table)
    for position in structure.unique:
        reads.append(position)
        late += unique_errors(plan.columns[position], table, known[position], len(late), tuple(reads))
    if structure.primary:
        reads.extend(structure.primary)
        late += primary_errors([known[position] for position in structure.primary], table, tuple(reads), len(late))
    for key in structure.foreign:
        reads.extend(structure.names.index(name) for name in key.fields)
        late += foreign_errors(plan, table, key, lookup, tuple(reads), len(late))
    for unique_key in structure.unique_keys:
        late += unique_key_errors(plan, table, known, unique_key, tuple(reads), len(late))
    return late


def unique_errors(
    column: ColumnPlan, table: KeyTable, identity: Identities, step: int, reads: tuple[int, ...]
) -> list[Late]:
    """Rows whose value of a unique field stands in an earlier row."""
    again, before = repeated(identity, table.rows)
    if not len(again):
        return []
    cells = shown_values(column, table, again)
    return [
        Late(
            "unique-error",
            table.rows[again],
            same_as(table.shown(before)),
            cells,
            step,
            reads,
            column.position + 1,
            column.name,
        )
    ]


def primary_errors(columns: Sequence[Identities], table: KeyTable, reads: tuple[int, ...], step: int) -> list[Late]:
    """Rows whose primary key is empty or stands in an earlier row."""
    missing = np.logical_and.reduce([column.missing for column in columns])
    combined = columns[0].numbers if len(columns) == 1 else combined_numbers(columns)
    late = []
    empty = np.flatnonzero(missing)
    if len(empty):
        notes = pa.array([NONE_KEY], TEXT).take(pa.array(np.zeros(len(empty), np.int64)))
        late.append(Late("primary-key", table.rows[empty], notes, pa.nulls(len(empty), TEXT), step, reads))
    again, before = repeated(Identities(combined, missing), table.rows)
    if len(again):
        late.append(
            Late(
                "primary-key", table.rows[again], same_as(table.shown(before)), pa.nulls(len(again), TEXT), step, reads
            )
        )
    return late


def unique_key_errors(
    plan: Plan,
    table: KeyTable,
    known: Mapping[int, Identities],
    key: tuple[int, ...],
    reads: tuple[int, ...],
    step: int,
) -> list[Late]:
    """Rows whose values of a unique key, none of them missing, stand in an earlier row (an extension)."""
    columns = [known[position] for position in key]
    missing = np.logical_or.reduce([column.missing for column in columns])
    combined = columns[0].numbers if len(columns) == 1 else combined_numbers(columns)
    again, before = repeated(Identities(combined, missing), table.rows)
    if not len(again):
        return []
    names = ", ".join(plan.columns[position].name for position in key)
    notes = pc.binary_join_element_wise(f'for "{names}": ', same_as(table.shown(before)), "")
    return [Late(UNIQUE_KEY, table.rows[again], notes, pa.nulls(len(again), TEXT), step, reads)]


def foreign_errors(
    plan: Plan, table: KeyTable, key: ForeignKey, lookup: LookUp, reads: tuple[int, ...], step: int
) -> list[Late]:
    """Rows whose values of a foreign key do not stand in the resource referred to."""
    present = lookup.get((key.resource, key.reference))
    if present is None:
        present = frozenset(stored_tuples(plan, table, key.reference)[0]) - {tuple([None] * len(key.reference))}
    tuples, which = stored_tuples(plan, table, key.fields)
    absent = [
        index
        for index, values in enumerate(tuples)
        if set(values) != {None} and (values not in present or any(value != value for value in values))
    ]
    if not absent:
        return []
    position_of = np.full(len(tuples), -1, np.int64)
    position_of[absent] = np.arange(len(absent))
    positions = np.flatnonzero(position_of[which] >= 0)
    notes = pa.array([key.note(tuples[index]) for index in absent], TEXT)
    return [
        Late(
            "foreign-key",
            table.rows[positions],
            notes.take(pa.array(position_of[which[positions]])),
            pa.nulls(len(positions), TEXT),
            step,
            reads,
        )
    ]


def stored_tuples(plan: Plan, table: KeyTable, names: Sequence[str]) -> tuple[list[tuple[Any, ...]], Rows]:
    """The distinct tuples of values of some fields, and which of them stands in each row.

    Tuples are told apart by the texts that they were read from: 1.0 and 1.00 are equal, but frictionless shows each
    as it stands. A field that is not expected in the data is None everywhere, as for frictionless.
    """
    planned = {column.name: column for column in plan.columns}
    columns = [planned.get(name) for name in names]
    codes = [
        np.zeros(len(table.rows), np.int64) if column is None else table.codes(column.position).astype(np.int64)
        for column in columns
    ]
    values = [[None] if column is None else column.reader.values for column in columns]
    if len(codes) == 1:  # a reader may have been shown texts that stand in no row, such as the label of the column
        stands = np.bincount(codes[0], minlength=len(values[0])) > 0
        return [(values[0][code],) for code in np.flatnonzero(stands)], (np.cumsum(stands) - 1)[codes[0]]
    combinations, which = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)
    tuples = [tuple(known[code] for known, code in zip(values, row, strict=True)) for row in combinations.tolist()]
    return tuples, which.reshape(-1)


def same_as(rows: Rows) -> Any:
    """frictionless' words for a value that stands in an earlier row."""
    return pc.binary_join_element_wise(SAME, pc.cast(pa.array(rows), TEXT), "")


def shown_values(column: ColumnPlan, table: KeyTable, positions: Rows) -> Any:
    """The values of a field in these rows as frictionless shows them in a unique error."""
    parts = table.parts[column.position]
    starts = np.cumsum([0, *(len(part.codes) for part in parts)])
    which = np.searchsorted(starts, positions, side="right") - 1
    spilled = next((part.values for part in parts if isinstance(part.values, Spilled)), None)
    filed = spilled.spill.texts(column.position, positions.tolist()) if spilled is not None else {}
    show = shower(column)
    shown: list[str | None] = []
    for index, position in zip(which.tolist(), positions.tolist(), strict=True):
        part, local = parts[index], position - int(starts[index])
        code = int(part.codes[local])
        if code >= 0:
            shown.append(str(column.reader.values[code]))
        else:
            shown.append(show(filed[position] if position in filed else cell_at(part, local)))
    return pa.array(shown, TEXT)


def cell_at(part: KeyPart, local: int) -> str:
    """An accepted cell of a key field, as it stands or as the integer that it is."""
    if part.texts is not None:
        return str(part.texts[local].as_py())
    value = part.values[local]
    return str(int(value)) if isinstance(value, np.integer) else str(value.as_py())


def shower(column: ColumnPlan) -> Callable[[str], str]:
    """How an accepted cell of a key field is shown."""
    if column.key == "integer" or column.reader.field.type in ("string", "any", "date", "time"):
        return str
    return lambda text: str(column.reader.field.read_cell(text)[0])
