"""The profile of a Table Schema in Data Package v2, as far as our schemas use it.

Made by hand from the specification (https://datapackage.org/standard/table-schema/), because the JSON Schema of the
profile is not part of any library we use; the tests also load every schema with frictionless, which has its own check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"

_RANGE = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_EVERY = {"required", "unique", "enum"}
_DATES = _EVERY | _RANGE
CONSTRAINTS = {
    "string": _EVERY | {"pattern", "minLength", "maxLength"},
    "number": _EVERY | _RANGE,
    "integer": _EVERY | _RANGE,
    "boolean": {"required", "enum"},
    "date": _DATES,
    "time": _DATES,
    "datetime": _DATES,
    "year": _DATES,
    "yearmonth": _DATES,
    "duration": _DATES,
    "object": _EVERY | {"minLength", "maxLength", "jsonSchema"},
    "array": _EVERY | {"minLength", "maxLength", "jsonSchema"},
    "list": {"required", "unique", "minLength", "maxLength"},
    "geopoint": _EVERY,
    "geojson": _EVERY | {"minLength", "maxLength"},
    "any": _EVERY,
}
"""Constraints that each type knows."""

FORMATS = {
    "string": {"default", "email", "uri", "binary", "uuid"},
    "geopoint": {"default", "array", "object"},
    "geojson": {"default", "topojson"},
}
"""Formats of types that name theirs; dates and times may have any, other types only `default`."""

_MATCHES = {"exact", "equal", "subset", "superset", "partial"}


def problems(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """What in `schema` breaks the profile, one sentence each; nothing when it holds."""
    return tuple(_schema(schema))


def _schema(schema: Mapping[str, Any]) -> Iterator[str]:
    fields = schema.get("fields")
    if not isinstance(fields, list) or not fields:
        yield "fields must be a list with at least one field"
        return
    if schema.get("$schema") != PROFILE:
        yield f"$schema must be {PROFILE}"
    for item in fields:
        yield from _field(item) if isinstance(item, Mapping) else (f"a field must be an object, not {item!r}",)
    names = [item.get("name") for item in fields if isinstance(item, Mapping)]
    repeated = sorted({str(name) for name in names if names.count(name) > 1})
    yield from (f"field {name}: the name is there twice" for name in repeated)
    yield from _keys(schema, set(names))
    yield from _missing_values(schema, "schema")
    if schema.get("fieldsMatch", "exact") not in _MATCHES:
        yield f"fieldsMatch must be one of {sorted(_MATCHES)}"


def _keys(schema: Mapping[str, Any], names: set[Any]) -> Iterator[str]:
    for key in [schema.get("primaryKey"), *schema.get("uniqueKeys", [])]:
        if key is None:
            continue
        if not isinstance(key, list) or not key:
            yield f"a key must be a list of names, not {key!r}"
        else:
            yield from (f"a key names {name!r}, which is no field" for name in key if name not in names)


def _missing_values(owner: Mapping[str, Any], where: str) -> Iterator[str]:
    values = owner.get("missingValues", [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        yield f"{where}: missingValues must be a list of strings"


def _field(field: Mapping[str, Any]) -> Iterator[str]:
    name, kind = field.get("name"), field.get("type", "string")
    if not isinstance(name, str) or not name:
        yield f"a field has no name: {dict(field)!r}"
        return
    if kind not in CONSTRAINTS:
        yield f"field {name}: type {kind!r} is unknown"
        return
    for text in ("title", "description", "example", "format"):
        if not isinstance(field.get(text, ""), str):
            yield f"field {name}: {text} must be a string"
    form, known = field.get("format", "default"), FORMATS.get(kind, {"default"})
    if kind not in ("date", "time", "datetime") and form not in known:
        yield f"field {name}: type {kind} has no format {form!r}"
    yield from _missing_values(field, f"field {name}")
    yield from _constraints(name, kind, field.get("constraints", {}))


def _constraints(name: str, kind: str, constraints: Mapping[str, Any]) -> Iterator[str]:
    for key, value in constraints.items():
        if key not in CONSTRAINTS[kind]:
            yield f"field {name}: type {kind} has no constraint {key!r}"
        if key in ("required", "unique") and not isinstance(value, bool):
            yield f"field {name}: {key} must be true or false"
        if key == "enum" and (not value or len({repr(item) for item in value}) != len(value)):
            yield f"field {name}: enum must hold different values"
        if key == "pattern":
            yield from _pattern(name, value)


def _pattern(name: str, pattern: Any) -> Iterator[str]:
    try:
        re.compile(pattern)
    except (re.error, TypeError):
        yield f"field {name}: the pattern {pattern!r} is no regular expression"
