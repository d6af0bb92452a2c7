"""Changes of shape by declaration: groups filled down, wide tables melted, lists in a cell split."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vidkryto.catalogue.reading import Melt, Split
from vidkryto.read.grid import is_empty
from vidkryto.read.names import pattern_of

Places = NDArray[np.int64]


@dataclass(slots=True)
class Draft:
    """Columns on their way to a table: text by field, and the row of the file of each."""

    columns: dict[str, pa.Array]
    rows: pa.Array

    @property
    def height(self) -> int:
        """How many rows there are now."""
        return len(self.rows)

    def take(self, indices: pa.Array) -> Draft:
        """The rows at `indices`, in that order."""
        return Draft({name: column.take(indices) for name, column in self.columns.items()}, self.rows.take(indices))


def fill_down(draft: Draft, field: str) -> Places:
    """Give empty cells of a field the value above them; the indices of the rows that were filled."""
    column = draft.columns[field]
    empty = is_empty(column)
    filled = pc.fill_null_forward(pc.if_else(empty, pa.scalar(None, pa.string()), column))
    draft.columns[field] = filled
    return np.flatnonzero(np.asarray(pc.and_(empty, filled.is_valid())))


def melt(draft: Draft, wide: Sequence[tuple[str, pa.Array]], declared: Melt, join: str) -> tuple[Draft, Places]:
    """One row for each wide column: its header goes into the fields `names`, its cell into `value`.

    The rows stay in the order of the file, the columns of one row beside each other. Empty cells give no row unless
    `keep_empty` is declared; with them the indices of the rows of `draft` of which nothing is left.
    """
    count, height = len(wide), draft.height
    order = pa.array(np.repeat(np.arange(height), count))
    longer = draft.take(order)
    cells = pa.concat_arrays([column for _, column in wide]) if wide else pa.array([], pa.string())
    across = pa.array(np.arange(count * height).reshape(count, height).T.reshape(-1))
    longer.columns[declared.value] = cells.take(across)
    for position, name in enumerate(declared.names):
        parts = [_header_part(label, position, declared, join) for label, _ in wide]
        longer.columns[name] = pa.array(parts * height, pa.string())
    if declared.keep_empty:
        return longer, np.array([], dtype=np.int64)
    kept = np.asarray(pc.invert(is_empty(longer.columns[declared.value])))
    gone = np.flatnonzero(~kept.reshape(height, count).any(axis=1))
    return longer.take(pa.array(np.flatnonzero(kept))), gone


def _header_part(label: str, position: int, declared: Melt, join: str) -> str | None:
    """The header, or the part of it that goes into the field at `position`."""
    for text in declared.columns:
        expression: re.Pattern[str] | None = pattern_of(text)
        found = expression.search(label) if expression else None
        if found and found.re.groups > position:
            return found[position + 1]
    if len(declared.names) == 1:
        return label
    parts = label.split(join)
    return parts[position] if position < len(parts) else None


def split(draft: Draft, field: str, declared: Split) -> tuple[Draft, Places]:
    """A list inside a cell made into rows or into a JSON array; and the indices of the rows that held several items."""
    column = draft.columns[field]
    items = [
        [item.strip() for item in text.split(declared.by) if item.strip()] if text is not None else []
        for text in column.to_pylist()
    ]
    several = np.flatnonzero([len(parts) > 1 for parts in items])
    if declared.into == "json":
        texts = [json.dumps(parts, ensure_ascii=False) if parts else None for parts in items]
        draft.columns[field] = pa.array(texts, pa.string())
        return draft, several
    lengths = np.array([max(len(parts), 1) for parts in items], dtype=np.int64)
    longer = draft.take(pa.array(np.repeat(np.arange(draft.height), lengths)))
    flat = [item for parts in items for item in (parts or [None])]
    longer.columns[field] = pa.array(flat, pa.string())
    return longer, several
