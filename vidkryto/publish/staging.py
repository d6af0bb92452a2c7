"""The staging route: one request that deletes, updates and inserts in one transaction on a stock CKAN.

A sysadmin prepares it once for each table (`prepare`): a private staging table whose trigger function
applies what is inserted into it to one target table and stores nothing. After that an editor's token is
enough. The function is bound to its staging table and its target by name, so that attached to another
table it only fails. It finds the target's columns when it runs: a change of schema needs no new set-up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vidkryto.plan.names import staging_id, table_id
from vidkryto.plan.rows import Comparison
from vidkryto.publish.batches import BYTES_PER_REQUEST as BYTES_PER_STEP
from vidkryto.publish.batches import ROWS_PER_REQUEST, chunks
from vidkryto.publish.portal import Absent, CkanPortal, Portal

NUMBERS_PER_STEP = 20_000
BYTES_PER_REQUEST = 48_000_000
"""A larger difference is sent in several requests: a portal's worker holds a request several times over."""

FUNCTION = """
DECLARE
  names text; sets text; words text; touched bigint;
BEGIN
  IF TG_TABLE_NAME <> '{staging}' THEN
    RAISE EXCEPTION 'vidkryto: this function belongs to another staging table';
  END IF;
  SELECT string_agg(format('%I', attname), ', ' ORDER BY attnum),
         string_agg(format('%I = d.%I', attname, attname), ', ' ORDER BY attnum),
         string_agg(CASE WHEN atttypid IN ('text'::regtype, 'int8'::regtype, 'int4'::regtype, 'numeric'::regtype)
                         THEN format('d.%I::text', attname) ELSE format('to_json(d.%I) #>> ''{}''', attname) END,
                    ', ' ORDER BY attnum)
    INTO names, sets, words FROM pg_attribute
   WHERE attrelid = '"{target}"'::regclass AND attnum > 0 AND NOT attisdropped AND left(attname, 1) <> '_';
  IF EXISTS (SELECT FROM pg_trigger
             WHERE tgrelid = '"{target}"'::regclass AND NOT tgisinternal AND tgname <> 'zfulltext')
  THEN words := 'NULL';
  ELSE words := 'to_tsvector(array_to_string(ARRAY[' || words || ']::text[], '' ''))';
  END IF;
  IF NEW.op = 'delete' THEN
    DELETE FROM "{target}" WHERE _id IN (SELECT value::bigint FROM json_array_elements_text(NEW.payload::json));
  ELSIF NEW.op = 'update' THEN
    EXECUTE format('UPDATE "{target}" t SET %s, _full_text = %s
                      FROM json_populate_recordset(NULL::"{target}", $1::json) d WHERE t._id = d._id', sets, words)
      USING NEW.payload;
    GET DIAGNOSTICS touched = ROW_COUNT;
    IF touched <> json_array_length(NEW.payload::json) THEN
      RAISE EXCEPTION 'vidkryto: % rows to change, % found', json_array_length(NEW.payload::json), touched;
    END IF;
  ELSIF NEW.op = 'insert' THEN
    EXECUTE format('INSERT INTO "{target}" (%s, _full_text)
                      SELECT %s, %s FROM json_populate_recordset(NULL::"{target}", $1::json) d', names, names, words)
      USING NEW.payload;
  ELSIF NEW.op = 'expect' THEN
    SELECT count(*) INTO touched FROM "{target}";
    IF touched <> NEW.payload::bigint THEN
      RAISE EXCEPTION 'vidkryto: % rows expected, % found', NEW.payload, touched;
    END IF;
  ELSE
    RAISE EXCEPTION 'vidkryto: unknown step %', NEW.op;
  END IF;
  RETURN NULL;
END;
"""


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
    package, apart = _package(portal), portal.capabilities().tables_apart
    return tuple(
        _prepare(portal, package, dataset, csv, table_id(dataset, csv, apart=apart))
        for dataset, names in tables.items()
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
        {"id": "op", "type": "text", "info": {"target": table}},
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


def send(portal: Portal, table: str, comparison: Comparison, before_write: Callable[[], None]) -> None:
    """Apply the difference; the portal refuses the last request when the row count is not as expected.

    One request is one transaction. Only a difference beyond BYTES_PER_REQUEST takes several.
    """
    for steps in _requests(_steps(comparison)):
        before_write()
        portal.insert(staging_id(table), steps)


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
    for payload in comparison.packed("changed", ROWS_PER_REQUEST, BYTES_PER_STEP):
        yield {"op": "update", "payload": payload}
    for payload in comparison.packed("added", ROWS_PER_REQUEST, BYTES_PER_STEP):
        yield {"op": "insert", "payload": payload}
    yield {"op": "expect", "payload": str(comparison.wanted.rows)}
