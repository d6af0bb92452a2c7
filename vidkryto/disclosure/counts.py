"""Tables of counts of people: cells, margins and the sums that tie them together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

import pyarrow as pa

Key = tuple[tuple[str, str], ...]
"""A cell: pairs (field, category), sorted; a field that is not there is summed over. `()` is the grand total."""

LARGEST = 20_000
"""Cells with all margins; a larger table is for a statistician."""


@dataclass(frozen=True, slots=True)
class CountTable:
    """The published counts of one resource; None where a number is hidden. Two tables are linked by equal keys."""

    over: tuple[str, ...]
    values: Mapping[Key, int | None] = field(repr=False)
    truth: Mapping[Key, int] = field(default_factory=dict, repr=False)
    """Every number, hidden or not, while the run lasts; never written anywhere."""

    def to_json(self) -> str:
        """What is public of the table, for the next release."""
        cells = [[list(map(list, key)), value] for key, value in sorted(self.values.items())]
        return json.dumps({"over": list(self.over), "cells": cells}, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> CountTable:
        """The table that `to_json` wrote; it knows nothing of the hidden numbers."""
        stored = json.loads(text)
        cells = {tuple((str(name), str(word)) for name, word in key): value for key, value in stored["cells"]}
        return cls(tuple(stored["over"]), cells)


@dataclass(frozen=True, slots=True)
class Relation:
    """A total and the cells that make it up."""

    total: Key
    parts: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """A table of counts as read: its cells, where each stands, and what does not add up."""

    over: tuple[str, ...]
    truth: Mapping[Key, int] = field(repr=False)
    """Every cell and every margin, also the ones that have no row of their own."""
    row_of: Mapping[Key, int] = field(repr=False)
    relations: tuple[Relation, ...] = field(repr=False)
    defects: Mapping[str, int] = field(default_factory=dict)
    """`not-whole`, `repeated`, `sum`, `too-large` → how many places."""


def read_counts(columns: pa.Table, counts: str, over: tuple[str, ...], total: str) -> Counted:
    """The cells of a long table: one row for each combination of categories, total rows marked by the word `total`."""
    names = [columns.column(name).to_pylist() for name in over]
    cells: dict[Key, int] = {}
    row_of: dict[Key, int] = {}
    defects: dict[str, int] = {}
    for row, (number, *words) in enumerate(zip(columns.column(counts).to_pylist(), *names, strict=True)):
        key = tuple(sorted((name, word) for name, word in zip(over, words, strict=True) if word.strip() != total))
        if key in cells:
            defects["repeated"] = defects.get("repeated", 0) + 1
        if not (number or "").isascii() or not (number or "").isdigit():
            defects["not-whole"] = defects.get("not-whole", 0) + 1
            continue
        cells[key], row_of[key] = int(number), row
    categories = {
        name: sorted({word for key in cells for field_name, word in key if field_name == name}) for name in over
    }
    size = 1
    for words in categories.values():
        size *= len(words) + 1
    if size > LARGEST:
        return Counted(over, {}, {}, (), {**defects, "too-large": size})
    return _with_margins(over, cells, row_of, categories, defects)


def _with_margins(
    over: tuple[str, ...],
    cells: Mapping[Key, int],
    row_of: Mapping[Key, int],
    categories: Mapping[str, list[str]],
    defects: dict[str, int],
) -> Counted:
    """Every margin summed from the inner cells, compared with the margin that the table states."""
    truth: dict[Key, int] = {}
    for words in product(*(categories[name] for name in over)):
        inner = tuple(sorted(zip(over, words, strict=True)))
        truth[inner] = cells.get(inner, 0)
        for margin in _margins(inner):
            truth[margin] = truth.get(margin, 0) + truth[inner]
    wrong = sum(1 for key, number in cells.items() if truth.get(key) != number)
    if wrong:
        defects["sum"] = wrong
    return Counted(over, truth, row_of, tuple(sums(truth, categories)), defects)


def _margins(inner: Key) -> Iterable[Key]:
    """Every margin over a cell: one for each proper subset of its pairs."""
    for chosen in product((True, False), repeat=len(inner)):
        if not all(chosen):
            yield tuple(pair for pair, keep in zip(inner, chosen, strict=True) if keep)


def sums(truth: Mapping[Key, int], categories: Mapping[str, list[str]]) -> Iterable[Relation]:
    """Each margin as the sum over one of the fields it lacks."""
    for key in sorted(truth):
        present = {name for name, _ in key}
        for name, words in sorted(categories.items()):
            if name not in present:
                parts = tuple(tuple(sorted((*key, (name, word)))) for word in words)
                yield Relation(key, tuple(part for part in parts if part in truth))
