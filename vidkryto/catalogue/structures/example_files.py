"""The ministry's `example.xlsx` files, checked against the mended structures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from vidkryto.catalogue.structures.examples import bounds, fits
from vidkryto.catalogue.structures.mending import LOOK_ALIKES, MendedColumn, MendedTable

MISSING = ("", "null")


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell or a header of an example file that breaks the schema. `column` is empty for the whole file."""

    table: str
    column: str
    row: int
    problem: str
    found: str


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """An example file as checked: how many rows of data it holds and what is wrong with them."""

    table: str
    rows: int
    problems: tuple[BadCell, ...]


def check_example(file: Path, table: MendedTable) -> ExampleFile:
    """Check `file`: machine names in the first row, Ukrainian titles in another one, data in the rest."""
    rows = _rows(file)
    header = [re.sub(r"\s", "", str(cell)).translate(LOOK_ALIKES) for cell in rows[0]]
    titles = {column.title for column in table.columns}
    data = [(number, row) for number, row in enumerate(rows[1:], 2) if not _is_titles(row, titles)]
    problems = [*_header(table, header), *_cells(table, header, data)]
    return ExampleFile(table.key, len(data), tuple(problems))


def _rows(file: Path) -> list[tuple[str, ...]]:
    import openpyxl

    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    try:
        rows = [tuple(_text(cell) for cell in row) for row in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()
    return [row for row in rows if any(row)]


def _is_titles(row: tuple[str, ...], titles: set[str]) -> bool:
    filled = [re.sub(r"\s+", " ", cell).strip() for cell in row if cell]
    return bool(filled) and sum(cell in titles for cell in filled) > len(filled) / 2


def _header(table: MendedTable, header: list[str]) -> Iterator[BadCell]:
    names = [column.name for column in table.columns]
    for name in names:
        if name not in header and not _repeated(name, names, header):
            yield BadCell(table.key, name, 1, "the column is missing", "")
    for name in header:
        if name and name not in names and name != "None":
            yield BadCell(table.key, "", 1, "the column is not in the structure", name)


def _repeated(name: str, names: list[str], header: list[str]) -> bool:
    """Whether a column that was renamed apart stands in the file under its repeated name."""
    return len(header) == len(names) and header.count(header[names.index(name)]) > 1


def _cells(table: MendedTable, header: list[str], data: list[tuple[int, tuple[str, ...]]]) -> Iterator[BadCell]:
    places = {column.name: header.index(column.name) for column in table.columns if column.name in header}
    for number, row in data:
        for column in table.columns:
            cell = row[places[column.name]] if column.name in places else ""
            if cell in (*MISSING, *column.missing):
                if column.required and column.name in places:
                    yield BadCell(table.key, column.name, number, "a required value is missing", "")
            elif not fits(cell, column):
                yield BadCell(table.key, column.name, number, f"does not fit {_rule(column)}", cell[:60])


def _rule(column: MendedColumn) -> str:
    if column.enumeration:
        return "the enumeration"
    if column.kind and column.kind.pattern:
        return f"the form of {column.kind.name}"
    return "the bounds of Ukraine" if bounds(column.name) else f"the type {column.type}"


def _text(cell: Any) -> str:
    """A cell as the text that would stand in a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        midnight = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
        return cell.strftime("%Y-%m-%d" if midnight else "%Y-%m-%dT%H:%M")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
