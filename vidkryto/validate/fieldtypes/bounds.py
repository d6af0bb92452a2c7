"""Constraints shared by several field types: bounds on numbers and on ordered text, lengths, lists of values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from frictionless import Field

from vidkryto.validate.arrays import as_mask
from vidkryto.validate.fieldtypes.base import Draft

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": pc.greater_equal,
    "maximum": pc.less_equal,
    "exclusiveMinimum": pc.greater,
    "exclusiveMaximum": pc.less,
}
LARGEST_INTEGER = 2**62
DIGITS_OF_A_DOUBLE = 15
"""Decimals of at most 15 significant digits order and compare as doubles exactly as they do as decimals."""


def read_bound(field: Field, value: Any) -> Any:
    """A bound as frictionless reads it; None when it cannot be read (frictionless then fails in its own way)."""
    try:
        return field.create_value_reader()(value)
    except Exception:  # whatever a foreign reader raises, the answer is frictionless' own
        return None


def number_bound(draft: Draft, field: Field, name: str, value: Any) -> bool:
    """Add a bound on numbers. False when the bound does not fit the columns' numbers exactly."""
    bound = exact_number(read_bound(field, value))
    if bound is None or name not in COMPARISONS:
        return False
    limit = pa.scalar(bound, pa.int64() if isinstance(bound, int) else pa.float64())
    compare = COMPARISONS[name]
    draft.number_tests.append(lambda values: as_mask(compare(values, limit)))
    return True


def exact_number(value: Any) -> int | float | None:
    """A number that int64 or double hold exactly, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < LARGEST_INTEGER else None
    return decimal_as_double(value) if isinstance(value, Decimal) else None


def decimal_as_double(value: Decimal) -> float | None:
    """The double that stands for a decimal of at most 15 digits and a small exponent, else None."""
    if not value.is_finite():
        return None
    plain = value.normalize()
    if len(plain.as_tuple().digits) > DIGITS_OF_A_DOUBLE or abs(plain.adjusted()) > DIGITS_OF_A_DOUBLE:
        return None
    return float(plain)


def text_bound(draft: Draft, field: Field, name: str, value: Any) -> bool:
    """Add a bound on values whose canonical text sorts as they do (ISO dates and times without zone)."""
    bound = read_bound(field, value)
    if bound is None or name not in COMPARISONS or getattr(bound, "tzinfo", None) or getattr(bound, "microsecond", 0):
        return False
    limit = pa.scalar(bound.isoformat())
    compare = COMPARISONS[name]
    draft.tests.append(lambda column: as_mask(compare(column.array, limit)))
    draft.cheap = False
    return True
