"""A file that a source has fetched, before it is in the archive; and the finding for one that is not there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vidkryto.errors import ExportMissing
from vidkryto.findings import Finding, Place


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
