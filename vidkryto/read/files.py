"""One file to its grids: the reader of each format behind one function."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vidkryto.catalogue.reading import Reading
from vidkryto.findings import Place
from vidkryto.read.formats import format_of
from vidkryto.read.grid import Grid
from vidkryto.read.workbook_scan import column_number


def grids_of(path: Path, reading: Reading, place: Place) -> tuple[Grid, ...]:
    """The grids of a file: one, or one for each sheet and region. Raises ReadError when the file cannot be read."""
    kind = format_of(path, place.file, reading.format, place)
    grids = _read(path, kind, reading, place)
    if not reading.regions:
        return grids
    return tuple(
        replace(_region(grid, region.columns), sheet=f"{grid.sheet}!{region.columns}".lstrip("!"))
        for grid in grids
        for region in reading.regions
    )


def _region(grid: Grid, columns: str) -> Grid:
    first, last = (column_number(letters) - 1 for letters in columns.split(":"))
    return grid.slice(first, min(last, grid.width - 1))


def _read(path: Path, kind: str, reading: Reading, place: Place) -> tuple[Grid, ...]:
    if kind in ("xlsx", "xls", "xlsb", "ods"):
        from vidkryto.read.sheets import read_workbook

        return read_workbook(path, kind, reading, place)
    if kind == "csv":
        from vidkryto.read.delimited import read_delimited

        return (read_delimited(path, reading, place),)
    from vidkryto.read.records import read_records

    return (read_records(path, kind, reading, place),)
