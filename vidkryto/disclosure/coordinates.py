"""Columns that are latitude and longitude, told by their neighbours."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_LATITUDE = r"^(4[4-9]|5[0-2])[.,][0-9]{4,}$"
_LONGITUDE = r"^(2[2-9]|3[0-9]|40)[.,][0-9]{4,}$"


def coordinate_columns(table: pa.Table, known: frozenset[str], head: int) -> list[tuple[str, str]]:
    """Neighbouring columns of decimal degrees inside the bounds of Ukraine, in either order.

    A column in `known` is one of places already, so its first `head` cells say whether it is latitude or longitude.
    """
    names = table.column_names

    def is_one(place: int, pattern: str) -> bool:
        column = table.column(place)
        return _share(column.slice(0, head), pattern) >= 0.5 and (
            names[place] in known or _share(column, pattern) >= 0.8
        )

    latitudes = [is_one(place, _LATITUDE) for place in range(len(names))]
    longitudes = [is_one(place, _LONGITUDE) for place in range(len(names))]
    return [
        (names[one], names[other])
        for one in range(len(names))
        for other in (one - 1, one + 1)
        if 0 <= other < len(names) and latitudes[one] and longitudes[other]
    ]


def _share(column: pa.ChunkedArray, pattern: str) -> float:
    """The share of filled cells that fit."""
    filled = filled_cells(column)
    return int(pc.sum(pc.match_substring_regex(column, pattern)).as_py() or 0) / filled if filled else 0.0


def filled_cells(cells: pa.Array | pa.ChunkedArray) -> int:
    """How many cells are not empty."""
    return int(pc.sum(pc.greater(pc.binary_length(cells), 0)).as_py() or 0)
