"""CSV, TSV and other delimited text as a grid: pyarrow splits the cells, Python's csv module judges what is odd."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.dialect import csv_records, lines_of, sniff_delimiter, table_width
from vidkryto.read.grid import Grid
from vidkryto.read.pieces import Content, Stream, count, has, pieces
from vidkryto.read.text import cell_too_long, text_of

BATCH = 50_000
BLOCK = 1 << 23
HEAD = 1 << 22
"""Bytes in which a cell of several lines is looked for before the first reading; a file of less is not cut at all."""
_SENTINEL = "\x1f\x1e vidkryto \x1e\x1f"


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


def _split(content: Content, delimiter: str, width: int, reading: Reading, place: Place) -> _Split:
    quoted = bool(reading.quote) and has(content, reading.quote.encode())
    breaks = _line_breaks(content) if quoted else 0
    table, ragged = _arrow(content, delimiter, width, reading.quote if quoted else "", breaks, reading, place)
    if table is None:
        return _python(content, delimiter, width, reading, place)
    held = table.columns
    del table  # a column in one piece is a copy; of the pieces only that column's are held beside it
    held.reverse()
    columns = [_flat(held.pop()) for _ in range(len(held))]
    odd: dict[int, list[str]] = {}
    if ragged:
        columns, odd = _insert(columns, ragged, delimiter, reading.quote)
    lines = _line_numbers(columns, content, breaks, odd)
    return _finish(columns, lines, odd, width, reading, place)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())


def _arrow(
    content: Content, delimiter: str, width: int, quote: str, breaks: int, reading: Reading, place: Place
) -> tuple[pa.Table | None, list[tuple[int, str]]]:
    """The cells by pyarrow, and the records of another width with their number.

    None instead of the table when pyarrow would read the file otherwise than Python's csv module: a quote that is
    never closed, a delimiter of several bytes. `breaks` is the number of line breaks of a file with quotes. A
    large one is first cut into blocks at any line break; where every record turns out to be one line, none was cut
    inside a cell. Else, or where its head already shows a cell of several lines, it is read with such cells, and as one
    block if it has CR, because pyarrow loses the line feed of a quoted CR LF that straddles two blocks. A small one is
    read so at once.
    """
    if len(delimiter.encode()) != 1:
        return None, []
    block = max(len(content) + 4096, 1 << 16) if has(content, b"\r") else BLOCK
    quick, careful = _Way(BLOCK, True, False), (_Way(block, block == BLOCK, True), _Way(block, False, True))
    if not quote:
        ways = (quick, _Way(BLOCK, False, False))
    else:
        ways = careful if len(content) < HEAD or _several_lines(content[:HEAD], quote) else (quick, *careful)
    for way in ways:
        if way.block >= 1 << 31:
            return None, []
        tail = _sentinel_lines(content, width, delimiter) if way.lines else b""
        try:
            table, ragged = _arrow_table(content, tail, delimiter, width, quote, way)
        except pa.ArrowInvalid:
            continue
        if quote and not way.lines:
            lines = breaks + (not _ends_with_break(content))
            if table.num_rows + len(ragged) != lines or not _last_line_closes(content, delimiter, quote, reading):
                continue
        if tail:
            if table.num_rows == 0 or table.column(0)[-1].as_py() != _SENTINEL:
                return None, []
            table = table.slice(0, table.num_rows - 1)
        _check_size(table.num_rows, reading, place)
        return table, ragged
    return None, []


@dataclass(frozen=True, slots=True)
class _Way:
    """How pyarrow is asked: bytes of a block, several threads, cells of several lines."""

    block: int
    threads: bool
    lines: bool


def _arrow_table(
    content: Content, tail: bytes, delimiter: str, width: int, quote: str, way: _Way
) -> tuple[pa.Table, list[tuple[int, str]]]:
    """One reading by pyarrow, every cell text. Raises ArrowInvalid, among others when blocks were cut inside a cell, or
    when the number of a record of another width is not known because threads ran ahead."""
    ragged: list[tuple[int, str]] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        if row.number is None:
            return "error"
        ragged.append((row.number, row.text))
        return "skip"

    names = [str(number) for number in range(width)]
    if tail and len(content) < HEAD:
        content, tail = content[:] + tail, b""
    table = arrow_csv.read_csv(
        pa.PythonFile(Stream(content, tail), mode="r") if tail else pa.BufferReader(pa.py_buffer(content)),
        read_options=arrow_csv.ReadOptions(use_threads=way.threads, block_size=way.block, column_names=names),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote or False,
            double_quote=True,
            newlines_in_values=way.lines,
            ignore_empty_lines=False,
            invalid_row_handler=keep,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            quoted_strings_can_be_null=False,
            check_utf8=False,  # of the whole text it is known
        ),
    )
    return table, ragged


def _several_lines(head: bytes, quote: str) -> bool:
    """Whether a line of the head seems to end inside quotation marks: after an odd number of them."""
    every = np.frombuffer(head, dtype=np.uint8)
    marks = np.flatnonzero(every == ord(quote)) if len(quote.encode()) == 1 else np.array([], dtype=np.intp)
    return bool((np.searchsorted(marks, np.flatnonzero(every == ord("\n"))) & 1).any())


def _sentinel_lines(content: Content, width: int, delimiter: str) -> bytes:
    """What is put behind the text: its last line is ended if need be, and a record of our own follows."""
    ending = "" if _ends_with_break(content) else "\n"
    return f"{ending}{_SENTINEL}{delimiter * (width - 1)}\n".encode()


def _last_line_closes(content: Content, delimiter: str, quote: str, reading: Reading) -> bool:
    """Whether the last line ends outside quotation marks, given that the one before it does."""
    reach = max(1 << 20, 4 * reading.max_cell)
    end = content[-reach:]
    body = end.rstrip(b"\r\n")
    start = max(body.rfind(b"\n"), body.rfind(b"\r")) + 1
    if not start and len(content) > reach:
        return False
    try:
        return list(csv_records(_with_sentinel(end[start:]), delimiter, quote))[-1] == [_SENTINEL]
    except csv.Error:
        return False


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
        for row in csv_records(_with_sentinel(content), delimiter, reading.quote, reading.max_cell):
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
    if last != [_SENTINEL]:
        raise _unclosed(place, rows[-1] if rows else 1)
    odd.pop(len(rows) - 1, None)
    batches.append([pa.array(column, pa.string()) for column in cells])
    columns = [pa.concat_arrays(parts).slice(0, len(rows) - 1) for parts in zip(*batches, strict=True)]
    return _finish(columns, np.array(rows[:-1], dtype=np.int64), odd, width, reading, place)


def _with_sentinel(content: Content) -> Iterator[str]:
    """The lines of the text with their ends, and the sentinel as a last line."""
    yield from io.TextIOWrapper(io.BufferedReader(Stream(content), BLOCK), encoding="utf-8", newline="")
    yield ("" if _ends_with_break(content) else "\n") + _SENTINEL + "\n"


def _ends_with_break(content: Content) -> bool:
    return content[-1:] in (b"\n", b"\r")


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


def _line_numbers(
    columns: list[pa.Array], content: Content, breaks: int, odd: dict[int, list[str]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The line of the file on which each record begins: records and the line breaks inside their cells."""
    count = len(columns[0])
    if breaks <= count:
        return np.arange(1, count + 1, dtype=np.int64)
    inside = np.zeros(count, dtype=np.int64)
    returns = has(content, b"\r")
    for column in columns:
        inside += _breaks_inside(column, returns)
    for number, row in odd.items():
        inside[number] = lines_of(row) - 1
    return np.arange(1, count + 1, dtype=np.int64) + np.concatenate(([0], np.cumsum(inside)[:-1]))


def _breaks_inside(column: pa.Array, returns: bool) -> np.ndarray[tuple[int], np.dtype[np.int64]] | int:
    """How many line breaks each cell holds, CR LF is one; 0 when none holds any. `returns`: there may be CR."""
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[column.offset :][: len(column) + 1]
    every = np.frombuffer(data or b"", dtype=np.uint8)[: ends[-1]]
    breaks = every == ord("\n")
    places = np.flatnonzero(breaks | (every == ord("\r")) if returns else breaks)
    places = places[places >= ends[0]]
    if not len(places):
        return 0
    cells = np.searchsorted(ends, places, side="right") - 1
    follows = (every[places] == ord("\n")) & (every[places - 1] == ord("\r")) & (places > ends[cells])
    return np.bincount(cells[~follows], minlength=len(column))


def _line_breaks(content: Content) -> int:
    """How many line breaks there are; CR LF is one."""
    found = sum(int(np.count_nonzero(np.frombuffer(piece, dtype=np.uint8) == 10)) for piece in pieces(content))
    if has(content, b"\r"):
        found += count(content, b"\r") - count(content, b"\r\n")
    return found


def _finish(
    columns: list[pa.Array],
    lines: np.ndarray[tuple[int], np.dtype[np.int64]],
    odd: dict[int, list[str]],
    width: int,
    reading: Reading,
    place: Place,
) -> _Split:
    """Judge the records of another width: empty cells too many are dropped, filled ones reject the record."""
    _check_size(len(lines), reading, place)
    findings: list[Finding] = []
    long = [number for number, row in odd.items() if any(cell.strip() for cell in row[width:])]
    data_from = max(reading.header.rows, default=0)
    rejected = [number for number in long if int(lines[number]) > data_from]
    if rejected:
        rows = tuple(int(lines[number]) for number in rejected)
        findings.append(
            Finding(
                "row-too-wide", place, count=len(rows), rows=rows[:10], details={"width": width, "lines": _some(rows)}
            )
        )
    short = [n for n, row in odd.items() if 1 < len(row) < width and int(lines[n]) > data_from]
    if short:
        rows = tuple(int(lines[number]) for number in short)
        findings.append(
            Finding(
                "row-too-short", place, count=len(rows), rows=rows[:10], details={"width": width, "lines": _some(rows)}
            )
        )
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
    return _Split(tuple(columns), pa.array(lines), len(rejected), tuple(findings))


def _some(rows: tuple[int, ...]) -> str:
    return ", ".join(map(str, rows[:10])) + (" …" if len(rows) > 10 else "")
