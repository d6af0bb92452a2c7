"""A file as it stands: rectangular columns of text, with the place of each row; nothing is understood yet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.findings import Finding

Merged = tuple[int, int, int, int]
"""First row, first column, last row, last column of a merged area, from 0."""
FEW = 16
"""Rows from which on whole columns are looked at."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of text (null or '' where the file has nothing) and the file's own number of each row.

    `labels` are the names of the columns when the format gives them apart from the rows (JSON, DBF …).
    `blank_after` counts formatted rows without content after the last row, `rejected` the rows that have no form,
    `noted` rows that the format itself marks as no data (deleted records of a DBF).
    `counted` is how many rows the file has by a count of its own (the line breaks of a text), where there is one.
    `short` are the numbers of rows that the file gives fewer cells than the table has.
    `virtual` are labels of columns that we made (the coordinates of a point): nobody misses them when unused.
    """

    columns: tuple[pa.Array, ...]
    rows: pa.Array
    file: str
    sheet: str = ""
    labels: tuple[str, ...] | None = None
    merged: tuple[Merged, ...] = ()
    blank_after: int = 0
    rejected: int = 0
    noted: int = 0
    counted: int | None = None
    short: tuple[int, ...] = ()
    virtual: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    encoding: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    @property
    def rows_in_file(self) -> int:
        """How many rows the file has: by its own count, or as many as were read where it has none."""
        return self.height + self.blank_after + self.rejected + self.noted if self.counted is None else self.counted

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self.columns)

    def cells(self, index: int) -> list[str]:
        """One row as text, by its index from 0."""
        return [column[index].as_py() or "" for column in self.columns]

    def slice(self, first: int, last: int) -> Grid:
        """Only the columns from `first` to `last`, both from 0 and both included."""
        kept = tuple(
            (top, left - first, bottom, right - first)
            for top, left, bottom, right in self.merged
            if left >= first and right <= last
        )
        labels = self.labels[first : last + 1] if self.labels is not None else None
        return replace(self, columns=self.columns[first : last + 1], merged=kept, labels=labels)


def some(rows: tuple[int, ...]) -> str:
    """The first ten row numbers, for a message."""
    return ", ".join(map(str, rows[:10])) + (" …" if len(rows) > 10 else "")


def is_empty(column: pa.Array) -> pa.Array:
    """True where a cell is null or has nothing but spaces."""
    if column.null_count == len(column):
        return pa.repeat(True, len(column))
    blank = pc.or_(pc.equal(pc.binary_length(column), 0), pc.utf8_is_space(column))
    return pc.fill_null(blank, True) if column.null_count else blank


def blank_rows(grid: Grid) -> pa.Array:
    """True for rows in which every cell is empty. Few rows that may still be blank are looked at one by one."""
    blank = np.ones(grid.height, dtype=bool)
    for position, column in enumerate(grid.columns):
        left = np.flatnonzero(blank)
        if len(left) <= FEW:
            for row in left:
                blank[row] = all(_blank(one[int(row)].as_py()) for one in grid.columns[position:])
            break
        blank &= np.asarray(is_empty(column))
    return pa.array(blank)


def _blank(text: str | None) -> bool:
    return not text or text.isspace()
