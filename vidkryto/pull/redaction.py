"""What may be said of a source in messages and records: no secret, no address inside the city's network."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from vidkryto.errors import SourceError


def secret(environment: Mapping[str, str], name: str, what: str) -> str:
    """The value of an environment variable that the contract names. Raises SourceError when it is not set."""
    value = environment.get(name, "")
    if not value:
        raise SourceError(
            f"the contract takes {what} from the variable {name}, which is not set",
            remedy=f"Set {name} for the user who runs vidkryto.",
        )
    return value


def redacted(text: object, *secrets: str) -> str:
    """A message of a library with the secrets taken out, its first line only, at most 300 characters."""
    line = str(text).strip().splitlines()[0] if str(text).strip() else ""
    for value in sorted(filter(None, secrets), key=len, reverse=True):
        line = line.replace(value, "…")
    return line[:300]


def is_inside(host: str) -> bool:
    """Whether an address or name belongs to a private network; a bare name without a dot does."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return "." not in host or host.casefold().endswith(
            (".local", ".lan", ".internal", ".localdomain", ".home.arpa")
        )


def origin_of(address: str, file: str) -> str:
    """Where a file came from, for the record: without query, user and, for the city's own network, without the host."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not host or is_inside(host):
        return f"{parts.scheme}:{file}"
    return f"{parts.scheme}://{host}{parts.path}"
