"""Features of Data Package v2 that frictionless 5.21 does not check: `uniqueKeys` and `categories`.

Their findings have types of their own, `unique-key` and `category-error`, so that they are never taken for
frictionless' verdict. `exclusiveMinimum` and `exclusiveMaximum` are checked by
frictionless itself, but only where a schema says that it is of version 2; tables of the pipeline always are.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from frictionless import Field
from frictionless.resources import TableResource

UNIQUE_KEY = "unique-key"
CATEGORY = "category-error"
SHOWN = 10
VERSION_2 = "https://datapackage.org/profiles/2.0/dataresource.json"
"""Categories named in a note, at most."""


def unique_keys(schema: Any, names: list[str]) -> tuple[tuple[int, ...], ...]:
    """Positions of the fields of each unique key whose fields are all expected in the data.

    Source: Data Package v2, Table Schema, `uniqueKeys`. Each entry is a list of field names; a bare name is taken as
    a list of one.
    """
    keys = schema.custom.get("uniqueKeys") or []
    lists = [[key] if isinstance(key, str) else list(key) for key in keys if isinstance(key, str | list)]
    return tuple(tuple(names.index(name) for name in key) for key in lists if key and set(key) <= set(names))


def category_values(field: Field) -> frozenset[Any] | None:
    """The values that `categories` of a string or integer field allow; None when it names none.

    Source: Data Package v2, Table Schema, `categories`: a list of values, or of objects with `value` and `label`.
    """
    listed = field.custom.get("categories")
    if field.type not in ("string", "integer") or not isinstance(listed, list) or not listed:
        return None
    values = [item.get("value") if isinstance(item, dict) else item for item in listed]
    return frozenset(value for value in values if isinstance(value, str | int))


def category_note(values: frozenset[Any]) -> str:
    """The note of a value outside its categories, in the style of frictionless' constraint notes."""
    shown = sorted(map(str, values))
    more = ", …" if len(shown) > SHOWN else ""
    return f'categories are "{", ".join(shown[:SHOWN])}{more}"'


def resource_of(name: str, schema: Mapping[str, Any], *, extended: bool) -> Any:
    """A table resource with this schema and no data, of version 2 where extensions are wanted.

    Raises FrictionlessException when the descriptor is not a Table Schema.
    """
    descriptor: dict[str, Any] = {"name": name, "path": "table.csv", "schema": copy.deepcopy(dict(schema))}
    if extended:
        descriptor["schema"].pop("$schema", None)
        descriptor["$schema"] = VERSION_2
    return TableResource.from_descriptor(descriptor)
