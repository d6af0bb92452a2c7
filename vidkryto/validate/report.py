"""frictionless' Report objects, made of a findings table on request, with the cells of the rows looked up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from frictionless import Report, ReportTask
from frictionless.errors import ForeignKeyError
from frictionless.exception import FrictionlessException
from frictionless.system import system

from vidkryto.validate.validation import Origin, RowCells, Validation


def make_report(validation: Validation) -> Any:
    """The frictionless Report on a validation of one table."""
    if validation.told is not None:
        return validation.told
    origin = validation.origin
    errors = [*validation.head, *row_errors(validation), *validation.tail]
    stats: dict[str, Any] = {"errors": len(errors), "warnings": len(validation.warnings), "seconds": validation.seconds}
    if origin.fields is not None:
        measured = {} if validation.stopped else origin.stats()
        counted = {**measured, "fields": origin.fields, "rows": validation.rows}
        stats.update({name: value for name, value in counted.items() if value})
    task = ReportTask(
        valid=not errors,
        name=origin.name,
        type=origin.type,
        place=origin.place,
        labels=list(origin.labels),
        stats=stats,
        errors=errors,
        warnings=list(validation.warnings),
    )
    summary = {
        "tasks": 1,
        "errors": len(errors),
        "warnings": len(validation.warnings),
        "seconds": validation.seconds,
    }
    return Report(valid=not errors, stats=summary, warnings=[], errors=[], tasks=[task])


def row_errors(validation: Validation) -> list[Any]:
    """The errors on rows, as objects."""
    first, last = len(validation.head), len(validation.findings) - len(validation.tail)
    found = validation.findings.slice(first, max(last - first, 0)).to_pylist()
    if not found or validation.origin.cells is None:
        return []
    places = [finding["row"] for finding in found] if validation.places is None else validation.places.tolist()
    cells = validation.origin.cells(sorted(set(places)))
    return [
        error_object(finding, list(cells[place]), validation.origin)
        for finding, place in zip(found, places, strict=True)
    ]


def error_object(finding: Mapping[str, Any], cells: list[str], origin: Origin) -> Any:
    """One error as frictionless makes it."""
    kind = system.select_error_class(finding["type"])
    common = {"note": finding["note"], "cells": cells, "row_number": finding["row"]}
    if finding["type"] == "foreign-key":
        return foreign_error(common, cells, origin)
    if finding["field_number"] is None:
        return kind(**common)
    cell = "None" if finding["cell"] is None else finding["cell"]
    return kind(**common, cell=cell, field_name=finding["field"], field_number=finding["field_number"])


def foreign_error(common: dict[str, Any], cells: Sequence[str], origin: Origin) -> Any:
    """A foreign key error: its key is the one whose note this is."""
    names = [field.name for field in origin.schema_fields]
    for key in origin.foreign:
        positions = [names.index(name) for name in key.fields]
        texts = [cells[position] if position < len(cells) else None for position in positions]
        values = tuple(
            origin.schema_fields[position].read_cell(text)[0] for position, text in zip(positions, texts, strict=True)
        )
        if key.note(values) == common["note"]:
            break
    return ForeignKeyError(
        **common,
        field_names=list(key.fields),
        field_cells=["" if value is None else str(value) for value in values],
        reference_name=key.resource,
        reference_field_names=list(key.reference),
    )


def cells_of_file(resource: Any) -> RowCells:
    """Looks up rows of a file by reading it again as frictionless does, up to the last row wanted."""

    def cells(rows: Sequence[int]) -> dict[int, list[str]]:
        wanted, found = set(rows), dict[int, list[str]]()
        source = resource.to_copy()
        if source.schema:
            source.schema.foreign_keys = []
        with source, suppress(FrictionlessException):  # it breaks off where it did before, beyond what is wanted
            found.update(
                (number, values)
                for number, values in enumerate(islice(source.cell_stream, max(rows)), start=1)
                if number in wanted
            )
        return found

    return cells
