"""Rows that a contract sets aside by their place, looked at once more: they may be data that moved there."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vidkryto.findings import Finding, Place
from vidkryto.read.grid import Grid, is_empty

SAMPLE = 200
"""Rows of data that are enough to know what a row of this table looks like."""
MOST = 10_000
"""Rows set aside that are looked at; one tells as much as many."""
_NUMBER = r"^\s*[-+]?\d[\d\s.,:/%'-]*$"
"""A number, a date, a code of digits."""


def like_data(grid: Grid, data: NDArray[np.intp], aside: NDArray[np.intp], *, words: bool) -> NDArray[np.intp]:
    """Of the rows set aside those as full as the data, with numbers in the columns in which the data has numbers.

    `data` and `aside` are indices of rows; without any data the rows set aside are held against themselves. `words`
    tells that a row of a table without numbers counts too, when it is full and has three cells or more.
    """
    aside = aside[:MOST]
    sample = data[:: max(1, len(data) // SAMPLE)] if len(data) else aside
    rows = pa.array(np.concatenate((sample, aside)))
    filled = np.zeros((len(rows), grid.width), dtype=bool)
    number = np.zeros((len(rows), grid.width), dtype=bool)
    for position, column in enumerate(grid.columns):
        cells = column.take(rows)
        filled[:, position] = ~np.asarray(is_empty(cells))
        number[:, position] = np.asarray(pc.fill_null(pc.match_substring_regex(cells, _NUMBER), False))
    there, here = filled[: len(sample)], filled[len(sample) :]
    usual = np.median(there.sum(axis=1))
    full = here.sum(axis=1) >= max(usual, 1)
    counted = number[: len(sample)].sum(axis=0) >= np.maximum(0.9 * there.sum(axis=0), 0.5 * len(sample))
    if not counted.any():
        return aside[full] if words and usual >= 3 else aside[:0]
    numbers = number[len(sample) :][:, counted]
    agrees = (numbers | ~here[:, counted]).all(axis=1) & numbers.any(axis=1)
    return np.asarray(aside[full & agrees])


def told(grid: Grid, rows: NDArray[np.intp], declared: str, place: Place) -> list[Finding]:
    """The finding for rows, by their indices, that a declaration took although they look like data."""
    if not len(rows):
        return []
    lines = tuple(int(grid.rows[int(row)].as_py()) for row in rows[:10])
    where = Place(place.resource, place.file, grid.sheet, row=lines[0])
    details = {"lines": ", ".join(map(str, lines))}
    return [Finding("rows-set-aside", where, found=declared, count=len(rows), rows=lines, details=details)]
