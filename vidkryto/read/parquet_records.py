"""Parquet as text columns; numbers are written with all their digits."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.grid import Grid
from vidkryto.read.records import broken


def read_parquet(path: Path, reading: Reading, place: Place) -> Grid:
    """The columns of a Parquet file as text. Raises ReadError when it is damaged or beyond the limits."""
    try:
        with pq.ParquetFile(path) as file:
            rows, columns = file.metadata.num_rows, len(file.schema_arrow.names)
            for found, limit, what in ((columns, reading.max_columns, "columns"), (rows, reading.max_rows, "rows")):
                if found > limit:
                    raise ReadError(
                        f"{place.file} has {found} {what}; the limit is {limit}",
                        (Finding(f"too-many-{what}", place, found=str(found), wanted=str(limit)),),
                        remedy=f"Raise max_{what} in the block reading, if so many are right.",
                    )
            table = file.read()
            table.validate(full=True)  # text that is no UTF-8 and indices out of bounds are not looked at by the reader
            names = tuple(table.column_names)
            cells = tuple(_text(column.combine_chunks()) for column in table.columns)  # bytes may be no text
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise broken(place, f"Parquet: {type(error).__name__}") from error
    return Grid(
        columns=cells,
        rows=pa.array(range(1, table.num_rows + 1), pa.int64()),
        file=place.file,
        labels=names,
        counted=rows,
    )


def _text(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_floating(kind):
        return pa.array([_decimal(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(pc.cast(column, pa.string()), " ", "T")
    if pa.types.is_nested(kind):
        return pa.array(
            [
                None if value is None else json.dumps(value, ensure_ascii=False, default=str)
                for value in column.to_pylist()
            ],
            pa.string(),
        )
    return pc.cast(column, pa.string())


def _decimal(value: float | None) -> str | None:
    if value is None or value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return "INF" if value > 0 else "-INF"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(Decimal(repr(value)), "f")
