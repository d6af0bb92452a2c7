"""Ask an address once, to see whether and when it answers."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status (0 where nobody answered), the server's clock in seconds since 1970 or None, why nobody answered."""

    status: int
    clock: float | None = None
    error: str = ""


def reach(url: str) -> Answer:
    """One GET without any token. Raises nothing: an address that does not answer is an answer here."""
    if not url.startswith(("http://", "https://")):
        return Answer(0, error="not an http address")
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  # the scheme was checked
            return Answer(answer.status, _date(answer.headers.get("Date", "")))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _date(error.headers.get("Date", "")))
    except (OSError, ValueError) as error:
        return Answer(0, error=type(error).__name__)


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None
