"""What changed since the last release, row by row: the feed that developers ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from vidkryto.release.value import ReleaseTable


@dataclass(frozen=True, slots=True)
class Changes:
    """Counts of rows against the last release."""

    added: int
    changed: int
    removed: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def write_changes(before: ReleaseTable | None, after: ReleaseTable, path: Path) -> Changes:
    """Write `changes.csv` (change, then the key or, without one, all columns) and return the counts.

    By key a row is added, changed or removed; without a key it is added or removed, each as often as
    the number of equal rows differs. DuckDB joins the two CSVs and may spill to disk.
    """
    if before is None:
        return Changes(after.rows, 0, 0)
    with duckdb.connect() as connection:
        old, new = _view(connection, "old", before), _view(connection, "new", after)
        keyed = after.key and after.key == before.key
        sql = _by_key(after.key, [c for c in new if c in old]) if keyed else _by_content([c for c in new if c in old])
        connection.execute(f"create temp table changes as {sql}")
        counts = dict(connection.execute("select change, count(*) from changes group by 1").fetchall())
        columns = connection.execute("select * from changes limit 0").description
        ordering = ", ".join(_quoted(column[0]) for column in columns)
        _write(connection, f"select * from changes order by {ordering}", path)
    return Changes(counts.get("added", 0), counts.get("changed", 0), counts.get("removed", 0))


def _view(connection: duckdb.DuckDBPyConnection, name: str, table: ReleaseTable) -> list[str]:
    """Every column as text, exactly as in the CSV."""
    connection.execute(
        f"create temp view {name} as select * from read_csv(?, header=true, all_varchar=true, delim=',', quote='\"', "
        "escape='\"', null_padding=false, strict_mode=true, parallel=false, max_line_size=67108864)".replace(
            "?", "'" + str(table.csv.path).replace("'", "''") + "'"
        )
    )
    return [row[0] for row in connection.execute(f"describe {name}").fetchall()]


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


def _write(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    from vidkryto.release.files import write_csv

    write_csv(connection.execute(sql).to_arrow_table(), path)
