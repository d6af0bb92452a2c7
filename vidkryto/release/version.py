"""Versions of a dataset: schema-breaking is major, other changes of rows or columns minor, words patch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Change = Literal["major", "minor", "patch"]


def change_of_schema(before: Mapping[str, Any], after: Mapping[str, Any]) -> Change | None:
    """What a change of Table Schema means to those who read the table.

    A field removed, renamed or retyped, or another key, breaks them; a field added does not.
    None when names, types and key are the same.
    """
    old = {field["name"]: (field.get("type"), field.get("format")) for field in before["fields"]}
    new = {field["name"]: (field.get("type"), field.get("format")) for field in after["fields"]}
    if _key(before) != _key(after) or any(new.get(name) != kind for name, kind in old.items()):
        return "major"
    return "minor" if len(new) > len(old) else None


def _key(schema: Mapping[str, Any]) -> list[str]:
    key = schema.get("primaryKey") or []
    return [key] if isinstance(key, str) else list(key)


def next_version(version: str, change: Change) -> str:
    """The version after `version`; 1.0.0 after none."""
    if not version:
        return "1.0.0"
    major, minor, patch = (int(part) for part in version.split("."))
    if change == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if change == "minor" else f"{major}.{minor}.{patch + 1}"
