"""Table Schema `object` and `array`: JSON in a cell, judged by DuckDB's JSON reader behind guards."""

from __future__ import annotations

import json
import threading
from typing import Any

import duckdb
import pyarrow as pa
from frictionless import Field

from vidkryto.validate.arrays import Mask, as_mask, one_array
from vidkryto.validate.fieldtypes.base import Draft, FieldType, Shape, register
from vidkryto.validate.textcolumn import TextColumn

# DuckDB's reader is more lenient than Python's json in these places; texts that could hold one of them are left to
# Python: control characters, escapes, a trailing comma, comments, NaN and Infinity, and depth near Python's recursion
# limit (bounded through the length).
JSON_QUERY = """
    select coalesce(strlen(cell) <= 900 and try(json_type(
        case when regexp_matches(cell, '[\\x00-\\x1f\\\\]|,\\s*[}\\]]|//|/\\*|(?i:nan|inf)') then null else cell end
    )) = ?, false) as accepted from cells
"""
_connections = threading.local()


def connection() -> Any:
    """This thread's DuckDB connection: it is made once and asked by one thread only."""
    if not hasattr(_connections, "value"):
        _connections.value = duckdb.connect()
        _connections.value.execute("set threads = 1")
    return _connections.value


def json_of(kind: str) -> Shape:
    """Cells that hold a JSON value of one kind, OBJECT or ARRAY."""

    def shape(column: TextColumn) -> Mask | None:
        session = connection()
        session.register("cells", pa.table({"cell": column.array}))
        try:
            answer = session.sql(JSON_QUERY, params=[kind]).to_arrow_table()
        finally:
            session.unregister("cells")
        return as_mask(one_array(answer.column("accepted")))

    return shape


class Structured(FieldType):
    """JSON values are written back compactly, in the order of their keys in the cell."""

    def write(self, value: Any, field: Field) -> str:
        """JSON text with letters as they are."""
        del field
        return json.dumps(value, ensure_ascii=False)


@register
class Object(Structured):
    """JSON objects."""

    name = "object"

    def draft(self, field: Field) -> Draft | None:
        """Any JSON object."""
        del field
        return Draft(json_of("OBJECT"), None)


@register
class Array(Structured):
    """JSON arrays; those with described items are left to the reader."""

    name = "array"

    def draft(self, field: Field) -> Draft | None:
        """Any JSON array, unless `arrayItem` says more."""
        return None if field.array_item else Draft(json_of("ARRAY"), None)
