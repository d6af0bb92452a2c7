"""Every table of the shared real exports as text columns, read plainly: what a department could hand over."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook

EXPORTS = Path(__file__).parents[3] / "shared" / "exports"


def need_exports() -> Path:
    """The folder of real exports; a test that wants it says plainly when it is not there."""
    if not EXPORTS.is_dir():
        pytest.skip("left out: the real exports (../shared/exports) are not on this machine")
    return EXPORTS


@cache
def all_tables() -> tuple[tuple[str, pa.Table], ...]:
    """Name and columns of every table with rows: `folder/file#sheet`."""
    found = []
    for file in sorted(EXPORTS.rglob("*")):
        for part, rows in _tables_of(file):
            if len(rows) > 1:
                name = file.relative_to(EXPORTS).as_posix()
                found.append((f"{name}#{part}" if part else name, as_table(rows)))
    return tuple(found)


def as_table(rows: list[list[Any]]) -> pa.Table:
    """Columns of text named by the first row; a repeated name gets its place."""
    width = max(len(row) for row in rows)
    names: list[str] = []
    for place in range(width):
        name = _text(rows[0][place]) if place < len(rows[0]) else ""
        names.append(name if name not in names else f"{name}~{place + 1}")
    columns = [[_text(row[place]) if place < len(row) else "" for row in rows[1:]] for place in range(width)]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def _tables_of(file: Path) -> Iterator[tuple[str, list[list[Any]]]]:
    suffix = file.suffix.casefold()
    if suffix in (".csv", ".tsv"):
        yield "", _delimited(file)
    elif suffix in (".xlsx", ".xls"):
        yield from _sheets(io.BytesIO(file.read_bytes()))
    elif suffix == ".zip":
        with zipfile.ZipFile(file) as archive:
            for member in archive.namelist():
                if member.endswith(".xlsx"):
                    yield from (
                        (f"{member}#{sheet}", rows) for sheet, rows in _sheets(io.BytesIO(archive.read(member)))
                    )
    elif suffix in (".json", ".geojson") and file.name != "schema.json":
        yield "", _records(json.loads(file.read_bytes()))


def _sheets(stream: io.BytesIO) -> Iterator[tuple[str, list[list[Any]]]]:
    workbook = CalamineWorkbook.from_filelike(stream)
    for name in workbook.sheet_names:
        yield name, workbook.get_sheet_by_name(name).to_python()


def _records(document: Any) -> list[list[Any]]:
    records = [feature["properties"] for feature in document["features"]] if isinstance(document, dict) else document
    keys = list(records[0])
    return [keys, *([record.get(key) for key in keys] for record in records)]


def _delimited(file: Path) -> list[list[Any]]:
    content = file.read_bytes()
    for encoding in ("utf-8-sig", "cp1251", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    head = text[:2000]
    delimiter = "\t" if file.suffix == ".tsv" else max(",;", key=head.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
