"""What a file seems to hold: encoding, tables, where each begins and ends and why, columns and their problems.

Nothing here is used when an export is read for publication: these are suggestions for a person who writes a contract.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vidkryto.catalogue.reading import Header, Reading
from vidkryto.catalogue.spellings import FULL_MONTHS
from vidkryto.findings import Finding, Place
from vidkryto.read.encoding import MARGIN, WESTERN, WESTERN_MARGIN
from vidkryto.read.files import grids_of
from vidkryto.read.formats import format_of
from vidkryto.read.grid import Grid, is_empty
from vidkryto.read.guess import NULL_WORDS, ColumnLook, look_at
from vidkryto.read.layout import SUSPECT_TOTALS, Kind, begins_with_word, is_column_numbers, lay_out
from vidkryto.read.transliterate import machine_names

HEAD = 60
"""Rows in which a header is looked for."""
_NUMBERLIKE = re.compile(r"[-+]?[\d\s.,%]*\d[\d\s.,%]*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_PERIOD = re.compile(rf"\d{{4}}(?:-\d\d-\d\d)?|.*(?:19|20)\d\d.*|(?i:{'|'.join(FULL_MONTHS)}).*")


@dataclass(slots=True)
class TableLook:
    """One table: its rows by number in the officer's file, the reasons, its columns, and what it suggests."""

    sheet: str
    rows: int
    """The number of its last row, or line."""
    header: tuple[int, ...]
    first: int
    last: int
    reasons: list[str] = field(default_factory=list)
    reading: dict[str, Any] = field(default_factory=dict)
    columns: list[ColumnLook] = field(default_factory=list)
    cells: pa.Table = field(default_factory=lambda: pa.table({}), repr=False)
    """The data cells as they stand in the file, by the machine names of their columns."""
    findings: tuple[Finding, ...] = ()
    """Rows of the data that may have been cut off."""


@dataclass(frozen=True, slots=True)
class Look:
    """What `look` saw in a file."""

    file: str
    format: str
    encoding: str
    evidence: str
    delimiter: str
    tables: tuple[TableLook, ...]
    findings: tuple[Finding, ...]


def look(path: Path) -> Look:
    """Look at a file. Raises ReadError when it cannot be read at all."""
    place = Place(file=path.name)
    kind = format_of(path, path.name, "auto", place)
    reading = Reading(sheet=("*",), header=Header(rows=()), max_columns=16_384)
    grids = grids_of(path, reading, place)
    encoding = grids[0].encoding if grids else ""
    tables = tuple(_table(grid, place) for grid in grids if grid.height)
    return Look(
        file=path.name,
        format=kind,
        encoding=encoding,
        evidence=_evidence(grids[0]) if grids else "",
        delimiter=str(grids[0].extra.get("delimiter", "")) if grids else "",
        tables=tables,
        findings=(*chain(*(grid.findings for grid in grids)), *chain(*(table.findings for table in tables))),
    )


def _evidence(grid: Grid) -> str:
    verdict = grid.extra.get("verdict")
    if verdict is None:
        return ""
    if verdict.how != "letters":
        words = {"bom": "byte order mark", "ascii": "only ASCII", "utf-8": "strict UTF-8"}
        return words.get(verdict.how, str(verdict.how))
    second = verdict.candidates[1].encoding if len(verdict.candidates) > 1 else "nothing"
    enough = WESTERN_MARGIN if verdict.encoding in WESTERN else MARGIN
    return f"letters; {verdict.margin:.0f} points ahead of {second}, {enough:.0f} are enough"


def _table(grid: Grid, place: Place) -> TableLook:
    """Find header, notes, totals and footer of one grid, then look at its columns."""
    reasons: list[str] = []
    declared: dict[str, Any] = {}
    if grid.labels is None:
        header = _header(grid, reasons)
        rows = [grid.rows[index].as_py() for index in header]
        if rows != [1]:
            declared["header"] = rows
        _after_header(grid, header, declared, reasons)
        _ends(grid, header, declared, reasons)
    else:
        rows = []
        reasons.append("the format names its columns")
    reading = Reading.model_validate({"header": {"rows": rows}, **declared, "max_columns": 16_384})
    layout = lay_out(grid, reading, place)
    data = np.flatnonzero(layout.kinds == Kind.DATA)
    found = TableLook(grid.sheet, grid.rows[-1].as_py(), tuple(rows), *_bounds(grid, data), reasons, declared)
    names = machine_names(layout.labels)
    mask = pa.array(layout.kinds == Kind.DATA)
    cells: dict[str, pa.Array] = {}
    for position, (label, name) in enumerate(zip(layout.labels, names, strict=True)):
        column = grid.columns[position].filter(mask)
        if not (label == f"#{position + 1}" and bool(is_empty(column).true_count == len(column))):
            found.columns.append(look_at(label, name, column))
            cells[name] = column
    found.cells = pa.table(cells)
    _wide(found)
    found.findings = tuple(item for item in layout.findings if item.code == "row-too-short")
    return found


def _bounds(grid: Grid, data: Any) -> tuple[int, int]:
    return (grid.rows[int(data[0])].as_py(), grid.rows[int(data[-1])].as_py()) if len(data) else (0, 0)


def _filled(grid: Grid, count: int) -> list[int]:
    """How many cells are filled in each of the first rows."""
    total = np.zeros(min(count, grid.height), dtype=int)
    for column in grid.columns:
        total += ~np.asarray(is_empty(column.slice(0, count)))
    return [int(number) for number in total]


def _header(grid: Grid, reasons: list[str]) -> list[int]:
    """Indices of the header rows: the first row that is as full as the table and holds words, and levels above it."""
    filled = _filled(grid, HEAD)
    usual = statistics.median([number for number in filled if number] or [1])
    for index, number in enumerate(filled):
        cells = [cell.strip() for cell in grid.cells(index) if cell.strip()]
        words = [cell for cell in cells if not _NUMBERLIKE.fullmatch(cell) or _YEAR.fullmatch(cell)]
        if number >= max(0.6 * usual, 1) and (len(words) >= 0.5 * len(cells) or len(words) == len(cells)):
            levels = _levels(grid, index, filled)
            title = [grid.rows[above].as_py() for above in range(levels[0]) if filled[above]]
            if title:
                reasons.append(f"rows {_span(title)} above the header are a title: fewer cells than the table")
            told = [grid.rows[level].as_py() for level in levels]
            reasons.append(f"header in row {_span(told)}: the first row as full as the table, and it holds words")
            return levels
    reasons.append("no row looks like a header; the first is taken")
    return [0]


def _levels(grid: Grid, index: int, filled: Sequence[int]) -> list[int]:
    """The row and those right above it that group its columns: several names, each over several columns."""
    levels = [index]
    while levels[0] > 0:
        above = levels[0] - 1
        spans = [area for area in grid.merged if area[0] <= above <= area[2] and area[3] > area[1]]
        whole = any(area[3] - area[1] + 1 >= 0.9 * grid.width for area in spans)
        if filled[above] < 2 or whole or (not spans and grid.merged) or not spans:
            break
        levels.insert(0, above)
    return levels


def _span(rows: Sequence[int]) -> str:
    return str(rows[0]) if len(rows) == 1 else f"{rows[0]}-{rows[-1]}"


def _after_header(grid: Grid, header: Sequence[int], declared: dict[str, Any], reasons: list[str]) -> None:
    """A row of column numbers or a note right under the header."""
    below = header[-1] + 1
    if below >= grid.height:
        return
    cells = [cell.strip() for cell in grid.cells(below)]
    row = grid.rows[below].as_py()
    if is_column_numbers(cells):
        declared["notes"] = {"column_numbers": True}
        reasons.append(f"row {row} only numbers the columns")
        return
    null_words = sum(cell in NULL_WORDS for cell in cells)
    fewer = 0 < sum(map(bool, cells)) <= 0.4 * sum(map(bool, grid.cells(min(below + 1, grid.height - 1))))
    if null_words >= 2 or fewer:
        declared["notes"] = {"rows": [row]}
        why = "words for no value" if null_words >= 2 else "far fewer cells than the next row"
        reasons.append(f"row {row} under the header looks like a note: {why}; check it")


def _ends(grid: Grid, header: Sequence[int], declared: dict[str, Any], reasons: list[str]) -> None:
    """Total rows anywhere, and notes at the end."""
    word = re.compile(begins_with_word(SUSPECT_TOTALS).replace(r"\p{L}\p{N}", r"\w"))
    rest = grid.height - header[-1] - 1
    footer = 0
    for index in range(grid.height - 1, max(header[-1], grid.height - 21), -1):
        cells = [cell.strip() for cell in grid.cells(index) if cell.strip()]
        if len(cells) == 1 and grid.width > 2 and not word.match(cells[0]):
            footer += 1
        elif cells:
            break
    if footer and footer < rest:
        declared["footer"] = {"rows": footer}
        reasons.append(f"{footer} rows at the end hold one cell only: notes")
    first = _first_cells(grid, header[-1] + 1)
    totals = [(index, text) for index, text in first if word.match(text)]
    if totals and len(totals) <= 0.2 * rest:
        words = sorted({found.group().strip(" :.,") for _, text in totals if (found := word.match(text))})
        declared["totals"] = words
        rows = [grid.rows[index].as_py() for index, _ in totals]
        reasons.append(f"{len(rows)} total rows ({', '.join(words)}), the first is row {rows[0]}; check them")


def _first_cells(grid: Grid, start: int) -> list[tuple[int, str]]:
    """The first filled cell of each row from `start`."""
    left: dict[int, str] = {}
    waiting = set(range(start, grid.height))
    for column in grid.columns[:5]:
        texts = column.to_pylist()
        for index in list(waiting):
            if texts[index] and texts[index].strip():
                left[index] = texts[index].strip()
                waiting.discard(index)
    return sorted(left.items())


def _wide(found: TableLook) -> None:
    """Many columns named for periods: a table that wants to be melted."""
    periods = [column for column in found.columns if _PERIOD.fullmatch(column.label)]
    if len(periods) < 3 or len(periods) < 0.5 * len(found.columns):
        return
    for pattern, name, kind in ((_YEAR, "year", "year"), (_DAY, "date", "date")):
        if all(pattern.fullmatch(column.label) for column in periods):
            _melted(found, periods, pattern.pattern, name, kind)
            return
    found.reasons.append(
        f"{len(periods)} columns are named for periods, from «{periods[0].label}» to «{periods[-1].label}»: "
        "a wide table; `melt` makes it long"
    )


def _melted(found: TableLook, periods: list[ColumnLook], pattern: str, name: str, kind: str) -> None:
    """Columns named by years or days alone: the declaration that makes them rows is certain enough to write down."""
    found.reasons.append(f"{len(periods)} columns are named by {name}s: a wide table; `melt` makes it long")
    found.reading["melt"] = {"columns": [f"/^{pattern}$/"], "names": [name], "value": "value"}
    rest = [column for column in found.columns if column not in periods]
    declared: dict[str, Any] = {}
    for column in periods:
        declared |= column.reading
    number = all(column.type in ("integer", "number", "year") or not column.filled for column in periods)
    filled = sum(column.filled for column in periods)
    value = ColumnLook("value", "value", "number" if number else "string", filled, reading=declared)
    found.columns = [*rest, ColumnLook(name, name, kind, filled, len(periods)), value]
