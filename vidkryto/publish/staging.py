"""The staging route: one request that deletes, updates and inserts in one transaction on a stock CKAN.

A sysadmin prepares it once for each table (`prepare`): a private staging table whose trigger function
applies what is inserted into it to one target table and stores nothing. After that an editor's token is
enough. The function is bound to its staging table and its target by name, so that attached to another
table it only fails. It finds the target's columns when it runs: a change of schema needs no new set-up.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vidkryto.plan.make import place_of
from vidkryto.plan.names import staging_id
from vidkryto.plan.rows import Comparison
from vidkryto.plan.value import TableChange
from vidkryto.publish.batches import BYTES_PER_REQUEST as BYTES_PER_STEP
from vidkryto.publish.batches import ROWS_PER_REQUEST, chunks
from vidkryto.publish.portal import Absent, CkanPortal, NotAllowed, Portal
from vidkryto.publish.staging_function import FUNCTION, VERSION

NUMBERS_PER_STEP = 20_000
BYTES_PER_REQUEST = 48_000_000
"""A larger difference is sent in several requests: a portal's worker holds a request several times over."""

MOST_KEPT = 32_000
"""As many rows as CKAN gives at once."""

REBUILT_SHARE = 0.5
"""The share of a table's rows from which the table is built anew beside the old one."""
REBUILT_FROM, REBUILT_TO = 2_000, 300_000
"""Rows of a table that is built anew; beyond, its indexes may take longer than a portal gives a statement (60 s)."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A table whose changes can be made in one step from now on."""

    dataset: str
    table: str
    staging: str
    function: str


def prepare(portal: CkanPortal, tables: Mapping[str, Iterable[str]]) -> tuple[Prepared, ...]:
    """Set up the staging route with a sysadmin's token, for datasets and the CSV names of their tables.

    The tables need not exist yet. May be repeated: it brings the functions up to date.
    """
    package = _package(portal)
    return tuple(
        _prepare(portal, package, dataset, csv, place_of(dataset, csv, portal.capabilities(), live))
        for dataset, names in tables.items()
        for live in (portal.dataset(dataset, {}),)
        for csv in names
    )


def _package(portal: CkanPortal) -> Mapping[str, Any]:
    """The private dataset that holds the staging tables of the organisation."""
    organization = portal.capabilities().organization
    name = f"vidkryto-staging-{organization[:8]}"
    try:
        found: Mapping[str, Any] = portal.transport.read("package_show", id=name)
    except Absent:
        found = portal.transport.write(
            "package_create",
            name=name,
            title="Vidkryto: staging",
            notes="Технічний набір: через нього таблиці змінюються за один крок. Не вилучайте.",
            owner_org=organization,
            private=True,
        )
    return found


def _prepare(portal: CkanPortal, package: Mapping[str, Any], dataset: str, csv: str, table: str) -> Prepared:
    staging = staging_id(table)
    function = f"vidkryto_{table.replace('-', '')}"
    definition = FUNCTION.replace("{staging}", staging).replace("{target}", table)
    portal.transport.write(
        "datastore_function_create", name=function, or_replace=True, rettype="trigger", definition=definition
    )
    fields = [
        {"id": "op", "type": "text", "info": {"target": table, "version": str(VERSION)}},
        {"id": "payload", "type": "text", "info": {"dataset": dataset, "file": csv}},
    ]
    held = {entry["id"] for entry in package.get("resources", ())}
    place = (
        {"resource_id": staging, "force": True}
        if staging in held
        else {"resource": {"package_id": package["id"], "id": staging, "name": f"{dataset}/{csv}"}}
    )
    portal.transport.write("datastore_create", fields=fields, triggers=[{"function": function}], **place)
    return Prepared(dataset, table, staging, function)


def send(
    portal: Portal, table: str, comparison: Comparison, before_write: Callable[[], None], *, mark: str = ""
) -> None:
    """Apply the difference; the portal refuses the last request when the row count is not as expected.

    One request is one transaction. Only a difference beyond BYTES_PER_REQUEST takes several. Where most
    rows differ the table is built anew beside the old one and takes its place at the end. `mark` is the
    hash that the table's mark is to name, empty for none.
    """
    found: Iterable[dict[str, str]] = _steps(comparison)
    if _mostly_new(comparison):
        *steps, last = found
        if sum(len(step["payload"]) for step in steps) <= BYTES_PER_REQUEST:
            found = [BEGIN, *steps, SWAP, last]
        else:
            found = [*steps, last]
    last_step = [_mark(mark, written=False)] if mark else []
    for steps in _requests(itertools.chain(found, last_step)):
        before_write()
        portal.insert(staging_id(table), steps)


def send_delta(portal: Portal, change: TableChange, comparison: Comparison, before_write: Callable[[], None]) -> None:
    """Apply a difference told from the files, in one transaction that begins with the state it was told for.

    Raises Refused when the table is in another state: somebody wrote to it, or this very request was carried out.
    """
    key = list(change.key)
    removed = (
        json.dumps({"key": key, "rows": rows}, ensure_ascii=False)
        for rows in chunks(comparison.keys_removed(), ROWS_PER_REQUEST)
    )
    changed = (
        f'{{"key":{json.dumps(key, ensure_ascii=False)},"rows":{rows}}}'
        for rows in comparison.packed("changed", ROWS_PER_REQUEST, BYTES_PER_STEP)
    )
    added = comparison.packed("added", ROWS_PER_REQUEST, BYTES_PER_STEP)
    steps = [
        {"op": "same", "payload": change.since},
        *({"op": "remove", "payload": payload} for payload in removed),
        *({"op": "change", "payload": payload} for payload in changed),
        *({"op": "insert", "payload": payload} for payload in added),
        {"op": "expect", "payload": str(change.after)},
        _mark(change.sha256, written=True),
    ]
    before_write()
    portal.insert(staging_id(change.id), steps)


def kept(portal: Portal, table: str) -> list[int]:
    """The `_id`s of what the staging table of a table keeps: a mark, or steps that a missing trigger left lying."""
    try:
        found = portal.search(staging_id(table), fields=["_id"], limit=MOST_KEPT, include_total=False)["records"]
    except (Absent, NotAllowed):
        return []
    return [int(row["_id"]) for row in found]


def empty(portal: Portal, table: str) -> None:
    """Take away what the staging table keeps; without a mark the next plan reads the whole table again."""
    if numbers := kept(portal, table):
        portal.delete(staging_id(table), numbers)


def _mark(sha256: str, *, written: bool) -> dict[str, str]:
    return {"op": "mark", "payload": json.dumps({"sha256": sha256, "written": written})}


BEGIN, SWAP = {"op": "begin", "payload": ""}, {"op": "swap", "payload": ""}


def _mostly_new(comparison: Comparison) -> bool:
    """Whether building the table anew is cheaper: its index of words is then made once, not row by row."""
    rows = comparison.wanted.rows
    return REBUILT_FROM <= rows <= REBUILT_TO and sum(comparison.counts[:2]) >= rows * REBUILT_SHARE


def _requests(steps: Iterator[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    batch: list[dict[str, str]] = []
    size = 0
    for step in steps:
        if batch and size + len(step["payload"]) > BYTES_PER_REQUEST:
            yield batch
            batch, size = [], 0
        batch.append(step)
        size += len(step["payload"])
    yield batch


def _steps(comparison: Comparison) -> Iterator[dict[str, str]]:
    for numbers in chunks(comparison.removed(), NUMBERS_PER_STEP):
        yield {"op": "delete", "payload": json.dumps(numbers)}
    for payload in comparison.packed("changed", ROWS_PER_REQUEST, BYTES_PER_STEP, numbered=True):
        yield {"op": "update", "payload": payload}
    for payload in comparison.packed("added", ROWS_PER_REQUEST, BYTES_PER_STEP):
        yield {"op": "insert", "payload": payload}
    yield {"op": "expect", "payload": str(comparison.wanted.rows)}
