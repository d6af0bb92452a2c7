"""Writing: a mended table as a Table Schema of Data Package v2, with titles and descriptions in two languages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vidkryto.archive import written_atomically
from vidkryto.catalogue.structures import words
from vidkryto.catalogue.structures.examples import FALSE, TRUE, bounds
from vidkryto.catalogue.structures.kinds import FORMS
from vidkryto.catalogue.structures.mending import MendedColumn, MendedTable
from vidkryto.catalogue.structures.words import Words

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
MISSING = ["", "null"]


def descriptor(table: MendedTable) -> dict[str, Any]:
    """The Table Schema of `table`.

    Titles and descriptions are Ukrainian; `translations.en` holds the English ones, on the schema and on each field.
    A table or column whose words nobody has written gets its official title alone.
    """
    text = words.of_table(table.key) or Words(table.key, "", "", "")
    return _without_empty(
        {
            "$schema": PROFILE,
            "name": f"835-{table.key.replace('_', '-')}".lower(),
            "title": text.title_uk,
            "description": text.description_uk,
            "translations": _translations(text.title_en, text.description_en),
            "mandate": f"835/{table.annex}",
            "fields": [field(table.key, column) for column in table.columns],
            "missingValues": MISSING,
            "primaryKey": list(table.primary_key),
        }
    )


def field(table: str, column: MendedColumn) -> dict[str, Any]:
    """One column as a field of a Table Schema."""
    code = column.kind is not None and column.kind.name in ("edrpou", "edrpou-list")
    text = words.of_column(table, column.name, column.title, person=column.person, code=code)
    text = text or Words(column.title, "", "", "")
    form_uk, form_en = _form(column)
    return _without_empty(
        {
            "name": column.name,
            "type": column.type,
            "format": column.kind.format if column.kind else "",
            "title": text.title_uk,
            "description": _sentences(text.description_uk, form_uk),
            "example": column.example,
            "unit": column.unit,
            "missingValues": [*MISSING, *column.missing] if column.missing else [],
            "trueValues": list(TRUE) if column.type == "boolean" else [],
            "falseValues": list(FALSE) if column.type == "boolean" else [],
            "constraints": _constraints(column),
            "translations": _translations(text.title_en, _sentences(text.description_en, form_en)),
        }
    )


def write(descriptor: dict[str, Any], file: Path) -> None:
    """Write a descriptor as JSON with two spaces of indentation and a last line break; the same bytes every time."""
    content = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
    with written_atomically(file) as part:
        part.write_text(content, encoding="utf-8", newline="\n")


def _constraints(column: MendedColumn) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if column.kind and column.kind.pattern:
        constraints["pattern"] = _whole(column.kind.pattern)
    if column.enumeration:
        constraints["enum"] = list(column.enumeration)
    if (limits := bounds(column.name)) and column.type == "number":
        constraints |= {"minimum": limits[0], "maximum": limits[1]}
    elif column.unit == "%" or column.name == "bearing":
        constraints["minimum"] = 0
    return constraints


def _whole(pattern: str) -> str:
    """The pattern as one of the whole value, whether a reader searches, matches or matches in full."""
    return pattern if pattern.endswith("$") else f"{pattern}.*$"


def _form(column: MendedColumn) -> tuple[str, str]:
    """A sentence about the form of the value, in Ukrainian and English."""
    uk, en = FORMS.get(column.type, ("", ""))
    if column.kind and column.kind.form_uk:
        uk, en = column.kind.form_uk, column.kind.form_en
    if column.enumeration and column.type == "string" and len(column.enumeration) > 1:
        values = "; ".join(str(item) for item in column.enumeration)
        uk, en = f"Одне зі значень: {values}", f"One of: {values}"
    if column.anonymous and column.kind and column.kind.name.startswith("edrpou"):
        uk += ". Номер фізичної особи — підприємця не публікується"
        en += ". The number of a sole trader is not published"
    return uk, en


def _sentences(*parts: str) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


def _translations(title: str, description: str) -> dict[str, Any]:
    english = _without_empty({"title": title, "description": description})
    return {"en": english} if english else {}


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in ("", [], {}, None)}


def unworded(tables: Iterable[MendedTable]) -> tuple[str, ...]:
    """Tables and columns nobody has written words for: what a new edition of the structures asks of us."""
    missing = []
    for table in tables:
        if words.of_table(table.key) is None:
            missing.append(table.key)
        missing += [
            f"{table.key}.{column.name}"
            for column in table.columns
            if words.of_column(table.key, column.name, column.title) is None
        ]
    return tuple(missing)
