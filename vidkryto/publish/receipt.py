"""The receipt: what happened on the portal, with what was read back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from vidkryto.archive import sha256_of, written_atomically
from vidkryto.errors import StateError
from vidkryto.plan import delta
from vidkryto.plan.delta import Shown
from vidkryto.release import Releases

Outcome = Literal["published", "unchanged", "restored", "withdrawn"]


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """A file as it was downloaded from the portal after publication."""

    id: str
    name: str
    url: str
    bytes: int
    sha256: str
    written: bool
    """Whether this run uploaded it."""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class TableReceipt:
    """A table as it was read back."""

    id: str
    resource: str
    alias: str
    rows: int
    sha256: str
    route: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    columns: tuple[tuple[str, str], ...] = ()
    """Names and types in the order of the hashed lines."""
    read_back: Literal["whole", "written"] = "whole"
    """All rows, or those that were written, where the portal said that no other was touched since all were read."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one run did to one dataset."""

    dataset: str
    portal: str
    package: str
    version: str
    release_sha256: str
    plan: str
    run: str
    outcome: Outcome
    started: str
    ended: str
    writes: int
    requests: int
    files: tuple[FileReceipt, ...]
    tables: tuple[TableReceipt, ...]
    warnings: tuple[str, ...] = ()
    """Codes of findings about what could not be proven; the publication itself stands."""
    reason: str = ""
    state: str = ""
    """The fingerprint of the dataset right after (vidkryto.plan.fingerprint)."""

    def as_json(self) -> dict[str, Any]:
        """The receipt as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Receipt:
        """The receipt of `as_json`."""
        files = tuple(FileReceipt(**item) for item in values["files"])
        tables = tuple(
            TableReceipt(**{**item, "columns": tuple((name, type_) for name, type_ in item.get("columns", ()))})
            for item in values["tables"]
        )
        rest = {key: value for key, value in values.items() if key not in ("files", "tables", "warnings")}
        return cls(**rest, files=files, tables=tables, warnings=tuple(values["warnings"]))


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of one portal, one file for each dataset and run, in the state folder."""

    folder: Path

    def save(self, receipt: Receipt) -> Path:
        """Keep a receipt; the newest of a dataset is also `latest.json`."""
        folder = self.folder / receipt.dataset
        text = json.dumps(receipt.as_json(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        path = folder / f"{receipt.ended.replace(':', '')}-{receipt.run}.json"
        for target in (path, folder / "latest.json"):
            with written_atomically(target) as part:
                part.write_text(text, encoding="utf-8")
        return path

    def latest(self, dataset: str) -> Receipt | None:
        """The newest receipt of a dataset, None before its first publication."""
        path = self.folder / dataset / "latest.json"
        if not path.is_file():
            return None
        try:
            return Receipt.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"the receipt {dataset}/latest.json cannot be read: {error}",
                remedy="Remove the file; the next publication writes a new one.",
            ) from None

    def shown(self, releases: Releases, dataset: str) -> dict[str, Shown]:
        """The tables that the last receipt says the portal shows, by resource, with the files they were made from.

        Left out are tables whose file is not here any more, or is not the one that was published.
        """
        receipt, release = self.latest(dataset), releases.published()
        if receipt is None or release is None or receipt.release_sha256 != release.sha256:
            return {}
        read = {table.resource: table for table in receipt.tables if receipt.outcome != "withdrawn"}
        return {
            table.resource: Shown(table.csv.path, read[table.resource].sha256)
            for table in release.tables
            if table.resource in read and table.rows >= delta.FROM
            if table.csv.path.is_file() and sha256_of(table.csv.path) == table.csv.sha256
        }

    def datasets(self) -> tuple[str, ...]:
        """The datasets that have receipts."""
        return tuple(sorted(path.parent.name for path in self.folder.glob("*/latest.json")))
