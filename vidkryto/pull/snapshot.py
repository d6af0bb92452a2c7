"""The value of this stage: an export as it was pulled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An export's bytes in the archive, and where they came from.

    `file` is the name for people; `path` is where the bytes lie. `origin` names the source without secrets and
    without internal addresses. `modified` and `etag` are what the source said, empty when it said nothing.
    """

    resource: str
    file: str
    path: Path
    sha256: str
    size: int
    pulled_at: datetime
    origin: str
    etag: str = ""
    modified: str = ""
