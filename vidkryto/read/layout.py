"""Which rows of a grid are header, title, note, total, blank and data, by what the contract declares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.grid import Grid, blank_rows, is_empty, some
from vidkryto.read.set_aside import like_data, told
from vidkryto.read.table import Account

SUSPECT_TOTALS = (
    "всього",
    "усього",
    "разом",
    "загалом",
    "загальна сума",
    "підсумок",
    "итого",
    "всего",
    "total",
    "сума",
)


class Kind(IntEnum):
    """What a row is."""

    DATA = 0
    HEADER = 1
    TITLE = 2
    TOTAL = 3
    BLANK = 4
    NOTE = 5


@dataclass(frozen=True, slots=True)
class Layout:
    """The kind of every row of a grid and the names of its columns."""

    kinds: NDArray[np.int8]
    labels: tuple[str, ...]
    findings: tuple[Finding, ...]

    def account(self, grid: Grid) -> Account:
        """The account of the grid's rows."""
        found = np.bincount(self.kinds, minlength=len(Kind))
        return Account(
            rows_in_file=grid.rows_in_file,
            data=int(found[Kind.DATA]),
            header=int(found[Kind.HEADER]),
            title=int(found[Kind.TITLE]),
            total=int(found[Kind.TOTAL]),
            blank=int(found[Kind.BLANK]) + grid.blank_after,
            note=int(found[Kind.NOTE]) + grid.noted,
            rejected=grid.rejected,
        )


def lay_out(grid: Grid, reading: Reading, place: Place) -> Layout:
    """Kinds and labels of a grid. Raises ReadError when a declared header row is not in the file."""
    rows = np.asarray(grid.rows)
    kinds = np.zeros(grid.height, dtype=np.int8)
    blank = np.asarray(blank_rows(grid))
    kinds[blank] = Kind.BLANK
    header = _header(grid, rows, reading, place)
    last = int(header[-1]) if len(header) else -1
    above = np.arange(grid.height) < last
    kinds[above & (kinds != Kind.BLANK)] = Kind.TITLE
    kinds[header] = Kind.HEADER
    first = _first_cells(grid, int(blank.sum()))
    before = kinds == Kind.DATA
    _notes(grid, rows, kinds, first, reading, last)
    between = kinds == Kind.DATA
    stopped = _footer(kinds, first, reading, last)
    findings = [*_short(grid, rows, kinds, place), *_totals(grid, rows, kinds, first, reading, place)]
    noted, ended = before & np.isin(rows, reading.notes.rows), between & (kinds == Kind.NOTE)
    findings += _set_aside(grid, kinds, first, noted, ended, place)
    findings += _unmet(grid, noted, stopped, reading, place)
    return Layout(kinds, labels_of(grid, header, reading), tuple(findings))


def _set_aside(
    grid: Grid,
    kinds: NDArray[np.int8],
    first: pa.Array,
    noted: NDArray[np.bool_],
    ended: NDArray[np.bool_],
    place: Place,
) -> list[Finding]:
    """Rows that `notes.rows` and `footer` took and that look like data all the same."""
    findings: list[Finding] = []
    for taken, declared in ((noted, "notes.rows"), (ended, "footer")):
        if taken.any():
            taken = taken & ~_suspects(grid, first, taken)
            rows = like_data(
                grid, np.flatnonzero(kinds == Kind.DATA), np.flatnonzero(taken), words=declared == "footer"
            )
            rows = np.array([row for row in rows if not is_column_numbers(grid.cells(int(row)))], dtype=np.intp)
            findings += told(grid, rows, declared, place)
    return findings


def _unmet(grid: Grid, noted: NDArray[np.bool_], stopped: bool, reading: Reading, place: Place) -> list[Finding]:
    """Declarations of rows that are not in this file: what they were meant for may have been read as data."""
    where = Place(place.resource, place.file, grid.sheet)
    unmet = []
    if reading.footer.stop_at and not stopped:
        unmet.append(("footer.stop_at", ", ".join(reading.footer.stop_at)))
    if reading.notes.rows and not noted.any():
        unmet.append(("notes.rows", ", ".join(map(str, reading.notes.rows))))
    return [Finding("rows-undeclared", where, found=name, wanted=text) for name, text in unmet]


def _header(grid: Grid, rows: NDArray[np.int64], reading: Reading, place: Place) -> NDArray[np.int64]:
    if grid.labels is not None or not reading.header.rows:
        return np.array([], dtype=np.int64)
    found = np.flatnonzero(np.isin(rows, reading.header.rows))
    if len(found) != len(reading.header.rows):
        missing = sorted(set(reading.header.rows) - {int(row) for row in rows[found]})
        raise ReadError(
            f"{place.file}: the contract says the header stands in row {missing[0]}, but no row begins there "
            f"(the file has {grid.height} rows)",
            (Finding("header-missing", place, wanted=str(missing[0]), found=str(grid.height)),),
            remedy="Correct `header` in the block `reading`; `vidkryto look FILE` shows where the table begins.",
        )
    return found


def _first_cells(grid: Grid, blank: int) -> pa.Array:
    """The first cell of each row that is not empty, trimmed; '' for a blank row, of which there are so many."""
    if not grid.columns:
        return pa.array([""] * grid.height, pa.string())
    result: pa.Array | None = None
    for column in grid.columns:
        filled = pc.if_else(is_empty(column), pa.scalar(None, pa.string()), column)
        result = filled if result is None else pc.coalesce(result, filled)
        if result.null_count == blank:
            break
    return pc.utf8_trim_whitespace(pc.fill_null(result, ""))


def begins_with_word(texts: Sequence[str]) -> str:
    """A pattern for cells that are one of `texts` or begin with it as a whole word.

    «Загалом» matches «Загалом:» and «Загалом по місту», and not «Загальноосвітня школа».
    """
    return rf"{_begins_with(texts)}(?:$|[^\p{{L}}\p{{N}}'’ʼ-])"


def _begins_with(texts: Sequence[str]) -> str:
    words = "|".join(re.escape(text.strip().rstrip(":")).replace("/", r"\/") for text in texts)
    return rf"(?i)^\s*(?:{words})"


def _matches(column: pa.Array, texts: Sequence[str]) -> NDArray[np.bool_]:
    """Where a cell begins with one of the words. Of most columns none does, and to compile all letters costs more."""
    likely = np.array(pc.fill_null(pc.match_substring_regex(column, _begins_with(texts)), False))
    if likely.any():
        likely[likely] = pc.match_substring_regex(column.filter(pa.array(likely)), begins_with_word(texts))
    return likely


def _notes(
    grid: Grid, rows: NDArray[np.int64], kinds: NDArray[np.int8], first: pa.Array, reading: Reading, last: int
) -> None:
    notes, data = reading.notes, kinds == Kind.DATA
    if notes.rows:
        kinds[data & np.isin(rows, notes.rows)] = Kind.NOTE
    if notes.begin:
        pattern = "^(?:" + "|".join(re.escape(text) for text in notes.begin) + ")"
        kinds[data & np.asarray(pc.match_substring_regex(first, pattern))] = Kind.NOTE
    if notes.only_first:
        filled = np.zeros(grid.height, dtype=np.int32)
        for column in grid.columns:
            filled += ~np.asarray(is_empty(column))
        kinds[data & (filled == 1)] = Kind.NOTE
    if notes.column_numbers:
        following = next((i for i in range(last + 1, grid.height) if kinds[i] != Kind.BLANK), None)
        if following is not None and is_column_numbers(grid.cells(following)):
            kinds[following] = Kind.NOTE


def is_column_numbers(cells: Sequence[str]) -> bool:
    """Whether a row only numbers its columns: 1, 2, 3 …"""
    filled = [cell.strip().removesuffix(".0") for cell in cells if cell.strip()]
    return len(filled) > 1 and filled == [str(number) for number in range(1, len(filled) + 1)]


def _footer(kinds: NDArray[np.int8], first: pa.Array, reading: Reading, last: int) -> bool:
    """Set what ends the table aside; whether the row that `stop_at` names was there."""
    footer, end = reading.footer, len(kinds)
    hits = np.array([], dtype=np.intp)
    after = np.arange(end) > last
    if footer.stop_at:
        hits = np.flatnonzero(after & _matches(first, footer.stop_at))
        if len(hits):
            end = int(hits[0])
            kinds[end] = Kind.TOTAL
            rest = np.arange(len(kinds)) > end
            kinds[rest & (kinds == Kind.DATA)] = Kind.NOTE
    if footer.blank_rows:
        run, seen = 0, False
        for position in range(last + 1, end):
            run = run + 1 if kinds[position] == Kind.BLANK else 0
            seen = seen or kinds[position] == Kind.DATA
            if seen and run == footer.blank_rows:
                rest = np.arange(len(kinds)) > position
                kinds[rest & (kinds == Kind.DATA)] = Kind.NOTE
                break
    if footer.rows:
        filled = np.flatnonzero(after & (kinds != Kind.BLANK))
        tail = filled[-footer.rows :]
        kinds[tail[kinds[tail] == Kind.DATA]] = Kind.NOTE
    return len(hits) > 0


def _short(grid: Grid, rows: NDArray[np.int64], kinds: NDArray[np.int8], place: Place) -> list[Finding]:
    """Rows of data that the file gives fewer cells than the table has; a title or note is as short as it likes."""
    short = rows[(kinds == Kind.DATA) & np.isin(rows, grid.short)] if grid.short else rows[:0]
    if not len(short):
        return []
    lines = tuple(short.tolist())
    details = {"width": grid.width, "lines": some(lines)}
    return [Finding("row-too-short", place, count=len(lines), rows=lines[:10], details=details)]


def _totals(
    grid: Grid, rows: NDArray[np.int64], kinds: NDArray[np.int8], first: pa.Array, reading: Reading, place: Place
) -> list[Finding]:
    data = kinds == Kind.DATA
    if reading.totals:
        column = _named(grid, kinds, reading) if reading.totals.column else first
        if column is None:
            where = Place(place.resource, place.file, grid.sheet, column=reading.totals.column)
            there = ", ".join(labels_of(grid, np.flatnonzero(kinds == Kind.HEADER), reading)[:20])
            return [Finding("schema-drift-missing", where, wanted=reading.totals.column, details={"there": there})]
        kinds[data & _matches(column, reading.totals.words)] = Kind.TOTAL
        data = kinds == Kind.DATA
    suspects = np.flatnonzero(_suspects(grid, first, data))
    if not len(suspects):
        return []
    places = tuple(int(row) for row in rows[suspects])
    where = Place(place.resource, place.file, grid.sheet, row=places[0])
    text = first[int(suspects[0])].as_py()
    text = (grid.cells(int(suspects[0]))[1] if text[:1].isdigit() else text).strip()[:80]
    return [Finding("total-row-suspected", where, found=text, count=len(places), rows=places[:10])]


def _suspects(grid: Grid, first: pa.Array, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that begin with a word for a total; behind a number, perhaps that of the row, the second cell counts."""
    numbered = _begins_with_digit(first)
    found = np.zeros(grid.height, dtype=bool)
    for rows, column in ((~numbered, first), (numbered, grid.columns[1] if grid.width > 1 else None)):
        if column is not None and rows.any():
            found[rows] = _matches(column if rows.all() else column.filter(pa.array(rows)), SUSPECT_TOTALS)
    return found & among


def _begins_with_digit(column: pa.Array) -> NDArray[np.bool_]:
    """Where a text begins with 0 to 9: told from its bytes, since an expression over all rows costs more."""
    _, offsets, content = column.cast(pa.string()).buffers()
    if content is None or not content.size:
        return np.zeros(len(column), dtype=bool)
    bounds = np.frombuffer(offsets, dtype=np.int32)[column.offset : column.offset + len(column) + 1]
    begin = np.frombuffer(content, dtype=np.uint8)[np.minimum(bounds[:-1], content.size - 1)]
    return np.asarray((bounds[1:] > bounds[:-1]) & (begin >= ord("0")) & (begin <= ord("9")))


def _named(grid: Grid, kinds: NDArray[np.int8], reading: Reading) -> pa.Array | None:
    """The column in which total words are looked for; None when the export does not have it."""
    wanted = normal(reading.totals.column) if reading.totals else ""
    labels = labels_of(grid, np.flatnonzero(kinds == Kind.HEADER), reading)
    for position, label in enumerate(labels):
        if wanted in (normal(label), f"#{position + 1}"):
            return pc.fill_null(pc.utf8_trim_whitespace(grid.columns[position]), "")
    return None


def tidy(text: str) -> str:
    """A header as people read it: line breaks, no-break and repeated spaces become one space."""
    return " ".join(text.replace("\ufeff", "").replace("\u200b", "").replace("\u00ad", "").split())


def normal(text: str) -> str:
    """A header for comparing: tidy, case ignored."""
    return tidy(text).casefold()


def labels_of(grid: Grid, header: NDArray[np.int64], reading: Reading) -> tuple[str, ...]:
    """The name of each column: the levels of the header joined; `Бал [2]` for a repeated one, `#3` for an empty one."""
    if grid.labels is not None:
        names = [tidy(label) for label in grid.labels]
    else:
        levels = [_level(grid, int(index), depth < len(header) - 1, reading) for depth, index in enumerate(header)]
        names = [_joined([level[position] for level in levels], reading.header.join) for position in range(grid.width)]
    seen: dict[str, int] = {}
    labels = []
    for position, name in enumerate(names, start=1):
        if not name:
            labels.append(f"#{position}")
            continue
        seen[normal(name)] = number = seen.get(normal(name), 0) + 1
        labels.append(name if number == 1 else f"{name} [{number}]")
    return tuple(labels)


def _joined(parts: list[str], join: str) -> str:
    """Levels joined; a level that repeats the one above (a cell merged downwards) counts once."""
    kept: list[str] = []
    for part in parts:
        if part and (not kept or kept[-1] != part):
            kept.append(part)
    return join.join(kept)


def _level(grid: Grid, index: int, upper: bool, reading: Reading) -> list[str]:
    cells = [tidy(cell) for cell in grid.cells(index)]
    if not reading.header.fill:
        return cells
    covered: set[int] = set()
    for top, left, bottom, right in grid.merged:
        if top <= index <= bottom:
            source = grid.columns[left][top].as_py() if left < grid.width and top < grid.height else ""
            for position in range(left, min(right, grid.width - 1) + 1):
                cells[position] = tidy(source or "")
                covered.add(position)
    if upper and not any(top <= index <= bottom for top, _, bottom, _ in grid.merged):
        for position in range(1, len(cells)):
            cells[position] = cells[position] or cells[position - 1]
    return cells
