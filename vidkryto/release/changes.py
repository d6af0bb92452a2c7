"""What changed since the last release, row by row: the feed that developers ask for."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.disclosure.columns import search_column
from vidkryto.disclosure.detectors import BY_NAME, SURE_ENOUGH
from vidkryto.release.files import BATCH, write_csv
from vidkryto.release.value import ReleaseTable


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts of rows against the last release."""

    added: int
    changed: int
    removed: int
    hidden: int = 0
    """Removed rows that are counted and not listed, because a deny list closes them or may close them."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class ClosedRows:
    """What a deny list closes in one table: a row that leaves because of it is not told once more."""

    count: int
    """Rows of the export that are withheld."""
    keys: pa.Table | None = field(repr=False)
    """Their keys in canonical form; None where the published key is none or another than the export's."""
    closes: Callable[[pa.Table], pa.Array] = field(repr=False)
    """Which rows of a published table the rules of today close."""


def write_changes(
    before: ReleaseTable | None,
    after: ReleaseTable,
    path: Path,
    *,
    closed: Collection[str] = (),
    public: Collection[str] = (),
    denied: ClosedRows | None = None,
) -> Changes:
    """Write `changes.csv` (change, then the key or, without one, all columns) and return the counts.

    By key a row is added, changed or removed; without a key it is added or removed, each as often as
    the number of equal rows differs. DuckDB joins the two and may spill to disk.

    What the last release should not have said is not said again: `closed` columns, whose class shows less now, are
    left out, and with them the rows of the last release where they are part of the key; a removed row in which a
    person is seen is counted and not listed, unless its column is `public` by a decision. Nor are rows listed that
    a deny list closes (`denied`); where withheld rows cannot be told by a key, no removed row of the table is.
    """
    if before is None:
        return Changes(after.rows, 0, 0)
    with duckdb.connect() as connection:
        old, new = (_load(connection, name, table) for name, table in (("old", before), ("new", after)))
        both = [name for name in new if name in old and name not in closed]
        keyed = bool(after.key) and after.key == before.key
        connection.execute(f"create temp table changes as {_by_key(after.key, both) if keyed else _by_content(both)}")
        counts = dict(connection.execute("select change, count(*) from changes group by 1").fetchall())
        names = ", ".join(_quoted(name) for name in ("change", *(after.key if keyed else both)))
        told = "change = 'added'" if keyed and set(after.key) & set(closed) else "true"
        hidden = _hide(connection, after.key if keyed else (), both, denied) if denied else 0
        listed = connection.sql(f"select * from changes where {told} order by {names}").to_arrow_table()
        write_csv(_without_people(listed, public), path)
    return Changes(counts.get("added", 0), counts.get("changed", 0), counts.get("removed", 0), hidden)


def _hide(connection: duckdb.DuckDBPyConnection, key: tuple[str, ...], both: list[str], denied: ClosedRows) -> int:
    """Take removed rows that a deny list closes out of the table `changes`; returns how many."""
    before = connection.execute("select count(*) from changes").fetchall()
    if denied.count and (not key or denied.keys is None):
        connection.execute("delete from changes where change = 'removed'")
    else:
        names = key or tuple(both)
        gone = [denied.keys] if denied.keys is not None else []
        same = _same_row("old", "changes", names)
        for batch in connection.sql(
            f"select old.* from old semi join (select * from changes where change = 'removed') changes on {same}"
        ).to_arrow_reader(BATCH):
            rows = pa.table({name: batch.column(name).fill_null("") for name in batch.schema.names})
            gone.append(rows.filter(denied.closes(rows)))
        for rows in gone:
            connection.register("gone", _nulled(rows.select(names)))
            connection.execute(
                f"delete from changes using gone where change = 'removed' and {_same_row('changes', 'gone', names)}"
            )
            connection.unregister("gone")
    after = connection.execute("select count(*) from changes").fetchall()
    return int(before[0][0] - after[0][0])


def _same_row(one: str, other: str, names: Collection[str]) -> str:
    return " and ".join(f"{one}.{_quoted(name)} is not distinct from {other}.{_quoted(name)}" for name in names)


def _nulled(rows: pa.Table) -> pa.Table:
    """Empty cells as missing ones, as `_load` has them."""
    columns = {name: rows.column(name).cast(pa.string()) for name in rows.column_names}
    return pa.table({name: pc.if_else(pc.equal(cells, ""), None, cells) for name, cells in columns.items()})


def _without_people(changes: pa.Table, public: Collection[str]) -> pa.Table:
    """The list without removed rows that hold a person; what is added or changed has passed the gate itself."""
    removed = changes.filter(pc.equal(changes.column("change"), "removed"))
    for name in changes.column_names[1:]:
        if name in public or not removed.num_rows:
            continue
        found = search_column(removed.column(name).fill_null(""), least=SURE_ENOUGH)
        people = [text for text, hits in found.items() if any(not BY_NAME[hit.kind].place for hit in hits)]
        if people:
            gone = pc.equal(changes.column("change"), "removed")
            held = pc.is_in(changes.column(name), value_set=pa.array(people))
            changes = changes.filter(pc.invert(pc.and_(gone, held)))
            removed = changes.filter(pc.equal(changes.column("change"), "removed"))
    return changes


def _load(connection: duckdb.DuckDBPyConnection, name: str, table: ReleaseTable) -> list[str]:
    """Load a CSV as text columns, batch by batch, with the reader that belongs to its writer; returns the names."""
    with table.csv.path.open(encoding="utf-8", newline="") as stream:
        lines = csv.reader(stream)
        columns = next(lines)
        schema = pa.schema([(column, pa.string()) for column in columns])
        batches = (
            pa.record_batch([pa.array([cell or None for cell in column]) for column in zip(*rows, strict=True)], schema)
            for rows in iter(lambda: list(islice(lines, BATCH)), [])
        )
        connection.register("incoming", pa.RecordBatchReader.from_batches(schema, batches))
        connection.execute(f"create temp table {name} as select * from incoming")
        connection.unregister("incoming")
    return columns


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _by_key(key: tuple[str, ...], columns: list[str]) -> str:
    join = " and ".join(f"old.{_quoted(k)} is not distinct from new.{_quoted(k)}" for k in key)
    keys = ", ".join(f"coalesce(new.{_quoted(k)}, old.{_quoted(k)}) as {_quoted(k)}" for k in key)
    rest = [c for c in columns if c not in key]
    differs = " or ".join(f"old.{_quoted(c)} is distinct from new.{_quoted(c)}" for c in rest) or "false"
    first = _quoted(key[0])
    return f"""
        select case when old.{first} is null then 'added' when new.{first} is null then 'removed' else 'changed' end
            as change, {keys}
        from old full join new on {join}
        where old.{first} is null or new.{first} is null or {differs}"""


def _by_content(columns: list[str]) -> str:
    names = ", ".join(_quoted(c) for c in columns)
    return f"""
        select 'added' as change, * from (select {names} from new except all select {names} from old)
        union all
        select 'removed' as change, * from (select {names} from old except all select {names} from new)"""
