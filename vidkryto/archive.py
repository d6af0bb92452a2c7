"""The archive: every export and every release file, kept by the sha256 of its bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


def sha256_of(path: Path) -> str:
    """The sha256 of a file as 64 hexadecimal digits, read in chunks of 1 MiB."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def written_atomically(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; on success it replaces `target` in one step, else it is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def renamed(store: Any, part: str, target: str) -> None:
    """Give a file of an fsspec store its name, so that under this name there are never half of its bytes."""
    try:
        store.mv(part, target)
    except OSError:  # some stores rename to no name that is taken
        if not store.exists(target):
            raise
        store.rm_file(target)
        store.mv(part, target)


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder of objects named by their sha256: `ab/cdef…`. Objects are never changed once there."""

    root: Path

    def path(self, sha256: str) -> Path:
        """Where the object of this hash lies, whether it exists or not."""
        if len(sha256) != 64 or not all(letter in "0123456789abcdef" for letter in sha256):
            raise ValueError(f"not a sha256: {sha256!r}")
        return self.root / sha256[:2] / sha256[2:]

    def holds(self, sha256: str) -> bool:
        """Whether the object is there."""
        return self.path(sha256).is_file()

    def put(self, file: Path, sha256: str | None = None) -> str:
        """Copy `file` into the archive and return its sha256; a second copy of the same bytes costs nothing."""
        name = sha256 or sha256_of(file)
        target = self.path(name)
        if not target.exists():
            with written_atomically(target) as part:
                shutil.copyfile(file, part)
                if sha256_of(part) != name:
                    raise ValueError(f"{file.name} changed while it was copied into the archive")
        return name

    def put_bytes(self, content: bytes) -> str:
        """Keep `content` and return its sha256."""
        name = hashlib.sha256(content).hexdigest()
        target = self.path(name)
        if not target.exists():
            with written_atomically(target) as part:
                part.write_bytes(content)
        return name
