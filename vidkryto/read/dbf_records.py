"""DBF files and attribute tables of zipped shapefiles as records; the letters decide the code page."""

from __future__ import annotations

import shutil
import struct
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dbfread

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.pull.limits import ZIP_DEFECTS
from vidkryto.read import encoding as encodings
from vidkryto.read.grid import Grid
from vidkryto.read.pieces import LARGE, kept
from vidkryto.read.records import Collector, broken


def read_dbf(path: Path, kind: str, reading: Reading, place: Place) -> Grid:
    """The records of a DBF, numbers with their own digits. Raises ReadError for a damaged file or undecided letters."""
    with tempfile.TemporaryDirectory() as folder:
        file, code_page = (path, "") if kind == "dbf" else _from_archive(path, Path(folder), place)
        try:
            table = dbfread.DBF(str(file), raw=True, encoding="latin-1", ignore_missing_memofile=True)
            _check_length(file, table, place)
            records = list(table) if file.stat().st_size < LARGE else table  # a large one is gone through again
            deleted = len(table.deleted)
            encoding = code_page or _encoding(table, records, reading, place)
            codec = encodings.codec_of(encoding)
            collector = Collector(reading, place)
            for number, record in enumerate(records, start=1):
                cells = {f.name: _cell(record[f.name], f.type, codec, place, number) for f in table.fields}
                collector.add(cells, number)
        except (
            dbfread.DBFNotFound,
            dbfread.MissingMemoFile,
            struct.error,
            ValueError,
            OSError,
            AttributeError,
        ) as error:
            raise broken(place, f"DBF: {error}") from error
    grid = collector.grid(encoding=encoding, noted=deleted)
    findings = [Finding("records-deleted", place, count=deleted)] if deleted else []
    memos = [field.name for field in table.fields if field.type in "MGPB"]
    if memos:
        findings.append(Finding("memo-skipped", place, count=len(memos), details={"fields": ", ".join(memos)}))
    return replace(grid, findings=tuple(findings))


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


def _encoding(table: Any, records: Iterable[dict[str, bytes]], reading: Reading, place: Place) -> str:
    if reading.encoding != "auto":
        return reading.encoding
    texts = [field.name for field in table.fields if field.type == "C"]
    size = table.header.numrecords * table.header.recordlen
    content = kept((record[name].rstrip() + b"\n" for record in records for name in texts), size)
    return encodings.require(encodings.decide(content), place)


def _cell(value: bytes, kind: str, codec: str, place: Place, number: int) -> str | None:
    if kind in "NF":
        return value.strip(b" \0*").decode("ascii", "replace") or None
    if kind == "D":
        text = value.decode("ascii", "replace").strip(" \0")
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdecimal() else text or None
    if kind == "L":
        return {"T": "true", "Y": "true", "F": "false", "N": "false"}.get(value.decode("latin-1").upper())
    if kind in "MGPB":
        return None
    if kind in "I+" and len(value) == 4:
        return str(struct.unpack("<i", value)[0])
    try:
        return value.decode(codec).rstrip(" \0") or None
    except UnicodeDecodeError as error:
        where = Place(place.resource, place.file, row=number)
        raise ReadError(
            f"{place.file}, record {number}: not {codec}",
            (Finding("encoding-broken", where, details={"encoding": codec}),),
            remedy="Write `encoding` into the block `reading`.",
        ) from error
