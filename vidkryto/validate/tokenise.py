"""Turns a segment into columns with Arrow's CSV tokeniser, which reads records as Python's csv module does.

It was compared with Python's on tens of thousands of malformed inputs. Two guards are needed: a sentinel record after
the data shows that the segment did not end inside a quoted cell, and a segment with quotes is one block, because Arrow
drops the newline of a quoted CRLF that straddles two blocks.
"""

from __future__ import annotations

import codecs
import csv
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from vidkryto.validate.arrays import TEXT, one_array
from vidkryto.validate.cells import Cells, Ragged
from vidkryto.validate.declined import NeedsStream
from vidkryto.validate.segments import Segment

SENTINEL = "\x02\x03END"
ENCODED = pa.dictionary(pa.int32(), TEXT)


def tokenise(segment: Segment, width: int, control: Any, encoded: frozenset[int]) -> Cells:
    """The records of a segment, numbered from 1; columns of `encoded` come as dictionaries.

    Raises NeedsStream when Arrow cannot vouch for the records.
    """
    data = segment.data
    if bytes(data[:3]) == codecs.BOM_UTF8:
        raise NeedsStream("a byte order mark at the start of a segment")
    if segment.quoted:
        end = b"" if bytes(data[-1:]) in (b"\n", b"\r") else b"\n"
        data = memoryview(b"".join((data, end, control.delimiter.join([SENTINEL] * width).encode(), b"\n")))
    ragged_texts: list[tuple[int, str]] = []
    table = read_columns(data, width, control, encoded, ragged_texts, whole=segment.quoted)
    records = table.num_rows + len(ragged_texts)
    if segment.quoted:
        table = without_sentinel(table, records, ragged_texts)
        records -= 1
    rows = np.arange(1, records + 1, dtype=np.int64)
    if ragged_texts:
        rows = np.delete(rows, np.array([number for number, _ in ragged_texts], np.int64) - 1)
    return Cells(
        columns=tuple(one_array(column) for column in table.columns),
        rows=rows,
        ragged=split_ragged(ragged_texts, control),
        records=records,
        empty_lines_known=False,
    )


def read_columns(
    data: memoryview, width: int, control: Any, encoded: frozenset[int], ragged: list[tuple[int, str]], *, whole: bool
) -> Any:
    """Arrow's table of the rows of `width` cells; the texts of other rows are appended to `ragged`."""

    def keep(row: Any) -> str:
        ragged.append((row.number, row.text))
        return "skip"

    names = [str(position) for position in range(width)]
    types = {name: ENCODED if position in encoded else TEXT for position, name in enumerate(names)}
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(data)),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 64),
            parse_options=arrow_csv.ParseOptions(
                delimiter=control.delimiter,
                quote_char=control.quotechar,
                double_quote=True,
                escape_char=False,
                newlines_in_values=whole,
                ignore_empty_lines=False,
                invalid_row_handler=keep,
            ),
            convert_options=arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        raise NeedsStream("Arrow's tokeniser refuses the text") from error


def without_sentinel(table: Any, records: int, ragged: list[tuple[int, str]]) -> Any:
    """The table without its last row, which must be the sentinel; else a quoted cell was left open."""
    last = table.num_rows - 1
    swallowed = ragged and ragged[-1][0] == records
    if swallowed or last < 0 or any(column[last].as_py() != SENTINEL for column in table.columns):
        raise NeedsStream("a quoted cell that is not closed")
    return table.slice(0, last)


def split_whole(segment: Segment, control: Any) -> list[list[str]]:
    """The records of a segment, by Python's csv module; the same sentinel shows that it ends with a whole record."""
    if not segment.quoted:
        return split_records(segment.data, control)
    end = b"" if bytes(segment.data[-1:]) in (b"\n", b"\r") else b"\n"
    records = split_records(memoryview(b"".join((segment.data, end, SENTINEL.encode(), b"\n"))), control)
    if records[-1] != [SENTINEL]:
        raise NeedsStream("a quoted cell that is not closed")
    return records[:-1]


def split_records(data: memoryview, control: Any) -> list[list[str]]:
    """The records of whole lines, by Python's csv module."""
    try:
        text = str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise NeedsStream("bytes that cannot be decoded") from error
    return list(csv.reader(io.StringIO(text, newline=""), dialect=control))


def split_ragged(texts: list[tuple[int, str]], control: Any) -> Ragged:
    """The cells of rows of another width, by Python's csv module."""
    if not texts:
        return []
    rows = list(csv.reader([text for _, text in texts], dialect=control))
    if len(rows) != len(texts):
        raise NeedsStream("a row of another width that spans lines")
    return [(number, cells) for (number, _), cells in zip(texts, rows, strict=True)]
