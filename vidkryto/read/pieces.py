"""The bytes of a text file, handled in pieces: a large one is mapped, not loaded, and rewritten on disk, not in memory.

`Content` is what both have in common: length, slices (which are bytes), `find` and `rfind`, the buffer protocol. What
only bytes can do is asked for here.
"""

from __future__ import annotations

import io
import mmap
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Content = bytes | mmap.mmap
PIECE = 1 << 22
LARGE = 1 << 26
"""From so many bytes on a file is mapped."""


def load(path: Path) -> Content:
    """The content of a file; of a large one a map, which the system reads and drops as it is used."""
    if path.stat().st_size < LARGE:
        return path.read_bytes()
    with path.open("rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def kept(parts: Iterable[bytes], size: int) -> Content:
    """The parts as one content of about `size` bytes; a large one lies in a temporary file that goes with it."""
    if size < LARGE:
        return b"".join(parts)
    with tempfile.TemporaryFile(prefix="vidkryto-text-") as stream:
        for part in parts:
            stream.write(part)
        stream.flush()
        if not stream.tell():
            return b""
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def pieces(content: Content) -> Iterator[bytes]:
    """The content, so many bytes at a time."""
    return (content[start : start + PIECE] for start in range(0, len(content), PIECE))


def whole_lines(content: Content) -> Iterator[bytes]:
    """Pieces that end with a line feed, but for the last; a line is never cut."""
    start = 0
    while start < len(content):
        end = content.rfind(b"\n", start, start + PIECE) + 1
        if not end:
            end = content.find(b"\n", start + PIECE) + 1 or len(content)
        yield content[start:end]
        start = end


def lines(content: Content) -> Iterator[bytes]:
    """The lines without their line feeds, as `bytes.split` gives them."""
    ended = True
    for piece in whole_lines(content):
        found = piece.split(b"\n")
        ended = not found[-1]
        yield from found[:-1] if ended else found
    if ended:
        yield b""


def has(content: Content, needle: bytes) -> bool:
    """Whether it stands anywhere."""
    return content.find(needle) >= 0


def count(content: Content, needle: bytes, end: int | None = None) -> int:
    """How often a byte, or the pair CR LF, stands before `end`."""
    total, before = 0, b""
    for start in range(0, len(content) if end is None else end, PIECE):
        piece = content[start : min(start + PIECE, len(content) if end is None else end)]
        total += (before + piece).count(needle)
        before = piece[len(piece) - len(needle) + 1 :]
    return total


def is_ascii(content: Content) -> bool:
    """Whether there is no byte beyond ASCII."""
    return all(piece.isascii() for piece in pieces(content))


def is_blank(content: Content) -> bool:
    """Whether there is nothing but white space."""
    return all(piece.isspace() for piece in pieces(content))


class Stream(io.RawIOBase):
    """The content as a stream, with something behind it."""

    def __init__(self, content: Content, tail: bytes = b"") -> None:
        self._parts = [memoryview(content), memoryview(tail)]

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill the buffer from what is left."""
        target = memoryview(buffer).cast("B")
        while self._parts and not len(self._parts[0]):
            self._parts.pop(0)
        if not self._parts:
            return 0
        size = min(len(target), len(self._parts[0]))
        target[:size] = self._parts[0][:size]
        self._parts[0] = self._parts[0][size:]
        return size
