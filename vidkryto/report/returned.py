"""The officer's own spreadsheet back: marks and comments where something is to be mended, the list of tasks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, PatternFill
from openpyxl.styles.colors import Color
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.xml import DEFUSEDXML

from vidkryto.archive import written_atomically
from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError, StateError
from vidkryto.findings import Language, Place
from vidkryto.read.files import grids_of
from vidkryto.read.formats import format_of
from vidkryto.read.grid import Grid
from vidkryto.read.layout import lay_out
from vidkryto.read.names import match
from vidkryto.read.workbook_scan import column_number
from vidkryto.record.run import Task
from vidkryto.report.run_facts import task_facts
from vidkryto.report.words import Words

FILLS = {"error": "FADBD8", "warning": "FCE9C9", "note": "DDE9F5"}
ORDER = {"error": 0, "warning": 1, "note": 2}
COLUMNS = (
    ("number", 5),
    ("task-severity", 14),
    ("task-what", 40),
    ("task-sheet-head", 22),
    ("task-column", 26),
    ("task-rows", 26),
    ("task-count", 10),
    ("task-found", 24),
    ("task-wanted", 24),
    ("task-remedy", 60),
)
"""The list of tasks: words of each head, width in letters."""
LARGEST = 200_000
"""Rows of a sheet that are still given back: a larger file nobody mends by hand, and the copy needs memory."""


COMMENTED = 5_000
"""Cells with a comment; office programs open a workbook with many more only after minutes."""
ROWS_NAMED = 20
"""Rows named in the list of tasks."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What was written: the copy, how many cells are marked, and tasks that have no cell in it."""

    file: Path
    marked: int
    without_cell: int


@dataclass(frozen=True, slots=True)
class Reader:
    """How a resource reads the export: its declaration and its Table Schema."""

    reading: Reading
    schema: Mapping[str, Any]


@dataclass
class _Sheet:
    """Where a resource has its columns in a sheet: field of the schema, and header as it stands, to column from 1."""

    resource: str
    name: str
    fields: dict[str, int] = field(default_factory=dict)
    headers: dict[str, int] = field(default_factory=dict)

    def column(self, task: Task) -> int:
        """The column of a task, or 0 when it has none."""
        return self.fields.get(task.field) or self.headers.get(task.column) or self.fields.get(task.column) or 0


def return_export(
    source: Path,
    tasks: Sequence[Task],
    target: Path,
    *,
    file: str,
    readers: Mapping[str, Reader],
    language: Language = "uk",
) -> Returned:
    """Write a copy of the export `source` (its name for people is `file`) as an XLSX workbook to `target`.

    `readers` are the resources that are read from this file, by name; several may share a workbook.
    A workbook in XLSX keeps its sheets and formats; every other format becomes sheets of plain text, each row
    where it stands in the file. Every row of a task is marked, in merged cells the one with the value; after
    `COMMENTED` cells with a colour alone. The copy holds the department's own data, protected columns too; it goes
    back to that department and nowhere else.
    Raises ReadError when the file cannot be read, StateError when it is too large to be given back.
    """
    place = Place(file=file)
    grids = {name: grids_of(source, reader.reading, place) for name, reader in readers.items()}
    if any(grid.height > LARGEST for group in grids.values() for grid in group):
        raise StateError(
            f"{file} has more than {LARGEST} rows and is not given back as a workbook",
            remedy="Use the list of findings on the dataset's page.",
        )
    kind = format_of(source, file, next(iter(readers.values())).reading.format, place)
    workbook = _opened(source) if kind == "xlsx" else _plain_copy([grid for group in grids.values() for grid in group])
    sheets = [_sheet(name, grid, readers[name], place) for name, group in grids.items() for grid in group]
    mine = [task for task in tasks if _is_about(task, file) and task.resource in ("", *readers)]
    mine.sort(key=lambda task: ORDER[task.severity])
    words, links = Words(language), []
    marked: set[tuple[str, int, int]] = set()
    for task in mine:
        cells = _cells(task, sheets) if task.file in ("", file) else []
        links.append(cells[0] if cells else None)
        for sheet, row, column in cells:
            row, column = _anchor(workbook[sheet], row, column)
            fresh = (sheet, row, column) not in marked
            _mark(workbook[sheet].cell(row, column), task, words, fresh=fresh, comment=len(marked) < COMMENTED)
            marked.add((sheet, row, column))
    _list_of_tasks(workbook, mine, links, words)
    with written_atomically(target) as part:
        workbook.save(part)
    return Returned(target, len(marked), links.count(None))


def _is_about(task: Task, file: str) -> bool:
    """Whether a task speaks of this export: of it alone, of several among which it is, or of what was made of them."""
    return task.file in ("", file) or f", {file}, " in f", {task.file}, " or task.file.startswith("transform.")


def _opened(source: Path) -> Any:
    """The officer's workbook; its size was checked when it was read, its XML cannot expand entities."""
    if not DEFUSEDXML:
        raise StateError("defusedxml is not installed", remedy="Install the project's dependencies again.")
    with source.open("rb") as stream:
        return openpyxl.load_workbook(stream)


def _sheet(resource: str, grid: Grid, reader: Reader, place: Place) -> _Sheet:
    """The columns of a grid by field and by header; a sheet whose header is not found has none."""
    name, _, region = grid.sheet.partition("!")
    first = column_number(region.split(":")[0]) if region else 1
    sheet = _Sheet(resource, name or PLAIN)
    try:
        layout = lay_out(grid, reader.reading, place)
    except ReadError:
        return sheet
    sheet.headers = {label: position + first for position, label in reversed(list(enumerate(layout.labels)))}
    matching = match(grid, layout.labels, reader.reading, reader.schema, place)
    sheet.fields = {field: position + first for field, position in matching.fields.items()}
    return sheet


PLAIN = "data"
"""The sheet of a file that has no sheets."""


def _plain_copy(grids: Sequence[Grid]) -> Any:
    """A workbook of text cells; nothing in it is a formula, whatever the file says."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for grid in grids:
        name = grid.sheet.partition("!")[0] or PLAIN
        if name in workbook.sheetnames:
            continue
        sheet = workbook.create_sheet(name)
        if grid.labels is not None:
            _write_row(sheet, 1, grid.labels)
        for index, number in enumerate(grid.rows.to_pylist()):
            _write_row(sheet, number + (grid.labels is not None), grid.cells(index))
    return workbook


def _write_row(sheet: Any, row: int, texts: Sequence[str]) -> None:
    for column, text in enumerate(texts, start=1):
        if text:
            _put(sheet.cell(row, column), text)


def _put(cell: Any, value: str | int) -> None:
    """A value as it is: openpyxl takes a text that begins with = for a formula, and refuses control characters."""
    cell.value = ILLEGAL.sub("\ufffd", value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"


ILLEGAL = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE


def _cells(task: Task, sheets: Sequence[_Sheet]) -> list[tuple[str, int, int]]:
    """The cells that a task names; without a column, the first cell of the row."""
    rows = task.rows or ((task.row,) if task.row else ())
    wanted = task.sheet.partition("!")[0]
    own = [sheet for sheet in sheets if task.resource in ("", sheet.resource)]
    sheet = next((sheet for sheet in own if sheet.name == wanted), own[0] if len(own) == 1 else None)
    return [(sheet.name, row, sheet.column(task) or 1) for row in rows] if sheet else []


def _anchor(sheet: Any, row: int, column: int) -> tuple[int, int]:
    """The cell itself, or the first one of the merged cells that it belongs to: that one is seen, and has the value."""
    if isinstance(sheet.cell(row, column), MergedCell):
        for merged in sheet.merged_cells.ranges:
            if merged.min_row <= row <= merged.max_row and merged.min_col <= column <= merged.max_col:
                return merged.min_row, merged.min_col
    return row, column


def _mark(cell: Any, task: Task, words: Words, *, fresh: bool, comment: bool) -> None:
    """Colour and comment; tasks come gravest first, so the first colour stays."""
    if fresh:
        cell.fill = PatternFill("solid", start_color=FILLS[task.severity])
    if not comment and not cell.comment:
        return
    facts = task_facts(task, "internal")
    said = (
        f"{words(f'severity-{task.severity}')}: {facts['message'][words.language]}\n{facts['remedy'][words.language]}"
    )
    before = f"{cell.comment.text}\n—\n" if cell.comment else ""
    if said in before:
        return
    cell.comment = Comment(before + said, words("site"), width=420, height=180)


def _list_of_tasks(
    workbook: Any, tasks: Sequence[Task], links: Sequence[tuple[str, int, int] | None], words: Words
) -> None:
    """The first sheet: every task with its remedy and a link to its first cell."""
    sheet = workbook.create_sheet(words("section-tasks"), 0)
    workbook.active = 0
    for column, (key, width) in enumerate(COLUMNS, start=1):
        cell = sheet.cell(1, column, words(key))
        cell.font = _bold(cell.font)
        cell.fill = PatternFill("solid", start_color="E8EBEE")
        sheet.column_dimensions[get_column_letter(column)].width = width
    for row, (task, link) in enumerate(zip(tasks, links, strict=True), start=2):
        for column, value in enumerate(_row(row - 1, task, words), start=1):
            cell = sheet.cell(row, column)
            _put(cell, value)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
        sheet.row_dimensions[row].height = LINE * _lines(_row(row - 1, task, words))
        sheet.cell(row, 2).fill = PatternFill("solid", start_color=FILLS[task.severity])
        if link:
            place = "'" + link[0].replace("'", "''") + f"'!{get_column_letter(link[2])}{link[1]}"
            sheet.cell(row, 6).hyperlink = Hyperlink(ref=f"F{row}", location=place)
            linked = copy(sheet.cell(row, 6).font)
            linked.color, linked.underline = Color("FF0A4F8F"), "single"
            sheet.cell(row, 6).font = linked
    sheet.freeze_panes = "A2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _bold(font: Any) -> Any:
    """The workbook's own font, bold."""
    bold = copy(font)
    bold.b = True
    return bold


LINE = 15
"""Height of a line of text in points."""


def _lines(values: Sequence[int | str]) -> int:
    """How many lines the fullest cell of a row takes: not every office program sets the height by itself."""
    widths = (width for _, width in COLUMNS)
    return max(
        sum(max(1, ceil(1.15 * len(line) / width)) for line in str(value).split("\n"))
        for value, width in zip(values, widths, strict=True)
    )


def _row(number: int, task: Task, words: Words) -> tuple[int | str, ...]:
    facts = task_facts(task, "internal")
    named = facts["rows"][:ROWS_NAMED]
    rows = ", ".join(map(str, named)) + (", …" if named and task.count > len(named) else "")
    hidden = words("task-protected") if task.found is None and facts["rows"] and task.field else ""
    return (
        number,
        words(f"severity-{task.severity}"),
        facts["message"][words.language],
        task.sheet,
        task.column or task.field,
        rows,
        task.count,
        task.found if task.found is not None else hidden,
        task.wanted or "",
        facts["remedy"][words.language],
    )
