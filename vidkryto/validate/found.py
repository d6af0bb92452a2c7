"""Findings as columns: which rows, which kind, which cell; never one object for each."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from vidkryto.validate.arrays import TEXT, Codes, Rows, no_rows

ENCODED = pa.dictionary(pa.int32(), TEXT)
FINDINGS = pa.schema(
    [
        ("type", ENCODED),
        ("row", pa.int64()),
        ("field_number", pa.int32()),
        ("field", ENCODED),
        ("note", ENCODED),
        ("cell", TEXT),
    ]
)
"""One row for each finding. `row` is null for findings on the source and its header; `field_number` and `field` are
null where the finding is on a row; `note` is frictionless' note; `cell` the text of the cell or label."""


class Kind(NamedTuple):
    """What all findings of one kind share.

    `step` orders the kinds of one cell among themselves; `group` is 0 for rows and cells, 1 for extra cells, 2 for
    missing cells, the order in which frictionless adds them to a row.
    """

    type: str
    number: int | None
    field: str | None
    note: str
    group: int = 0
    step: int = 0


class Kinds:
    """The kinds met so far, numbered; shared by the threads of one validation."""

    def __init__(self) -> None:
        self._numbers: dict[Kind, int] = {}
        self._lock = threading.Lock()

    def number(self, kind: Kind) -> int:
        """The number of `kind`."""
        with self._lock:
            return self._numbers.setdefault(kind, len(self._numbers))

    def all(self) -> list[Kind]:
        """The kinds in the order of their numbers."""
        with self._lock:
            return list(self._numbers)


@dataclass(frozen=True, slots=True)
class Found:
    """Findings: row number, number of the kind, text of the cell (null where there is none)."""

    rows: Rows
    kinds: Codes
    cells: Any

    def __len__(self) -> int:
        return len(self.rows)

    def moved(self, base: int) -> Found:
        """The same findings with `base` added to their row numbers."""
        return Found(self.rows + base, self.kinds, self.cells) if base else self

    def taken(self, positions: Rows) -> Found:
        """The findings at these positions."""
        return Found(self.rows[positions], self.kinds[positions], self.cells.take(pa.array(positions)))


def nothing() -> Found:
    """No findings."""
    return Found(no_rows(), np.zeros(0, np.int32), pa.array([], TEXT))


def joined(parts: Iterable[Found]) -> Found:
    """All findings of `parts`, one after the other."""
    kept = [part for part in parts if len(part)]
    if not kept:
        return nothing()
    if len(kept) == 1:
        return kept[0]
    return Found(
        np.concatenate([part.rows for part in kept]),
        np.concatenate([part.kinds for part in kept]),
        pa.concat_arrays([part.cells for part in kept]),
    )


@dataclass(frozen=True, slots=True)
class Late:
    """Findings of keys, which frictionless adds to a row after those of its cells.

    `step` is the position of the check among all key checks of the table: unique fields, the primary key, foreign
    keys, our own extensions. `reads` are the positions of the fields that frictionless has read by the time the first
    such finding of a row makes it read the rest: it decides the order of the row's other findings.
    """

    type: str
    rows: Rows
    notes: Any
    cells: Any
    step: int
    reads: tuple[int, ...]
    number: int | None = None
    field: str | None = None
