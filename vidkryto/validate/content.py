"""Leaves out of a segment what is not content: header rows, comment rows and, where the dialect says so, blank rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from frictionless import Dialect

from vidkryto.validate.arrays import Mask, as_mask, as_text
from vidkryto.validate.cells import Cells


def content(cells: Cells, dialect: Dialect, base: int | None) -> Cells:
    """The content rows of `cells`, as `Dialect.read_enumerated_content_stream` yields them.

    `base` is the number of records before the segment; None when it is not known yet, which is allowed only beyond
    the rows that the dialect names by number (see `numbered_rows`).
    """
    keep = kept_rows(cells, dialect, base)
    first, named = (dialect.create_first_content_row(), dialect.create_comment_filter())
    blank = dialect.create_blank_filter()
    offset = base if base is not None else numbered_rows(dialect)
    ragged = [
        (row, values)
        for row, values in cells.ragged
        if offset + row >= first
        and (named is None or named(offset + row, list(values)))
        and (blank is None or blank(list(values)))
    ]
    if keep is None or keep.all():
        return Cells(cells.columns, cells.rows, ragged, cells.records, cells.empty_lines_known)
    start = int(np.argmax(keep)) if keep.any() else len(keep)
    if keep[start:].all():  # only rows at the beginning go, as a header does: no copy
        columns: tuple[Any, ...] = tuple(column.slice(start) for column in cells.columns)
    else:
        positions = pa.array(np.flatnonzero(keep))
        columns = tuple(column.take(positions) for column in cells.columns)
    return Cells(columns, cells.rows[keep], ragged, cells.records, cells.empty_lines_known)


def kept_rows(cells: Cells, dialect: Dialect, base: int | None) -> Mask | None:
    """Which regular rows are content; None for all."""
    keep = np.ones(len(cells.rows), bool)
    if base is not None:
        numbers = cells.rows + base
        keep &= numbers >= dialect.create_first_content_row()
        if dialect.comment_rows:
            keep &= ~np.isin(numbers, np.array(dialect.comment_rows, np.int64))
    if dialect.comment_char and cells.columns:
        keep &= ~as_mask(pc.starts_with(as_text(cells.columns[0]), dialect.comment_char))
    if dialect.skip_blank_rows:
        keep &= ~cells.empty()
    return keep


def numbered_rows(dialect: Dialect) -> int:
    """The last row that the dialect names by number: header rows and comment rows."""
    return int(max([dialect.create_first_content_row(), *dialect.comment_rows], default=1))
