"""Table Schema types whose texts are always read by frictionless, once each: boolean, yearmonth, list, geojson."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
from frictionless import Field

from vidkryto.validate.fieldtypes.base import REGISTRY, FieldType, register


@register
class Boolean(FieldType):
    """True and false in the words that the schema allows."""

    name = "boolean"

    def arrow_type(self, field: Field) -> Any:
        """Booleans."""
        del field
        return pa.bool_()

    def write(self, value: Any, field: Field) -> str:
        """The words of Table Schema's default."""
        del field
        return "true" if value else "false"


@register
class YearMonth(FieldType):
    """A month of a year."""

    name = "yearmonth"

    def write(self, value: Any, field: Field) -> str:
        """YYYY-MM."""
        del field
        return f"{value.year:04d}-{value.month:02d}"


@register
class List(FieldType):
    """Items with a delimiter between them."""

    name = "list"

    def write(self, value: Any, field: Field) -> str:
        """The canonical texts of the items, with the field's delimiter between them."""
        kind = REGISTRY.get(field.item_type)
        texts = [kind.write(item, field) if kind else str(item) for item in value]
        return str(field.delimiter).join(texts)


@register
class Geojson(FieldType):
    """GeoJSON or TopoJSON objects."""

    name = "geojson"

    def write(self, value: Any, field: Field) -> str:
        """JSON text with letters as they are."""
        del field
        return json.dumps(value, ensure_ascii=False)
