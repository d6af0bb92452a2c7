"""Rows of a release against rows of a portal: DuckDB compares the two CSVs and may spill to disk."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkryto.errors import PlanError
from vidkryto.plan.canonical import canonical_sql, line_sql, plain_json, plain_number, quoted
from vidkryto.plan.columns import Column

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BLOCK = 8 << 20
SAMPLES = 3
FETCHED = 10_000
MEMORY = "700MB"


@dataclass(frozen=True, slots=True)
class Digest:
    """How many rows a table has and the hash of them all (see vidkryto.plan.canonical)."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RowChange:
    """Rows that would be added, changed and removed, with a few of each as examples."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    samples: tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...] = ()
    """Pairs of what happens and the row: its key, or all its cells where there is none."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


class Comparison:
    """The wanted rows and the live rows of one table, side by side.

    Made by `compared()`; its rows can be asked for until that context ends.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, columns: tuple[Column, ...], key: tuple[str, ...]
    ) -> None:
        self._connection = connection
        self.columns = columns
        self.key = key
        self.wanted = self._digest("wanted")
        self.live = self._digest("live")

    def _digest(self, side: str) -> Digest:
        sql = f"select count(*), sha256(coalesce(string_agg(_hash, '' order by _hash), '')) from {side}"
        rows, sha256 = _one(self._connection, sql)
        return Digest(int(rows), str(sha256))

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows."""
        return self.wanted == self.live

    def change(self) -> RowChange:
        """Counts and samples of what differs."""
        counts = {part: self._count(part) for part in ("added", "changed", "removed")}
        samples = tuple(
            (part, self._sample(row))
            for part, count in counts.items()
            if count
            for row in self._rows(part, limit=SAMPLES)
        )
        return RowChange(**counts, samples=samples)

    def _count(self, part: str) -> int:
        return int(_one(self._connection, f"select count(*) from {part}")[0])

    def _sample(self, row: dict[str, Any]) -> tuple[tuple[str, str | None], ...]:
        names = self.key or tuple(column.name for column in self.columns)
        return tuple((name, row[name]) for name in names)

    def _rows(self, part: str, limit: int | None = None) -> Iterator[dict[str, Any]]:
        names = ", ".join(quoted(column.name) for column in self.columns)
        fields = ["_id", *(column.name for column in self.columns)]
        cursor = self._connection.cursor()
        cursor.execute(f"select _id, {names} from {part} order by _place" + (f" limit {limit}" if limit else ""))
        while batch := cursor.fetchmany(FETCHED):
            yield from (dict(zip(fields, row, strict=True)) for row in batch)

    def added(self) -> Iterator[dict[str, str | None]]:
        """Rows that the portal lacks, in the order of the release."""
        for row in self._rows("added"):
            del row["_id"]
            yield row

    def changed(self) -> Iterator[dict[str, Any]]:
        """Rows whose key the portal has with other cells; `_id` is the portal's number of the row."""
        return self._rows("changed")

    def removed(self) -> Iterator[int]:
        """The portal's numbers of rows that the release does not have."""
        for row in self._connection.cursor().execute("select _id from removed order by _id").fetchall():
            yield int(row[0])


@contextmanager
def compared(
    wanted: Path,
    live: Path | None,
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    emptied: frozenset[str] = frozenset(),
) -> Iterator[Comparison]:
    """Compare a release's CSV with a portal's dump (None: an empty table).

    `emptied` are columns that a change of structure makes anew: their live cells count as missing.

    Raises PlanError when the CSV holds a value that its column's type does not allow, or a key twice: the
    portal would refuse it half way. The value itself is not quoted.
    """
    with tempfile.TemporaryDirectory(prefix="vidkryto-rows-") as folder, _database(Path(folder)) as connection:
        _load(connection, "wanted", wanted, columns)
        _refuse_unusable(connection, columns, key)
        if live is None:
            connection.execute("create table live as select * from wanted limit 0")
        else:
            _load(connection, "live", live, columns, emptied)
        _differences(connection, key)
        yield Comparison(connection, columns, key)


def digest_of(csv: Path, columns: tuple[Column, ...]) -> Digest:
    """Rows and hash of a CSV under these columns."""
    with compared(csv, None, columns, ()) as comparison:
        return comparison.wanted


@contextmanager
def _database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with duckdb.connect(str(folder / "rows.duckdb")) as connection:
        connection.execute(f"set memory_limit = '{MEMORY}'")
        connection.execute(f"set temp_directory = '{str(folder).replace(chr(39), chr(39) * 2)}'")
        connection.execute("set timezone = 'UTC'")
        connection.create_function("plain_number", plain_number, ["VARCHAR"], "VARCHAR")
        connection.create_function("plain_json", plain_json, ["VARCHAR"], "VARCHAR")
        yield connection


def _load(
    connection: duckdb.DuckDBPyConnection,
    side: str,
    csv: Path,
    columns: tuple[Column, ...],
    emptied: frozenset[str] = frozenset(),
) -> None:
    """The table `side`: place in the file, the portal's number, canonical cells, hash of the line.

    Names of our own begin with an underscore, which no column of a DataStore does.
    """
    reader = _batches(csv)
    connection.register("source", reader)
    held = set(reader.schema.names) - emptied
    number = 'cast("_id" as bigint)' if "_id" in held else "cast(null as bigint)"
    cells = ", ".join(
        (canonical_sql(column, quoted(column.name)) if column.name in held else "cast(null as varchar)")
        + f" as {quoted(column.name)}"
        for column in columns
    )
    unusable = " + ".join(
        f"cast({quoted(column.name)} is null and nullif(source.{quoted(column.name)}, '') is not null as integer)"
        for column in columns
        if column.form != "text" and column.name in held
    )
    connection.execute(
        f"""create table {side} as
        with cells as (select _place, {number} as _id, {cells}, {unusable or "0"} as _unusable from source)
        select *, sha256({line_sql(columns)}) as _hash from cells"""
    )
    connection.unregister("source")


def _batches(csv: Path) -> pa.RecordBatchReader:
    """The cells of a CSV as text with their place; a quoted empty cell is '', an unquoted one null.

    pyarrow's tokeniser agrees with Python's on every well formed file but one: a quoted CRLF that
    straddles two blocks loses its LF. A file with a carriage return beyond its header is one block.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    with csv.open("rb") as stream:
        header = stream.readline().decode("utf-8").rstrip("\r\n")
    names = next(iter(_header(header)))
    reading = pc.ReadOptions(column_names=names, skip_rows=1, block_size=_block(csv))
    parsing = pc.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    converting = pc.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        check_utf8=True,
    )
    reader = pc.open_csv(csv, reading, parsing, converting)
    schema = pa.schema([*reader.schema, pa.field("_place", pa.int64())])
    return pa.RecordBatchReader.from_batches(schema, _placed(reader, schema))


def _header(line: str) -> Iterator[list[str]]:
    import csv

    return csv.reader([line])


def _block(csv: Path) -> int:
    size = csv.stat().st_size
    if size <= BLOCK:
        return max(size, 1) + 1
    with csv.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        returns = content.find(b"\r", content.find(b"\n"))
    return BLOCK if returns < 0 else size + 1


def _placed(reader: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    start = 0
    for batch in reader:
        places = pa.array(range(start, start + batch.num_rows), pa.int64())
        yield pa.RecordBatch.from_arrays([*batch.columns, places], schema=schema)
        start += batch.num_rows


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The one row of an aggregate, with the result finished, as DuckDB wants before the next statement."""
    ((*row,),) = connection.execute(sql).fetchall()
    return tuple(row)


def _refuse_unusable(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[Column], key: tuple[str, ...]
) -> None:
    count, first = _one(connection, "select count(*), min(_place) from wanted where _unusable > 0")
    if count:
        raise PlanError(
            f"{count} rows hold a value that the column's type does not allow; the first is data row {first + 1}",
            remedy="Validate the release against its schema; a portal would refuse these rows half way.",
        )
    text = [column for column in columns if column.form == "text"]
    if text:
        found = " or ".join(f"contains({quoted(column.name)}, chr(0))" for column in text)
        (count,) = _one(connection, f"select count(*) from wanted where {found}")
        if count:
            raise PlanError(
                f"{count} rows hold a NUL character, which no CKAN stores",
                remedy="Remove it in the export, or declare a correction for these cells.",
            )
    if key:
        names = ", ".join(quoted(name) for name in key)
        some_null = " or ".join(f"{quoted(name)} is null" for name in key)
        empty, repeated = _one(
            connection, f"select count(*) filter (where {some_null}), count(*) - count(distinct ({names})) from wanted"
        )
        if empty or repeated:
            raise PlanError(
                f"the key {', '.join(key)} is empty in {empty} rows and repeated in {repeated}",
                remedy="Choose a key that names every row once (publication.key), or leave it out.",
            )


def _differences(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> None:
    """The tables added, changed, removed. Without a key rows are compared as a multiset."""
    part = ", ".join(map(quoted, key)) or "_hash"
    for side in ("wanted", "live"):
        connection.execute(
            f"create view numbered_{side} as "
            f"select *, row_number() over (partition by {part} order by _place) as _copy from {side}"
        )
    same = " and ".join(f"w.{quoted(name)} is not distinct from l.{quoted(name)}" for name in key) or "w._hash = l._hash"
    joined = f"numbered_live l on {same} and w._copy = l._copy"
    columns = "w.* exclude (_id, _copy)"
    connection.execute(
        f"create table added as select null::bigint as _id, {columns} from numbered_wanted w anti join {joined}"
    )
    connection.execute(
        f"create table changed as select l._id, {columns} from numbered_wanted w join {joined} where w._hash <> l._hash"
    )
    connection.execute(
        f"create table removed as select l.* exclude (_copy) from numbered_live l "
        f"anti join numbered_wanted w on {same} and w._copy = l._copy"
    )
