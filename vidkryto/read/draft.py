"""The first contract and schema of a dataset, written from a look at one of its exports."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vidkryto.catalogue.contract import DRAFT_DESCRIPTION, DRAFT_KEYWORD, DRAFT_TITLE
from vidkryto.read.look import Look, TableLook
from vidkryto.read.transliterate import machine_names


def draft(
    look: Look, name: str, table: TableLook | None = None, classes: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """`dataset.yaml` as a mapping. What only a person can know is left to fill in.

    `classes` are the cautious ones proposed for columns that seem to speak of people; no other column has a class.
    """
    chosen = table or look.tables[0]
    stem = machine_names([Path(look.file).stem])[0].replace("_", "-").strip("-")
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": name,
        "title": DRAFT_TITLE,
        "description": DRAFT_DESCRIPTION,
        "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "keywords": [DRAFT_KEYWORD],
        "resources": [
            {
                "name": stem or "table",
                "path": f"{stem or 'table'}.csv",
                "schema": schema(chosen),
                "source": {"folder": "exports", "pattern": _pattern(look.file), "pick": "newest"},
                "reading": reading(look, chosen),
            }
        ],
        "publication": {
            "frequency": "irregular",
            "theme": "GOVE",
            "columns": dict(classes or {}),
        },
    }


def schema(table: TableLook) -> dict[str, Any]:
    """A Table Schema with the machine name, the header as title and the type of each column."""
    return {"fields": [{"name": column.name, "title": column.label, "type": column.type} for column in table.columns]}


def reading(look: Look, table: TableLook) -> dict[str, Any]:
    """The block `reading`: what is certain from the file, and the repairs that its cells seem to need."""
    found: dict[str, Any] = {}
    if look.encoding and look.encoding not in ("utf-8", "utf-8-sig"):
        found["encoding"] = look.encoding
    if look.delimiter and look.delimiter != ",":
        found["delimiter"] = "tab" if look.delimiter == "\t" else look.delimiter
    if table.sheet and len(look.tables) > 1:
        found["sheet"] = table.sheet
    found |= table.reading
    made = (*table.reading["melt"]["names"], table.reading["melt"]["value"]) if "melt" in table.reading else ()
    found["columns"] = {column.label: column.name for column in table.columns if column.name not in made}
    fields = {column.name: column.reading for column in table.columns if column.reading}
    if fields:
        found["fields"] = fields
    return found


def _pattern(file: str) -> str:
    """The name with its date replaced by a star: the next export will have another date."""
    return re.sub(r"(?:\d{1,4}[-_.]){1,2}\d{1,4}|(?:19|20)\d\d(?:\d\d){0,2}", "*", Path(file).stem) + Path(file).suffix


class _Dumper(yaml.SafeDumper):
    """Short mappings and lists on one line, as a person would write them."""


def _mapping(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.Node:
    flat = all(not isinstance(value, dict) for value in data.values()) and len(str(data)) < 100
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=flat and bool(data))


def _sequence(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flat = all(not isinstance(value, dict) for value in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flat)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)


def as_yaml(contract: dict[str, Any]) -> str:
    """The contract as text, with a line on what is still to be done."""
    head = (
        "# Перша чернетка договору: виправте слова ВЕЛИКИМИ ЛІТЕРАМИ, перевірте типи й виправлення,\n"
        "# і впишіть клас кожного стовпця в publication.columns (без цього нічого не публікується).\n"
        "# Класи, які там уже є, запропоновано за вмістом: здається, ці стовпці кажуть щось про людей.\n"
    )
    return head + yaml.dump(contract, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
