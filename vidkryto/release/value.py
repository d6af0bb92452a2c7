"""A release: one immutable version of a dataset, ready to publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Role = Literal["table", "columns", "geojson", "descriptor", "report", "changes", "metadata", "excel"]


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One file of a release. `name` stays the same from release to release, so its address does."""

    name: str
    path: Path
    role: Role
    format: str
    """As CKAN spells it in its list of formats: CSV, JSON, GeoJSON; another spelling would be changed there."""
    media_type: str
    bytes: int
    sha256: str
    resource: str = ""
    """The resource of the contract it belongs to; empty for files of the whole dataset."""
    title: Mapping[str, str] = field(default_factory=dict)
    description: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReleaseTable:
    """One table of a release: its CSV, the same as Parquet, and what its columns mean."""

    resource: str
    csv: ReleaseFile
    parquet: ReleaseFile | None
    schema: Mapping[str, Any]
    """Table Schema of the published columns."""
    key: tuple[str, ...]
    rows: int
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """For each field its title by language."""
    discreet: bool = False
    """Whether a deny list closes rows of it: removed rows are then counted and shown nowhere."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a dataset. `sha256` is the hash of its manifest and so of every file in it."""

    dataset: str
    version: str
    folder: Path
    sha256: str
    created: str
    """UTC, ISO 8601: when the newest export in it was pulled."""
    contract_sha256: str
    metadata: Mapping[str, Any]
    """Portal-neutral description: see vidkryto.release.descriptor.metadata_of."""
    files: tuple[ReleaseFile, ...]
    tables: tuple[ReleaseTable, ...]
    previous: str = ""
    """The version it follows; empty for the first."""

    def file(self, name: str) -> ReleaseFile:
        """The file of that name."""
        return next(file for file in self.files if file.name == name)
