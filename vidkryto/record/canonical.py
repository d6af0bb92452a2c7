"""Canonical JSON (RFC 8785), narrowed to what a ledger may hold: no fractions, keys in plain ASCII."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import rfc8785

from vidkryto.errors import LedgerError

LARGEST = 2**53 - 1


def canonical(value: object) -> bytes:
    """The one spelling of `value` in bytes (RFC 8785).

    Fractions and numbers beyond 2^53 are refused, because readers in other languages round them; keys are
    plain ASCII, so that sorting them by letters and by UTF-16 units (RFC 8785, 3.2.3) is the same thing.
    Raises LedgerError with the path of the part that cannot be written.
    """
    _refuse(value, "$")
    return bytes(rfc8785.dumps(cast("Any", value)))


def _refuse(value: object, path: str) -> None:
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise LedgerError(f"{path}: a number beyond 2^53 cannot be recorded", remedy="Write it as a string.")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise LedgerError(f"{path}: a key is not plain ASCII", remedy="Use the declared keys.")
            _refuse(part, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            _refuse(part, f"{path}[{number}]")
    else:
        raise LedgerError(
            f"{path}: {type(value).__name__} cannot be recorded",
            remedy="Write counts as whole numbers and everything else as strings.",
        )
