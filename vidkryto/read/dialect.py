"""The dialect of a delimited text: its delimiter, its records by Python's csv module, its number of columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.pieces import Content

DELIMITERS = (";", ",", "\t", "|")


def sniff_delimiter(content: Content, quote: str) -> str:
    """The delimiter whose count per record is most even over the first records; a comma when there is none."""
    head = content[: 1 << 16].decode("utf-8", "ignore")
    best, best_score = ",", 0.0
    for delimiter in (one for one in DELIMITERS if one in head):
        widths = [len(row) for row in _first_records(head, delimiter, quote, 50) if row]
        if len(head) < len(content) and len(widths) > 1:
            widths = widths[:-1]
        if not widths:
            continue
        common = max(set(widths), key=widths.count)
        score = (common > 1) * (widths.count(common) / len(widths)) * min(common, 12) ** 0.3
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _head_records(content: Content, delimiter: str, quote: str, need: int) -> list[list[str]]:
    """The first records; most files show them in 64 KiB, none is looked at beyond 1 MiB."""
    for size in (1 << 16, 1 << 20):
        found = _first_records(content[:size].decode("utf-8", "ignore"), delimiter, quote, need)
        if len(found) >= need or size >= len(content):
            break
    return found


def _first_records(text: str, delimiter: str, quote: str, limit: int) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for row in csv_records(io.StringIO(text, newline=""), delimiter, quote):
            found.append(row)
            if len(found) >= limit:
                break
    except csv.Error:
        return found
    return found


def csv_records(stream: Iterable[str], delimiter: str, quote: str, longest: int = 1 << 30) -> Iterator[list[str]]:
    """Records of the text by Python's csv module; a cell longer than `longest` raises csv.Error."""
    csv.field_size_limit(longest)
    if not quote:
        return csv.reader(stream, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(stream, delimiter=delimiter, quotechar=quote)


def table_width(content: Content, delimiter: str, reading: Reading, place: Place) -> int:
    """How many columns the table has: the widest header row, else the commonest width of the first records."""
    header = max(reading.header.rows, default=0)
    lines, widths, width = 1, [], 0
    for row in _head_records(content, delimiter, reading.quote, header + 50):
        if lines <= header:
            if lines in reading.header.rows:
                width = max(width, len(row))
            lines += lines_of(row)
        widths.append(len(row))
    width = width or max(set(widths), key=widths.count, default=1)
    if width > reading.max_columns:
        raise ReadError(
            f"{place.file} has {width} columns; the limit is {reading.max_columns}",
            (Finding("too-many-columns", place, found=str(width), wanted=str(reading.max_columns)),),
            remedy="Check the delimiter; or raise `max_columns` in the block `reading`.",
        )
    return max(width, 1)


def lines_of(row: Iterable[str]) -> int:
    """How many lines of the file a record takes: one, and one for each line break inside a cell; CR LF is one."""
    return 1 + sum(cell.count("\n") + cell.count("\r") - cell.count("\r\n") for cell in row)
