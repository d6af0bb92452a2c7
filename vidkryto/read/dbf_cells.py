"""The fields of a DBF: their names, their bytes in a record, and what each type of field means.

Types and sizes: dBASE III and Visual FoxPro ("Table File Structure" in the documentation of Visual FoxPro 9).
"""

from __future__ import annotations

import codecs
import datetime
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place

FOXPRO = (0x30, 0x31, 0x32)
_NULLABLE = 0x02
_NULL_FLAGS = "0"
_LENGTHS = {"I": 4, "+": 4, "T": 8, "Y": 8}
_JULIAN = 1_721_425
"""The Julian day before the first day of the year 1."""


@dataclass(slots=True)
class Column:
    """One field: its name as it is stored, its type, where it stands in a record, and its bit among the null flags."""

    name: bytes
    kind: str
    part: slice
    memo: bool = False
    null: tuple[int, int] | None = None
    """Byte of the record, and bit in it, that say that there is no value."""
    overflowed: list[int] = field(default_factory=list)
    """Records whose number did not fit: the program wrote asterisks."""

    def cell(self, record: bytes, codec: str, number: int) -> str | None:
        """The value as text, None for none. Raises UnicodeDecodeError for a text that is not in `codec`."""
        if self.memo or (self.null and record[self.null[0]] & self.null[1]):
            return None
        value = record[self.part]
        if self.kind in "NF":
            return self._number(value.strip(b" \0"), number)
        if self.kind == "C":
            return value.decode(codec).rstrip(" \0") or None
        return _READERS[self.kind](value)

    def _number(self, value: bytes, number: int) -> str | None:
        if value and not value.strip(b"*"):
            self.overflowed.append(number)
            return None
        return value.decode("ascii", "replace") or None


def columns_of(table: Any, place: Place) -> list[Column]:
    """The fields of a table that hold values. Raises ReadError for a type that is not read."""
    found: list[Column] = []
    start, nullable, flags = 1, list[Column](), 0
    foxpro = table.header.dbversion in FOXPRO
    for stored in table.fields:
        part = slice(start, start + stored.length)
        start = part.stop
        if stored.type == _NULL_FLAGS:
            flags = part.start
            continue
        column = Column(stored.name.encode("latin-1"), stored.type, part)
        if foxpro and stored.type == "B" and stored.length == 8:
            column.kind = "double"
        elif stored.type in "MGPB":
            column.memo = True
        elif stored.type not in "CNFDLITY+" or stored.length != _LENGTHS.get(stored.type, stored.length):
            raise _unread(stored, place)
        if foxpro and stored.reserved1 & _NULLABLE:
            nullable.append(column)
        found.append(column)
    for bit, column in enumerate(nullable if flags else ()):
        column.null = (flags + bit // 8, 1 << bit % 8)
    return found


def labels_of(columns: Sequence[Column], codec: str) -> dict[str, Column]:
    """The fields by their names; a repeated one becomes `NAME [2]`, as a repeated header does.

    A name has ten bytes, so that one in UTF-8 may end inside a letter: that letter is left out.
    """
    found: dict[str, Column] = {}
    for column in columns:
        name = codecs.getincrementaldecoder(codec)("backslashreplace").decode(column.name)
        number = 1 + sum(other.name == column.name for other in found.values())
        found[name if number == 1 else f"{name} [{number}]"] = column
    return found


def _unread(stored: Any, place: Place) -> ReadError:
    what = f"DBF: {stored.name} ({stored.type}, {stored.length})"
    return ReadError(
        f"{place.file} holds a field of a type that is not read: {what}",
        (Finding("format-unknown", place, found=what),),
        remedy="Export the table as XLSX or CSV.",
    )


def _day(value: bytes) -> str | None:
    text = value.decode("ascii", "replace").strip(" \0")
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text or None


def _logical(value: bytes) -> str | None:
    text = value.decode("latin-1").upper().strip(" ?\0")
    return {"T": "true", "Y": "true", "F": "false", "N": "false"}.get(text, text) or None


def _moment(value: bytes) -> str | None:
    """Days of the Julian calendar's count and milliseconds, which FoxPro keeps with an error of a few."""
    days, thousandths = struct.unpack("<2i", value)
    if not days:
        return None
    start = datetime.datetime.fromordinal(days - _JULIAN)
    return (start + datetime.timedelta(seconds=round(thousandths / 1000))).isoformat()


_READERS: dict[str, Callable[[bytes], str | None]] = {
    "D": _day,
    "L": _logical,
    "T": _moment,
    "I": lambda value: str(struct.unpack("<i", value)[0]),
    "+": lambda value: str(struct.unpack("<i", value)[0]),
    "Y": lambda value: format(Decimal(struct.unpack("<q", value)[0]).scaleb(-4), "f"),
    "double": lambda value: format(Decimal(repr(struct.unpack("<d", value)[0])), "f"),
}
