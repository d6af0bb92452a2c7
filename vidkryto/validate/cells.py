"""One segment of a table as columns of text, with the rows whose width differs kept aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from vidkryto.validate.arrays import TEXT, Mask, Rows, as_mask, as_text

Ragged = list[tuple[int, Sequence[str]]]
"""Rows of another width: row number and cells."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Records of a segment.

    `columns` are string or dictionary arrays of the regular rows, whose numbers are `rows`; `records` counts all
    records of the segment, also those that a filter left out. `empty_lines_known` tells that an empty line would be
    seen as a row without cells; Arrow's tokeniser cannot tell it from a row of empty cells.
    """

    columns: tuple[Any, ...]
    rows: Rows
    ragged: Ragged
    records: int
    empty_lines_known: bool

    def empty(self) -> Mask:
        """Which regular rows have nothing but empty cells."""
        mask = np.ones(len(self.rows), bool)
        for column in self.columns:
            if not mask.any():
                break
            mask &= is_empty(column)
        return mask


def is_empty(column: Any) -> Mask:
    """Which cells of a column are empty."""
    if pa.types.is_dictionary(column.type):
        texts = column.dictionary.to_pylist()
        blank = np.array([text == "" for text in texts], bool)
        codes = column.indices.to_numpy(zero_copy_only=False)
        return blank[codes] if len(texts) else np.zeros(len(codes), bool)
    return as_mask(pa.compute.equal(as_text(column), ""))


def from_records(records: Sequence[Sequence[str]], width: int, first: int = 1) -> Cells:
    """Columns of records that Python's csv module made; rows are numbered from `first`."""
    numbers = range(first, first + len(records))
    regular = [(number, cells) for number, cells in zip(numbers, records, strict=True) if len(cells) == width]
    ragged = [(number, cells) for number, cells in zip(numbers, records, strict=True) if len(cells) != width]
    columns: Any = zip(*(cells for _, cells in regular), strict=True) if regular else [()] * width
    return Cells(
        columns=tuple(pa.array(column, TEXT) for column in columns),
        rows=np.array([number for number, _ in regular], np.int64),
        ragged=ragged,
        records=len(records),
        empty_lines_known=True,
    )
