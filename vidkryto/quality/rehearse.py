"""Try every expectation of a suite without data, so that a slip is told before the first run, not by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from vidkryto.errors import ContractError
from vidkryto.quality import across, great
from vidkryto.quality.across import Surroundings
from vidkryto.quality.suite import Suite
from vidkryto.validate import typed


def problems_of_suite(
    suite: Suite, schemas: Mapping[str, Mapping[str, Any]], keys: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """What no run could judge: types, arguments, columns and tables that are not there, keys that nobody declared.

    `schemas` and `keys` are those of the tables, by resource, in the order of the contract. An expectation of ours
    that takes a value from the last release is only looked at in part: there is none yet.
    """
    tables = {name: _empty(schema) for name, schema in schemas.items()}
    at = Surroundings(tables, {name: pa.array([], pa.int64()) for name in tables}, keys=keys)
    for number, item in enumerate(suite.all()):
        name = item.resource or next(iter(tables), "")
        if name not in tables:
            yield f"expectations.yaml: {item.type} names no table: {name}; the tables are {sorted(tables)}"
            continue
        try:
            if item.type not in across.MODELS:
                great.build(item, number, tables[name].column_names)
            elif not item.wanted_parameters() and across.judge(item, name, at, {}).raised:
                yield f"expectations.yaml: {item.type} needs a key of {name}; declare primaryKey in its schema"
        except ContractError as error:
            yield error.told()


def _empty(schema: Mapping[str, Any]) -> pa.Table:
    columns = {str(field["name"]): pa.array([], pa.string()) for field in schema["fields"]}
    return typed(pa.table(columns), schema)
