"""A file that a source has fetched, before it is in the archive; one that is missing; how many files are worked on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkryto.errors import ExportMissing
from vidkryto.findings import Finding, Place

Each = Callable[[Callable[[Any], Any], Sequence[Any]], Sequence[Any]]
"""How work on many files is done: `each(function, items)` gives the outcomes in order; both may be pickled."""


def one_by_one(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """In this process, one after the other. The flow for partitioned datasets passes one that asks Dask workers."""
    return [function(item) for item in items]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bytes in a temporary place, their name for people and where they came from, without secrets."""

    file: str
    path: Path
    origin: str
    etag: str = ""
    modified: str = ""


def missing(resource: str, wanted: str, remedy: str = "") -> ExportMissing:
    """The error for a source that answers but does not hold the export."""
    return ExportMissing(
        f"no export matches {wanted!r}",
        Finding("export-missing", Place(resource), wanted=wanted),
        remedy=remedy or "Put the file into the folder of exports, or correct the pattern in the contract.",
    )
