"""DBF files and attribute tables of zipped shapefiles as records; the letters decide the code page."""

from __future__ import annotations

import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import dbfread
from dbfread.codepages import guess_encoding

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.pull.limits import ZIP_DEFECTS
from vidkryto.read import encoding as encodings
from vidkryto.read.dbf_cells import Column, columns_of, labels_of
from vidkryto.read.grid import Grid
from vidkryto.read.pieces import LARGE, is_ascii, kept
from vidkryto.read.records import Collector, broken, declared_codec

SHOWN = 10
"""Rows kept in a finding."""


def read_dbf(path: Path, kind: str, reading: Reading, place: Place) -> Grid:
    """The records of a DBF, numbers with their own digits. Raises ReadError for a damaged file or undecided letters."""
    with tempfile.TemporaryDirectory() as folder:
        file, code_page = (path, "") if kind == "dbf" else _from_archive(path, Path(folder), place)
        try:
            table = dbfread.DBF(str(file), raw=True, encoding="latin-1", ignore_missing_memofile=True)
            _check_length(file, table, place)
            fields = columns_of(table, place)
            stored: Any = _Stored(file, table, place)
            records = list(stored) if file.stat().st_size < LARGE else stored  # a large one is gone through again
            encoding = code_page if reading.encoding == "auto" else ""
            encoding = encoding or _encoding(table, fields, records, reading, place)
            codec = declared_codec(encoding, place)
            labels = labels_of(fields, codec)
            collector = Collector(reading, place)
            for number, record in records:
                collector.add({name: _cell(f, record, codec, place, number) for name, f in labels.items()}, number)
        except (
            dbfread.DBFNotFound,
            dbfread.MissingMemoFile,
            struct.error,
            ValueError,
            OverflowError,
            OSError,
            AttributeError,
        ) as error:
            raise broken(place, f"DBF: {error}") from error
    grid = collector.grid(encoding=encoding, noted=stored.deleted)
    findings = [Finding("records-deleted", place, count=stored.deleted)] if stored.deleted else []
    if memos := [name for name, field in labels.items() if field.memo]:
        findings.append(Finding("memo-skipped", place, count=len(memos), details={"fields": ", ".join(memos)}))
    if kind == "dbf":  # in a shapefile asterisks mean no value (as shapelib writes it)
        findings += [_overflowed(name, field.overflowed, place) for name, field in labels.items() if field.overflowed]
    return replace(grid, findings=tuple(findings))


class _Stored:
    """The records of a DBF that are not marked as deleted, with their numbers over all records, from 1.

    The header may tell fewer records than there are, but never more.
    """

    def __init__(self, file: Path, table: Any, place: Place) -> None:
        self._file, self._header, self._place = file, table.header, place
        self.deleted = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        self.deleted = 0
        with self._file.open("rb") as stream:
            stream.seek(self._header.headerlen)
            for number in count(1):
                record = stream.read(self._header.recordlen)
                known = record[:1] in (b" ", b"*") and len(record) == self._header.recordlen
                if not known and number > self._header.numrecords:
                    return
                if not known:
                    raise broken(self._place, f"DBF: record {number} of {self._header.numrecords} is none")
                if record[:1] == b" ":
                    yield number, record
                else:
                    self.deleted += 1


def _overflowed(name: str, rows: list[int], place: Place) -> Finding:
    where = replace(place, row=rows[0], column=name)
    return Finding("number-overflowed", where, "***", count=len(rows), rows=tuple(rows[:SHOWN]))


def _from_archive(path: Path, folder: Path, place: Place) -> tuple[Path, str]:
    """The DBF inside a zipped shapefile, with the code page of its .cpg. Raises ReadError."""
    try:
        return _unpacked(path, folder, place)
    except (*ZIP_DEFECTS, RuntimeError) as error:
        raise broken(place, f"ZIP: {type(error).__name__}") from error


def _unpacked(path: Path, folder: Path, place: Place) -> tuple[Path, str]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.casefold().endswith(".dbf")]
        if len(names) != 1:
            raise broken(place, f"{len(names)} attribute tables in the archive, wanted one")
        if archive.getinfo(names[0]).file_size > 2 << 30:
            raise ReadError(
                f"{place.file}: its attribute table is larger than 2 GB",
                (Finding("archive-bomb", place, found="> 2 GB"),),
                remedy="Ask how the file was made.",
            )
        target = folder / "table.dbf"
        with archive.open(names[0]) as packed, target.open("wb") as stream:
            shutil.copyfileobj(packed, stream)
        page = next((name for name in archive.namelist() if name.casefold() == names[0].casefold()[:-3] + "cpg"), "")
        return target, _code_page(archive.read(page).decode("ascii", "ignore").strip() if page else "")


def _code_page(text: str) -> str:
    """The code page that a .cpg names, if it is one we know: UTF-8, 1251, CP1251, ANSI 1251."""
    bare = text.casefold().replace("ansi", "").strip()
    name = f"cp{bare}" if bare.isdecimal() else bare
    try:
        return encodings.codec_of(name) if name else ""
    except (LookupError, ValueError):
        return ""


def _check_length(file: Path, table: Any, place: Place) -> None:
    """A DBF that is shorter than its header says was cut off; records shorter than their fields are none."""
    header = table.header
    least = 1 + sum(field.length for field in table.fields)
    if header.recordlen < least:
        raise broken(place, f"DBF: records of {header.recordlen} bytes, their fields have {least}")
    wanted = header.headerlen + header.numrecords * header.recordlen
    size = file.stat().st_size
    if size < wanted:
        raise broken(place, f"DBF: cut off, {size} bytes of {wanted}")


def _encoding(
    table: Any, fields: Sequence[Column], records: Iterable[tuple[int, bytes]], reading: Reading, place: Place
) -> str:
    """By the letters of the texts; where these have none beyond ASCII, by those of the names, then by the mark."""
    if reading.encoding != "auto":
        return reading.encoding
    texts = [field.part for field in fields if field.kind == "C"]
    size = table.header.numrecords * table.header.recordlen
    content = kept((record[part].rstrip() + b"\n" for _, record in records for part in texts), size)
    names = b"\n".join(field.name for field in fields)
    if not is_ascii(content) or names.isascii():
        return encodings.require(encodings.decide(content), place)
    try:
        return encodings.decide(names).encoding or str(guess_encoding(table.header.language_driver))
    except LookupError:
        return "latin-1"


def _cell(field: Column, record: bytes, codec: str, place: Place, number: int) -> str | None:
    try:
        return field.cell(record, codec, number)
    except UnicodeDecodeError as error:
        where = Place(place.resource, place.file, row=number)
        raise ReadError(
            f"{place.file}, record {number}: not {codec}",
            (Finding("encoding-broken", where, details={"encoding": codec}),),
            remedy="Write `encoding` into the block `reading`.",
        ) from error
