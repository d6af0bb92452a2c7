"""Numbers that stand for the values of key fields: equal exactly where frictionless finds the values equal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from vidkryto.validate.arrays import TEXT, Codes, Mask, Rows, distinct, no_rows
from vidkryto.validate.check import ColumnPlan, KeyPart
from vidkryto.validate.fieldtypes.bounds import decimal_as_double
from vidkryto.validate.spill import Spilled

BEYOND_INTEGERS = 2**62
BEYOND_DOUBLES = 0x7FF8_0000_0000_0001
"""Bit patterns of NaN, which no accepted decimal has: room for values that a double does not hold exactly."""
SMALL_INTEGER = 2**60


@dataclass(frozen=True, slots=True)
class Identities:
    """For each row a number that is equal exactly where the values of a key are equal."""

    numbers: Rows
    missing: Mask
    """Rows without a value."""


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The key fields of a whole table: row numbers and, by position of the field, its parts in order."""

    rows: Rows
    parts: Mapping[int, Sequence[KeyPart]]
    numbering: Rows | None = None
    """The officer's own number of each row, where it is not the one in `rows` (see `validate_table`)."""

    def shown(self, rows: Rows) -> Rows:
        """Row numbers as notes show them."""
        return rows if self.numbering is None else self.numbering[rows - 2]

    def codes(self, position: int) -> Codes:
        """The numbers of the distinct texts of a field, see KeyPart."""
        parts = self.parts[position]
        return parts[0].codes if len(parts) == 1 else np.concatenate([part.codes for part in parts])


def identities(column: ColumnPlan, table: KeyTable) -> Identities:
    """The identities of one key field."""
    codes = table.codes(column.position)
    accepted = codes < 0
    values = tuple(column.reader.values)  # other threads may still be adding to it
    missing_codes = np.array([*(value is None for value in values), False], bool)
    if column.key == "codes":
        numbers, following = np.zeros(len(codes), np.int64), 0
        known: list[int | None] = [None] * len(values)
    elif column.key == "text":
        numbers, known, following = text_numbers(column, table, accepted, values)
    else:
        numbers, known, following = plain_numbers(column, table, accepted, values)
    if not accepted.all():
        given = numbers_of_values(values, known, following)
        others = np.flatnonzero(~accepted)
        numbers[others] = given[codes[others]]
        lonely = others[np.array([*(value is not None and value != value for value in values), False])[codes[others]]]
        numbers[lonely] = -1 - BEYOND_INTEGERS - np.arange(len(lonely))  # NaN equals nothing, not even itself
    return Identities(numbers, missing_codes[codes])


def plain_numbers(
    column: ColumnPlan, table: KeyTable, accepted: Mask, values: Sequence[Any]
) -> tuple[Rows, list[int | None], int]:
    """Identities of accepted numbers: the integer itself, or the bits of the double."""
    numbers = np.zeros(len(accepted), np.int64)
    start = 0
    whole = column.key == "integer"
    for part in table.parts[column.position]:
        cells = part.values
        if cells is not None:
            numbers[start : start + len(cells)] = cells if whole else (cells + 0.0).view(np.int64)  # -0.0 equals 0.0
        start += len(part.codes)
    known = [integer_identity(value) if whole else decimal_identity(value) for value in values]
    return numbers, known, BEYOND_INTEGERS if whole else BEYOND_DOUBLES


def integer_identity(value: Any) -> int | None:
    """The identity of a whole number that the acceptance left to the reader."""
    return value if isinstance(value, int) and abs(value) < SMALL_INTEGER else None


def decimal_identity(value: Any) -> int | None:
    """The identity of a decimal that the acceptance left to the reader."""
    double = value if isinstance(value, float) else decimal_as_double(value) if isinstance(value, Decimal) else None
    return None if double is None or double != double else int(np.array([double + 0.0]).view(np.int64)[0])


def text_numbers(
    column: ColumnPlan, table: KeyTable, accepted: Mask, values: Sequence[Any]
) -> tuple[Rows, list[int | None], int]:
    """Identities of accepted texts, and of other values that are written the same way."""
    parts = table.parts[column.position]
    spilled = next((part.values for part in parts if isinstance(part.values, Spilled)), None)
    written = [canonical_text(value) for value in values]
    wanted = {text for text in written if text is not None}
    if spilled is not None:
        numbers = np.arange(len(accepted), dtype=np.int64)
        again, first = spilled.spill.repeated(column.position)
        numbers[again] = first
        places = spilled.spill.first_places(column.position, wanted) if wanted else {}
        following = len(accepted)
    else:
        numbers, places, following = numbers_in_memory(parts, len(accepted), wanted)
    for text in wanted - places.keys():
        places[text] = following
        following += 1
    return numbers, [None if text is None else places[text] for text in written], following


def numbers_in_memory(parts: Sequence[KeyPart], rows: int, wanted: Collection[str]) -> tuple[Rows, dict[str, int], int]:
    """A number for each distinct text of the parts, the numbers of the wanted texts among them, the next number."""
    texts, positions = distinct(pa.chunked_array([part.values for part in parts if part.values is not None], TEXT))
    numbers = np.zeros(rows, np.int64)
    start = taken = 0
    for part in parts:
        cells = 0 if part.values is None else len(part.values)
        numbers[start : start + cells] = positions[taken : taken + cells]
        start, taken = start + len(part.codes), taken + cells
    places = {text: place for place, text in enumerate(texts) if text in wanted} if wanted else {}
    return numbers, places, len(texts)


def canonical_text(value: Any) -> str | None:
    """The text by which accepted cells compare; None for values that only compare as objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, date | time) and getattr(value, "tzinfo", None) is None:
        return value.isoformat()
    return None


def numbers_of_values(values: Sequence[Any], known: Sequence[int | None], following: int) -> Rows:
    """An identity for each value: the known one, else a new one for each group of equal values."""
    groups: dict[Any, int] = {}
    given = np.zeros(len(values) + 1, np.int64)
    for index, (value, identity) in enumerate(zip(values, known, strict=True)):
        if identity is not None:
            given[index] = identity
        elif value is not None and value == value:
            given[index] = following + groups.setdefault(value, len(groups))
    return given


def combined_numbers(columns: Sequence[Identities]) -> Rows:
    """One number for each combination of identities; a missing value equals a missing value."""
    combined = np.zeros(len(columns[0].numbers), np.int64)
    for column in columns:
        _, dense = np.unique(column.numbers, return_inverse=True)
        dense = np.where(column.missing, 0, dense.reshape(-1) + 1)
        combined = combined * (int(dense.max(initial=0)) + 1) + dense
        _, combined = np.unique(combined, return_inverse=True)
        combined = combined.reshape(-1).astype(np.int64)
    return combined


def repeated(identity: Identities, rows: Rows) -> tuple[Rows, Rows]:
    """Positions whose identity stands in an earlier row, and the number of the last such row."""
    positions = np.flatnonzero(~identity.missing) if identity.missing.any() else None
    numbers = identity.numbers if positions is None else identity.numbers[positions]
    if len(numbers) < 2 or bool((numbers[1:] > numbers[:-1]).all()):
        return no_rows(), no_rows()
    ordered = np.sort(numbers)
    if not bool((ordered[1:] == ordered[:-1]).any()):
        return no_rows(), no_rows()
    own = rows if positions is None else rows[positions]
    order = np.lexsort((own, numbers))
    same = np.flatnonzero(numbers[order[1:]] == numbers[order[:-1]])
    again, before = order[same + 1], order[same]
    return (again if positions is None else positions[again]), own[before]
