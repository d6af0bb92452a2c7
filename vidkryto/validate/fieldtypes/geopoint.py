"""Table Schema `geopoint`: "longitude, latitude", or the same as a JSON array or object."""

from __future__ import annotations

from typing import Any

from frictionless import Field

from vidkryto.validate.fieldtypes.base import Draft, FieldType, register
from vidkryto.validate.fieldtypes.string import matching

PLAIN = (
    r"^-?(?:1[0-7][0-9]|[1-9]?[0-9])(?:\.[0-9]{1,15})?, ?"
    r"-?(?:[1-8]?[0-9])(?:\.[0-9]{1,15})?$"
)


@register
class Geopoint(FieldType):
    """Points on the globe; 180 and 90 themselves are left to the reader."""

    name = "geopoint"

    def draft(self, field: Field) -> Draft | None:
        """The default format only."""
        return Draft(matching(PLAIN), None) if field.format == "default" else None

    def write(self, value: Any, field: Field) -> str:
        """Longitude, comma, latitude, both exact."""
        del field
        return ",".join(format(part, "f") if hasattr(part, "as_tuple") else str(part) for part in value)
