"""CSV, TSV and other delimited text as a grid: pyarrow splits the cells, Python's csv module judges what is odd."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.arrow_cells import (
    SENTINEL,
    Numbers,
    arrow_cells,
    breaks_of,
    counted_lines,
    ends_with_break,
    flat,
    line_breaks,
    with_sentinel,
)
from vidkryto.read.dialect import csv_records, lines_of, sniff_delimiter, table_width
from vidkryto.read.grid import Grid, some
from vidkryto.read.pieces import Content, has
from vidkryto.read.text import cell_too_long, text_of

BATCH = 50_000


def read_delimited(path: Path, reading: Reading, place: Place) -> Grid:
    """The cells of a delimited text file.

    Raises ReadError when the encoding is undecided, when a quote is never closed, when the file holds NUL bytes,
    or when a limit of the reading is passed.
    """
    text = text_of(path, reading, place)
    delimiter = reading.delimiter if reading.delimiter != "auto" else sniff_delimiter(text.content, reading.quote)
    delimiter = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1:
        raise ReadError(
            f"a delimiter is one character, not {delimiter!r}",
            (Finding("delimiter-unusable", place, found=delimiter),),
            remedy="Write one character as `delimiter`.",
        )
    width = table_width(text.content, delimiter, reading, place)
    grid = _split(text.content, delimiter, width, reading, place)
    return Grid(
        columns=grid.columns,
        rows=grid.rows,
        file=place.file,
        rejected=grid.rejected,
        counted=grid.counted,
        short=grid.short,
        findings=(*text.findings, *grid.findings),
        encoding=text.encoding,
        extra={"delimiter": delimiter, "verdict": text.verdict},
    )


@dataclass(slots=True)
class _Split:
    columns: tuple[pa.Array, ...]
    rows: pa.Array
    rejected: int
    findings: tuple[Finding, ...]
    counted: int
    short: tuple[int, ...]


def _split(content: Content, delimiter: str, width: int, reading: Reading, place: Place) -> _Split:
    quoted = bool(reading.quote) and has(content, reading.quote.encode())
    breaks = line_breaks(content) if quoted else 0
    cells = arrow_cells(content, delimiter, width, reading.quote if quoted else "", breaks, reading)
    if cells is None:
        return _python(content, delimiter, width, reading, place)
    _check_size(cells.table.num_rows, reading, place)
    counted = breaks + (not ends_with_break(content)) if quoted else counted_lines(content, cells)
    held, ragged, inside = cells.table.columns, cells.ragged, cells.inside
    del cells  # a column in one piece is a copy; of the pieces only that column's are held beside it
    held.reverse()
    columns = [flat(held.pop()) for _ in range(len(held))]
    odd: dict[int, list[str]] = {}
    if ragged:
        columns, odd = _insert(columns, ragged, delimiter, reading.quote)
    lines = np.arange(1, len(columns[0]) + 1, dtype=np.int64)
    if quoted and counted > len(lines):
        inside = _breaks_inside(columns, odd, content) if inside is None else inside
        lines[1:] += np.cumsum(inside)[:-1]
        counted -= int(inside.sum())
    return _finish(columns, lines, odd, width, counted, reading, place)


def _check_size(rows: int, reading: Reading, place: Place) -> None:
    if rows > reading.max_rows:
        raise ReadError(
            f"{place.file} has {rows} rows; the limit is {reading.max_rows}",
            (Finding("too-many-rows", place, found=str(rows), wanted=str(reading.max_rows)),),
            remedy="Raise `max_rows` in the block `reading`, if so many rows are right.",
        )


def _python(content: Content, delimiter: str, width: int, reading: Reading, place: Place) -> _Split:
    """The same by Python's csv module, for files on which pyarrow differs from it.

    A record of our own behind the last one shows whether the file ends inside quotation marks.
    """
    batches: list[list[pa.Array]] = []
    cells: list[list[str]] = [[] for _ in range(width)]
    rows: list[int] = []
    odd: dict[int, list[str]] = {}
    line, last = 1, [""]
    try:
        for row in csv_records(with_sentinel(content), delimiter, reading.quote, reading.max_cell):
            if len(cells[0]) == BATCH:
                batches.append([pa.array(column, pa.string()) for column in cells])
                cells = [[] for _ in range(width)]
            last = row
            rows.append(line)
            line += lines_of(row)
            if row and len(row) != width:
                odd[len(rows) - 1] = row
            for position in range(width):
                cells[position].append(row[position] if position < len(row) else "")
    except csv.Error as error:
        where = Place(place.resource, place.file, row=line)
        raise cell_too_long(where, f"> {reading.max_cell}", reading) from error
    if last != [SENTINEL]:
        raise _unclosed(place, rows[-1] if rows else 1)
    odd.pop(len(rows) - 1, None)
    batches.append([pa.array(column, pa.string()) for column in cells])
    columns = [pa.concat_arrays(parts).slice(0, len(rows) - 1) for parts in zip(*batches, strict=True)]
    counted = line_breaks(content) + (not ends_with_break(content)) - (rows[-1] - len(rows))
    return _finish(columns, np.array(rows[:-1], dtype=np.int64), odd, width, counted, reading, place)


def _unclosed(place: Place, line: int) -> ReadError:
    where = Place(place.resource, place.file, row=line)
    return ReadError(
        f"{place.file}: a quotation mark opened near line {line} is never closed",
        (Finding("quote-unclosed", where),),
        remedy='Close it, double it if it belongs to the text, or write `quote: ""` if the file has no quoting.',
    )


def _insert(
    columns: list[pa.Array], ragged: list[tuple[int, str]], delimiter: str, quote: str
) -> tuple[list[pa.Array], dict[int, list[str]]]:
    """Put the records of another width back at their place, padded or cut; the whole record is kept beside."""
    numbers = np.array([number - 1 for number, _ in ragged], dtype=np.int64)
    total = len(columns[0]) + len(ragged)
    order = np.full(total, -1, dtype=np.int64)
    order[numbers] = len(columns[0]) + np.arange(len(ragged))
    order[order < 0] = np.arange(len(columns[0]))
    parsed = [next(iter(csv_records(io.StringIO(text, newline=""), delimiter, quote)), []) for _, text in ragged]
    taken = pa.array(order)
    placed = []
    for position, column in enumerate(columns):
        extra = pa.array([row[position] if position < len(row) else "" for row in parsed], pa.string())
        placed.append(pa.concat_arrays([column, extra]).take(taken))
    return placed, dict(zip((int(number) for number in numbers), parsed, strict=True))


def _breaks_inside(columns: list[pa.Array], odd: dict[int, list[str]], content: Content) -> Numbers:
    """How many line breaks of the file each record has inside its cells."""
    inside = breaks_of(columns, returns=has(content, b"\r"))
    for number, row in odd.items():
        inside[number] = lines_of(row) - 1
    return inside


def _finish(
    columns: list[pa.Array],
    lines: Numbers,
    odd: dict[int, list[str]],
    width: int,
    counted: int,
    reading: Reading,
    place: Place,
) -> _Split:
    """Judge the records of another width: empty cells too many are dropped, filled ones reject the record.

    `counted` are the lines of the file without those that are breaks inside a cell.
    """
    _check_size(len(lines), reading, place)
    findings: list[Finding] = []
    long = [number for number, row in odd.items() if any(cell.strip() for cell in row[width:])]
    data_from = max(reading.header.rows, default=0)
    rejected = [number for number in long if int(lines[number]) > data_from]
    if rejected:
        rows = tuple(int(lines[number]) for number in rejected)
        findings.append(
            Finding(
                "row-too-wide", place, count=len(rows), rows=rows[:10], details={"width": width, "lines": some(rows)}
            )
        )
    short = tuple(int(lines[number]) for number, row in sorted(odd.items()) if len(row) < width)
    if rejected:
        keep = np.ones(len(lines), dtype=bool)
        keep[rejected] = False
        mask = pa.array(keep)
        columns = [column.filter(mask) for column in columns]
        lines = lines[keep]
    for column in columns:
        longest = pc.max(pc.binary_length(column)).as_py() or 0  # bytes: never fewer than characters
        if longest > reading.max_cell and (longest := pc.max(pc.utf8_length(column)).as_py()) > reading.max_cell:
            raise cell_too_long(place, str(longest), reading)
    return _Split(tuple(columns), pa.array(lines), len(rejected), tuple(findings), counted, short)
