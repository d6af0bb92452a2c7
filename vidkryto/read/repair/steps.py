"""The repairs of one field in their fixed order, over whole columns; Python sees only distinct suspicious cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vidkryto.catalogue.reading import FieldReading, Reading
from vidkryto.read.repair import dates, letters, numbers

Change = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One repair: its finding code, an RE2 pattern of the cells it may touch, and what it makes of a cell."""

    code: str
    suspicious: str
    change: Change


@dataclass(frozen=True, slots=True)
class Repaired:
    """What one repair did or noticed in one field: which cells (indices from 0), and one cell before and after."""

    code: str
    indices: NDArray[np.int64]
    was: str
    becomes: str | None


def repair_field(
    column: pa.Array, reading: Reading, schema_field: Mapping[str, Any], *, workbook: bool = False
) -> tuple[pa.Array, list[Repaired]]:
    """The column after all declared repairs of its field, and what each did.

    In a `workbook` a moment at midnight looks like a day; in a field of moments it gets its hour back.
    """
    kind = str(schema_field.get("type", "string"))
    declared = reading.fields.get(str(schema_field["name"]), FieldReading())
    done: list[Repaired] = []
    wanted = list(steps(declared, reading, kind))
    if workbook and kind == "datetime":
        wanted.append(Step("repair-midnight", r"^\d{4}-\d\d-\d\d$", lambda text: f"{text}T00:00:00"))
    for step in wanted:
        column, repaired = _apply(column, step)
        if repaired:
            done.append(repaired)
    return column, done


def doubtful(column: pa.Array, reading: Reading, field: str) -> list[Repaired]:
    """Cells that no repair can bring to the declared form with certainty; they stay as they are."""
    found = numbers.without_unit(reading.fields[field], column) if field in reading.fields else None
    if not found or not found[1].true_count:
        return []
    hits = np.flatnonzero(np.asarray(found[1]))
    cell = column[int(hits[0])].as_py()
    return [Repaired(found[0], hits, cell, cell)]


def _apply(column: pa.Array, step: Step) -> tuple[pa.Array, Repaired | None]:
    mask = pc.fill_null(pc.match_substring_regex(column, step.suspicious), False)
    if not mask.true_count:
        return column, None
    touched = column.filter(mask).dictionary_encode()
    before = touched.dictionary.to_pylist()
    after = [step.change(text) for text in before]
    changed = np.array([old != new for old, new in zip(before, after, strict=True)], dtype=bool)
    if not changed.any():
        return column, None
    codes = np.asarray(touched.indices)
    replaced = pa.array(after, pa.string()).take(touched.indices)
    hits = np.flatnonzero(np.asarray(mask))[changed[codes]]
    first = int(codes[np.flatnonzero(changed[codes])[0]])
    return pc.replace_with_mask(column, mask, replaced), Repaired(step.code, hits, before[first], after[first])


def steps(declared: FieldReading, reading: Reading, kind: str) -> Iterator[Step]:
    """The repairs in their order: no-value words, letters, vocabulary, numbers, dates, degrees, lengths of codes."""
    clean = tuple(dict.fromkeys((*reading.clean, *declared.clean)))
    if "spaces" in clean:
        yield Step("repair-spaces", letters.STRAY_SPACES, letters.without_stray_spaces)
    if "controls" in clean:
        yield Step("repair-controls", letters.CONTROLS, letters.without_controls)
    if nulls := (*reading.nulls, *declared.nulls):
        known = frozenset(nulls)
        yield Step("repair-null-word", _any_of(nulls), lambda text: None if text.strip() in known else text)
    if "cyrillic" in clean:
        yield Step("repair-latin-in-cyrillic", letters.MIXED, letters.to_cyrillic)
    if "latin" in clean:
        yield Step("repair-cyrillic-in-latin", letters.CYRILLIC_LOOKALIKES, letters.to_latin)
    if "apostrophes" in clean:
        yield Step("repair-apostrophe", letters.APOSTROPHES, letters.one_apostrophe)
    if "dashes" in clean:
        yield Step("repair-dash", letters.DASHES, letters.one_dash)
    if declared.values:
        spellings = {spelling: value for value, many in declared.values.items() for spelling in (*many, value)}
        folded = {letters.folded(spelling): value for spelling, value in spellings.items()}
        yield Step("repair-vocabulary", ".", lambda text: spellings.get(text, folded.get(letters.folded(text), text)))
    yield from numbers.steps(declared, Step)
    if declared.dates:
        yield Step("repair-date", r"\S", dates.reader(declared.dates, declared.century, declared.day, kind))
    if declared.degrees:
        yield Step("repair-degrees", r"[°º˚]", numbers.decimal_degrees)
    if declared.digits:
        yield Step("repair-leading-zeros", r"^\s*\d+(?:\.0+)?\s*$", numbers.padded(declared.digits, declared.lost))


def _any_of(words: tuple[str, ...]) -> str:
    """An RE2 pattern for cells that are one of the words, spaces around it allowed."""
    quoted = "|".join(_quote(word) for word in words if word)
    return rf"^\s*(?:{quoted})\s*$"


def _quote(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\x{{{ord(letter):x}}}" for letter in text)
