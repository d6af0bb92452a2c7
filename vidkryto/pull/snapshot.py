"""The value of this stage: an export as it was pulled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
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

    def handed_over(self, now: datetime) -> datetime:
        """When this export came: as the source dates it (ISO 8601 or an HTTP date), not before it was first seen.

        The same bytes written again count as an export that came. A date after `now` is not believed.
        """
        try:
            said = _moment(self.modified) if self.modified else self.pulled_at
        except ValueError:
            return self.pulled_at
        return max(self.pulled_at, min(said, now))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text) if text[:1].isdecimal() else parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
