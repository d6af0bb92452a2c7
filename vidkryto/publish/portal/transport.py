"""Requests to a portal: timeouts, politeness, and an honest word about whether a request was carried out.

One rule for everything that writes: a request whose answer was lost is never repeated blindly. It raises
`AnswerLost`; the caller reads the portal back, compares, and only then repeats. Requests that only read
are repeated here.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar

import requests
from ckanapi import RemoteCKAN
from ckanapi.errors import CKANAPIError, NotAuthorized, NotFound, ServerIncompatibleError, ValidationError
from requests_toolbelt import MultipartEncoder

from vidkryto.errors import PortalError
from vidkryto.publish.portal.gate import Gate
from vidkryto.settings import Secret

USER_AGENT = "vidkryto (open data of Khmelnytskyi)"
TOO_MANY, UNAVAILABLE = 429, 503
LONGEST_WAIT = 120.0
CHUNK = 1 << 20
AGAIN = "Run again; the next run reads back first."

Answer = TypeVar("Answer")


class AnswerLost(PortalError):
    """A request was sent and no usable answer came: it may have been carried out or not."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy, transient=True)


class Refused(PortalError):
    """The portal understood the request and refused it; `details` is its own explanation."""

    def __init__(self, message: str, details: Mapping[str, Any] | None = None, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.details = details or {}


class Absent(PortalError):
    """What was asked for is not there, or not for the owner of this token."""


class NotAllowed(PortalError):
    """The token does not allow it."""


class _Busy(Exception):
    """The portal asked to wait and did nothing."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class _Unavailable(AnswerLost):
    """503: nobody knows what came of the request, but the portal may say when to ask again."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(f"the portal answered {UNAVAILABLE}", remedy=AGAIN)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try."""

    connect: float = 10.0
    read: float = 330.0
    """Longer than the DataStore's own limit of 60 s for a statement, so that a late answer is rare."""
    attempts: int = 6
    pause: float = 0.5
    longest: float = 30.0
    concurrent: int = 2
    """Requests at once to one portal."""
    places: Path | None = None
    """The folder in which processes count them together; None counts those of this process."""

    def wait(self, attempt: int, asked: float | None = None) -> float:
        """Seconds before attempt number `attempt` (from 1): what the portal asked for, else doubling with jitter."""
        if asked is not None:
            return min(asked, LONGEST_WAIT) + random.random() * self.pause  # noqa: S311 - jitter, not a secret
        doubled = min(self.pause * 2.0 ** (attempt - 1), self.longest)
        return doubled * (0.5 + random.random() / 2)  # noqa: S311 - jitter, not a secret


class Transport:
    """A connection to one portal. `written` counts the requests that could change something."""

    def __init__(self, url: str, token: Secret, patience: Patience | None = None) -> None:
        self.url = url.rstrip("/")
        self.patience = patience or Patience()
        self.written = 0
        self.sent = 0
        self._session = requests.Session()
        self._session.headers["User-Agent"] = USER_AGENT
        self._token = token
        self._ckan = _Remote(self)
        self._gate = Gate(self.url, self.patience.concurrent, self.patience.places)

    @property
    def headers(self) -> dict[str, str]:
        """The header that says who we are; empty without a token."""
        return {"Authorization": self._token.reveal()} if self._token else {}

    def read(self, action: str, **data: Any) -> Any:
        """The result of an action that changes nothing; repeated when the answer is lost."""
        return self._patiently(lambda: self._call(action, data), retry_lost=True)

    def write(self, action: str, **data: Any) -> Any:
        """The result of an action that changes something. Raises AnswerLost when nobody knows."""
        self.written += 1
        return self._patiently(lambda: self._call(action, data), retry_lost=False)

    def upload(self, action: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, Path, str]]) -> Any:
        """An action with files, streamed from disk in small pieces. Raises AnswerLost when nobody knows."""
        self.written += 1

        def send() -> Any:
            with contextlib.ExitStack() as stack:
                parts: dict[str, Any] = dict(fields)
                for name, (label, path, media_type) in files.items():
                    parts[name] = (label, stack.enter_context(path.open("rb")), media_type)
                body = MultipartEncoder(parts)
                return self._ckan.send(action, body, {"Content-Type": body.content_type})

        return self._patiently(lambda: self._counted(send), retry_lost=False)

    def get(self, address: str, target: Path | None = None, *, anonymous: bool = False) -> int:
        """GET an address of the portal into `target`; returns the bytes. A cut download is asked for again."""
        return self._patiently(lambda: self._counted(lambda: self._download(address, target, anonymous)), True)

    def _call(self, action: str, data: Mapping[str, Any]) -> Any:
        # Encoded here: ckanapi escapes Cyrillic, which is three times the bytes.
        body = json.dumps(dict(data), ensure_ascii=False, separators=(",", ":")).encode()
        return self._counted(lambda: self._ckan.send(action, body, {"Content-Type": "application/json"}))

    def _counted(self, send: Callable[[], Answer]) -> Answer:
        self.sent += 1
        with self._gate.place():
            return send()

    def _patiently(self, send: Callable[[], Answer], retry_lost: bool) -> Answer:
        attempt = 0
        while True:
            attempt += 1
            try:
                with _explained(self.url):
                    return send()
            except _Busy as busy:
                if attempt >= self.patience.attempts:
                    raise PortalError(
                        f"the portal {self.url} is busy (429) after {attempt} attempts",
                        remedy="Run again later; nothing is half done that the next run would not finish.",
                        transient=True,
                    ) from None
                time.sleep(self.patience.wait(attempt, busy.seconds))
            except AnswerLost as lost:
                nothing_sent = isinstance(lost, Unreachable)
                if not (retry_lost or nothing_sent) or attempt >= self.patience.attempts:
                    raise
                time.sleep(self.patience.wait(attempt, lost.seconds if isinstance(lost, _Unavailable) else None))

    def _download(self, address: str, target: Path | None, anonymous: bool) -> int:
        url = address if address.startswith(("http://", "https://")) else f"{self.url}/{address.lstrip('/')}"
        ours = url.startswith(f"{self.url}/") and not anonymous
        timeouts = (self.patience.connect, self.patience.read)
        with self._session.get(url, headers=self.headers if ours else {}, stream=True, timeout=timeouts) as answer:
            checked(answer)
            if answer.status_code != requests.codes.ok:
                raise Absent(f"{url} answers {answer.status_code}", remedy="Look at the address in a browser.")
            return _stored(answer, target)


class _Remote(RemoteCKAN):  # type: ignore[misc]  # ckanapi has no types
    """ckanapi with our timeouts, our reading of status codes, and a body that may be a stream."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport.url, user_agent=USER_AGENT, session=transport._session)
        self._transport = transport

    def _request_fn(self, url: str, data: Any, headers: Any, files: Any, requests_kwargs: Any) -> tuple[int, str]:
        del files, requests_kwargs
        patience = self._transport.patience
        answer = self.session.post(
            url,
            data=data,
            headers={**headers, **self._transport.headers},
            allow_redirects=False,
            timeout=(patience.connect, patience.read),
        )
        checked(answer)
        return answer.status_code, answer.text

    def send(self, action: str, body: Any, headers: dict[str, str]) -> Any:
        """An action whose body is already encoded."""
        from ckanapi.common import reverse_apicontroller_action

        url = f"{self.address}/{self.base_url}{action}"
        return reverse_apicontroller_action(url, *self._request_fn(url, body, headers, None, None))


def checked(answer: requests.Response) -> None:
    """Raise for a status that says nothing about the request itself."""
    if answer.status_code == TOO_MANY:
        raise _Busy(_retry_after(answer))
    if answer.status_code == UNAVAILABLE:
        raise _Unavailable(_retry_after(answer))
    if answer.status_code >= 500:
        raise AnswerLost(f"the portal answered {answer.status_code}", remedy=AGAIN)
    if answer.is_redirect:
        raise PortalError(
            f"the portal redirects to {answer.headers.get('Location', '?')}",
            remedy="Set VIDKRYTO_CKAN_URL to the address that the portal redirects to.",
        )


def _retry_after(answer: requests.Response) -> float | None:
    text = answer.headers.get("Retry-After", "")
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _stored(answer: requests.Response, target: Path | None) -> int:
    size = 0
    with target.open("wb") if target else contextlib.nullcontext() as stream:
        for chunk in answer.iter_content(CHUNK):
            size += len(chunk)
            if stream is not None:
                stream.write(chunk)
    return size


@contextlib.contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn the errors of ckanapi and requests into ours."""
    try:
        yield
    except ValidationError as error:
        details = error.error_dict
        raise Refused(f"the portal refused: {_short(details)}", details, remedy=_remedy(details)) from None
    except NotAuthorized:
        raise NotAllowed(
            "the portal does not let the owner of this token do that",
            remedy="Check the token (VIDKRYTO_CKAN_TOKEN); its owner must be an editor of the organisation.",
        ) from None
    except NotFound as error:
        raise Absent(f"not found on the portal: {error}", remedy="It may have been removed by hand.") from None
    except requests.exceptions.ConnectTimeout:
        raise _unreachable(url) from None
    except requests.exceptions.SSLError as error:
        raise PortalError(f"no secure connection to {url}: {error}", remedy="Check the portal's certificate.") from None
    except requests.exceptions.ConnectionError as error:
        if _never_connected(error):
            raise _unreachable(url) from None
        raise AnswerLost(f"the connection to {url} broke", remedy=AGAIN) from None
    except (requests.exceptions.Timeout, requests.exceptions.ChunkedEncodingError):
        raise AnswerLost(f"no answer from {url} in time", remedy=AGAIN) from None
    except requests.exceptions.RequestException as error:
        raise PortalError(
            f"{url} cannot be asked: {error}", remedy="Check VIDKRYTO_CKAN_URL: https://data.example.ua"
        ) from None
    except (ServerIncompatibleError, CKANAPIError):
        raise PortalError(
            f"{url} does not answer like a CKAN portal",
            remedy="Check VIDKRYTO_CKAN_URL: it is the address of the portal without /api.",
        ) from None


class Unreachable(AnswerLost):
    """No connection could be made: nothing was sent."""


def _unreachable(url: str) -> Unreachable:
    return Unreachable(
        f"the portal {url} cannot be reached",
        remedy="Check the address and the network, or start it: vidkryto portal up",
    )


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection was refused before anything was sent."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    inner = error.args[0] if error.args else None
    return isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)


def _short(details: Mapping[str, Any]) -> str:
    """The portal's explanation without the rows that it likes to quote."""
    named = {key: value for key, value in details.items() if key not in ("__type", "info", "data")}
    text = str(named or {"data": "a value does not fit its column"})
    return text if len(text) <= 300 else text[:300] + "…"


def _remedy(details: Mapping[str, Any]) -> str:
    if "match" in details:
        return "Another run changed the dataset; plan again."
    return "See the portal's explanation above."
