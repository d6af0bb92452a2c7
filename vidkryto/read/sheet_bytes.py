"""How far the rows and cells of a sheet's XML reach, told from whole arrays of bytes at once.

Every attribute ends its name with `=`: from the places of that one byte the references are found, and their letters and
digits are taken a position at a time, for all cells together. What is written otherwise than the common programs write
it is left to the regular expressions, which say what is meant; a test holds the two against each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\sr="(\d+)')
_LONG = re.compile(rb"([A-Za-z]{2,})(\d+)")
_NUMBER = re.compile(rb"\d+")
_ODD = re.compile(rb"r(?:=[\s']|\s+=)")
_REFERENCE = re.compile(rb"\br\s*=\s*['\"]")

_BEHIND = 24
"""Zero bytes behind the text, so that no look ahead of a reference leaves it."""
_DIGITS = 7
"""Digits of the largest row number that is worked out with all others; the last row of Excel has as many."""

_KIND = np.zeros(256, dtype=np.uint8)
_DIGIT, _LETTER, _SPACE = 1, 2, 4
_KIND[list(b"0123456789")] = _DIGIT
_KIND[list(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] = _LETTER
_KIND[list(b" \t\n\r\f\v")] = _SPACE

Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Reach:
    """The last row that a row or a distant cell claims, the letters of the widest cell that has two or more, whether
    any cell has one, and whether the text may hold the attributes `hidden` and `t="e"`.
    """

    row: int
    wide: bytes
    narrow: bool
    hides: bool
    errs: bool


def reach(text: bytes) -> tuple[bytes, Reach]:
    """The text, its references written as `r="`, and how far they reach."""
    every, equals, before, after = _equals(text)
    if _odd(before, after) and _ODD.search(text):
        text = _REFERENCE.sub(b'r="', text)
        every, equals, before, after = _equals(text)
    quoted = after == ord('"')
    values = equals[(before == ord("r")) & quoted] + 2
    kinds = _KIND[every[values]]
    row = _last_row(text, every, values[kinds == _DIGIT])
    cells = values[kinds == _LETTER]
    kinds = _KIND[every[cells + 1]]
    narrow = cells[kinds == _DIGIT]
    wide, far = _wide(text, every, cells[kinds == _LETTER])
    row = max(row, far, _far(text, every, narrow + 1))
    hides = bool((every[equals[before == ord("n")] - 2] == ord("e")).any()) and b"hidden=" in text
    errs = bool((every[equals[(before == ord("t")) & quoted] + 2] == ord("e")).any()) and b't="e"' in text
    return text, Reach(row, wide, len(narrow) > 0, hides, errs)


def _equals(text: bytes) -> tuple[Bytes, Places, Bytes, Bytes]:
    """Each byte, zeros behind them; the places of `=`, and the bytes before and after it."""
    every = np.frombuffer(text + bytes(_BEHIND), dtype=np.uint8)
    equals = np.flatnonzero(every == ord("="))
    return every, equals, every[equals - 1], every[equals + 1]


def _odd(before: Bytes, after: Bytes) -> bool:
    """Whether a reference may be written otherwise than `r="`: white space at its sign, another quotation mark.

    All white space is at or below the space; what else is there costs one look by the expression.
    """
    follows = after[before == ord("r")]
    return bool((before <= ord(" ")).any() or (follows <= ord(" ")).any() or (follows == ord("'")).any())


def _last_row(text: bytes, every: Bytes, numbers: Places) -> int:
    """The largest number of a row: of these numbers in quotation marks those that stand in the tag of a row."""
    numbers = numbers[_KIND[every[numbers - 4]] == _SPACE]
    first = np.ones(len(numbers), dtype=bool)
    for back, letter in zip((8, 7, 6, 5), b"<row", strict=True):
        first &= every[numbers - back] == letter
    if not first.all():
        return max(map(whole, set(_ROW.findall(text))), default=0)
    return _largest(text, every, numbers)


def _far(text: bytes, every: Bytes, numbers: Places) -> int:
    """The largest row of five digits or more that a cell claims; 0 when none does."""
    for ahead in (4, 3, 2, 1):
        numbers = numbers[_KIND[every[numbers + ahead]] == _DIGIT]
    return _largest(text, every, numbers)


def _wide(text: bytes, every: Bytes, cells: Places) -> tuple[bytes, int]:
    """The letters of the widest of these cells, which begin with two letters, and the largest distant row of them."""
    third, fourth = _KIND[every[cells + 2]], _KIND[every[cells + 3]]
    two, three = cells[third == _DIGIT], cells[(third == _LETTER) & (fourth == _DIGIT)]
    longest, count = (three, 3) if len(three) else (two, 2)
    wide, far = _different(every, longest, count), max(_far(text, every, two + 2), _far(text, every, three + 3))
    for place in cells[(third == _LETTER) & (fourth == _LETTER)]:
        if found := _LONG.match(text, place):
            wide.add(found[1])
            far = max(far, whole(found[2]) if len(found[2]) > 4 else 0)
    return max(wide, key=lambda letters: (len(letters), letters), default=b""), far


def _different(every: Bytes, starts: Places, count: int) -> set[bytes]:
    """The different texts of so many bytes that begin there."""
    code = np.zeros(len(starts), dtype=np.int64)
    for ahead in range(count):
        code = code * 256 + every[starts + ahead]
    return {int(one).to_bytes(count) for one in np.unique(code)}


def _largest(text: bytes, every: Bytes, numbers: Places) -> int:
    """The largest of the whole numbers that begin there; 0 of none."""
    leading = every[numbers] == ord("0")
    slow = numbers[leading]
    numbers = numbers[~leading]
    for length in range(1, _DIGITS + 1):
        if not len(numbers):
            break
        longer = numbers[_KIND[every[numbers + length]] == _DIGIT]
        if not len(longer):
            return max(_of_length(every, numbers, length), _slowly(text, slow))
        numbers = longer
    return _slowly(text, np.concatenate((numbers, slow)))


def _of_length(every: Bytes, numbers: Places, length: int) -> int:
    """The largest of numbers that all have so many digits."""
    for ahead in range(length):
        digits = every[numbers + ahead]
        numbers = numbers[digits == digits.max()]
    return int(every[numbers[0] : numbers[0] + length].tobytes())


def _slowly(text: bytes, numbers: Places) -> int:
    return max((whole(found[0]) for place in numbers if (found := _NUMBER.match(text, place))), default=0)


def whole(digits: bytes) -> int:
    """A row number as written, cut above a thousand million: some files write hundreds of digits."""
    return int(digits.lstrip(b"0")[:10] or b"0")
