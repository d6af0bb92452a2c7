"""frictionless' own cell reader of one field, asked once for each distinct text."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from frictionless import Field

from vidkryto.validate.arrays import Codes
from vidkryto.validate.declined import Declined
from vidkryto.validate.extensions import CATEGORY, category_note

MEMORY = 50_000
"""Distinct texts remembered for a column that is in no key; beyond them the memory starts afresh."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What frictionless says of a text: whether it counts as blank, and its errors as (type, note)."""

    blank: bool
    notes: tuple[tuple[str, str], ...]


FINE = Verdict(blank=False, notes=())


class DistinctReader:
    """Verdicts on the texts of one field.

    Verdicts are numbered; number 0 is "fine". A reader that keeps values (for keys) also numbers every distinct text
    and keeps the value read from it for as long as it lives; other readers forget.
    """

    def __init__(self, field: Field, *, keep: bool = False, categories: frozenset[Any] | None = None) -> None:
        self.field = field
        self.keep = keep
        self.categories = categories
        self.verdicts: list[Verdict] = [FINE]
        self.values: list[Any] = []
        """With `keep`: the value of each numbered text; None for missing and for type errors."""
        self.verdict_of: list[int] = []
        self.texts: list[str | None] = []
        self._numbers: dict[Verdict, int] = {FINE: 0}
        self._memory: dict[str | None, int] = {}
        self._read = field.create_cell_reader()
        self._lock = threading.Lock()

    def judge(self, texts: Iterable[str | None]) -> Codes:
        """The verdict number of each text; None is the cell that a short row lacks."""
        if self.keep:
            codes = self.number(texts)
            return np.array(self.verdict_of, np.int32)[codes] if len(codes) else codes
        with self._lock:
            if len(self._memory) > MEMORY:
                self._memory.clear()
            memory = self._memory
            return np.fromiter((memory[text] if text in memory else self._learn(text) for text in texts), np.int32)

    def number(self, texts: Iterable[str | None]) -> Codes:
        """With `keep`: the number of each text, reading those that are new."""
        with self._lock:
            memory = self._memory
            return np.fromiter((memory[text] if text in memory else self._learn(text) for text in texts), np.int32)

    def read(self, text: str | None) -> tuple[Any, int]:
        """The value of one text (None for missing and for type errors) and its verdict number."""
        try:
            value, notes = self._read(text)
        except Exception as error:  # whatever frictionless' reader raises, it raises again when it is asked itself
            raise Declined(f"frictionless fails on a cell of the field {self.field.name}") from error
        if not notes and value is None:
            return value, self._number_of(Verdict(blank=True, notes=()))
        if not notes and (self.categories is None or value in self.categories):
            return value, 0
        if not notes:
            return value, self._number_of(Verdict(False, ((CATEGORY, category_note(self.categories or frozenset())),)))
        wrong_type = notes.get("type")
        found = [("type-error", wrong_type)] if wrong_type else []
        found += [("constraint-error", note) for name, note in notes.items() if name != "type"]
        verdict = Verdict(blank=value is None and not wrong_type, notes=tuple(found))
        return (None if wrong_type else value), self._number_of(verdict)

    def _learn(self, text: str | None) -> int:
        value, verdict = self.read(text)
        if not self.keep:
            self._memory[text] = verdict
            return verdict
        if value is not None:
            refuse_unhashable(value, self.field.name)
        code = len(self.values)
        self.values.append(value)
        self.verdict_of.append(verdict)
        self.texts.append(text)
        self._memory[text] = code
        return code

    def _number_of(self, verdict: Verdict) -> int:
        if verdict not in self._numbers:
            self._numbers[verdict] = len(self.verdicts)
            self.verdicts.append(verdict)
        return self._numbers[verdict]


def refuse_unhashable(value: Any, name: str) -> None:
    """Raise Declined for a value that cannot be compared by keys: frictionless itself fails on those."""
    try:
        hash(value)
    except Exception as error:  # TypeError, InvalidOperation of a signalling NaN, ValueError of an impossible zone
        raise Declined(f"values of the key field {name} cannot be compared") from error
