"""The numpy array types that pass between the rooms of the validator, and small helpers over them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]
"""Row numbers, or positions of rows in a segment."""
Codes = npt.NDArray[np.int32]
"""Small numbers that stand for verdicts, kinds of finding or distinct texts."""
Mask = npt.NDArray[np.bool_]

TEXT = pa.string()


def no_rows() -> Rows:
    """An empty array of row numbers."""
    return np.zeros(0, np.int64)


def both(left: Mask | None, right: Mask | None) -> Mask | None:
    """Logical and, where None stands for "true everywhere"."""
    if left is None:
        return right
    return left if right is None else left & right


def as_mask(values: Any) -> Mask:
    """A numpy mask of an Arrow boolean array; null counts as false."""
    if values.null_count:
        values = pc.fill_null(values, False)
    mask: Mask = np.asarray(values.to_numpy(zero_copy_only=False), bool)
    return mask


def one_array(values: Any) -> Any:
    """The array of a chunked array; copies only when there are several chunks."""
    if isinstance(values, pa.ChunkedArray):
        return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    return values


def as_text(values: Any) -> Any:
    """A plain string array of a string, large string or dictionary array."""
    values = one_array(values)
    return values if values.type == TEXT else pc.cast(values, TEXT)


def distinct(array: Any) -> tuple[list[str], Codes]:
    """The distinct texts of an array without nulls, and each cell's position among them."""
    encoded = one_array(array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(array))
    if isinstance(encoded, pa.ChunkedArray):  # a chunked array without chunks
        return [], np.zeros(0, np.int32)
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
