"""Columns of a portal's table, derived from a Table Schema: type, canonical form, data dictionary."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from vidkryto.errors import PlanError
from vidkryto.release.value import ReleaseTable

Form = Literal["text", "integer", "number", "boolean", "date", "datetime", "time", "json"]

TYPES: Mapping[str, tuple[str, Form]] = {
    "string": ("text", "text"),
    "integer": ("int8", "integer"),
    "number": ("numeric", "number"),
    "boolean": ("bool", "boolean"),
    "date": ("date", "date"),
    "datetime": ("timestamptz", "datetime"),
    "time": ("time", "time"),
    "year": ("int4", "integer"),
    "array": ("jsonb", "json"),
    "object": ("jsonb", "json"),
    "geojson": ("jsonb", "json"),
}
"""Table Schema type → PostgreSQL type as the DataStore reports it, and the canonical form of its values.

Types that are not named (yearmonth, duration, geopoint, any) stay text: PostgreSQL would print them
otherwise than the CSV does.
"""

SYSTEM_COLUMNS = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid"})
LONGEST_NAME = 63
FORMS_OF_TYPES: Mapping[str, Form] = {**dict(TYPES.values()), "int4": "integer", "text": "text"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table on the portal."""

    name: str
    type: str
    form: Form
    info: Mapping[str, Any] = field(default_factory=dict)
    """The data dictionary's entry: label and notes in Ukrainian, label_en and notes_en, unit, constraints."""
    empty_is_null: bool = True
    """Whether an empty cell of the CSV is a missing value (Table Schema: missingValues)."""
    indexed: bool = False
    """Whether rows are looked up by it: `indexed: true` of the field in the schema, or a part of a foreign key."""

    def described(self) -> dict[str, Any]:
        """The column as the DataStore takes it."""
        return {"id": self.name, "type": self.type, "info": dict(self.info)}


def columns_of(table: ReleaseTable) -> tuple[Column, ...]:
    """The columns of a release's table, in the order of its schema.

    Raises PlanError for a name that PostgreSQL or the DataStore would refuse or, worse, cut short.
    """
    fields: Sequence[Mapping[str, Any]] = table.schema["fields"]
    names = [str(entry["name"]) for entry in fields]
    faults = [fault for name in names if (fault := fault_of_name(name))]
    lower = [name.lower() for name in names]
    faults += [f"{name!r} stands twice but for capitals" for name in names if lower.count(name.lower()) > 1]
    if faults:
        raise PlanError(
            f"the table {table.resource} has columns that a portal cannot hold: {'; '.join(faults)}",
            remedy="Rename the field in the schema and map the officer's header to it under reading.columns.",
        )
    missing = table.schema.get("missingValues", [""])
    empty_is_null = any((item if isinstance(item, str) else item.get("value")) == "" for item in missing)
    return tuple(_column(entry, table, empty_is_null) for entry in fields)


def _column(entry: Mapping[str, Any], table: ReleaseTable, empty_is_null: bool) -> Column:
    name = str(entry["name"])
    type_, form = TYPES.get(str(entry.get("type", "string")), ("text", "text"))
    indexed = bool(entry.get("indexed")) and form != "json"  # PostgreSQL's usual index holds no JSON usefully
    return Column(name, type_, form, _info(entry, table), empty_is_null or form != "text", indexed)


def _info(entry: Mapping[str, Any], table: ReleaseTable) -> dict[str, Any]:
    """The dictionary entry of a field. Empty texts are left out, so that the portal shows no empty rows."""
    name = str(entry["name"])
    labels = table.labels.get(name, {})
    english = entry.get("translations", {}).get("en", {})
    constraints = entry.get("constraints", {})
    info = {
        "label": labels.get("uk") or entry.get("title") or name,
        "label_en": labels.get("en") or english.get("title", ""),
        "notes": entry.get("description", ""),
        "notes_en": english.get("description", ""),
        "unit": entry.get("unit", ""),
        "schema_type": entry.get("type", "string"),
        "schema_format": entry.get("format", ""),
        "required": "true" if constraints.get("required") else "",
        "enum": ", ".join(map(str, constraints.get("enum", ()))),
        "rdf_type": entry.get("rdfType", ""),
        "key": str(table.key.index(name) + 1) if name in table.key else "",
    }
    return {part: str(text) for part, text in info.items() if text not in ("", None)}


def fault_of_name(name: str) -> str:
    """Why a portal cannot hold a column of this name; empty when it can.

    The rules: ckanext.datastore.helpers.is_valid_field_name, and PostgreSQL's limit of 63 *bytes*, beyond
    which it cuts a name silently (a Cyrillic letter is two bytes).
    """
    if not name or name != name.strip() or name.startswith("_"):
        return f"{name!r} is empty, begins with _ or has spaces around it"
    if '"' in name or "%" in name or any(unicodedata.category(letter).startswith("C") for letter in name):
        return f"{name!r} has a quote, a percent sign or a control character"
    if len(name.encode()) > LONGEST_NAME:
        return f"{name!r} is {len(name.encode())} bytes long, the limit is {LONGEST_NAME}"
    return f"{name!r} is a system column of PostgreSQL" if name in SYSTEM_COLUMNS else ""
