"""Plans the checks of a table: for each field its reader, its acceptance and how its values are kept for keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from frictionless import Field

from vidkryto.validate.check import ColumnPlan, KeyForm, Plan
from vidkryto.validate.declined import Declined
from vidkryto.validate.extensions import category_values
from vidkryto.validate.fieldtypes import Acceptance, acceptance, missing_values
from vidkryto.validate.opening import Cells, Structure
from vidkryto.validate.reader import DistinctReader

SAMPLE = 50
"""Rows that a sample must have before it says anything about a column."""


def make_plan(structure: Structure, read_whole: frozenset[int] = frozenset()) -> Plan:
    """The plan for a table; `read_whole` are the fields whose every distinct text must be numbered for foreign keys.

    Raises Declined when frictionless cannot make a reader of a field: it then fails in its own way.
    """
    compared = frozenset(
        {*structure.unique, *structure.primary, *(position for key in structure.unique_keys for position in key)}
    )
    columns = tuple(
        column_plan(position, field, position in compared, position in read_whole, extended=structure.extended)
        for position, field in enumerate(structure.fields)
    )
    lenient = structure.width == len(columns) and all("" in missing_values(field) for field in structure.fields)
    return Plan(structure, columns, encoded_columns(structure, columns), lenient)


def column_plan(position: int, field: Field, compared: bool, whole: bool, *, extended: bool = False) -> ColumnPlan:
    """The plan for one field."""
    categories = category_values(field) if extended else None
    try:
        reader = DistinctReader(field, keep=compared or whole, categories=categories)
        accepts = acceptance(field, categories)
    except Exception as error:  # a pattern that does not compile, a bound that cannot be read: frictionless' to say
        raise Declined(f"frictionless cannot read the field {field.name}: {type(error).__name__}") from error
    return ColumnPlan(position, field.name, reader, accepts, key_form(accepts, compared, whole))


def key_form(accepts: Acceptance | None, compared: bool, whole: bool) -> KeyForm | None:
    """How a field's values are kept."""
    if whole or (compared and (accepts is None or accepts.key is None)):
        return "codes"
    return accepts.key if compared and accepts is not None else None


def encoded_columns(structure: Structure, columns: Sequence[ColumnPlan]) -> frozenset[int]:
    """The columns whose distinct texts are cheaper to judge than their cells, as far as the sample shows."""
    if len(structure.sample) < SAMPLE:
        return frozenset()
    return frozenset(
        column.position
        for column in columns
        if column.position < structure.width
        and column.key in (None, "codes")
        and (column.acceptance is None or column.key == "codes" or not column.acceptance.cheap)
        and repetitive(structure.sample, column.position)
    )


def repetitive(sample: Sequence[Cells], position: int) -> bool:
    """Whether texts repeat themselves in a column of the sample."""
    texts = [cells[position] for cells in sample if len(cells) > position]
    return len(set(texts)) < 0.6 * len(texts)


def make_key_plan(structure: Structure, positions: frozenset[int]) -> Plan:
    """A plan that reads some fields only, for the foreign keys of another table."""
    columns = tuple(column_plan(position, structure.fields[position], False, True) for position in sorted(positions))
    keyless = replace(structure, unique=(), primary=(), foreign=(), head=())
    lenient = structure.width == len(structure.fields) and all(
        "" in missing_values(field) for field in structure.fields
    )
    return Plan(keyless, columns, frozenset(), lenient, keys_only=True)
