"""Partitions apart: each is read and its rows are checked on its own, then keys are checked across all of them.

The outcome is the same as from one process, byte for byte: whatever is not proven valid apart is checked again whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from vidkryto.catalogue.reading import Reading
from vidkryto.pipeline.job import TextTable
from vidkryto.pull import Each, Snapshot
from vidkryto.read.reader import Part, read_parts
from vidkryto.validate import Validation, validate_table

ACROSS = ("primaryKey", "foreignKeys", "uniqueKeys")
"""What a Table Schema says of all rows together."""


@dataclass(frozen=True)
class Partition:
    """One export of several, and how it is read: all that a worker is sent."""

    snapshot: Snapshot
    reading: Reading
    schema: Mapping[str, Any]
    resource: str


@dataclass(frozen=True)
class Checked:
    """A partition read. `valid` tells that none of its rows has a finding of its own."""

    parts: list[Part]
    valid: bool


def check_partition(partition: Partition) -> Checked:
    """Read one partition and check its rows; this is what runs on a worker. Raises ReadError."""
    parts = read_parts(partition.snapshot, partition.reading, partition.schema, partition.resource, several=True)
    schema = of_rows(partition.schema)
    names = [str(item["name"]) for item in schema["fields"]]
    tables = ((pa.table({name: part.draft.columns[name] for name in names}), part.draft.rows) for part in parts)
    valid = all(validate_table(table, schema, rows=rows, name=partition.resource).valid for table, rows in tables)
    return Checked(parts, valid)


def check_apart(
    each: Each, snapshots: Sequence[Snapshot], reading: Reading, schema: Mapping[str, Any], resource: str
) -> list[Checked]:
    """Every partition, in the order of the snapshots."""
    return list(each(check_partition, [Partition(one, reading, schema, resource) for one in snapshots]))


def keys_across(
    text: TextTable, schema: Mapping[str, Any], others: Mapping[str, pa.Table], name: str
) -> Validation | None:
    """The validation of a table whose rows are valid apart; None where the whole table has to be looked at."""
    keyed = [item for item in schema["fields"] if item["name"] in keyed_fields(schema)]
    if keyed:
        columns = text.columns.select([str(item["name"]) for item in keyed])
        if not validate_table(columns, {**schema, "fields": keyed}, rows=text.rows, lookups=others, name=name).valid:
            return None
    nothing = validate_table(text.columns.slice(0, 0), schema, rows=text.rows.slice(0, 0), lookups=others, name=name)
    return replace(nothing, rows=text.columns.num_rows) if nothing.valid else None


def of_rows(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without what it says of all rows together."""
    fields = []
    for item in schema["fields"]:
        rules = {name: rule for name, rule in item.get("constraints", {}).items() if name != "unique"}
        fields.append({**item, "constraints": rules} if "constraints" in item else item)
    return {name: value for name, value in schema.items() if name not in ACROSS} | {"fields": fields}


def keyed_fields(schema: Mapping[str, Any]) -> frozenset[str]:
    """The fields that any rule over all rows looks at."""
    named = [schema.get("primaryKey") or (), *schema.get("uniqueKeys", ())]
    named += [key["fields"] for key in schema.get("foreignKeys", ())]
    found = {name for group in named for name in ([group] if isinstance(group, str) else group)}
    return frozenset(found | {item["name"] for item in schema["fields"] if item.get("constraints", {}).get("unique")})
