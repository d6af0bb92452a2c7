"""An OpenAPI 3.1 description of the queries that a dataset's tables answer on the portal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

KINDS: Mapping[str, Mapping[str, Any]] = {
    "integer": {"type": ["integer", "null"]},
    "year": {"type": ["integer", "null"]},
    "number": {"type": ["number", "null"]},
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"]},
    "datetime": {"type": ["string", "null"]},
    "array": {},
    "object": {},
    "list": {},
    "geojson": {},
}
"""Types of Table Schema to what the portal's JSON holds; any other is text. Cells may be empty."""

PARAMETERS = (
    ("q", "string", "Words to look for in any column."),
    ("filters", "string", "A JSON object: column to the value or values it must have."),
    ("fields", "string", "Columns wanted, with commas."),
    ("sort", "string", "Column, then asc or desc; several with commas."),
    ("limit", "integer", "Rows in one answer, at most 32000; 100 by default."),
    ("offset", "integer", "Rows to leave out from the beginning."),
)


def openapi_of(portal: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The description, from the facts of a developer page. `portal` is the portal's address."""
    tables: Sequence[Mapping[str, Any]] = facts["tables"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": facts["title"]["en"],
            "description": facts["description"]["en"] or facts["title"]["en"],
            "version": facts["version"],
            "license": {"name": facts["license"]["name"], "url": facts["license"]["path"]},
            "contact": {"name": facts["contact"]["name"], "email": facts["contact"]["email"]},
        },
        "servers": [{"url": portal}],
        "paths": {"/api/3/action/datastore_search": {"get": _search(tables)}},
        "components": {"schemas": {_name(table): _record(table) for table in tables}},
    }


def _search(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    names = [table["alias"] for table in tables]
    choice = {"type": "string", "enum": names, "default": names[0]}
    parameters = [_parameter("resource_id", choice, "The table: its alias.", required=True)]
    parameters += [_parameter(name, {"type": kind}, text) for name, kind, text in PARAMETERS]
    return {
        "operationId": "search",
        "summary": "Rows of a table",
        "parameters": parameters,
        "responses": {
            "200": {"description": "Rows", "content": {"application/json": {"schema": _answer(tables)}}},
            "404": {"description": "There is no such table"},
            "409": {"description": "The query names an unknown column, or is no query"},
        },
    }


def _parameter(name: str, schema: Mapping[str, Any], text: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": text, "schema": dict(schema)}


def _answer(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    records = [{"$ref": f"#/components/schemas/{_name(table)}"} for table in tables]
    rows = {"type": "array", "items": records[0] if len(records) == 1 else {"anyOf": records}}
    result = {"type": "object", "required": ["records"], "properties": {"records": rows, "total": {"type": "integer"}}}
    return {
        "type": "object",
        "required": ["success", "result"],
        "properties": {"success": {"type": "boolean"}, "result": result},
    }


def _name(table: Mapping[str, Any]) -> str:
    return str(table["alias"])


def _record(table: Mapping[str, Any]) -> dict[str, Any]:
    columns = {
        "_id": {"type": "integer", "description": "The portal's own number; it changes from release to release."}
    }
    return {"type": "object", "properties": columns | {column["name"]: _column(column) for column in table["columns"]}}


def _column(column: Mapping[str, Any]) -> dict[str, Any]:
    described = f"{column['title']['en']}. {column['description']['en']}".strip()
    schema: dict[str, Any] = {**KINDS.get(column["type"], {"type": ["string", "null"]}), "description": described}
    if column["example"] and "string" in schema.get("type", ()):
        schema["examples"] = [column["example"]]
    return schema
