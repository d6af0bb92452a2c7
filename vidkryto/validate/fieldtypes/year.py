"""Table Schema `year`: four digits."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from frictionless import Field

from vidkryto.validate.arrays import Mask
from vidkryto.validate.fieldtypes.base import Draft, FieldType, register
from vidkryto.validate.fieldtypes.bounds import number_bound
from vidkryto.validate.fieldtypes.integer import NINE, ZERO, integer_enum
from vidkryto.validate.textcolumn import TextColumn


def four_digits(column: TextColumn) -> Mask | None:
    """Cells of exactly four ASCII digits."""
    if column.shortest == 4 == column.longest and column.lowest_byte >= ZERO and column.highest_byte <= NINE:
        return None
    return column.matches("^[0-9]{4}$")


@register
class Year(FieldType):
    """Calendar years 0000 to 9999."""

    name = "year"

    def draft(self, field: Field) -> Draft:
        """Four plain digits."""
        del field
        return Draft(four_digits, "integer", numbers=pa.int64(), cheap=True)

    def constrain(self, draft: Draft, field: Field, name: str, value: Any) -> bool:
        """Bounds and lists of values, compared as numbers."""
        if name == "enum":
            return integer_enum(draft, field, value)
        return number_bound(draft, field, name, value)

    def arrow_type(self, field: Field) -> Any:
        """64-bit integers: a year is a number to those who compute with it."""
        del field
        return pa.int64()

    def write(self, value: Any, field: Field) -> str:
        """Four digits, as the type demands when it is read again."""
        del field
        return f"{value:04d}"

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Four digits are their own canonical text."""
        del field
        return four_digits(column) is None
