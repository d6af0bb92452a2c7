"""The value of this stage: a table of text cells with the place of each row and an account of every row of the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from vidkryto.findings import Finding, Place

if TYPE_CHECKING:
    import pyarrow as pa

PER_SOURCE = 1 << 32
"""Numbers that a source of a table may give to its rows; `numbered` counts the sources above them."""


HEADERS = " | "
"""Between the headers of one field that differ from file to file."""


@dataclass(frozen=True, slots=True)
class Account:
    """What became of every row of the export; the parts always add up to `rows_in_file`.

    Raises AssertionError when they do not: a row lost without a word is a defect of this program and stops the run.
    """

    rows_in_file: int = 0
    data: int = 0
    header: int = 0
    title: int = 0
    total: int = 0
    blank: int = 0
    note: int = 0
    rejected: int = 0

    def __post_init__(self) -> None:
        parts = sum(getattr(self, item.name) for item in fields(self)[1:])
        if parts != self.rows_in_file:
            raise AssertionError(f"{self.rows_in_file} rows in the file, but {parts} accounted for: {self}")

    def __add__(self, other: Account) -> Account:
        return Account(*(getattr(self, item.name) + getattr(other, item.name) for item in fields(self)))


def place_of(source: str, resource: str = "", row: int | None = None) -> Place:
    """The place that a source of a table names: `stops.xlsx / Аркуш1` is a file and a sheet of it."""
    file, _, sheet = source.partition(" / ")
    return Place(resource, file, sheet, row)


def files_of(sources: pa.Array) -> str:
    """The names of all files of a table, in their order, for what is said of the whole of it."""
    return ", ".join(dict.fromkeys(place_of(source).file for source in sources.dictionary.to_pylist()))


def numbered(rows: pa.Array, sources: pa.Array) -> pa.Array:
    """One number for each row that says its source too: `divmod(number, PER_SOURCE)` is the source's index and the row.

    For a table of one source these are the rows themselves.
    """
    if len(sources.dictionary) == 1:
        return rows
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.add(rows, pc.multiply(sources.indices.cast(pa.int64()), PER_SOURCE))


@dataclass(frozen=True, slots=True)
class Table:
    """A snapshot read.

    `columns` are text, named by the schema's fields in the schema's order; an empty cell is null.
    `rows` is the row of the sheet, the line of the text file or the number of the record, from 1.
    `sources` names file and sheet of each row ("stops.xlsx / Аркуш1"), dictionary-encoded.
    `repairs` are notes: what was changed, how often, where first. `findings` is what was noticed and left alone.
    """

    columns: pa.Table
    rows: pa.Array
    sources: pa.Array
    repairs: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    account: Account
    transform: str = ""
    """The sha256 of the transformation that made the columns, when there was one."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The header above each field as it stands in the file; several sheets or files with different ones are joined."""
