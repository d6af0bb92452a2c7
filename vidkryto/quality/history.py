"""The memory of a dataset: one line for each table and release, appended and never rewritten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measurement:
    """The metrics of one table in one published release."""

    run: str
    at: str
    """UTC, ISO 8601."""
    resource: str
    metrics: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class History:
    """The file of measurements of one dataset."""

    file: Path

    def __iter__(self) -> Iterator[Measurement]:
        """Measurements, oldest first. A torn last line, left by a crash, is passed over."""
        if not self.file.is_file():
            return
        with self.file.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    yield Measurement(**json.loads(line))

    def of(self, resource: str) -> tuple[Measurement, ...]:
        """The measurements of one table, oldest first."""
        return tuple(item for item in self if item.resource == resource)

    def last(self, resource: str) -> Measurement | None:
        """The newest measurement of a table, None before its first publication."""
        return next(reversed(self.of(resource)), None)

    def append(self, measurements: tuple[Measurement, ...]) -> None:
        """Add measurements in one write; a torn line before them is closed first."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(asdict(item), ensure_ascii=False, sort_keys=True) + "\n" for item in measurements)
        with self.file.open("a+b") as stream:
            if stream.seek(0, 2) and (stream.seek(-1, 2), stream.read(1))[1] != b"\n":
                _close_torn_line(self.file)
            stream.write(text.encode())


def _close_torn_line(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: content.rfind(b"\n") + 1])
