"""Table Schema `number`: decimals; plain ones of at most 15 digits are accepted in columns."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from frictionless import Field

from vidkryto.validate.arrays import Mask
from vidkryto.validate.fieldtypes.base import Draft, FieldType, register
from vidkryto.validate.fieldtypes.bounds import DIGITS_OF_A_DOUBLE, number_bound
from vidkryto.validate.fieldtypes.integer import NINE, ZERO
from vidkryto.validate.textcolumn import TextColumn

DECIMAL = r"^(?:-?[0-9]{1,15}|-?[0-9]{1,9}\.[0-9]{1,6})$"
WHOLE = r"^-?[0-9]{1,15}$"
MINUS, POINT, SLASH = ord("-"), ord("."), ord("/")
LONGEST_PLAIN = 100


def plain_decimals(column: TextColumn) -> Mask | None:
    """Cells that are plain decimals of at most 15 digits with a point.

    The fast way: nothing but digits, minus and point, short enough, and Arrow reads each as a number; what Arrow's
    parser takes of such texts ("5.", ".5" among them), Decimal takes too. Else cells of digits around at most one
    point are taken as they are, and only the others are looked at one by one.
    """
    short = column.shortest > 0 and column.longest <= DIGITS_OF_A_DOUBLE
    if short and column.lowest_byte >= MINUS and column.highest_byte <= NINE and not (column.bytes == SLASH).any():
        with suppress(pa.ArrowInvalid):
            column.numbers(None, pa.float64())
            return None
    suspects = (column.lengths < 1) | (column.lengths > DIGITS_OF_A_DOUBLE)
    others = np.flatnonzero((column.bytes - np.uint8(ZERO) > NINE - ZERO) & (column.bytes != POINT))
    if 2 * len(others) > len(column):
        return column.matches(DECIMAL)
    suspects[column.rows_of(others)] = True
    points = np.flatnonzero(column.bytes == POINT)
    rows = column.rows_of(points)
    suspects[rows[1:][rows[1:] == rows[:-1]]] = True
    starts = column.offsets[rows] - column.offsets[0]
    suspects[rows[(points == starts) | (points == starts + column.lengths[rows] - 1)]] = True
    return column.matches_among(suspects, DECIMAL)


def whole_numbers(column: TextColumn) -> Mask | None:
    """Cells of at most 15 digits, which mean the same whatever the decimal and group characters are."""
    return column.matches(WHOLE)


@register
class Number(FieldType):
    """Decimal numbers, exact."""

    name = "number"

    def draft(self, field: Field) -> Draft | None:
        """Plain digits, with a decimal point where it is the decimal character."""
        decimal, group = field.decimal_char, field.group_char
        named = {"group_char", "decimal_char", "bare_number"} & set(field.list_defined())
        if not named:
            return Draft(plain_decimals, "decimal", numbers=pa.float64(), cheap=True)
        if set(group) & set("0123456789-") or (group and group == decimal) or set(decimal) & set("0123456789-"):
            return None
        shape = plain_decimals if decimal == "." and "." not in group else whole_numbers
        return Draft(shape, "decimal", numbers=pa.float64(), cheap=True)

    def constrain(self, draft: Draft, field: Field, name: str, value: Any) -> bool:
        """Bounds, compared as doubles, which is exact for at most 15 digits."""
        if field.float_number:
            return False
        return number_bound(draft, field, name, value)

    def write(self, value: Any, field: Field) -> str:
        """The exact decimal text, without an exponent unless that would make it endless."""
        del field
        if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < LONGEST_PLAIN:
            return format(value, "f")
        return str(value)

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Plain decimals with a digit on both sides of the point and no leading zero but one before the point."""
        del field
        if plain_decimals(column) is not None:
            return False
        return bool(np.all(column.matches(r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$")))
