"""The words of the schemas: titles and descriptions of tables and columns, our own, in two languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

PREFIXES = {
    "capture": ("place of capture", "місце вилову"),
    "release": ("place of release", "місце, де відпущено"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """Title and description in Ukrainian and English; a Ukrainian title is the ministry's own."""

    title_uk: str
    description_uk: str
    title_en: str
    description_en: str


@cache
def _file(name: str) -> Mapping[str, Any]:
    """One of the TOML files of words, parsed once."""
    return tomllib.loads(files("vidkryto.catalogue.structures").joinpath("words", f"{name}.toml").read_text("utf-8"))


def of_table(key: str) -> Words | None:
    """The words of a table, or None when nobody has written them yet."""
    entry = _file("tables").get(key)
    return Words(*entry) if entry else None


def of_column(table: str, name: str, title: str, *, person: bool = False, code: bool = False) -> Words | None:
    """The words of a column, or None when nobody has written them yet.

    `title` is the official Ukrainian title. `person` says that a natural person may stand in the column,
    `code` that it holds an EDRPOU code.
    """
    entry = _entry("columns", table, name)
    if entry:
        return Words(title, entry[2], entry[0], entry[1])
    return _pair(table, name, title, person=person, code=code) or _prefixed(table, name, title)


def _entry(file: str, table: str, name: str) -> list[str] | None:
    content = _file(file)
    found = content.get(table, {}).get(name) or content["common"].get(name)
    return list(found) if found else None


def _pair(table: str, name: str, title: str, *, person: bool, code: bool) -> Words | None:
    """Words of a column that belongs to an organisation: `ownerName`, `ownerId`."""
    match = re.fullmatch(r"(\w+?)(Name|Id)", name)
    party = _entry("parties", table, match[1]) if match else None
    if match is None or party is None:
        return None
    english, ukrainian = party
    if match[2] == "Name":
        more_uk = "; для фізичної особи — прізвище, ім’я та по батькові" if person else ""
        more_en = "; for a natural person the full name" if person else ""
        described = f"Full name of the {english}{more_en}"
        return Words(title, f"Повна назва {ukrainian}{more_uk}", f"Name of the {english}", described)
    if code:
        return Words(title, f"Код ЄДРПОУ {ukrainian}", f"EDRPOU code of the {english}", f"EDRPOU code of the {english}")
    return Words(title, f"Ідентифікатор {ukrainian}", f"Identifier of the {english}", f"Identifier of the {english}")


def _prefixed(table: str, name: str, title: str) -> Words | None:
    """Words of a second address in the same table: `captureLat`, `releaseAddressPostCode`."""
    for prefix, (english, ukrainian) in PREFIXES.items():
        if name.startswith(prefix):
            rest = name.removeprefix(prefix)
            base = of_column(table, rest, title) or of_column(table, rest[:1].lower() + rest[1:], title)
            if base:
                return Words(
                    title,
                    f"{base.description_uk} ({ukrainian})",
                    f"{base.title_en}, {english}",
                    f"{base.description_en} ({english})",
                )
    return None
