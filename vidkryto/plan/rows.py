"""Rows of a release against rows of a portal: DuckDB compares the two CSVs and may spill to disk.

Only keys and hashes of lines are kept; the cells of rows that differ are read from the files again. The
comparison uses 128 bits of a line's hash; a table's digest, which receipts hold, is made of SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkryto.errors import PlanError
from vidkryto.plan.canonical import canonical_sql, line_sql, object_sql, quoted
from vidkryto.plan.columns import Column
from vidkryto.plan.reading import database, one, source

if TYPE_CHECKING:
    import duckdb

SAMPLES = 3
FETCHED = 10_000
PARTS = ("added", "changed", "removed")


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

    @property
    def counts(self) -> tuple[int, int, int]:
        """Added, changed, removed."""
        return self.added, self.changed, self.removed


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two files, and how many rows it has."""

    path: Path | None
    rows: int
    emptied: frozenset[str] = frozenset()


class Comparison:
    """The wanted rows and the live rows of one table, side by side.

    Made by `compared()`; its rows can be asked for until that context ends.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        columns: tuple[Column, ...],
        key: tuple[str, ...],
        sides: tuple[Side, Side],
    ) -> None:
        self._connection = connection
        self.columns = columns
        self.key = key
        self.wanted, self.live = sides
        counts = {part: int(one(connection, f"select count(*) from {part}")[0]) for part in PARTS}
        self.counts = (counts["added"], counts["changed"], counts["removed"])

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows."""
        return not any(self.counts)

    def change(self, *, discreet: bool = False) -> RowChange:
        """Counts and samples of what differs; `discreet` shows none of the rows that go."""
        samples = tuple(
            (part, tuple((name, row[name]) for name in self._named))
            for part, count in zip(PARTS, self.counts, strict=True)
            if count and not (discreet and part == "removed")
            for row in self._rows(part, limit=SAMPLES)
        )
        return RowChange(*self.counts, samples=samples)

    @cached_property
    def _named(self) -> tuple[str, ...]:
        return self.key or tuple(column.name for column in self.columns)

    def added(self) -> Iterator[dict[str, str | None]]:
        """Rows that the portal lacks, in the order of the release."""
        for row in self._rows("added"):
            del row["_id"]
            yield row

    def changed(self) -> Iterator[dict[str, Any]]:
        """Rows whose key the portal has with other cells; `_id` is the portal's number of the row."""
        return self._rows("changed")

    def packed(self, part: str, rows: int, size: int, *, numbered: bool = False) -> Iterator[str]:
        """Added or changed rows as JSON arrays of at most `rows` rows, cut where `size` bytes are passed.

        With the portal's number of each row as `_id` where `numbered`.

        DuckDB writes them, ten times faster than Python. Cells that are JSON themselves stand in it as
        they are, digit for digit; else they would arrive as strings.
        """
        if self.wanted.path is None or not self.counts[PARTS.index(part)]:
            return
        with source(self._connection, self.wanted.path) as held:
            self._connection.execute(
                f"""create or replace table packed as
                with cells as (
                    select p._id as _id, source._place as _place, {_cells(self.columns, held - self.wanted.emptied)}
                    from source join {part} p on source._place = p._place),
                lines as (select _place, {object_sql(self.columns, numbered=numbered)} as line from cells),
                counted as (select *, row_number() over places - 1 as number, sum(strlen(line)) over places as bytes
                            from lines window places as (order by _place rows unbounded preceding))
                select min(_place) as _place, '[' || string_agg(line, ',' order by _place) || ']' as content
                from counted group by number // {rows}, bytes // {size}"""
            ).fetchall()
        cursor = self._connection.cursor()
        cursor.execute("select content from packed order by _place")
        while batch := cursor.fetchmany(1):
            yield str(batch[0][0])

    def removed(self) -> Iterator[int]:
        """The portal's numbers of rows that the release does not have."""
        for row in self._connection.cursor().execute("select _id from removed order by _id").fetchall():
            yield int(row[0])

    def keys_removed(self) -> Iterator[dict[str, str | None]]:
        """The keys of rows that the release does not have."""
        for row in self._rows("removed"):
            yield {name: row[name] for name in self.key}

    def _rows(self, part: str, limit: int | None = None) -> Iterator[dict[str, Any]]:
        """The cells of rows that differ, read from the file again."""
        side = self.live if part == "removed" else self.wanted
        picked = f"(select _id, _place from {part} order by _place" + (f" limit {limit})" if limit else ")")
        if side.path is None:
            return
        fields = ["_id", *(column.name for column in self.columns)]
        with source(self._connection, side.path) as held:
            self._connection.execute(
                f"create or replace table picked as select p._id as _id, source._place as _place, "
                f"{_cells(self.columns, held - side.emptied)} from source join {picked} p on source._place = p._place"
            ).fetchall()
        names = ", ".join(quoted(name) for name in fields)
        cursor = self._connection.cursor()
        cursor.execute(f"select {names} from picked order by _place")
        while batch := cursor.fetchmany(FETCHED):
            yield from (dict(zip(fields, row, strict=True)) for row in batch)


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
    with database() as connection:
        rows = _load(connection, "wanted", wanted, columns, key)
        _refuse_unusable(connection, key)
        if live is None:
            connection.execute("create table live as select * from wanted limit 0").fetchall()
            there = 0
        else:
            there = _load(connection, "live", live, columns, key, emptied)
        _differences(connection, key)
        yield Comparison(connection, columns, key, (Side(wanted, rows), Side(live, there, emptied)))


def digest_of(csv: Path, columns: tuple[Column, ...]) -> Digest:
    """Rows and hash of a CSV under these columns; asked for the same file again, it is not read again."""
    state = csv.stat()
    frozen = tuple((column.name, column.form, column.empty_is_null) for column in columns)
    return _digest(str(csv), state.st_mtime_ns, state.st_size, state.st_ino, frozen)


@lru_cache(maxsize=64)
def _digest(path: str, _modified: int, _size: int, _inode: int, frozen: tuple[tuple[str, Any, bool], ...]) -> Digest:
    columns = tuple(Column(name, "", form, {}, empty) for name, form, empty in frozen)
    with database() as connection, source(connection, Path(path)) as held:
        rows, sha256 = one(
            connection,
            f"""with cells as (select {_cells(columns, held)} from source),
            hashes as (select sha256({line_sql(columns)}) as hash from cells)
            select count(*), sha256(coalesce(string_agg(hash, '' order by hash), '')) from hashes""",
        )
    return Digest(int(rows), str(sha256))


def _cells(columns: tuple[Column, ...], held: frozenset[str]) -> str:
    """The canonical cells of `source`; a column that the file lacks is missing in every row."""
    return ", ".join(
        (canonical_sql(column, f"source.{quoted(column.name)}") if column.name in held else "cast(null as varchar)")
        + f" as {quoted(column.name)}"
        for column in columns
    )


def _load(
    connection: duckdb.DuckDBPyConnection,
    side: str,
    csv: Path,
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    emptied: frozenset[str] = frozenset(),
) -> int:
    """The table `side`: place in the file, the portal's number, key, hash of the line, what is unusable.

    Names of our own begin with an underscore, which no column of a DataStore does.
    """
    with source(connection, csv) as names:
        held = names - emptied
        number = 'cast(source."_id" as bigint)' if "_id" in names else "cast(null as bigint)"
        keys = "".join(f", {quoted(name)}" for name in key)
        checked = [column for column in columns if column.name in held]
        raw = "".join(f", source.{quoted(column.name)} as {quoted('_raw ' + column.name)}" for column in checked)
        connection.execute(
            f"""create table {side} as
            with cells as (select _place, {number} as _id, {_cells(columns, held)}{raw} from source)
            select _place, _id{keys}, md5_number({line_sql(columns)}) as _hash,
                   cast({" or ".join(map(_unusable, checked)) or "false"} as boolean) as _unusable,
            from cells"""
        ).fetchall()
    return int(one(connection, f"select count(*) from {side}")[0])


def _unusable(column: Column) -> str:
    """Whether a cell cannot be held: not a value of its type, or a NUL in a text."""
    raw = quoted(f"_raw {column.name}")
    if column.form == "text":
        return f"contains({raw}, chr(0))"
    return f"({quoted(column.name)} is null and nullif({raw}, '') is not null)"


def _refuse_unusable(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> None:
    count, first = one(connection, "select count(*), min(_place) from wanted where _unusable")
    if count:
        raise PlanError(
            f"{count} rows hold a value that the column's type does not allow, or a NUL character; "
            f"the first is data row {first + 1}",
            remedy="Validate the release against its schema; a portal would refuse these rows half way.",
        )
    if not key:
        return
    names = ", ".join(quoted(name) for name in key)
    some_null = " or ".join(f"{quoted(name)} is null" for name in key)
    whole = f"filter (where not ({some_null}))"
    empty, repeated = one(
        connection,
        f"select count(*) filter (where {some_null}), count(*) {whole} - count(distinct ({names})) {whole} from wanted",
    )
    if empty or repeated:
        raise PlanError(
            f"the key {', '.join(key)} is empty in {empty} rows and repeated in {repeated}",
            remedy="Choose a key that names every row once (publication.key), or leave it out.",
        )


def _differences(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...]) -> None:
    """The tables added, changed, removed. Without a key, or where the portal repeats one, copies are counted."""
    part = ", ".join(map(quoted, key)) or "_hash"
    (repeated,) = one(connection, f"select count(*) - count(distinct ({part})) from live")
    if repeated or not key:
        for side in ("wanted", "live"):
            connection.execute(
                f"create view numbered_{side} as "
                f"select *, row_number() over (partition by {part} order by _place) as _copy from {side}"
            ).fetchall()
        wanted, live, copy = "numbered_wanted", "numbered_live", " and w._copy = l._copy"
    else:
        wanted, live, copy = "wanted", "live", ""
    # A key of the portal may be null after a hand edit; such a row equals none of ours and goes.
    same = " and ".join(f"w.{quoted(name)} = l.{quoted(name)}" for name in key) or "w._hash = l._hash"
    for sql in (
        f"added as select null::bigint as _id, w._place from {wanted} w anti join {live} l on {same}{copy}",
        f"changed as select l._id, w._place from {wanted} w join {live} l on {same}{copy} where w._hash <> l._hash",
        f"removed as select l._id, l._place from {live} l anti join {wanted} w on {same}{copy}",
    ):
        connection.execute(f"create table {sql}").fetchall()
