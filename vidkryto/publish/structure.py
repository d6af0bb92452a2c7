"""Bring a table's columns, key, dictionary and alias to those of a release, by steps that may be repeated.

An alias is a view, and PostgreSQL drops no column that a view shows. CKAN asks a view for its name alone, except in
SQL. So where the portal lets nobody ask in SQL the alias is made before the table has columns: it shows none, and
never has to step aside. Elsewhere, and for a table that was made otherwise, it goes and comes back in two requests
that follow each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from vidkryto.errors import PortalError
from vidkryto.plan.columns import Column
from vidkryto.plan.live import LiveTable
from vidkryto.plan.tables import column_changes, live_key, missing_indexes
from vidkryto.plan.value import TableChange
from vidkryto.publish.portal import AnswerLost, Portal

ATTEMPTS = 12
STOPGAP = "vidkryto_stopgap"

Look = Callable[[], LiveTable | None]
Step = dict[str, Any]


def open_up(portal: Portal, change: TableChange, columns: tuple[Column, ...], look: Look, pause: float = 0.5) -> None:
    """Before the rows: the table exists, has every column of the release and none that the release dropped."""

    def next_step(live: LiveTable | None, last: Step | None) -> Step | None:
        return _next_before(live, change, columns, last, portal.sql)

    _settle(next_step, portal, change.id, look, pause)


def close_up(portal: Portal, change: TableChange, columns: tuple[Column, ...], look: Look, pause: float = 0.5) -> None:
    """After the rows: key, data dictionary, alias and indexes."""
    _settle(lambda live, _last: _next_after(live, change, columns), portal, change.id, look, pause)


def free_alias(portal: Portal, table: str, look: Look, pause: float = 0.5) -> None:
    """Take its aliases from a table that another one replaces; it stands where a loader has it from now on."""
    _settle(lambda live, _last: {"aliases": []} if live and live.aliases else None, portal, table, look, pause)


def _settle(
    next_step: Callable[[LiveTable | None, Step | None], Step | None],
    portal: Portal,
    table: str,
    look: Look,
    pause: float,
) -> None:
    """Look, do the next step, look again, until there is none left. Every step may be carried out twice."""
    step: Step | None = None
    for _ in range(ATTEMPTS):
        step = next_step(look(), step)
        if step is None:
            return
        try:
            portal.shape(table, **step)
        except AnswerLost:
            time.sleep(pause)
    raise PortalError(
        "the structure of the table did not settle",
        remedy="Look whether another program changes it; then run again.",
        transient=True,
    )


def _next_before(
    live: LiveTable | None,
    change: TableChange,
    columns: tuple[Column, ...],
    last: Step | None,
    sql: Callable[[], bool],
) -> Step | None:
    fields = [column.described() for column in columns]
    # The alias of a table that gets another place is taken over when the rows are there.
    alias = {} if change.moved else {"aliases": [change.alias]}
    if live is None and alias and not sql():
        return {"fields": [], **alias}
    if live is None or not live.columns:
        return {"fields": fields, "primary_key": list(change.key), **(alias if live is None else {})}
    changes = column_changes(columns, live)
    doomed = {c.was if c.action == "rename" else c.name for c in changes if c.action in ("remove", "retype", "rename")}
    if live_key(live) not in ((), change.key):
        kept = [{"id": c.name, "type": c.type, "info": {**c.info, "key": ""}} for c in live.columns]
        return {"fields": kept, "primary_key": []}
    if doomed:
        kept = [{"id": c.name, "type": c.type} for c in live.columns if c.name not in doomed]
        if not kept:
            # A table needs a column: where none stays, new ones come first, or one that leaves again at once.
            new = [{"id": f["id"], "type": f["type"]} for f in fields if f["id"] not in doomed]
            kept = new or [{"id": STOPGAP, "type": "text"}]
        drop: Step = {"fields": kept, "delete_fields": True}
        if not live.aliases:
            return {**drop, **alias}
        # CKAN answers 500 where the alias shows such a column: then the step before this one did nothing.
        return {"aliases": []} if drop == last or sql() else drop
    if any(c.action == "add" for c in changes):
        return {"fields": [{"id": f["id"], "type": f["type"]} for f in fields], **(alias if sql() else {})}
    return None


def _next_after(live: LiveTable | None, change: TableChange, columns: tuple[Column, ...]) -> Step | None:
    if live is None:
        raise PortalError("the table vanished while it was published", remedy="Run again.")
    described = [column.described() for column in columns]
    step: Step = {}
    if column_changes(columns, live):
        step["fields"] = described
    if live_key(live) != change.key:
        step |= {"fields": described, "primary_key": list(change.key)}
    if live.aliases != (change.alias,):
        step["aliases"] = [change.alias]
    if not step and (indexes := missing_indexes(columns, live)):
        # Last and alone: a request that is late does no more than make them again.
        return {"indexes": [[name] for name in indexes]}
    return step or None
