"""One file over HTTP: conditional, resumed after a break, limited in size and time, and only from allowed hosts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from vidkryto.catalogue.source import WebSource
from vidkryto.errors import SourceError
from vidkryto.pull.fetched import Fetched, missing
from vidkryto.pull.redaction import is_inside, origin_of, redacted, secret
from vidkryto.pull.snapshot import Snapshot

CHUNK = 1 << 16
MAX_REDIRECTS = 5
MAX_PAUSE = 60.0
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class _Inside(HTTPError):
    """The name leads to an address of a private network."""


def _check_peer(connection: Any) -> Any:
    """Look at the address really connected to: a name may lead elsewhere than it did a moment ago."""
    made = super(type(connection), connection)._new_conn()
    peer = str(made.getpeername()[0])
    if is_inside(peer):
        made.close()
        raise _Inside("the host leads to an address of a private network")
    return made


class _OutsideHttp(HTTPConnection):
    def _new_conn(self) -> Any:
        return _check_peer(self)


class _OutsideHttps(HTTPSConnection):
    def _new_conn(self) -> Any:
        return _check_peer(self)


class _OutsideHttpPool(HTTPConnectionPool):
    ConnectionCls = _OutsideHttp


class _OutsideHttpsPool(HTTPSConnectionPool):
    ConnectionCls = _OutsideHttps


class _OutsideAdapter(HTTPAdapter):
    """Connects to public addresses only."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _OutsideHttpPool, "https": _OutsideHttpsPool}


@dataclass(slots=True)
class _Download:
    """One download on its way: what is there already, and what the server said of it."""

    source: WebSource
    target: Path
    secrets: dict[str, str]
    deadline: float
    received: int = 0
    etag: str = ""
    modified: str = ""
    name: str = ""
    notes: list[str] = field(default_factory=list)


def fetch_web(
    source: WebSource, resource: str, environment: Mapping[str, str], previous: tuple[Snapshot, ...], work: Path
) -> list[Fetched]:
    """The file at the address; the bytes of the last run when the server says they did not change.

    Raises ExportMissing for 404 and 410, SourceError for everything else that keeps the whole file from arriving.
    """
    secrets = {name: secret(environment, variable, name) for name, variable in source.header_secrets.items()}
    download = _Download(source, work / "download", secrets, time.monotonic() + source.patience)
    last = previous[0] if len(previous) == 1 and previous[0].path.is_file() and not source.unpack else None
    with requests.Session() as session:
        session.trust_env = False  # no proxy and no .netrc of the user: only what the contract says
        if not source.private_addresses:
            session.mount("http://", _OutsideAdapter())
            session.mount("https://", _OutsideAdapter())
        unchanged = _with_retries(session, download, last, resource)
    if unchanged and last:
        return [Fetched(last.file, last.path, last.origin, last.etag, last.modified)]
    name = download.name or _name_of(source.url, resource)
    return [Fetched(name, download.target, origin_of(source.url, name), download.etag, download.modified)]


def _with_retries(session: requests.Session, download: _Download, last: Snapshot | None, resource: str) -> bool:
    """Try until the file is whole; True when it did not change since `last`."""
    for attempt in range(download.source.retries + 1):
        try:
            return _try(session, download, last, resource)
        except (requests.RequestException, HTTPError, OSError) as error:
            if "private network" in str(error):
                raise SourceError(
                    "the address leads into a private network",
                    remedy="If the export lies inside the city's network, write private_addresses: true into `source`.",
                ) from None
            download.notes.append(redacted(type(error).__name__, *download.secrets.values()))
            pause = getattr(error, "pause", None) or min(0.5 * 2**attempt, 30)
        if time.monotonic() + pause > download.deadline:
            break
        if attempt < download.source.retries:
            time.sleep(pause)
    raise SourceError(
        f"the file could not be fetched in {len(download.notes)} tries ({', '.join(dict.fromkeys(download.notes))}); "
        f"{download.received} bytes had arrived",
        remedy="Open the address in a browser; if it works there, run again later or raise retries and patience.",
    )


class _Passing(requests.RequestException):
    """A state of the server that may pass; `pause` is how long it asks to wait."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


def _try(session: requests.Session, download: _Download, last: Snapshot | None, resource: str) -> bool:
    response = _ask(session, download, last)
    with response:
        status = response.status_code
        if status == 304 and last:
            return True
        if status in (404, 410):
            raise missing(resource, _name_of(download.source.url, resource), "Check the address in the contract.")
        if status in _PASSING:
            download.notes.append(f"HTTP {status}")
            raise _Passing(f"HTTP {status}", _pause(response))
        if status == 416 and download.received:
            download.received = 0
            raise _Passing("the part that is here does not fit the file any more")
        if status not in (200, 206):
            raise SourceError(
                f"the server answered {status} {response.reason}",
                remedy="Check the address and the key or password in header_secrets."
                if status in (401, 403)
                else "Check the address in the contract.",
            )
        _receive(response, download)
    return False


def _ask(session: requests.Session, download: _Download, last: Snapshot | None) -> requests.Response:
    """The answer after redirects, each checked against the allowed hosts before it is followed."""
    source, url = download.source, download.source.url
    home = urlsplit(url)
    for _ in range(MAX_REDIRECTS + 1):
        at_home = urlsplit(url).netloc == home.netloc
        response = session.get(
            url, headers=_headers(download, last, at_home), stream=True, timeout=source.timeout, allow_redirects=False
        )
        if response.status_code not in (301, 302, 303, 307, 308):
            return response
        response.close()
        url = urljoin(url, response.headers.get("Location", ""))
        there = urlsplit(url)
        if there.scheme not in ("http", "https") or (home.scheme == "https" and there.scheme == "http"):
            raise SourceError("the server redirects to an insecure address", remedy="Ask for an https address.")
        if there.netloc != home.netloc and there.hostname not in source.hosts:
            raise SourceError(
                f"the server redirects to another host: {there.hostname}",
                remedy=f"If that is right, write hosts: [{there.hostname}] into the block source.",
            )
    raise SourceError(f"more than {MAX_REDIRECTS} redirects", remedy="Check the address in the contract.")


def _headers(download: _Download, last: Snapshot | None, at_home: bool) -> dict[str, str]:
    """Secrets go to the host of the contract only."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "vidkryto"}
    if at_home:
        headers |= download.secrets
    if download.received:
        headers["Range"] = f"bytes={download.received}-"
        if check := download.etag or download.modified:
            headers["If-Range"] = check
    elif last:
        if last.etag:
            headers["If-None-Match"] = last.etag
        if last.modified and not last.modified.endswith("Z"):
            headers["If-Modified-Since"] = last.modified
    return headers


def _receive(response: requests.Response, download: _Download) -> None:
    """Write the answer behind what is there; raise when less arrives than was announced."""
    resumed = response.status_code == 206 and _starts_at(response) == download.received
    if not resumed:
        download.received = 0
    if response.status_code == 206 and not resumed:
        raise _Passing("the server sent another part than asked for")
    strong = response.headers.get("ETag", "")
    download.etag = "" if strong.startswith("W/") and resumed else strong
    download.modified = response.headers.get("Last-Modified", "")
    download.name = _announced_name(response) or download.name
    encoded = "Content-Encoding" in response.headers
    announced = response.headers.get("Content-Length", "")
    wanted = download.received + int(announced) if announced.isdecimal() and not encoded else None
    if not (download.etag or download.modified) and download.received:
        raise _Passing("the server does not say whether the file changed in between")
    with download.target.open("ab" if resumed else "wb") as stream:
        for piece in _pieces(response, download):
            stream.write(piece)
            download.received += len(piece)
            if download.received > download.source.max_megabytes * (1 << 20):
                raise SourceError(
                    f"the file is larger than {download.source.max_megabytes:g} MB",
                    remedy="Raise max_megabytes in the block source, if such a size is right.",
                )
    if wanted is not None and download.received != wanted:
        if not (download.etag or download.modified):
            download.received = 0
        raise _Passing(f"{download.received} bytes of {wanted} arrived")


def _pieces(response: requests.Response, download: _Download) -> Iterator[bytes]:
    """Bytes as they arrive: one slow byte at a time still meets the deadline."""
    while piece := response.raw.read1(CHUNK, decode_content=True):
        if time.monotonic() > download.deadline:
            raise SourceError(
                f"the download took longer than {download.source.patience:g} seconds",
                remedy="Raise patience in the block source, or ask for a smaller or faster export.",
            )
        yield piece


def _starts_at(response: requests.Response) -> int:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1


def _pause(response: requests.Response) -> float | None:
    """Retry-After in seconds, at most a minute; it may be a number or a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return min(float(value), MAX_PAUSE)
    try:
        return max(0.0, min(parsedate_to_datetime(value).timestamp() - time.time(), MAX_PAUSE))
    except (ValueError, TypeError):
        return None


def _announced_name(response: requests.Response) -> str:
    """The file name of Content-Disposition (RFC 6266), without any folder."""
    header = response.headers.get("Content-Disposition", "")
    if found := re.search(r"filename\*\s*=\s*UTF-8''([^;]+)", header, re.IGNORECASE):
        return _base(unquote(found[1]))
    found = re.search(r'filename\s*=\s*"?([^";]+)"?', header, re.IGNORECASE)
    return _base(found[1]) if found else ""


def _name_of(url: str, resource: str) -> str:
    return _base(unquote(urlsplit(url).path)) or resource


def _base(name: str) -> str:
    bare = re.split(r"[/\\]", name.strip())[-1]
    return "".join(letter for letter in bare if letter.isprintable())[:200]
