"""Table Schema `date`, `time` and `datetime` in their default formats: ISO 8601 without zone or fraction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from frictionless import Field

from vidkryto.validate.arrays import Mask
from vidkryto.validate.fieldtypes.base import Draft, FieldType, register
from vidkryto.validate.fieldtypes.bounds import text_bound
from vidkryto.validate.textcolumn import Bytes, FixedCells, TextColumn

YEAR = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9][0-9]|[1-9][0-9]{3})"
DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
LAST_DAY = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, *[0] * 243], np.uint8)
"""By month; 29 February is left to the reader, which knows the leap years, and other numbers have no days."""
ZERO = np.uint8(ord("0"))


def two_digits(cells: FixedCells, place: int) -> Bytes:
    """The number of the two digits at `place`; meaningless where they are not digits."""
    number: Bytes = (cells.at[place] - ZERO) * np.uint8(10) + (cells.at[place + 1] - ZERO)
    return number


def are_dates(cells: FixedCells) -> Mask:
    """Which cells begin with YYYY-MM-DD, a real date other than 29 February."""
    good = cells.digits(0, 1, 2, 3, 5, 6, 8, 9) & cells.equal(ord("-"), 4, 7)
    day = two_digits(cells, 8)
    good &= (day >= 1) & (day <= LAST_DAY[two_digits(cells, 5)])
    no_year = cells.equal(ord("0"), 0, 1, 2, 3)  # the year 0000 does not exist
    return good & ~no_year


def are_times(cells: FixedCells, start: int) -> Mask:
    """Which cells hold HH:MM:SS at `start`."""
    good = cells.digits(*(start + step for step in (0, 1, 3, 4, 6, 7))) & cells.equal(ord(":"), start + 2, start + 5)
    return (
        good
        & (two_digits(cells, start) < 24)
        & (two_digits(cells, start + 3) < 60)
        & (two_digits(cells, start + 6) < 60)
    )


def dates(column: TextColumn) -> Mask | None:
    """Cells of the form YYYY-MM-DD."""
    cells = column.fixed(10)
    return column.matches(f"^{YEAR}-{DAY}$") if cells is None else cells.of_column(are_dates(cells))


def times(column: TextColumn) -> Mask | None:
    """Cells of the form HH:MM:SS."""
    cells = column.fixed(8)
    return column.matches(f"^{TIME}$") if cells is None else cells.of_column(are_times(cells, 0))


def datetimes(column: TextColumn) -> Mask | None:
    """Cells of the form YYYY-MM-DDTHH:MM:SS."""
    cells = column.fixed(19)
    if cells is None:
        return column.matches(f"^{YEAR}-{DAY}T{TIME}$")
    return cells.of_column(are_dates(cells) & cells.equal(ord("T"), 10) & are_times(cells, 11))


class Temporal(FieldType):
    """What dates and times have in common: canonical text sorts and compares as the values do."""

    def constrain(self, draft: Draft, field: Field, name: str, value: Any) -> bool:
        """Bounds, compared as text."""
        return text_bound(draft, field, name, value)

    def write(self, value: Any, field: Field) -> str:
        """ISO 8601; a zone of no offset is written Z."""
        del field
        text: str = value.isoformat()
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


@register
class Date(Temporal):
    """Calendar days."""

    name = "date"

    def draft(self, field: Field) -> Draft | None:
        """The default format only; others are read by their distinct texts."""
        return Draft(dates, "text", cheap=True) if field.format == "default" else None

    def arrow_type(self, field: Field) -> Any:
        """Days since 1970."""
        del field
        return pa.date32()

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Dates in the default format."""
        return field.format == "default" and dates(column) is None


@register
class Time(Temporal):
    """Times of day."""

    name = "time"

    def draft(self, field: Field) -> Draft | None:
        """The default format only."""
        return Draft(times, "text", cheap=True) if field.format == "default" else None

    def arrow_type(self, field: Field) -> Any:
        """Microseconds since midnight."""
        del field
        return pa.time64("us")

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Times in the default format."""
        return field.format == "default" and times(column) is None


@register
class Datetime(Temporal):
    """Moments, with or without a zone."""

    name = "datetime"

    def draft(self, field: Field) -> Draft | None:
        """The default format only."""
        return Draft(datetimes, "text", cheap=True) if field.format == "default" else None

    def arrow_type(self, field: Field) -> Any:
        """Microseconds since 1970; moments with a zone become UTC."""
        del field
        return pa.timestamp("us")

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Moments in the default format."""
        return field.format == "default" and datetimes(column) is None
