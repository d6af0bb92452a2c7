"""What will stop working on a known day: the token's end, the portal's certificate."""

from __future__ import annotations

import base64
import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from vidkryto.alerts.cause import OFFICE, Cause, both
from vidkryto.settings import Settings

WARNED_BEFORE = timedelta(days=14)
PATIENCE = 10.0


def expiring(settings: Settings, now: datetime) -> Iterator[Cause]:
    """Token and certificate that end within two weeks, or have ended."""
    end = token_end(settings.ckan_token.reveal())
    if end is not None and end - now <= WARNED_BEFORE:
        said = both("The portal's token ends on {day}", day=end.date().isoformat())
        step = both("Make a new token on the portal (user page, API Tokens) and put it in place of the old one.")
        yield Cause("expiring", f"token {end.date()}", OFFICE, (), said, step)
    end = certificate_end(settings.ckan_url)
    if end is not None and end - now <= WARNED_BEFORE:
        said = both("The portal's certificate ends on {day}", day=end.date().isoformat())
        step = both("Tell the portal's administrators; after that day nobody can publish or read over https.")
        yield Cause("expiring", f"certificate {end.date()}", OFFICE, (), said, step)


def token_end(token: str) -> datetime | None:
    """When a CKAN token ends, from the claim `exp` that such a token carries; None where it says nothing.

    The signature is not checked: the portal does that. This only reads a date.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (ValueError, KeyError, TypeError):
        return None


def certificate_end(url: str) -> datetime | None:
    """When the certificate of an https address ends; None for http, or where the host does not answer.

    It is fetched without being trusted: a certificate that has ended has to be told too.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            certificate = secure.getpeercert(binary_form=True)
    except OSError:
        return None
    return x509.load_der_x509_certificate(certificate).not_valid_after_utc if certificate else None
