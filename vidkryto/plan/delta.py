"""The difference of a release to the one shown before it, without reading the portal: their CSVs line by line.

Both files are ours, one row a line, so a row that did not change is the same line. Only lines that one of the files
lacks are read as rows. Files with line ends inside cells are left to the full comparison.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkryto.errors import PlanError
from vidkryto.plan.columns import Column
from vidkryto.plan.reading import BLOCK, database
from vidkryto.plan.rows import Comparison, compared

if TYPE_CHECKING:
    import pyarrow as pa

FROM = 100_000
"""Rows of a table from which the difference is told from the files; a smaller one is read from the portal whole."""
MOST = 10_000
MOST_BYTES = 16_000_000
"""Lines that may differ, and their bytes; beyond, reading the whole table costs little beside writing them."""
SEPARATOR = "\x1f"
"""A character that no line holds; a file that has it is left to the full comparison."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A table's file of the release that the portal shows, and the hash of the table as it was read back."""

    csv: Path
    sha256: str


@contextmanager
def delta(
    wanted: Path, shown: Path, columns: tuple[Column, ...], key: tuple[str, ...], rows: tuple[int, int]
) -> Iterator[Comparison | None]:
    """The comparison of the rows that differ, as `compared` gives it, without the portal's numbers.

    `rows` are the numbers of rows of both files. None when the difference cannot be told from lines: no key, other
    columns, line ends inside cells, a row that a portal would refuse, a line twice, too many.
    """
    parts = _differing(*_state(wanted), *_state(shown), rows) if key else None
    if parts is None:
        yield None
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vidkryto-delta-")))
        new, old = folder / "new.csv", folder / "old.csv"
        new.write_bytes(parts[0])
        old.write_bytes(parts[1])
        try:
            comparison = stack.enter_context(compared(new, old, columns, key))
        except PlanError:  # the full comparison says the same of the right row
            yield None
            return
        added, _, removed = comparison.counts
        yield comparison if rows[1] + added - removed == rows[0] else None


def _state(path: Path) -> tuple[str, tuple[int, int, int]]:
    stat = path.stat()
    return str(path), (stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=4)
def _differing(wanted: str, _wanted: Any, shown: str, _shown: Any, rows: tuple[int, int]) -> tuple[bytes, bytes] | None:
    """The lines that only the one and only the other file has, each under the header, in their order.

    Kept for the next asking, as planning and applying ask for the same files.
    """
    import duckdb
    import pyarrow as pa

    header = _header(wanted)
    if header != _header(shown) or not header.endswith(b"\n"):
        return None
    with database() as connection:
        for side, path, count in (("wanted", wanted, rows[0]), ("shown", shown, rows[1])):
            try:
                connection.register("lines", _lines(Path(path)))
                connection.execute(f"create table {side} as select * from lines").fetchall()
            except (pa.ArrowInvalid, duckdb.Error):
                return None
            finally:
                with suppress(duckdb.Error):
                    connection.unregister("lines")
            if connection.execute(f"select count(*) from {side}").fetchall() != [(count,)]:
                return None
        query = "from wanted w full join shown s using (line) where w.line is null or s.line is null"
        found = connection.execute(f"select w.line, s.line {query} order by w.rowid, s.rowid").fetchmany(2 * MOST + 1)
    sides = [[line for row in found if (line := row[side]) is not None] for side in (0, 1)]
    new, old = (header + "".join(f"{line}\n" for line in lines).encode() for lines in sides)
    return (new, old) if max(map(len, sides)) <= MOST and max(len(new), len(old)) <= MOST_BYTES else None


def _header(path: str) -> bytes:
    with Path(path).open("rb") as stream:
        return stream.readline()


def _lines(path: Path) -> pa.RecordBatchReader:
    """The lines of a file after its header."""
    import pyarrow as pa
    import pyarrow.csv as pc

    return pc.open_csv(
        path,
        pc.ReadOptions(column_names=["line"], skip_rows=1, block_size=BLOCK),
        pc.ParseOptions(delimiter=SEPARATOR, quote_char=False, ignore_empty_lines=False),
        pc.ConvertOptions(column_types={"line": pa.string()}, strings_can_be_null=False),
    )
