"""Puts findings into the order in which frictionless reports them.

A row is read lazily: the cells that keys ask for first, then, at the first key that is violated, all others from left
to right; extra cells and missing cells follow, then the violations of keys. A row without violated keys is read in the
same way, keys first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.validate.arrays import TEXT, Rows
from vidkryto.validate.found import FINDINGS, Found, Kind, Late

STEPS = 64
"""More than a cell can have findings."""
Weights = npt.NDArray[np.int64]


def weights(kinds: Sequence[Kind], reads: Sequence[int], fields: int) -> Weights:
    """The place of each kind within a row whose fields `reads` are read first."""
    first = list(dict.fromkeys(reads))
    rest = [position for position in range(fields) if position not in set(first)]
    place = {position + 1: index for index, position in enumerate([*first, *rest])}
    span = (max((kind.number or 0 for kind in kinds), default=0) + fields + 1) * STEPS
    return np.array(
        [
            kind.group * span
            + (place.get(kind.number or 0, 0) if kind.group == 0 else kind.number or 0) * STEPS
            + kind.step
            for kind in kinds
        ],
        np.int64,
    )


def sorted_found(found: Found, weight: Weights) -> Found:
    """Findings by row, and within a row by weight."""
    if len(found) < 2:
        return found
    order = np.lexsort((weight[found.kinds], found.rows))
    if bool((np.diff(order) == 1).all()):
        return found
    return found.taken(order)


def reordered(found: Found, late: Sequence[Late], kinds: Sequence[Kind], fields: int) -> Found:
    """Findings sorted by row, put in order again where a violated key changed what frictionless read first."""
    if not len(found) or not late:
        return found
    rows = np.concatenate([part.rows for part in late])
    parts = np.concatenate([np.full(len(part.rows), index) for index, part in enumerate(late)])
    order = np.lexsort((parts, rows))
    rows, parts = rows[order], parts[order]
    first = np.concatenate([[True], rows[1:] != rows[:-1]])
    rows, parts = rows[first], parts[first]
    place = np.minimum(np.searchsorted(rows, found.rows), len(rows) - 1)
    affected = np.flatnonzero(rows[place] == found.rows)
    if not len(affected):
        return found
    table = np.stack([weights(kinds, part.reads, fields) for part in late])
    weight = table[parts[place[affected]], found.kinds[affected]]
    moved = affected[np.lexsort((weight, found.rows[affected]))]
    positions = np.arange(len(found))
    positions[affected] = moved
    return found.taken(positions)


def findings_table(found: Found, late: Sequence[Late], kinds: Sequence[Kind]) -> Any:
    """The findings of rows as an Arrow table: those of cells as given, those of keys after them in each row."""
    if not len(found) and not late:
        return FINDINGS.empty_table()
    rows = np.concatenate([found.rows, *(part.rows for part in late)])
    notes = pa.concat_arrays([pa.array([kind.note for kind in kinds], TEXT), *(part.notes for part in late)])
    note = np.concatenate([found.kinds, len(kinds) + np.arange(len(notes) - len(kinds))]) if late else found.kinds
    types = [*(kind.type for kind in kinds), *(part.type for part in late)]
    fields = [*(kind.field for kind in kinds), *(part.field for part in late)]
    numbers = [*(kind.number for kind in kinds), *(part.number for part in late)]
    kind = np.concatenate(
        [found.kinds, *(np.full(len(part.rows), len(kinds) + index, np.int32) for index, part in enumerate(late))]
    )
    cells = pa.concat_arrays([found.cells, *(part.cells for part in late)])
    table = pa.table(
        {
            "type": encoded(types, kind),
            "row": pa.array(rows),
            "field_number": pa.array(numbers, pa.int32()).take(pa.array(kind)),
            "field": encoded(fields, kind),
            "note": encoded(notes, note),
            "cell": cells,
        }
    )
    return table.take(pa.array(late_order(found, late, rows))) if late else table


def late_order(found: Found, late: Sequence[Late], rows: Rows) -> Rows:
    """The positions of all findings, by row; within a row those of cells first, then keys in their order."""
    step = np.concatenate([np.zeros(len(found), np.int64), *(np.full(len(part.rows), part.step + 1) for part in late)])
    order: Rows = np.lexsort((step, rows))
    return order


def encoded(texts: Any, codes: Any) -> Any:
    """A dictionary array of `texts[codes]` whose dictionary holds every text once."""
    array = texts if isinstance(texts, pa.Array) else pa.array(texts, TEXT)
    unique = pc.dictionary_encode(array)
    indices = unique.indices.take(pa.array(codes))
    return pa.DictionaryArray.from_arrays(indices.cast(pa.int32()), unique.dictionary)
