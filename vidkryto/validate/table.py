"""Validates tables of text that were read elsewhere, with the verdict that frictionless gives on the same CSV."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from frictionless import Dialect, FrictionlessException
from frictionless.resources import TableResource
from frictionless.table import Header, fields_match

from vidkryto.errors import ContractError
from vidkryto.validate.arrays import TEXT, Rows
from vidkryto.validate.cells import Cells
from vidkryto.validate.check import check_cells
from vidkryto.validate.declined import Declined
from vidkryto.validate.extensions import resource_of
from vidkryto.validate.fallback import by_frictionless, unusable
from vidkryto.validate.file import elapsed, refused, unread
from vidkryto.validate.keys import LookUp
from vidkryto.validate.opening import ForeignKey, Structure, structure_of
from vidkryto.validate.planning import make_plan
from vidkryto.validate.run import Outcome, Progress, Run
from vidkryto.validate.validation import Origin, Validation, joined_tables, table_of_errors

BATCH = 1 << 16
FIRST_BATCH = 1 << 10
SAMPLE = 100
FIRST_ROW = 2
"""The header is row 1."""
NOTHING: Mapping[str, Any] = MappingProxyType({})


def validate_table(
    table: Any,
    schema: Mapping[str, Any],
    *,
    rows: Any = None,
    lookups: Mapping[str, Any] = NOTHING,
    limit_errors: int = 0,
    progress: Progress | None = None,
    extensions: bool = True,
    name: str = "table",
) -> Validation:
    """Validate a table whose columns are text; null and '' are an empty cell.

    The names of the columns are the header. `rows` (int64) gives each row's number in the officer's own file; without
    it the first data row is row 2. `lookups` holds the tables of other resources that foreign keys refer to, as text
    (read with the referring field) or as typed columns. `progress` is called with the rows done and their total.
    Raises ContractError when the schema cannot be used, TypeError when a column is not text.
    """
    began = time.perf_counter()
    table = text_table(table)
    numbering = None if rows is None else np.asarray(pa.array(rows, pa.int64()) if isinstance(rows, list) else rows)
    try:
        resource = resource_of(name, schema, extended=extensions)
    except FrictionlessException as error:
        raise unusable(error) from error
    refusal = refused(resource)
    if refusal is not None:
        return replace(refusal, seconds=elapsed(began))
    try:
        structure = structure_of_table(table, resource.schema, extensions)
        lookup, whole = table_lookups(structure, lookups, name)
        run = Run(make_plan(structure, whole), lookup, *limits(limit_errors, structure), numbering=numbering)
        run_table(
            run,
            table,
            own=any(not key.resource or key.resource == name for key in structure.foreign),
            progress=progress,
        )
    except FrictionlessException as error:
        return replace(unread(resource, error), seconds=elapsed(began))
    except Declined as reason:
        data = [table.column_names, *(list(row) for row in zip(*table.to_pydict().values(), strict=True))]
        copied = TableResource(name=name, data=data, schema=resource.schema)
        return by_frictionless(copied, limit=limit_errors, reason=str(reason))
    try:
        return replace(conclude_table(table, structure, run, limit_errors, name), seconds=elapsed(began))
    finally:
        run.close()


def limits(limit: int, structure: Structure) -> tuple[int, bool]:
    """How many findings of rows are left below the limit, and whether the header alone reaches it."""
    left = max(limit - len(structure.head), 0)
    return left, bool(limit) and not left


def text_table(table: Any) -> Any:
    """The table with plain text columns without nulls. Raises TypeError for a column that is not text."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (
            pa.types.is_string(kind)
            or pa.types.is_large_string(kind)
            or pa.types.is_string_view(kind)
            or pa.types.is_null(kind)
        ):
            raise TypeError(f"the column {name!r} is {column.type}; a table is validated as text")
        columns.append(pc.fill_null(column.cast(TEXT), ""))
    return pa.table(columns, names=table.column_names)


def structure_of_table(table: Any, schema: Any, extended: bool) -> Structure:
    """The structure of a table: its column names are the labels."""
    labels = [str(label).strip() for label in table.column_names]
    declared = schema.fields_match if schema.has_defined("fields_match") else None
    header = Header(
        labels,
        fields=schema.fields,
        row_numbers=[1],
        fields_match=fields_match.resolve(declared, schema_sync=False),
    )
    sample = [list(row) for row in zip(*(column.slice(0, SAMPLE).to_pylist() for column in table.columns), strict=True)]
    return structure_of(header, schema, Dialect(), sample, schema.foreign_keys, extended=extended)


def table_lookups(structure: Structure, tables: Mapping[str, Any], name: str) -> tuple[LookUp, frozenset[int]]:
    """The values that foreign keys may hold, and the fields whose texts must all be numbered."""
    found: dict[tuple[str, tuple[str, ...]], frozenset[tuple[Any, ...]]] = {}
    whole: set[str] = set()
    for key in structure.foreign:
        whole.update(key.fields)
        if not key.resource or key.resource == name:
            whole.update(key.reference)
            continue
        if key.resource not in tables:
            raise ContractError(
                f"a foreign key refers to the resource {key.resource!r}, whose table is not at hand",
                remedy="Add the resource to the dataset, or take the foreign key out of the schema.",
            )
        found[key.resource, key.reference] = present_tuples(structure, key, tables[key.resource])
    return found, frozenset(structure.names.index(field) for field in whole if field in structure.names)


def present_tuples(structure: Structure, key: ForeignKey, table: Any) -> frozenset[tuple[Any, ...]]:
    """The tuples of values in the referred columns; text is read with the reader of the referring field."""
    columns: list[Sequence[Any]] = []
    for name, reference in zip(key.fields, key.reference, strict=False):
        if reference not in table.column_names:
            columns.append([None] * len(table))
            continue
        values = table.column(reference)
        if not pa.types.is_string(values.type):
            columns.append(values.to_pylist())
            continue
        encoded = pc.fill_null(values, "").combine_chunks().dictionary_encode()
        read = structure.fields[structure.names.index(name)].create_cell_reader()
        known = []
        for text in encoded.dictionary.to_pylist():
            value, notes = read(text)
            known.append(None if notes and "type" in notes else value)
        columns.append([known[code] for code in encoded.indices.to_pylist()])
    return frozenset(zip(*columns, strict=True)) - {tuple([None] * len(columns))}


def run_table(run: Run, table: Any, *, own: bool, progress: Progress | None) -> None:
    """Check the rows of a table in batches; `own` forbids an early stop, for foreign keys to the table itself."""
    start, size = 0, FIRST_BATCH if run.limit else BATCH
    while start < len(table):
        part = table.slice(start, size).combine_chunks()
        columns = tuple(column.chunk(0) if column.num_chunks else pa.array([], TEXT) for column in part.columns)
        numbers = np.arange(len(part), dtype=np.int64) + start + FIRST_ROW
        run.add(check_cells(run.plan, Cells(columns, numbers, [], 0, True)))
        start += len(part)
        if progress:
            progress(start, len(table))
        if not own and run.enough():
            return
        size = min(size * 2, BATCH)


def conclude_table(table: Any, structure: Structure, run: Run, limit: int, name: str) -> Validation:
    """The validation of a run over a table."""
    outcome: Outcome = run.outcome()
    head = structure.head[:limit] if outcome.stopped else structure.head
    found = outcome.findings
    places: Rows = found.column("row").to_numpy()
    if run.numbering is not None and len(found):
        shown = pa.array(run.numbering[places - FIRST_ROW])
        found = found.set_column(found.column_names.index("row"), "row", shown)
    return Validation(
        findings=joined_tables(table_of_errors(head), found),
        rows=outcome.rows,
        stopped=outcome.stopped,
        limit=limit,
        warnings=(f"reached error limit: {limit}",) if outcome.stopped else (),
        head=head,
        places=places,
        origin=Origin(
            name=name,
            labels=structure.labels,
            fields=len(structure.fields),
            cells=lambda wanted: cells_of_table(table, wanted),
            foreign=structure.foreign,
            schema_fields=structure.fields,
        ),
    )


def cells_of_table(table: Any, places: Sequence[int]) -> dict[int, list[str]]:
    """The cells of some rows, by their place in the table (the header is 1)."""
    taken = table.take(pa.array([place - FIRST_ROW for place in places], pa.int64()))
    columns = [column.to_pylist() for column in taken.columns]
    return {place: [column[index] for column in columns] for index, place in enumerate(places)}
