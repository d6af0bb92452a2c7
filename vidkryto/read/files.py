"""One file to its grids: the reader of each format behind one function."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from vidkryto.catalogue.reading import Reading
from vidkryto.findings import Finding, Place
from vidkryto.read.formats import format_of
from vidkryto.read.grid import Grid, is_empty
from vidkryto.read.workbook_scan import column_letters, column_number


def grids_of(path: Path, reading: Reading, place: Place) -> tuple[Grid, ...]:
    """The grids of a file: one, or one for each sheet and region. Raises ReadError when the file cannot be read."""
    kind = format_of(path, place.file, reading.format, place)
    grids = _read(path, kind, reading, place)
    if not reading.regions:
        return grids
    found = []
    for grid in grids:
        outside = _outside(grid, reading, replace(place, sheet=grid.sheet))
        for position, region in enumerate(reading.regions):
            part = _region(grid, region.columns)
            findings = (*part.findings, *outside) if not position else part.findings
            found.append(replace(part, sheet=f"{grid.sheet}!{region.columns}".lstrip("!"), findings=findings))
    return tuple(found)


def _region(grid: Grid, columns: str) -> Grid:
    first, last = _bounds(columns)
    return grid.slice(first, min(last, grid.width - 1))


def _bounds(columns: str) -> tuple[int, int]:
    first, last = (column_number(letters) - 1 for letters in columns.split(":"))
    return first, last


def _outside(grid: Grid, reading: Reading, place: Place) -> tuple[Finding, ...]:
    """Columns that no region holds and that are filled below the header: perhaps one more table."""
    inside = {
        position for first, last in (_bounds(region.columns) for region in reading.regions)
        for position in range(first, min(last, grid.width - 1) + 1)
    }  # fmt: skip
    top = int(np.searchsorted(np.asarray(grid.rows), max(reading.header.rows, default=0), side="right"))
    filled = [
        position for position in range(grid.width)
        if position not in inside and not pc.all(is_empty(grid.columns[position].slice(top))).as_py()
    ]  # fmt: skip
    if not filled:
        return ()
    letters = ", ".join(column_letters(position + 1) for position in filled[:20])
    return (Finding("columns-outside", place, found=letters, count=len(filled)),)


def _read(path: Path, kind: str, reading: Reading, place: Place) -> tuple[Grid, ...]:
    if kind in ("xlsx", "xls", "xlsb", "ods"):
        from vidkryto.read.sheets import read_workbook

        return read_workbook(path, kind, reading, place)
    if kind == "csv":
        from vidkryto.read.delimited import read_delimited

        return (read_delimited(path, reading, place),)
    from vidkryto.read.records import read_records

    return (read_records(path, kind, reading, place),)
