"""Table Schema `duration`: ISO 8601 durations."""

from __future__ import annotations

from typing import Any

from frictionless import Field
from frictionless.platform import platform

from vidkryto.validate.fieldtypes.base import Draft, FieldType, register
from vidkryto.validate.fieldtypes.string import matching

# What isodate reads without surprises: each part once, in order, in plain digits.
PLAIN = (
    r"^P(?:[0-9]{1,4}Y(?:[0-9]{1,4}M)?(?:[0-9]{1,4}D)?(?:T[0-9]{1,6}H)?|[0-9]{1,4}M|[0-9]{1,4}D"
    r"|(?:[0-9]{1,4}D)?T(?:[0-9]{1,6}H(?:[0-9]{1,6}M)?(?:[0-9]{1,6}S)?|[0-9]{1,6}M(?:[0-9]{1,6}S)?|[0-9]{1,6}S))$"
)


@register
class Duration(FieldType):
    """Lengths of time; equal lengths may be written differently, so keys read every distinct text."""

    name = "duration"

    def draft(self, field: Field) -> Draft | None:
        """Plain durations."""
        del field
        return Draft(matching(PLAIN), None)

    def write(self, value: Any, field: Field) -> str:
        """The ISO 8601 text that frictionless writes."""
        del field
        return str(platform.isodate.duration_isoformat(value))
