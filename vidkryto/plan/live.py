"""What a portal shows now, as values, and the few questions that planning may ask it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

LOCK = "vidkryto_lock"
RUN = "vidkryto_run"
VERSION = "vidkryto_version"
RELEASE = "vidkryto_release"
SHA256 = "vidkryto_sha256"
ROWS = "vidkryto_rows"
TABLE_HASH = "vidkryto_table_hash"
RETIRED = "vidkryto_retired"
FREE = "free"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a portal can do for the owner of the token."""

    url: str
    version: str
    extensions: frozenset[str] = frozenset()
    organization: str = ""
    """The id of the organisation that will own the dataset."""
    loaders: frozenset[str] = frozenset()
    """Extensions that overwrite tables from files: xloader, datapusher."""
    site: str = ""
    """The address under which the portal's readers know it, as it says itself."""

    @property
    def public(self) -> str:
        """The address that published addresses begin with, without a last slash."""
        return (self.site or self.url).rstrip("/")

    @property
    def tables_apart(self) -> bool:
        """Whether our tables must stand on resources of their own, out of the loaders' reach."""
        return bool(self.loaders)


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column of a table on the portal with its entry in the data dictionary."""

    name: str
    type: str
    info: Mapping[str, Any] = field(default_factory=dict)
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A DataStore table."""

    id: str
    columns: tuple[LiveColumn, ...]
    rows: int
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveResource:
    """A resource of a dataset on the portal: `fields` is all that the portal says about it."""

    id: str
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A field as text, empty where it is missing."""
        value = self.fields.get(name)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Lock:
    """Who is publishing a dataset, which plan, until when; written into one field of one resource."""

    run: str
    plan: str
    expires: datetime

    def __str__(self) -> str:
        return f"{self.run} {self.plan} {self.expires.isoformat(timespec='seconds')}"

    @classmethod
    def parse(cls, text: str) -> Lock | None:
        """The lock in a field's text; None when the field says that nobody publishes, or nonsense."""
        parts = text.split(" ")
        if len(parts) != 3:
            return None
        try:
            return cls(parts[0], parts[1], datetime.fromisoformat(parts[2]))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class LiveDataset:
    """A dataset as the portal shows it now."""

    id: str
    name: str
    private: bool
    state: str
    fields: Mapping[str, Any]
    """The package's own fields, without its resources."""
    resources: tuple[LiveResource, ...] = ()
    tables: Mapping[str, LiveTable] = field(default_factory=dict)

    def resource(self, id_: str) -> LiveResource | None:
        """The resource of that id."""
        return next((resource for resource in self.resources if resource.id == id_), None)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a staging function noted of its table at the end of the transaction that wrote it."""

    sha256: str
    """The hash of the table that was to be reached (vidkryto.plan.canonical)."""
    state: str
    """Number of rows, a sum over who wrote each of them last, a hash of the columns; opaque."""
    written: tuple[int, ...] = ()
    """The `_id`s of the rows that the transaction wrote, where that was asked for."""


class Readable(Protocol):
    """The part of a portal that planning needs. It has no means to write."""

    def capabilities(self) -> Capabilities:
        """What the portal can do; raises PortalError when it cannot be used at all."""

    def dataset(self, name: str, tables: Mapping[str, str]) -> LiveDataset | None:
        """The dataset of that name, None when the portal has none. `tables` maps resource names to table ids."""

    def staged(self, tables: Iterable[str]) -> Mapping[str, int]:
        """Those of the tables for which a sysadmin has prepared a staging table, with its function's version."""

    def mark(self, table: str) -> Mark | None:
        """What the staging function noted last of a table; None where it has noted nothing that can be read."""

    def dump(self, table: str, target: Path) -> int:
        """Write the table as CSV with the column `_id` into `target`; returns the bytes."""
