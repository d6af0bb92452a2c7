"""Reading bytes as if they had been pulled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vidkryto.archive import Archive
from vidkryto.catalogue.reading import Reading
from vidkryto.pull import Snapshot
from vidkryto.read import Table, read

Reader = Callable[..., Table]


@pytest.fixture
def snapshot(tmp_path: Path) -> Callable[[bytes, str], Snapshot]:
    """A function that keeps bytes in an archive and gives their snapshot."""

    def make(content: bytes, file: str) -> Snapshot:
        archive = Archive(tmp_path / "objects")
        sha256 = archive.put_bytes(content)
        return Snapshot("stops", file, archive.path(sha256), sha256, len(content), datetime.now(UTC), "test")

    return make


@pytest.fixture
def reader(snapshot: Callable[[bytes, str], Snapshot]) -> Reader:
    """A function from bytes, file name, reading and fields (name to type) to a table."""

    def make(content: bytes, file: str, reading: dict[str, Any], fields: dict[str, str], **more: Any) -> Table:
        schema = {"fields": [{"name": name, "type": kind} for name, kind in fields.items()]}
        return read([snapshot(content, file)], Reading.model_validate(reading), schema, resource="stops", **more)

    return make
