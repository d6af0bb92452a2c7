"""What must hold for the spreadsheet given back: the officer's own file, with marks where something is to be mended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from vidkryto.catalogue.reading import Reading
from vidkryto.pipeline.whole_list import with_whole_list
from vidkryto.record.run import Task
from vidkryto.report.returned import Reader, return_export
from vidkryto_samples.files import Sheet, ods

SCHEMA = {"fields": [{"name": "uid", "type": "string"}, {"name": "label", "type": "string"}]}
READER = {"stops": Reader(Reading.model_validate({"columns": {"Код": "uid", "Назва": "label"}}), SCHEMA)}
ERROR = Task(
    "export-missing",
    "error",
    "stops",
    "stops.xlsx",
    "Зупинки",
    "label",
    "Назва",
    3,
    2,
    (3, 4),
    "Вокзал?",
    "назва без ?",
)
NOTE = Task("export-missing", "note", "stops", "stops.xlsx", "Зупинки", "label", "label", 3, 1, (3,))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A workbook as an office makes it: title, header, a formula, another sheet, kept under its hash."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Зупинки"
    for row in (["Код", "Назва"], ["1", "Ринок"], ["2", "Вокзал?"], ["3", "=B2"]):
        sheet.append(row)
    workbook.create_sheet("Довідка")["A1"] = "складено відділом"
    file = tmp_path / "659b5f588ce80c4e"
    workbook.save(file)
    return file


def returned(export: Path, target: Path, tasks: list[Task], **more: Any) -> Any:
    """The copy, opened."""
    reader = {"stops": Reader(READER["stops"].reading.model_copy(update={"sheet": ("Зупинки",)}), SCHEMA)}
    result = return_export(export, tasks, target, **{"file": "stops.xlsx", "readers": reader, **more})
    return result, openpyxl.load_workbook(target)


def test_cells_with_findings_carry_their_remedy(export: Path, tmp_path: Path) -> None:
    """Row and column of the task; two tasks in one cell share its comment, the graver one gives the colour."""
    result, workbook = returned(export, tmp_path / "back.xlsx", [NOTE, ERROR])
    cell = workbook["Зупинки"]["B3"]
    assert cell.value == "Вокзал?"
    assert cell.comment.text.startswith("Помилка: Не знайдено файлу за шаблоном «назва без ?».\nПокладіть файл")
    assert "Примітка" in cell.comment.text
    assert cell.fill.start_color.rgb.endswith("FADBD8")
    assert (result.marked, result.without_cell) == (2, 0)


def test_the_rest_of_the_workbook_stays_as_it_was(export: Path, tmp_path: Path) -> None:
    """Formulas, other sheets and unmarked cells are untouched."""
    _, workbook = returned(export, tmp_path / "back.xlsx", [ERROR])
    assert workbook.sheetnames == ["Завдання", "Зупинки", "Довідка"]
    assert workbook["Зупинки"]["B4"].value == "=B2"
    assert workbook["Довідка"]["A1"].value == "складено відділом"
    assert workbook["Зупинки"]["B2"].comment is None


def test_the_first_sheet_lists_the_tasks_with_links(export: Path, tmp_path: Path) -> None:
    """Gravest first, in the officer's language, each linked to its first cell."""
    _, workbook = returned(export, tmp_path / "back.xlsx", [NOTE, ERROR], language="en")
    sheet = workbook["Tasks"]
    assert [cell.value for cell in sheet[1]][:4] == ["No.", "Severity", "What", "Sheet"]
    assert [sheet.cell(row, 2).value for row in (2, 3)] == ["Error", "Note"]
    assert (sheet["F2"].value, sheet["F2"].hyperlink.location) == ("3, 4", "'Зупинки'!B3")
    assert sheet["H2"].value == "Вокзал?"


def test_a_text_file_comes_back_as_text_cells(tmp_path: Path) -> None:
    """CSV in cp1251: rows keep their numbers, leading zeros stay, nothing becomes a formula."""
    source = tmp_path / "0aa1"
    source.write_bytes('Код;Назва\n007;Вокзал\n008;=HYPERLINK("http://evil")\n'.encode("cp1251"))
    task = Task("export-missing", "error", "stops", "stops.csv", "", "label", "Назва", 3, 1, (3,), None)
    reading = {"stops": Reader(READER["stops"].reading.model_copy(update={"encoding": "windows-1251"}), SCHEMA)}
    result = return_export(source, [task], tmp_path / "back.xlsx", file="stops.csv", readers=reading)
    sheet = openpyxl.load_workbook(tmp_path / "back.xlsx")["data"]
    assert sheet["A2"].value == "007"
    assert (sheet["B3"].value, sheet["B3"].data_type) == ('=HYPERLINK("http://evil")', "s")
    assert sheet["B3"].comment is not None
    assert result.marked == 1


def test_a_task_without_a_place_is_listed_all_the_same(export: Path, tmp_path: Path) -> None:
    """A finding about the whole file has no cell; it stands in the list."""
    result, workbook = returned(export, tmp_path / "back.xlsx", [Task("export-missing", "warning")])
    assert (result.marked, result.without_cell) == (0, 1)
    assert workbook["Завдання"]["B2"].value == "Попередження"


def test_an_ods_comes_back_with_its_sheet_and_row_numbers(tmp_path: Path) -> None:
    """OpenDocument sheets become sheets of the same name; the marks stand where the officer has the cells."""
    source = tmp_path / "0bb2"
    source.write_bytes(ods([Sheet("Зупинки", (("Код", "Назва"), ("007", "Ринок"), ("008", "Вокзал?")))]))
    reading = {"stops": Reader(READER["stops"].reading.model_copy(update={"sheet": ("Зупинки",)}), SCHEMA)}
    result = return_export(source, [ERROR], tmp_path / "back.xlsx", file="stops.xlsx", readers=reading)
    workbook = openpyxl.load_workbook(tmp_path / "back.xlsx")
    assert workbook.sheetnames == ["Завдання", "Зупинки"]
    assert (workbook["Зупинки"]["A2"].value, workbook["Зупинки"]["B3"].value) == ("007", "Вокзал?")
    assert workbook["Зупинки"]["B3"].comment.text.startswith("Помилка: Не знайдено файлу")
    assert result.marked == 2


def test_every_task_has_room_for_its_words(export: Path, tmp_path: Path) -> None:
    """Wrapped lines are not cut off in a program that does not set heights by itself; the print is landscape."""
    _, workbook = returned(export, tmp_path / "back.xlsx", [ERROR])
    sheet = workbook["Завдання"]
    assert sheet.row_dimensions[2].height >= 30
    assert sheet.page_setup.orientation == "landscape"


def test_a_task_of_several_exports_is_listed_and_marks_nothing(export: Path, tmp_path: Path) -> None:
    """Its rows are nobody's; one of another export alone does not come along."""
    both = replace(ERROR, file="other.xlsx, stops.xlsx")
    result, workbook = returned(export, tmp_path / "back.xlsx", [both, replace(ERROR, file="other.xlsx")])
    assert (result.marked, result.without_cell) == (0, 1)
    assert workbook["Завдання"].max_row == 2


def test_a_finding_in_a_merged_cell_is_marked_where_its_value_stands(tmp_path: Path) -> None:
    """The cells that a merge covers can hold no comment and are not seen; one comment says a task once."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "Зупинки"
    for row in (["Код", "Назва"], ["1", "Ринок"], ["2", None], ["3", None]):
        sheet.append(row)
    sheet.merge_cells("B2:B4")
    workbook.save(tmp_path / "merged")
    result, back = returned(tmp_path / "merged", tmp_path / "back.xlsx", [ERROR])
    assert back["Зупинки"]["B2"].comment.text.count("Помилка:") == 1
    assert result.marked == 1


def test_all_rows_of_a_task_are_marked_from_the_whole_list(export: Path, tmp_path: Path) -> None:
    """A record names the first rows of a finding; the list beside it has all of them."""
    (tmp_path / "findings.csv").write_text(
        "severity,code,resource,file,sheet,row,column,field,wanted\n"
        + "".join(
            f"error,export-missing,stops,stops.xlsx,Зупинки,{row},Назва,label,назва без ?\n" for row in (2, 3, 4)
        ),
        encoding="utf-8-sig",
    )
    tasks = with_whole_list([ERROR, NOTE], tmp_path)
    assert [task.rows for task in tasks] == [(2, 3, 4), (3,)]
    result, workbook = returned(export, tmp_path / "back.xlsx", tasks)
    assert [bool(workbook["Зупинки"].cell(row, 2).comment) for row in (1, 2, 3, 4)] == [False, True, True, True]
    assert result.marked == 3
