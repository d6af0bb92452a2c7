"""Table Schema `integer`: whole numbers of any size; up to 18 plain digits are accepted in columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from frictionless import Field

from vidkryto.validate.arrays import Mask, as_mask
from vidkryto.validate.fieldtypes.base import Draft, FieldType, register
from vidkryto.validate.fieldtypes.bounds import LARGEST_INTEGER, number_bound
from vidkryto.validate.textcolumn import TextColumn

PLAIN = r"^-?[0-9]{1,18}$"
MOST_DIGITS = 18
ZERO, NINE = ord("0"), ord("9")


def plain_integers(column: TextColumn) -> Mask | None:
    """Cells of one to 18 ASCII digits, with or without a leading minus.

    A column of nothing but digits is seen at a glance; else the cells that hold another byte, or too few or too many,
    are looked at one by one.
    """
    if column.shortest and column.longest <= MOST_DIGITS and column.lowest_byte >= ZERO and column.highest_byte <= NINE:
        return None
    suspects = (column.lengths < 1) | (column.lengths > MOST_DIGITS)
    others = np.flatnonzero(column.bytes - np.uint8(ZERO) > NINE - ZERO)
    if 2 * len(others) > len(column):
        return column.matches(PLAIN)
    suspects[column.rows_of(others)] = True
    return column.matches_among(suspects, PLAIN)


def integer_enum(draft: Draft, field: Field, value: Any) -> bool:
    """Add a list of allowed integers, compared as numbers."""
    reader = field.create_value_reader()
    wanted = [reader(item) for item in value]
    if not all(type(item) is int and abs(item) < LARGEST_INTEGER for item in wanted):
        return False
    allowed = pa.array(wanted, pa.int64())
    draft.number_tests.append(lambda numbers: as_mask(pc.is_in(numbers, value_set=allowed)))
    return True


@register
class Integer(FieldType):
    """Whole numbers."""

    name = "integer"

    def draft(self, field: Field) -> Draft:
        """Plain digits mean the same with and without `bareNumber`."""
        del field
        return Draft(plain_integers, "integer", numbers=pa.int64(), cheap=True)

    def constrain(self, draft: Draft, field: Field, name: str, value: Any) -> bool:
        """Bounds and lists of values, compared as numbers."""
        if name == "enum":
            return integer_enum(draft, field, value)
        return number_bound(draft, field, name, value)

    def arrow_type(self, field: Field) -> Any:
        """64-bit integers."""
        del field
        return pa.int64()

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Digits without a leading zero."""
        del field
        first = column.bytes[column.offsets[:-1] - column.offsets[0]] if column.shortest else np.zeros(1, np.uint8)
        zero = (first == ZERO) & (column.lengths > 1)
        return bool(((first > ZERO) & (first <= NINE) | (first == ZERO)).all() and not zero.any())
