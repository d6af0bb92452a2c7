"""Formats that hold records with named fields (JSON, XML, GeoJSON, KML, DBF, Parquet) as grids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.encoding import codec_of
from vidkryto.read.grid import Grid

BATCH = 50_000


def read_records(path: Path, kind: str, reading: Reading, place: Place) -> Grid:
    """The records of a file as a grid with labels. Raises ReadError when the file cannot be read."""
    if kind in ("json", "jsonl", "geojson"):
        from vidkryto.read.json_records import read_json

        return read_json(path, kind, reading, place)
    if kind in ("xml", "kml"):
        from vidkryto.read.xml_records import read_xml

        return read_xml(path, kind, reading, place)
    if kind in ("dbf", "shp"):
        from vidkryto.read.dbf_records import read_dbf

        return read_dbf(path, kind, reading, place)
    from vidkryto.read.parquet_records import read_parquet

    return read_parquet(path, reading, place)


class Collector:
    """Records one by one into columns; the columns are in the order in which their names first occur.

    Raises ReadError beyond the limits of the reading.
    """

    def __init__(self, reading: Reading, place: Place) -> None:
        self._reading, self._place = reading, place
        self._columns: dict[str, list[str | None]] = {}
        self._done: dict[str, list[pa.Array]] = {}
        self._before = 0
        self._rows: list[int] = []

    def add(self, record: Mapping[str, str | None], number: int) -> None:
        """One record, with its number or line in the file."""
        count = len(self._rows) - self._before
        if count == BATCH:
            self._pack()
            count = 0
        for name, value in record.items():
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = []
                self._limit(len(self._columns), self._reading.max_columns, "columns")
            if value is not None and len(value) > self._reading.max_cell:
                raise self._too_long(len(value), number)
            column.extend([None] * (count - len(column)))
            column.append(value)
        self._rows.append(number)
        self._limit(len(self._rows), self._reading.max_rows, "rows")

    def extend(self, records: Iterable[Mapping[str, str | None]]) -> Collector:
        """Records numbered from 1."""
        for number, record in enumerate(records, start=1):
            self.add(record, number)
        return self

    def _pack(self) -> None:
        """What is collected goes into Arrow's arrays: as Python's texts it would take several times the memory."""
        count = len(self._rows) - self._before
        for name, column in self._columns.items():
            column.extend([None] * (count - len(column)))
            parts = self._done.setdefault(name, [pa.nulls(self._before, pa.string())] if self._before else [])
            parts.append(pa.array(column, pa.string()))
            column.clear()
        self._before = len(self._rows)

    def grid(self, *, encoding: str = "", virtual: Iterable[str] = (), noted: int = 0) -> Grid:
        """The grid of what was collected. Raises ReadError when there was nothing."""
        if not self._rows:
            raise ReadError(
                f"{self._place.file} holds no record",
                (Finding("file-empty", self._place),),
                remedy="Export the table again.",
            )
        self._pack()
        return Grid(
            columns=tuple(pa.concat_arrays(self._done.pop(name)) for name in self._columns),
            rows=pa.array(self._rows, pa.int64()),
            file=self._place.file,
            labels=tuple(self._columns),
            encoding=encoding,
            virtual=frozenset(virtual),
            noted=noted,
        )

    def _limit(self, found: int, limit: int, what: str) -> None:
        if found > limit:
            raise ReadError(
                f"{self._place.file} has more than {limit} {what}",
                (Finding(f"too-many-{what}", self._place, found=f"> {limit}", wanted=str(limit)),),
                remedy=f"Raise max_{what} in the block reading, if so many are right.",
            )

    def _too_long(self, length: int, number: int) -> ReadError:
        where = Place(self._place.resource, self._place.file, row=number)
        limit = self._reading.max_cell
        return ReadError(
            f"{self._place.file}, record {number}: a value has {length} characters; the limit is {limit}",
            (Finding("cell-too-long", where, found=str(length), wanted=str(limit)),),
            remedy="Raise max_cell in the block reading, if such values are right.",
        )


def declared_codec(encoding: str, place: Place) -> str:
    """Python's name of a declared encoding. Raises ReadError when there is none of that name."""
    try:
        return codec_of(encoding)
    except LookupError:
        raise ReadError(
            f"the contract names the encoding {encoding!r}, which does not exist",
            (Finding("encoding-unknown", place, found=encoding),),
            remedy="Write for example windows-1251, utf-8, koi8-u or cp866.",
        ) from None


def unique(pairs: Iterable[tuple[str, str | None]], place: Place, where: str) -> dict[str, str | None]:
    """The fields of a record by name. Raises ReadError for two of one name: neither may hide the other."""
    found: dict[str, str | None] = {}
    for name, value in pairs:
        if name in found:
            raise broken(place, f"{where} has the field {name} twice")
        found[name] = value
    return found


def broken(place: Place, why: str) -> ReadError:
    """The one error for JSON or XML that cannot be parsed."""
    return ReadError(
        f"{place.file} cannot be parsed: {why}",
        (Finding("structure-broken", place, found=why[:200]),),
        remedy="The file was cut off or damaged; export it again.",
    )


def no_records(place: Place, wanted: str, there: Iterable[str]) -> ReadError:
    """The one error for a path that leads to no records."""
    listed = ", ".join(list(there)[:20]) or "—"
    return ReadError(
        f"{place.file}: no records at {wanted or 'the top'!r}; there are: {listed}",
        (Finding("records-missing", place, wanted=wanted, details={"there": listed}),),
        remedy="Write `path` into the block `reading`: the keys that lead to the list of records.",
    )
