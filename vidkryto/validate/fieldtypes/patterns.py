"""Patterns of one width: so many characters, each of some set; they are tested place by place over a whole column."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as constants  # type: ignore[attr-defined]  # the parse tree of a pattern has no public home
from re import _parser as parser  # type: ignore[attr-defined]  # see above
from typing import Any

import numpy as np

from vidkryto.validate.arrays import Mask
from vidkryto.validate.fieldtypes.base import Shape
from vidkryto.validate.textcolumn import TextColumn

WIDEST = 64
Places = list[frozenset[int]]
"""For each place the ASCII bytes that may stand there."""


@lru_cache(maxsize=1024)
def fixed_places(pattern: str) -> Places | None:
    """The places of a pattern that is a sequence of ASCII characters, classes and fixed repetitions, else None.

    Only positive classes of ASCII characters, ranges and digits count; a digit means an ASCII one here, which is less
    than Python's and therefore sound.
    """
    try:
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None
    if tree.state.flags & ~re.UNICODE.value:
        return None
    places = _sequence(tree)
    return places if places and len(places) <= WIDEST else None


def _sequence(items: Iterable[tuple[Any, Any]]) -> Places | None:
    places: Places = []
    for operation, value in items:
        part = _item(operation, value)
        if part is None or len(places) + len(part) > WIDEST:
            return None
        places += part
    return places


def _item(operation: Any, value: Any) -> Places | None:
    if operation is constants.LITERAL:
        return [frozenset([value])] if value < 128 else None
    if operation is constants.IN:
        allowed = _class(value)
        return [allowed] if allowed else None
    if operation is constants.MAX_REPEAT and value[0] == value[1] and value[0] <= WIDEST:
        part = _sequence(value[2])
        return None if part is None else part * value[0]
    if operation is constants.SUBPATTERN and not value[1] and not value[2]:
        return _sequence(value[3])
    return None


def _class(items: Iterable[tuple[Any, Any]]) -> frozenset[int] | None:
    allowed: set[int] = set()
    for operation, value in items:
        if operation is constants.LITERAL and value < 128:
            allowed.add(value)
        elif operation is constants.RANGE and value[1] < 128:
            allowed.update(range(value[0], value[1] + 1))
        elif operation is constants.CATEGORY and value is constants.CATEGORY_DIGIT:
            allowed.update(b"0123456789")
        else:
            return None
    return frozenset(allowed)


def fixed_test(places: Places) -> Shape:
    """The test of a column against such places."""
    ranges: dict[tuple[int, int], list[int]] = {}
    tables: list[tuple[int, Any]] = []
    for place, allowed in enumerate(places):
        low, high = min(allowed), max(allowed)
        if high - low + 1 == len(allowed):
            ranges.setdefault((low, high), []).append(place)
        else:
            table = np.zeros(256, bool)
            table[list(allowed)] = True
            tables.append((place, table))

    def test(column: TextColumn) -> Mask | None:
        cells = column.fixed(len(places))
        if cells is None:
            return np.zeros(len(column), bool)
        good = np.ones(cells.at.shape[1], bool)
        for (low, high), where in ranges.items():
            good &= cells.between(low, high, *where)
        for place, table in tables:
            good &= table[cells.at[place]]
        return cells.of_column(good)

    return test
