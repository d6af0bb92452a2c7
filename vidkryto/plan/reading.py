"""Read a CSV into DuckDB as text: cells with their place, as the portal's dump and our own files write them."""

from __future__ import annotations

import csv
import mmap
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkryto.plan.canonical import plain_json, plain_number

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BLOCK = 8 << 20
MEMORY = "800MB"
SPECIAL: Any = "special"
"""The functions take null and may give it."""


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB database in memory that spills to disk, with the functions of the canonical forms."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="vidkryto-rows-") as folder, duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{MEMORY}'")
        connection.execute(f"set temp_directory = '{folder.replace(chr(39), chr(39) * 2)}'")
        connection.execute("set timezone = 'UTC'")
        for name, function in (("plain_number", plain_number), ("plain_json", plain_json)):
            connection.create_function(name, function, ["VARCHAR"], "VARCHAR", null_handling=SPECIAL)
        yield connection


@contextmanager
def source(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[frozenset[str]]:
    """The CSV as the view `source` with a column `_place` (from 0), for one statement; gives its column names."""
    reader = _batches(path)
    connection.register("source", reader)
    try:
        yield frozenset(reader.schema.names)
    finally:
        connection.unregister("source")


def _batches(path: Path) -> pa.RecordBatchReader:
    """The cells of a CSV as text with their place; a quoted empty cell is '', an unquoted one null.

    pyarrow's tokeniser agrees with Python's on every well formed file but one: a quoted CRLF that
    straddles two blocks loses its LF. A file with a carriage return beyond its header is one block.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    with path.open("rb") as stream:
        names = next(csv.reader([stream.readline().decode("utf-8").rstrip("\r\n")]))
    reading = pc.ReadOptions(column_names=names, skip_rows=1, block_size=_block(path))
    parsing = pc.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    converting = pc.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        check_utf8=True,
    )
    schema = pa.schema([*(pa.field(name, pa.string()) for name in names), pa.field("_place", pa.int64())])
    try:
        reader = pc.open_csv(path, reading, parsing, converting)
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise
        return pa.RecordBatchReader.from_batches(schema, iter(()))
    return pa.RecordBatchReader.from_batches(schema, _placed(reader, schema))


def _block(path: Path) -> int:
    size = path.stat().st_size
    if size <= BLOCK:
        return max(size, 1) + 1
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        returns = content.find(b"\r", content.find(b"\n"))
    return BLOCK if returns < 0 else size + 1


def _placed(reader: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    start = 0
    for batch in reader:
        places = pa.array(range(start, start + batch.num_rows), pa.int64())
        yield pa.RecordBatch.from_arrays([*batch.columns, places], schema=schema)
        start += batch.num_rows


def one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The one row of an aggregate, with the result finished, as DuckDB wants before the next statement."""
    ((*row,),) = connection.execute(sql).fetchall()
    return tuple(row)
