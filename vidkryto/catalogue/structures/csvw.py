"""Reading the ministry's recommended structures: one folder for each table with a CSVW `schema.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkryto.errors import ContractError


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the structure declares it, with nothing mended."""

    name: str
    title: str
    description: str
    datatype: str
    required: bool


@dataclass(frozen=True, slots=True)
class Structure:
    """A table as the ministry recommends it: `key` is the folder's name, such as `27_stops`."""

    key: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]

    @property
    def annex(self) -> int:
        """The number of the annex in the recommendations."""
        return int(self.key.split("_")[0])

    @property
    def table(self) -> str:
        """The name of the table inside its annex."""
        return self.key.split("_", 1)[1]


def read_structures(root: Path) -> tuple[Structure, ...]:
    """Every structure under `root`, in the order of the folders' names.

    `root` holds folders named `NN_table`, each with a `schema.json`; a single such folder is accepted too.
    Raises ContractError when there is none, or when one cannot be read.
    """
    if (root / "schema.json").is_file():
        return (read_structure(root),)
    folders = sorted(file.parent for file in root.glob("*/schema.json"))
    if not folders:
        raise ContractError(
            f"no structure under {root.name}: looked for folders with a schema.json",
            remedy="Name the folder that holds one folder for each table, such as 27_stops/schema.json.",
        )
    return tuple(read_structure(folder) for folder in folders)


def read_structure(folder: Path) -> Structure:
    """The structure of one folder. Raises ContractError when it is not a CSVW table description."""
    number = folder.name.split("_")[0]
    if not number.isdigit() or "_" not in folder.name:
        raise ContractError(
            f"the folder {folder.name!r} is not named after annex and table",
            remedy="Name it by the number of the annex and the table, such as 27_stops.",
        )
    try:
        document = json.loads((folder / "schema.json").read_text(encoding="utf-8-sig"))
        columns = tuple(_column(item) for item in document["tableSchema"]["columns"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ContractError(
            f"{folder.name}/schema.json is not a CSVW table description: {error}",
            remedy="It must hold tableSchema.columns, each with name, title, description, datatype and required.",
        ) from error
    return Structure(folder.name, columns, _primary_key(document))


def _column(item: Mapping[str, Any]) -> Column:
    return Column(
        name=str(item["name"]),
        title=str(item.get("title", "")),
        description=str(item.get("description", "")),
        datatype=str(item["datatype"]),
        required=bool(item.get("required", False)),
    )


def _primary_key(document: Mapping[str, Any]) -> tuple[str, ...]:
    key = document.get("primaryKey") or document["tableSchema"].get("primaryKey") or ()
    return (key,) if isinstance(key, str) else tuple(key)
