"""The cells of a delimited text by pyarrow, where it is certain that it reads as Python's csv module does."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from numpy.typing import NDArray

from vidkryto.catalogue.reading import Reading
from vidkryto.read.dialect import csv_records
from vidkryto.read.pieces import Content, Stream, has

BLOCK = 1 << 23
HEAD = 1 << 22
"""Bytes in which a cell of several lines is looked for before the first reading; a file of less is not cut at all."""
NEAR = 1 << 17
"""Bytes that are compared at a time: what that takes stays in the processor's cache."""
SENTINEL = "\x1f\x1e vidkryto \x1e\x1f"
"""A record of our own behind the last one; it shows whether the file ends inside quotation marks."""

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]


@dataclass(slots=True)
class Cells:
    """The cells, the records of another width with their number, and the line breaks inside each record if counted."""

    table: pa.Table
    ragged: list[tuple[int, str]]
    inside: Numbers | None


def arrow_cells(
    content: Content, delimiter: str, width: int, quote: str, breaks: int, reading: Reading
) -> Cells | None:
    """The cells by pyarrow, and the records of another width with their number.

    None when pyarrow would read the file otherwise than Python's csv module: a quote that is never closed, a delimiter
    of several bytes. `breaks` is the number of line breaks of a file with quotes.
    """
    if len(delimiter.encode()) != 1:
        return None
    for way in _ways(content, quote):
        if way.block >= 1 << 31:
            return None
        tail = _sentinel_lines(content, width, delimiter) if way.marked else b""
        try:
            table, ragged = _arrow_table(content, tail, delimiter, width, quote, way)
        except pa.ArrowInvalid:
            continue
        lines = breaks + (not ends_with_break(content))
        inside = None
        if tail:
            if table.num_rows == 0 or table.column(0)[-1].as_py() != SENTINEL:
                return None
            table = table.slice(0, table.num_rows - 1)
        elif way.lines:
            inside = breaks_of([flat(column) for column in table.columns], returns=False)
            if ragged or table.num_rows + inside.sum() != lines:
                continue
        elif quote and not (
            table.num_rows + len(ragged) == lines and _last_line_closes(content, delimiter, quote, reading)
        ):
            continue
        return Cells(table, ragged, inside)
    return None


@dataclass(frozen=True, slots=True)
class _Way:
    """How pyarrow is asked: bytes of a block, several threads, cells of several lines, a record of ours at the end."""

    block: int
    threads: bool
    lines: bool = False
    marked: bool = False


def _ways(content: Content, quote: str) -> tuple[_Way, ...]:
    """The ways to try, the cheapest first.

    A large file with quotes is first cut into blocks at any line break; where every record turns out to be one line,
    none was cut inside a cell. Else, or where its head already shows a cell of several lines, it is read with such
    cells and a record of our own behind the last one, which shows whether the last quote is closed; and as one block if
    it has CR, because pyarrow loses the line feed of a quoted CR LF that straddles two blocks. A small file is one
    block in any case: there the line breaks inside the cells are counted, one too many if the file's last is among them
    (of a record of another width pyarrow does not show it).
    """
    if not quote:
        return _Way(BLOCK, True), _Way(BLOCK, False)
    returns = has(content, b"\r")
    block = max(len(content) + 4096, 1 << 16) if returns else BLOCK
    careful = _Way(block, not returns, True, True), _Way(block, False, True, True)
    if len(content) < HEAD:
        return careful if returns or content[-1:] != b"\n" else (_Way(BLOCK, True, True), careful[1])
    return careful if _several_lines(content[:HEAD], quote) else (_Way(BLOCK, True), *careful)


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
    ending = "" if ends_with_break(content) else "\n"
    return f"{ending}{SENTINEL}{delimiter * (width - 1)}\n".encode()


def _last_line_closes(content: Content, delimiter: str, quote: str, reading: Reading) -> bool:
    """Whether the last line ends outside quotation marks, given that the one before it does."""
    reach = max(1 << 20, 4 * reading.max_cell)
    end = content[-reach:]
    body = end.rstrip(b"\r\n")
    start = max(body.rfind(b"\n"), body.rfind(b"\r")) + 1
    if not start and len(content) > reach:
        return False
    try:
        return list(csv_records(with_sentinel(end[start:]), delimiter, quote))[-1] == [SENTINEL]
    except csv.Error:
        return False


def with_sentinel(content: Content) -> Iterable[str]:
    """The lines of the text with their ends, the last one ended too, and the sentinel as one more line."""
    tail = _sentinel_lines(content, 1, "")
    return io.TextIOWrapper(io.BufferedReader(Stream(content, tail), BLOCK), encoding="utf-8", newline="")


def ends_with_break(content: Content) -> bool:
    """Whether the last line is ended."""
    return content[-1:] in (b"\n", b"\r")


def flat(column: pa.ChunkedArray) -> pa.Array:
    """The column in one piece: a copy if it is in several."""
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string())


def breaks_of(columns: list[pa.Array], *, returns: bool) -> Numbers:
    """How many line breaks each row of the columns holds, CR LF is one; `returns`: there may be CR."""
    inside = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns if len(inside) else ():
        _, offsets, data = column.buffers()
        ends = np.frombuffer(offsets, dtype=np.int32)[column.offset :][: len(column) + 1]
        every = np.frombuffer(data or b"", dtype=np.uint8)[: ends[-1]]
        places = _places(every[ends[0] :], returns) + ends[0]
        if len(places):
            cells = np.searchsorted(ends, places, side="right") - 1
            pairs = (every[places] == ord("\n")) & (every[places - 1] == ord("\r")) & (places > ends[cells])
            inside += np.bincount(cells[~pairs], minlength=len(column))
    return inside


def _places(every: Bytes, returns: bool) -> NDArray[np.intp]:
    """Where the line breaks are, compared a little at a time: what that takes stays in the processor's cache."""
    found = []
    for start in range(0, len(every), NEAR):
        part = every[start : start + NEAR]
        breaks = part == ord("\n")
        found.append(np.flatnonzero(breaks | (part == ord("\r")) if returns else breaks) + start)
    return np.concatenate(found) if found else np.array([], dtype=np.intp)


def counted_lines(content: Content, cells: Cells) -> int:
    """How many lines a text without quotes has, told from the bytes that its cells and delimiters leave.

    As many as there are records, where these bytes are just their line ends; else every line break is counted.
    """
    ended = ends_with_break(content)
    records: int = cells.table.num_rows + len(cells.ragged)
    held = sum(_held(chunk) for column in cells.table.columns for chunk in column.chunks)
    held += cells.table.num_rows * (cells.table.num_columns - 1) + sum(len(text.encode()) for _, text in cells.ragged)
    first = content.find(b"\n")
    pair = first > 0 and content[first - 1 : first] == b"\r"
    if len(content) - held == (1 + pair) * (records - (not ended)):
        return records
    return line_breaks(content) + (not ended)


def _held(column: pa.Array) -> int:
    """The bytes of all cells of a column together."""
    ends = np.frombuffer(column.buffers()[1] or b"", dtype=np.int32)[column.offset :][: len(column) + 1]
    return int(ends[-1] - ends[0]) if len(ends) else 0


def line_breaks(content: Content) -> int:
    """How many line breaks there are; CR LF is one."""
    found, returns = 0, has(content, b"\r")
    every = np.frombuffer(content, dtype=np.uint8)
    for start in range(0, len(every), NEAR):
        part = every[start : start + NEAR + 1]  # one byte more: a CR LF may lie across the border
        feeds = part == ord("\n")
        found += int(np.count_nonzero(feeds[:NEAR]))
        if returns:
            lone = (part == ord("\r"))[:NEAR]
            lone[: len(feeds) - 1] &= ~feeds[1:]
            found += int(np.count_nonzero(lone))
    return found
