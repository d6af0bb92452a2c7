"""Cuts a text file into segments of whole records, in UTF-8, without holding more than a few of them in memory."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from vidkryto.validate.declined import NeedsStream

SEGMENT = 8 << 20
"""Bytes of a segment: large enough that fixed costs vanish, small enough to stay in the processor's cache."""
FIRST_SEGMENT = 1 << 16
"""Bytes of the first segment, which is checked alone; a validation that may stop early grows from there."""
SMALLEST = 1 << 12
"""Bytes read at a time, at least."""
Text = bytes | bytearray


@dataclass(frozen=True, slots=True)
class Segment:
    """Some records of a file: their bytes in UTF-8, and how far into the file they reach."""

    data: memoryview
    quoted: bool
    """Whether a quote character stands in it, so that its end must be checked to be the end of a record."""
    position: int
    """Bytes of the file read so far, for progress."""


def refuse_odd_dialects(control: Any) -> None:
    """Raise NeedsStream for dialects that Arrow's tokeniser does not read as Python's csv module does."""
    single = len(control.delimiter) == 1 and control.delimiter.isascii() and control.delimiter not in "\r\n\x00"
    quote = control.quotechar
    if not single or control.escapechar or not control.doublequote or control.quoting == csv.QUOTE_NONE:
        raise NeedsStream("the dialect")
    if not quote or len(quote) != 1 or not quote.isascii() or quote in "\r\n\x00" or quote == control.delimiter:
        raise NeedsStream("the quote character")


def segments(path: Path, encoding: str, control: Any, *, universal: bool, growing: bool) -> Iterator[Segment]:
    """The segments of a file, in order.

    `universal` asks for frictionless' reading of formats other than csv, where every line end becomes a newline;
    `growing` begins with a small segment. Raises NeedsStream when the bytes cannot be decoded or cut with certainty.
    """
    refuse_odd_dialects(control)
    quote = control.quotechar.encode()
    size = min(FIRST_SEGMENT, SEGMENT)
    rest = b""
    position = 0
    with path.open("rb") as file:
        read = reader(file, encoding, universal=universal)
        while True:
            data, taken = read(rest, max(size - len(rest), SMALLEST))
            if not position:
                refuse_byte_order_mark(data)
            position += taken
            if control.skipinitialspace:
                refuse_spaces(data, control.delimiter.encode())
            quoted = quote in data
            if not taken:
                if data:
                    yield Segment(memoryview(data), quoted, position)
                return
            end = last_record_end(data, quote if quoted else None)
            rest = bytes(memoryview(data)[end:])
            if end:
                yield Segment(memoryview(data)[:end], quoted, position)
                size = min(size * 2, SEGMENT) if growing else SEGMENT
            else:
                size *= 2  # one record longer than the segment


def last_record_end(data: Text, quote: bytes | None) -> int:
    """Where the last record that surely is complete ends, by the parity of quotes; 0 when there is none. `quote` is
    None where no quote stands in the data.

    Parity is a guess where quotes are malformed: the tokeniser checks it, see `tokenise.SENTINEL`.
    """
    newline = b"\n" if data.rfind(b"\n") >= 0 else b"\r"
    end = data.rfind(newline) + 1
    if newline == b"\r" and end == len(data):
        end = data.rfind(newline, 0, end - 1) + 1  # the newline of a CRLF may follow
    if not end or quote is None:
        return end
    odd = data.count(quote, 0, end) % 2
    for _ in range(1000):
        if not end or not odd:
            return end
        earlier = data.rfind(newline, 0, end - 1) + 1
        odd = (odd + data.count(quote, earlier, end)) % 2
        end = earlier
    return 0


def refuse_byte_order_mark(data: Text) -> None:
    """Raise NeedsStream when a byte order mark is part of the text: Arrow would drop it."""
    if data.startswith(codecs.BOM_UTF8):
        raise NeedsStream("a byte order mark inside the text")


def refuse_spaces(data: Text, delimiter: bytes) -> None:
    """Raise NeedsStream when spaces would be skipped after a delimiter: Arrow keeps them."""
    if delimiter + b" " in data or b"\n " in data or b"\r " in data or data[:1] == b" ":
        raise NeedsStream("spaces after the delimiter")


def reader(file: BinaryIO, encoding: str, *, universal: bool) -> Callable[[bytes, int], tuple[Text, int]]:
    """A function (rest, size) -> (text, taken) that reads about `size` bytes more and puts them behind `rest`.

    The text is UTF-8, decoded as frictionless' text stream decodes it, or NeedsStream is raised. Files in UTF-8 are
    read into place and left to the tokeniser to check.
    """
    name = codecs.lookup(encoding).name
    if name == "utf-8" and not universal:
        return lambda rest, size: read_into_place(file, rest, size)
    decoder = codecs.getincrementaldecoder(name)("strict")
    held = ""

    def decode(rest: bytes, size: int) -> tuple[Text, int]:
        nonlocal held
        raw = file.read(size)
        try:
            text = held + decoder.decode(raw, not raw)
            held = ""
            if universal:
                if text.endswith("\r") and raw:
                    text, held = text[:-1], "\r"
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            return rest + text.encode("utf-8"), len(raw)
        except UnicodeError as error:
            raise NeedsStream("bytes that cannot be decoded") from error

    return decode


def read_into_place(file: BinaryIO, rest: bytes, size: int) -> tuple[Text, int]:
    """`rest` and the next bytes of the file behind it, without copying them."""
    data = bytearray(len(rest) + size)
    data[: len(rest)] = rest
    taken = file.readinto(memoryview(data)[len(rest) :])  # type: ignore[attr-defined]  # every binary file has it
    del data[len(rest) + taken :]
    return data, taken
