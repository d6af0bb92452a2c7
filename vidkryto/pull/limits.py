"""Copying with a limit of size, so that no source fills the disk; and what a damaged archive raises."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from vidkryto.errors import SourceError

CHUNK = 1 << 20
ZIP_DEFECTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, NotImplementedError,
    ValueError, LookupError,
)  # fmt: skip
"""All that zipfile raises for an archive that is damaged or made up; found by fuzzing."""


def copy_limited(path: Path, target: Path, megabytes: float) -> None:
    """Copy a local file. Raises SourceError when it is larger than the limit or cannot be read."""
    try:
        with path.open("rb") as stream:
            write_limited(iter(lambda: stream.read(CHUNK), b""), target, megabytes, path.name)
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read: {error.strerror}", remedy="Check the rights of the file and the disk."
        ) from error


def write_limited(pieces: Iterable[bytes], target: Path, megabytes: float, name: str) -> int:
    """Write pieces of bytes to `target` and return their size. Raises SourceError beyond the limit."""
    size = 0
    with target.open("wb") as stream:
        for piece in pieces:
            size += len(piece)
            if size > megabytes * (1 << 20):
                raise SourceError(
                    f"{name} is larger than {megabytes:g} MB",
                    remedy="Raise max_megabytes in the block source, if such a size is right.",
                )
            stream.write(piece)
    return size
