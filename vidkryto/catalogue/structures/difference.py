"""What changed between two editions of a Table Schema, and whether it breaks those who use the table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkryto.catalogue.structures.csvw import read_structures
from vidkryto.catalogue.structures.mending import mend
from vidkryto.catalogue.structures.writing import descriptor
from vidkryto.errors import ContractError

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `what` names the property; `before` or `after` is empty when there was or is none."""

    table: str
    field: str
    what: str
    before: str
    after: str
    breaking: bool


def compare_folders(old: Path, new: Path) -> tuple[Change, ...]:
    """Changes from `old` to `new`: each a schema file, a folder of them, or a folder of the ministry's structures.

    Raises ContractError when one of them is none of these.
    """
    before, after = load_schemas(old), load_schemas(new)
    changes = [Change(table, "", "table", table, "", True) for table in before if table not in after]
    changes += [Change(table, "", "table", "", table, False) for table in after if table not in before]
    for table in before:
        if table in after:
            changes += compare(table, before[table], after[table])
    return tuple(changes)


def load_schemas(path: Path) -> dict[str, Schema]:
    """Table Schemas by table, from a file, a folder of files, or a folder of the ministry's structures."""
    if path.is_file():
        return {path.stem: _json(path)}
    files = sorted(path.glob("*.json"))
    if files and not (path / "schema.json").is_file():
        return {file.stem: _json(file) for file in files}
    return {structure.key: descriptor(mend(structure)[0]) for structure in read_structures(path)}


def _json(file: Path) -> Schema:
    try:
        schema = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ContractError(f"{file.name} is not a JSON file: {error}", remedy="Name a Table Schema.") from error
    if not isinstance(schema, dict) or not isinstance(schema.get("fields"), list):
        raise ContractError(f"{file.name} is not a Table Schema: it lists no fields", remedy="Name a Table Schema.")
    return schema


def compare(table: str, old: Schema, new: Schema) -> tuple[Change, ...]:
    """Changes of one table, in the order of its fields."""
    return tuple(_changes(table, old, new))


def _changes(table: str, old: Schema, new: Schema) -> Iterator[Change]:
    before, after = _fields(old), _fields(new)
    for name in before:
        if name not in after:
            yield Change(table, name, "field", name, "", True)
    for name, item in after.items():
        if name not in before:
            yield Change(table, name, "field", "", name, _required(item))
        else:
            yield from _field_changes(table, name, before[name], item)
    key_before, key_after = (", ".join(schema.get("primaryKey") or ()) for schema in (old, new))
    if key_before != key_after:
        yield Change(table, "", "primaryKey", key_before, key_after, True)
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield Change(table, "", "order of fields", "", "", False)


def _field_changes(table: str, name: str, old: Schema, new: Schema) -> Iterator[Change]:
    for what in ("type", "format", "title", "unit"):
        before, after = str(old.get(what, "")), str(new.get(what, ""))
        if before != after:
            yield Change(table, name, what, before, after, what in ("type", "format", "unit"))
    constraints_old, constraints_new = old.get("constraints", {}), new.get("constraints", {})
    for what in sorted({*constraints_old, *constraints_new}):
        before, after = constraints_old.get(what), constraints_new.get(what)
        if before != after:
            yield Change(table, name, what, _shown(before), _shown(after), _narrower(what, before, after))


def _narrower(what: str, before: Any, after: Any) -> bool:
    """Whether a table that was right may now be wrong."""
    if after is None or after is False:
        return False
    if what == "enum" and before is not None:
        return not set(map(str, before)) <= set(map(str, after))
    if what in ("minimum", "exclusiveMinimum", "minLength") and before is not None:
        return bool(after > before)
    if what in ("maximum", "exclusiveMaximum", "maxLength") and before is not None:
        return bool(after < before)
    return True


def _fields(schema: Schema) -> dict[str, Schema]:
    return {str(item["name"]): item for item in schema["fields"]}


def _required(item: Schema) -> bool:
    return bool(item.get("constraints", {}).get("required"))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
