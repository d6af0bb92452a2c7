"""Valid tables of text as typed columns, and as canonical text; both hold exactly what frictionless reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from frictionless import Field, FrictionlessException

from vidkryto.validate.arrays import TEXT, distinct
from vidkryto.validate.extensions import resource_of
from vidkryto.validate.fallback import unusable
from vidkryto.validate.fieldtypes import REGISTRY, Acceptance, FieldType, missing_values
from vidkryto.validate.fieldtypes.base import missing_among
from vidkryto.validate.table import structure_of_table, text_table
from vidkryto.validate.textcolumn import TextColumn

MOST_DIGITS = 38
"""Digits of a decimal128."""
TYPE = b"table_schema_type"
"""Key of the Arrow field metadata that tells the Table Schema type of a column kept as text."""
ZONED = r"(?:Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9.]+)?)$"


def canonical(table: Any, schema: Mapping[str, Any]) -> Any:
    """A valid table of text in canonical Table Schema form: ISO dates and times, true and false, a decimal point,
    exact decimals; missing cells are null. Raises ValueError where a cell is not of its type."""
    table = text_table(table)
    fields = expected_fields(table, schema)
    columns = [canonical_column(column, field) for column, field in zip(table.columns, fields, strict=True)]
    return pa.table(columns, names=[field.name for field in fields])


def typed(table: Any, schema: Mapping[str, Any]) -> Any:
    """A valid table of text as Arrow types.

    integer and year become int64 (decimal128 where int64 is too small), number decimal128 with the scale that it
    needs (float64 for `floatNumber`), boolean bool, date date32, time time64, datetime timestamp in UTC where zones are
    given. Other types, and columns whose values do not fit, are canonical text with their type in the metadata.
    Raises ValueError where a cell is not of its type.
    """
    table = text_table(table)
    fields = expected_fields(table, schema)
    columns = [
        typed_column(canonical_column(column, field), field)
        for column, field in zip(table.columns, fields, strict=True)
    ]
    described = [
        pa.field(field.name, column.type, metadata=None if plain_text(column, field) else {TYPE: field.type.encode()})
        for field, column in zip(fields, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(described))


def plain_text(column: Any, field: Field) -> bool:
    """Whether the Arrow type of a column says all there is to say."""
    return column.type != TEXT or field.type in ("string", "any")


def expected_fields(table: Any, schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The field of each column. Raises ContractError when the schema cannot be used."""
    try:
        return structure_of_table(table, resource_of("table", schema, extended=True).schema, False).fields
    except FrictionlessException as error:
        raise unusable(error) from error


def canonical_column(column: Any, field: Field) -> Any:
    """The canonical text of each cell; null where it is missing."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = REGISTRY.get(field.type, FieldType())
    accepts = type_only(kind, field)
    view = TextColumn(array)
    mask = accepts.accepted(view) if accepts else np.zeros(len(array), bool)
    if mask is None and kind.is_canonical(view, field):
        return array
    if mask is not None and mask.any():
        chosen = TextColumn(array.filter(pa.array(mask)))
        if kind.is_canonical(chosen, field):
            others = written(array.filter(pa.array(~mask)), kind, field)
            return pc.replace_with_mask(array, pa.array(~mask), others)
    return written(array, kind, field)


def type_only(kind: FieldType, field: Field) -> Acceptance | None:
    """The acceptance of a field without its constraints: the table is valid."""
    draft = kind.draft(field)
    return Acceptance(draft.shape, missing_among(draft.shape, tuple(missing_values(field)))) if draft else None


def written(array: Any, kind: FieldType, field: Field) -> Any:
    """The canonical texts of cells, by reading each distinct one."""
    texts, codes = distinct(array)
    read = field.create_cell_reader()
    known: list[str | None] = []
    for text in texts:
        value, notes = read(text)
        if notes and "type" in notes:
            raise ValueError(
                f"the field {field.name} holds a cell that is not of the type {field.type}; validate first"
            )
        known.append(None if value is None else kind.write(value, field))
    return pa.array(known, TEXT).take(pa.array(codes))


def typed_column(texts: Any, field: Field) -> Any:
    """Canonical texts as their Arrow type; unchanged where they do not fit it."""
    if field.type == "number":
        return numbers(texts, field)
    kind = REGISTRY.get(field.type, FieldType())
    wanted = kind.arrow_type(field)
    if wanted is None or wanted == TEXT:
        return texts
    if field.type == "datetime":
        return moments(texts)
    try:
        if field.type == "time":  # Arrow casts text to moments only
            moment = pc.cast(pc.binary_join_element_wise("1970-01-01T", texts, ""), pa.timestamp("us"))
            return pc.cast(moment, wanted)
        return pc.cast(texts, wanted)
    except pa.ArrowInvalid:
        return decimals(texts) if field.type == "integer" else texts


def numbers(texts: Any, field: Field) -> Any:
    """Numbers as decimals with the scale that they need, or as doubles for `floatNumber`."""
    if field.float_number:
        return pc.cast(texts, pa.float64())
    return decimals(texts)


def decimals(texts: Any) -> Any:
    """Decimal texts as decimal128; unchanged where 38 digits are not enough or one is no finite number."""
    present = texts.drop_null()
    if not pc.all(pc.match_substring_regex(present, "^-?[0-9]+(?:[.][0-9]+)?$")).as_py() and len(present):
        return texts
    parts = pc.split_pattern(pc.utf8_ltrim(present, "-"), ".", max_splits=1)
    whole = pc.max(pc.utf8_length(pc.list_element(parts, 0))).as_py() or 1
    point = pc.find_substring(present, ".")
    after = pc.if_else(pc.less(point, 0), 0, pc.subtract(pc.subtract(pc.utf8_length(present), point), 1))
    scale = pc.max(after).as_py() or 0
    if whole + scale > MOST_DIGITS:
        return texts
    return pc.cast(texts, pa.decimal128(whole + scale, scale))


def moments(texts: Any) -> Any:
    """Moments as timestamps, in UTC where every one has a zone; unchanged where only some have one."""
    present = texts.drop_null()
    zoned = pc.match_substring_regex(present, ZONED)
    if len(present) and pc.any(zoned).as_py() and not pc.all(zoned).as_py():
        return texts
    kind = pa.timestamp("us", "UTC") if len(present) and pc.any(zoned).as_py() else pa.timestamp("us")
    try:
        return pc.cast(texts, kind)
    except pa.ArrowInvalid:
        return texts
