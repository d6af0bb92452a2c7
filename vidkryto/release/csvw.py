"""CSVW metadata of a table of a release: `<table>.csv-metadata.json` beside the CSV, made of its Table Schema.

https://www.w3.org/TR/tabular-metadata/ . It is an extra for tools that look for it; the promise is `datapackage.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vidkryto.release.value import ReleaseTable

TYPES = {
    "string": "string",
    "number": "decimal",
    "integer": "integer",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "dateTime",
    "year": "gYear",
    "yearmonth": "gYearMonth",
}
"""Types of Table Schema to those of CSVW; any other is a string."""

BOUNDS = {"minimum": "minimum", "maximum": "maximum", "minLength": "minLength", "maxLength": "maxLength"}


def csvw_metadata(table: ReleaseTable) -> bytes:
    """The metadata of a published table, the same bytes for the same table."""
    schema = table.schema
    document: dict[str, Any] = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "uk"}],
        "url": table.csv.name,
        "dc:title": [
            {"@value": text, "@language": language} for language, text in sorted(table.csv.title.items()) if text
        ],
        "dialect": {"delimiter": ",", "encoding": "utf-8", "lineTerminators": ["\n"], "header": True},
        "tableSchema": {"columns": [_column(field) for field in schema["fields"]]},
    }
    if table.key:
        document["tableSchema"]["primaryKey"] = list(table.key)
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _column(field: Mapping[str, Any]) -> dict[str, Any]:
    """One column. Its `name` is the Table Schema's; CSVW looks titles up in the header, where the same names stand."""
    constraints = field.get("constraints", {})
    english = field.get("translations", {}).get("en", {})
    labels = {"uk": field.get("title", ""), "en": english.get("title", "")}
    column: dict[str, Any] = {
        "name": field["name"],
        "titles": field["name"],
        "rdfs:label": [{"@value": text, "@language": language} for language, text in labels.items() if text],
        "dc:description": field.get("description", ""),
        "datatype": _datatype(field, constraints),
    }
    if constraints.get("required"):
        column["required"] = True
    return {key: value for key, value in column.items() if value not in ("", [])}


def _datatype(field: Mapping[str, Any], constraints: Mapping[str, Any]) -> dict[str, Any]:
    kind = field.get("type", "string")
    base = "anyURI" if field.get("format") == "uri" else TYPES.get(kind, "string")
    datatype: dict[str, Any] = {"base": base}
    if kind == "string" and "pattern" in constraints:
        datatype["format"] = constraints["pattern"]
    datatype |= {word: constraints[name] for name, word in BOUNDS.items() if name in constraints}
    return datatype
