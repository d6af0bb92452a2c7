"""Tables of a release against tables of the portal: structure, key, alias, rows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from vidkryto.findings import Finding, Place
from vidkryto.plan import delta
from vidkryto.plan.columns import Column, columns_of
from vidkryto.plan.delta import Shown
from vidkryto.plan.live import TABLE_HASH, LiveColumn, LiveDataset, LiveTable, Readable
from vidkryto.plan.names import alias_of
from vidkryto.plan.rows import RowChange, compared, digest_of
from vidkryto.plan.value import Action, ColumnChange, Route, TableChange
from vidkryto.release.value import Release, ReleaseTable

MARKING = 3
"""The version of the staging function from which its marks prove something (vidkryto.publish.staging_function)."""


@dataclass(frozen=True, slots=True)
class Means:
    """How the rows of a table can be written, and what is known of them here."""

    staged: int = 0
    """The version of its staging function; 0 where none was prepared."""
    shown: Shown | None = None
    """What the last receipt says that it shows."""


def table_change(
    release: Release, table: ReleaseTable, id_: str, live: LiveDataset | None, portal: Readable, means: Means
) -> TableChange:
    """Compare one table with the portal's.

    The portal's rows are read in full, unless there are none, or a staging function can say when it writes that
    nobody touched them since they were last read back; then the files of the two releases are compared.
    """
    columns = columns_of(table)
    there = live.tables.get(id_) if live else None
    changes = column_changes(columns, there)
    wanted = digest_of(table.csv.path, columns)
    same_shape = there is not None and not changes and live_key(there) == table.key
    alias = alias_of(str(release.metadata.get("publisher", {}).get("name", "")), release.dataset, table.resource)
    noted = _noted(live, id_) if same_shape else ""
    since, rows, before = "", RowChange(), 0
    if there is not None and noted != wanted.sha256:
        since, rows, before = _by_files(table, there, columns, means, portal, noted)
    if not since:
        rows, before = _by_portal(table, there, columns, changes, portal, noted)
    change = TableChange(
        action="create" if there is None else "keep",
        id=id_,
        resource=table.resource,
        alias=alias,
        key=table.key,
        columns=changes,
        rows=rows,
        before=before,
        after=wanted.rows,
        sha256=wanted.sha256,
        rekey=there is not None and live_key(there) != table.key,
        realias=there is not None and there.aliases != (alias,),
        since=since,
        indexes=missing_indexes(columns, there),
        marks=bool(rows and table.key and means.staged >= MARKING and wanted.rows >= delta.FROM),
    )
    action: Action = "create" if there is None else "replace" if change else "keep"
    route: Route = "staging" if means.staged else "stock"
    return replace(change, action=action, route=route if rows else "none")


def _by_files(
    table: ReleaseTable, there: LiveTable, columns: tuple[Column, ...], means: Means, portal: Readable, noted: str
) -> tuple[str, RowChange, int]:
    """The state the table must be in, what differs, and the rows there now; no state where the portal must be read.

    `noted` is the hash that the portal notes of a table of this very structure, else empty.
    """
    nothing = "", RowChange(), 0
    shown = means.shown
    if shown is None or means.staged < MARKING or there.rows < delta.FROM or noted != shown.sha256:
        return nothing
    mark = portal.mark(there.id)
    if mark is None or mark.sha256 != noted or not mark.state.startswith(f"{there.rows}:"):
        return nothing
    with delta.delta(table.csv.path, shown.csv, columns, table.key, (table.rows, there.rows)) as comparison:
        if comparison is None or comparison.equal:
            return nothing
        return mark.state, comparison.change(discreet=table.discreet), there.rows


def _by_portal(
    table: ReleaseTable,
    there: LiveTable | None,
    columns: tuple[Column, ...],
    changes: tuple[ColumnChange, ...],
    portal: Readable,
    noted: str,
) -> tuple[RowChange, int]:
    """What differs from the portal's rows, and how many there are; `noted` is the hash that it notes of them."""
    wanted = digest_of(table.csv.path, columns)
    with tempfile.TemporaryDirectory(prefix="vidkryto-plan-") as folder:
        dump: Path | None = None
        if there is not None and there.rows:
            dump = Path(folder) / "live.csv"
            portal.dump(there.id, dump)
        if dump is not None and noted == wanted.sha256 == digest_of(dump, columns).sha256:
            return RowChange(), wanted.rows
        with compared(table.csv.path, dump, columns, table.key, emptied(changes)) as comparison:
            return comparison.change(discreet=table.discreet), comparison.live.rows


def emptied(changes: tuple[ColumnChange, ...]) -> frozenset[str]:
    """Columns whose cells are gone once the structure is changed."""
    return frozenset(change.name for change in changes if change.action in ("add", "retype", "rename"))


def live_key(table: LiveTable) -> tuple[str, ...]:
    """The key noted in the table's dictionary, as long as its columns are still indexed."""
    noted = {int(c.info["key"]): c for c in table.columns if str(c.info.get("key", "")).isdigit()}
    if not all(column.indexed for column in noted.values()):
        return ("",)
    return tuple(noted[place].name for place in sorted(noted))


def missing_indexes(columns: tuple[Column, ...], table: LiveTable | None) -> tuple[str, ...]:
    """All columns that are looked up by, when one of them has no index; CKAN makes a table's indexes anew together."""
    wanted = tuple(column.name for column in columns if column.indexed)
    held = {column.name for column in table.columns if column.indexed} if table else frozenset()
    return () if set(wanted) <= held else wanted


def column_changes(columns: tuple[Column, ...], table: LiveTable | None) -> tuple[ColumnChange, ...]:
    """What has to happen to the portal's columns. A rename is told as one, though the portal drops and adds."""
    if table is None:
        return ()
    live = {column.name: column for column in table.columns}
    wanted = {column.name: column for column in columns}
    gone = [column for name, column in live.items() if name not in wanted]
    changes: list[ColumnChange] = []
    for column in columns:
        there = live.get(column.name)
        if there is None:
            was = next((old for old in gone if _same_meaning(old, column)), None)
            if was is not None:
                gone.remove(was)
            changes.append(ColumnChange("rename" if was else "add", column.name, column.type, was.name if was else ""))
        elif there.type != column.type:
            changes.append(ColumnChange("retype", column.name, column.type, there.type))
        elif not same_entry(there.info, column.info):
            changes.append(ColumnChange("describe", column.name, column.type))
    return (*changes, *(ColumnChange("remove", old.name, old.type) for old in gone))


def _same_meaning(old: LiveColumn, new: Column) -> bool:
    """Whether a column that left and one that came are one under two names: same type, same label."""
    return old.type == new.type and bool(old.info.get("label")) and old.info.get("label") == new.info.get("label")


def same_entry(live: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    """Whether the portal's dictionary entry is ours."""
    return {key: value for key, value in live.items() if value not in ("", None)} == dict(wanted)


def table_findings(change: TableChange, live: LiveDataset | None, band: float) -> tuple[Finding, ...]:
    """What a reader of the plan should know about the table. Codes of severity warning make a plan breaking."""
    place = Place(resource=change.resource)
    if change.moved:
        return (Finding("plan-table-moved", place, found=change.moved, wanted=change.id),)
    if change.action == "create":
        return ()
    codes = {"remove": "plan-field-removed", "retype": "plan-field-retyped", "rename": "plan-field-renamed"}
    found = [
        Finding(codes[column.action], Place(resource=change.resource, field=column.name), column.was, column.type)
        for column in change.columns
        if column.action in codes
    ]
    if change.rekey:
        found.append(Finding("plan-key-changed", place, wanted=", ".join(change.key) or "—"))
    if change.before and change.after < change.before * (1 - band):
        details = {"before": change.before, "after": change.after, "band": f"{band:.0%}"}
        found.append(Finding("plan-rows-dropped", place, details=details))
    noted = _noted(live, change.id)
    if not change and noted and noted != change.sha256:
        found.append(Finding("plan-table-hash-stale", place))
    return tuple(found)


def _noted(live: LiveDataset | None, table: str) -> str:
    """The hash of the table that its resource notes."""
    resource = live.resource(table) if live else None
    return resource.text(TABLE_HASH) if resource else ""
