"""One segment's column of text with its cheap views (bytes, lengths, numbers), each made at most once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.validate.arrays import TEXT, Mask, as_mask, one_array

Bytes = npt.NDArray[np.uint8]


class TextColumn:
    """A string array without nulls, seen as numpy sees it.

    The views let a whole column be accepted by a handful of passes over its bytes, which costs about a tenth
    of a regular expression over its cells.
    """

    def __init__(self, array: Any) -> None:
        self.array = one_array(array)
        self._numbers: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self.array)

    @cached_property
    def offsets(self) -> npt.NDArray[np.int32]:
        """Where each cell begins in the buffer; one more entry than there are cells."""
        buffer = self.array.buffers()[1]
        start = self.array.offset
        if buffer is None or not len(self.array):
            return np.zeros(len(self.array) + 1, np.int32)
        return np.frombuffer(buffer, np.int32)[start : start + len(self.array) + 1]

    @cached_property
    def bytes(self) -> Bytes:
        """The bytes of all cells, one after the other."""
        buffer = self.array.buffers()[2]
        if buffer is None:
            return np.zeros(0, np.uint8)
        return np.frombuffer(buffer, np.uint8)[self.offsets[0] : self.offsets[-1]]

    @cached_property
    def lengths(self) -> npt.NDArray[np.int32]:
        """Bytes in each cell."""
        return np.diff(self.offsets)

    @cached_property
    def shortest(self) -> int:
        """Bytes in the shortest cell; 0 for a column without cells."""
        return int(self.lengths.min(initial=2**31 - 1)) if len(self) else 0

    @cached_property
    def longest(self) -> int:
        """Bytes in the longest cell."""
        return int(self.lengths.max(initial=0))

    @cached_property
    def lowest_byte(self) -> int:
        """The smallest byte in any cell; 255 when all cells are empty."""
        return int(self.bytes.min(initial=255))

    @cached_property
    def highest_byte(self) -> int:
        """The greatest byte in any cell; 0 when all cells are empty."""
        return int(self.bytes.max(initial=0))

    @property
    def ascii(self) -> bool:
        """Whether all cells are ASCII."""
        return self.highest_byte < 128

    def fixed(self, width: int) -> FixedCells | None:
        """The cells of exactly `width` bytes, as rows of bytes; None when they are fewer than half."""
        if not len(self):
            return None
        if self.shortest == width == self.longest:
            return FixedCells(None, np.ascontiguousarray(self.bytes.reshape(-1, width).T), len(self))
        chosen = self.lengths == width
        count = int(np.count_nonzero(chosen))
        if 2 * count < len(self):
            return None
        part = TextColumn(self.array.filter(pa.array(chosen)))
        return FixedCells(chosen, np.ascontiguousarray(part.bytes.reshape(-1, width).T), len(self))

    def rows_of(self, positions: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The cells in which these bytes stand."""
        found: npt.NDArray[np.intp] = np.searchsorted(self.offsets, positions + self.offsets[0], side="right") - 1
        return found

    def matches_among(self, suspects: Mask, pattern: str) -> Mask | None:
        """Accept all cells but the suspects, and of those the ones that hold a match; None for all cells."""
        positions = np.flatnonzero(suspects)
        if not len(positions):
            return None
        mask = ~suspects
        mask[positions] = as_mask(pc.match_substring_regex(self.array.take(pa.array(positions)), pattern))
        return mask

    def matches(self, pattern: str) -> Mask:
        """Which cells hold a match of an RE2 pattern."""
        return as_mask(pc.match_substring_regex(self.array, pattern))

    def among(self, values: list[str]) -> Mask:
        """Which cells are one of `values`."""
        return as_mask(pc.is_in(self.array, value_set=pa.array(values, TEXT)))

    def numbers(self, mask: Mask | None, kind: Any) -> Any:
        """The cells as an Arrow array of numbers; cells outside `mask` become 0."""
        if mask is not None:
            return pc.cast(pc.if_else(pa.array(mask), self.array, pa.scalar("0")), kind)
        if kind not in self._numbers:
            self._numbers[kind] = pc.cast(self.array, kind)
        return self._numbers[kind]


@dataclass(frozen=True, slots=True)
class FixedCells:
    """Cells of one width: `at[k]` are their bytes at place k; `chosen` tells which cells of the column they are."""

    chosen: Mask | None
    at: Bytes
    total: int

    def digits(self, *places: int) -> Mask:
        """Which cells have ASCII digits at these places."""
        return self.between(ord("0"), ord("9"), *places)

    def between(self, low: int, high: int, *places: int) -> Mask:
        """Which cells have bytes from `low` to `high` at these places."""
        worst = self.at[places[0]] - np.uint8(low)
        for place in places[1:]:
            np.maximum(worst, self.at[place] - np.uint8(low), out=worst)
        passed: Mask = worst <= high - low
        return passed

    def equal(self, byte: int, *places: int) -> Mask:
        """Which cells have this byte at these places."""
        return self.between(byte, byte, *places)

    def of_column(self, mask: Mask) -> Mask | None:
        """A mask over these cells as one over the column; None for all."""
        if self.chosen is None:
            return None if mask.all() else mask
        whole = np.zeros(self.total, bool)
        whole[self.chosen] = mask
        return whole
