"""Header, title, notes, totals, footers and blank rows: as declared, and every row accounted for."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

import openpyxl
import pytest
from pydantic import ValidationError

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ContractError
from vidkryto.findings import Severity
from vidkryto.read import Account, Table, delimited
from vidkryto.read.arrow_cells import line_breaks
from vidkryto.read.workbook_scan import unsaved_formulas

Reader = Callable[..., Table]

FIELDS = {"label": "string", "count": "integer"}


def _workbook(rows: list[list[Any]], *merged: str, sheet: str = "Аркуш1") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _parts(account: Account) -> dict[str, int]:
    return {name: count for name, count in asdict(account).items() if count}


def test_an_account_that_does_not_add_up_stops_the_run() -> None:
    """A row lost without a word is a defect of the program."""
    with pytest.raises(AssertionError, match="5 rows in the file, but 4 accounted for"):
        Account(rows_in_file=5, data=3, header=1)


def test_a_department_sheet_with_all_its_habits_is_read(reader: Reader) -> None:
    """Title, unit line, header on two levels, column numbers, group blanks, total in the middle, footer, blank rows."""
    content = _workbook(
        [
            ["Перелік зупинок міста", None, None],
            [None, None, "шт."],
            ["Зупинка", "Кількість", None],
            [None, "будні", "вихідні"],
            [1, 2, 3],
            ["Ринок", 5, 3],
            [None, 7, 1],
            ["Всього по району", 12, 4],
            [None, None, None],
            ["Загальноосвітня школа", 2, 1],
            ["Всього", 14, 5],
            ["Виконавець: відділ транспорту", None, None],
        ],
        "A3:A4", "B3:C3",
    )  # fmt: skip
    reading = {
        "header": [3, 4],
        "columns": {"Зупинка": "label", "Кількість / будні": "count", "Кількість / вихідні": "weekend"},
        "notes": {"column_numbers": True, "begin": ["Виконавець"]},
        "totals": ["Всього"],
        "fill_down": "label",
    }
    table = reader(content, "a.xlsx", reading, {**FIELDS, "weekend": "integer"})
    assert table.columns.to_pylist() == [
        {"label": "Ринок", "count": "5", "weekend": "3"},
        {"label": "Ринок", "count": "7", "weekend": "1"},
        {"label": "Загальноосвітня школа", "count": "2", "weekend": "1"},
    ]
    assert table.rows.to_pylist() == [6, 7, 10]
    assert _parts(table.account) == {
        "rows_in_file": 12, "data": 3, "header": 2, "title": 2, "total": 2, "blank": 1, "note": 2,
    }  # fmt: skip
    assert [(item.code, item.count) for item in table.repairs] == [("repair-filled-down", 1)]
    assert table.findings == ()


def test_a_total_row_that_nobody_declared_is_read_and_reported(reader: Reader) -> None:
    """It could be data: a person decides."""
    table = reader("label,count\nРинок,5\nУсього,5\n".encode(), "a.csv", {}, FIELDS)
    assert table.account.data == 2
    (finding,) = table.findings
    assert (finding.code, finding.place.row) == ("total-row-suspected", 3)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("Загалом", True), ("ЗАГАЛОМ:", True), ("загалом по місту", True), ("Разом, грн", True),
        ("Загальноосвітня школа №1", False), ("Разомський заклад", False), ("Всього-на-всього", False),
    ],
)  # fmt: skip
def test_a_total_word_counts_only_as_a_whole_word(text: str, total: bool, reader: Reader) -> None:
    """725 schools named «Загальноосвітня…» are no totals."""
    content = f'label,count\nРинок,5\n"{text}",5\n'.encode()
    table = reader(content, "a.csv", {"totals": ["Загалом", "Разом", "Всього"]}, FIELDS)
    assert table.account.total == int(total)


def test_the_data_ends_where_the_contract_says(reader: Reader) -> None:
    """What follows is a total and notes, not data."""
    content = "label,count\nРинок,5\nВсього,5\nДовідково: ...,\nРинок,6\n".encode()
    table = reader(content, "a.csv", {"footer": {"stop_at": "Всього"}}, FIELDS)
    assert table.columns["label"].to_pylist() == ["Ринок"]
    assert _parts(table.account) == {"rows_in_file": 5, "data": 1, "header": 1, "total": 1, "note": 2}


def _codes(reader: Reader, text: str, reading: dict[str, object]) -> list[tuple[str, str | None, tuple[int, ...]]]:
    table = reader(text.encode(), "a.csv", reading, FIELDS)
    return [(item.code, item.found, item.rows) for item in table.findings]


STREETS = "label,count\nРинок,5\nПарк,6\nВокзал,7\n"


@pytest.mark.parametrize(
    ("text", "reading", "expected"),
    [
        (STREETS + "Усього,18\n", {"totals": ["Всього"]}, [("total-row-suspected", "Усього", (5,))]),
        (
            "label,count\nРинок,5\nВсього по району,5\nПарк,6\nВокзал,7\n", {"footer": {"stop_at": "Всього"}},
            [("rows-set-aside", "footer", (4, 5))],
        ),
        (STREETS, {"footer": {"rows": 2}}, [("rows-set-aside", "footer", (3, 4))]),
        (STREETS, {"notes": {"rows": [2]}}, [("rows-set-aside", "notes.rows", (2,))]),
        (STREETS.replace("Парк", "\nПарк"), {"footer": {"blank_rows": 1}}, [("rows-set-aside", "footer", (4, 5))]),
        (STREETS + "Виконавець Х,\n", {"footer": {"stop_at": "Всього"}}, [("rows-undeclared", "footer.stop_at", ())]),
        (STREETS, {"notes": {"rows": [9]}}, [("rows-undeclared", "notes.rows", ())]),
    ],
)  # fmt: skip
def test_a_declaration_of_rows_that_no_longer_fits_is_told(
    text: str, reading: dict[str, object], expected: list[object], reader: Reader
) -> None:
    """Data that a note or footer takes, a total that it does not take, and one that is not there."""
    assert _codes(reader, text, reading) == expected


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("label,count\nназва,одиниць\nРинок,5\nПарк,6\n", {"notes": {"rows": [2]}}),
        ("label,count\n1,2\nРинок,5\nПарк,6\n", {"notes": {"rows": [2]}}),
        (STREETS + "Всього,18\nРазом з ПДВ,22\nВиконавець,Х\n", {"footer": {"stop_at": "Всього"}}),
        (STREETS + "* без приватних,\nтел. 5,\n", {"footer": {"rows": 2}}),
        (STREETS + "\nВиконавець,Петренко\n", {"footer": {"blank_rows": 1}}),
    ],
)  # fmt: skip
def test_notes_and_footers_that_are_such_are_not_questioned(
    text: str, reading: dict[str, object], reader: Reader
) -> None:
    """Titles in another language, numbers of columns, a second total, signatures."""
    assert _codes(reader, text, reading) == []


def test_a_total_behind_a_number_is_suspected(reader: Reader) -> None:
    """The number is that of the row."""
    table = reader("n,label\n1,Ринок\n2,Всього\n".encode(), "a.csv", {}, {"n": "integer", "label": "string"})
    assert [(item.code, item.found, item.rows) for item in table.findings] == [("total-row-suspected", "Всього", (3,))]


def test_formulas_whose_value_was_never_saved_are_told(reader: Reader) -> None:
    """As openpyxl writes them: the cells are empty, and their rows named."""
    content = _workbook([["label", "count"], ["Ринок", "=1+1"], ["Парк", 2], ["Центр", "=B2+1"]])
    table = reader(content, "a.xlsx", {}, FIELDS)
    assert table.columns["count"].to_pylist() == [None, "2", None]
    assert [(item.code, item.rows) for item in table.findings] == [("formula-unsaved", (2, 4))]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (b'<c r="B7"><f>A1</f><v>3</v></c>', []),
        (b'<c r="B7"><f>A1</f><v></v></c>', [7]),
        (b'<c r="B7" s="4"><f t="shared" si="0"/></c>', [7]),
        (b'<c r="B7"><f t="shared" si="0"/><v>1</v></c>', []),
        (b'<x:c r="B7"><x:f>A1</x:f><x:v/></x:c>', [7]),
        (b'<c r="B7" t="str"><f>IF(A1,1,"")</f><v></v></c>', []),
    ],
)  # fmt: skip
def test_a_formula_without_a_value_is_told_from_an_empty_text(cell: bytes, expected: list[int]) -> None:
    """Excel writes an empty text as the type `str`."""
    assert [row for row, _ in unsaved_formulas(b'<c r="A7"><v>1</v></c>' + cell + b'<c r="C7"/>')] == expected


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_published_unseen(state: str, reader: Reader) -> None:
    """The only filled one, or one of several that a pattern takes."""
    book = openpyxl.Workbook()
    for name in ("2023", "2024"):
        sheet = book.create_sheet(name)
        sheet.append(["label", "count"])
        sheet.append(["Ринок", 5])
    book["2023"].sheet_state = state
    stream = io.BytesIO()
    book.save(stream)
    findings = reader(stream.getvalue(), "a.xlsx", {"sheet": "20*"}, FIELDS).findings
    assert [(item.code, item.place.sheet) for item in findings] == [("sheet-hidden", "2023")]
    assert reader(stream.getvalue(), "a.xlsx", {"sheet": "2024"}, FIELDS).findings == ()
    assert reader(stream.getvalue(), "a.xlsx", {"sheet": "20*", "hidden": "read"}, FIELDS).findings == ()


def test_a_merged_title_does_not_keep_a_level_from_its_empty_neighbours(reader: Reader) -> None:
    """Merged cells count in their own row alone."""
    rows = [["Зупинки", None, None], ["Зупинка", "Кількість", None], [None, "будні", "вихідні"], ["Ринок", 5, 2]]
    reading = {"header": [2, 3], "columns": {"Зупинка": "label", "Кількість / вихідні": "count"}}
    table = reader(_workbook(rows, "A1:C1"), "a.xlsx", {**reading, "ignore": "Кількість / будні"}, FIELDS)
    assert table.columns.to_pylist() == [{"label": "Ринок", "count": "2"}]


def test_tables_side_by_side_become_one(reader: Reader) -> None:
    """Each region is read with the same header names."""
    rows = [
        ["Зупинка", "К-сть", None, "Зупинка", "К-сть"],
        ["Ринок", 1, None, "Центр", 3],
        ["Парк", 2, None, None, None],
    ]
    reading = {"regions": [{"columns": "A:B"}, {"columns": "D:E"}], "columns": {"Зупинка": "label", "К-сть": "count"}}
    table = reader(_workbook(rows), "a.xlsx", reading, FIELDS)
    assert table.columns["label"].to_pylist() == ["Ринок", "Парк", "Центр"]
    assert table.sources.to_pylist() == ["a.xlsx / Аркуш1!A:B"] * 2 + ["a.xlsx / Аркуш1!D:E"]


def test_a_table_beside_the_declared_ones_is_told(reader: Reader) -> None:
    """By its letters; a title above the tables is none."""
    rows = [
        ["Зупинки міста", *[None] * 6, "станом на 2024"],
        ["label", "count", None, "label", "count", None, "x", None],
    ]
    rows += [["Ринок", 1, None, "Центр", 3, None, "Парк", None]]
    regions = [{"columns": "A:B"}, {"columns": "D:E"}]
    table = reader(_workbook(rows), "a.xlsx", {"header": 2, "regions": regions}, FIELDS)
    assert [(item.code, item.found, item.count) for item in table.findings] == [("columns-outside", "G", 1)]
    table = reader(_workbook(rows), "a.xlsx", {"header": 2, "regions": [*regions, {"columns": "F:G"}]}, FIELDS)
    assert "columns-outside" not in [item.code for item in table.findings]


def test_formatted_rows_without_content_are_counted_as_blank(reader: Reader) -> None:
    """980 coloured empty rows are in the file, and in the account."""
    book = openpyxl.load_workbook(io.BytesIO(_workbook([["label", "count"], ["Ринок", 5]])))
    for row in range(3, 500):
        book.active.cell(row, 1).fill = openpyxl.styles.PatternFill("solid", fgColor="FFFF00")
    stream = io.BytesIO()
    book.save(stream)
    table = reader(stream.getvalue(), "a.xlsx", {}, FIELDS)
    assert _parts(table.account) == {"rows_in_file": 499, "data": 1, "header": 1, "blank": 497}


def test_a_formula_that_failed_is_not_silently_empty(reader: Reader) -> None:
    """#N/A and #REF! are told with their rows."""
    content = _workbook([["label", "count"], ["Ринок", 5], ["Парк", "#N/A"]])
    table = reader(content, "a.xlsx", {}, FIELDS)
    (finding,) = table.findings
    assert (finding.code, finding.found, finding.rows) == ("formula-error", "#N/A", (3,))


def _with_hidden() -> bytes:
    """Row 3 is filtered away, column B is hidden; so are an empty row and an empty column."""
    book = openpyxl.load_workbook(
        io.BytesIO(_workbook([["label", "count"], ["Ринок", 5], ["Коваленко", 7], ["Парк", 8]]))
    )
    for row in (3, 40):
        book.active.row_dimensions[row].hidden = True
    for letter in ("B", "F"):
        book.active.column_dimensions[letter].hidden = True
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_rows_and_columns_that_do_not_show_are_not_published_unseen(reader: Reader) -> None:
    """An error with the way to mend it: the officer looked at the sheet and has not seen them."""
    (finding,) = reader(_with_hidden(), "a.xlsx", {}, FIELDS).findings
    assert (finding.code, finding.count, finding.rows, finding.found) == ("cells-hidden", 1, (3,), "B")
    assert finding.severity is Severity.ERROR
    assert "Коваленко" not in finding.message("uk")
    assert reader(_with_hidden(), "a.xlsx", {"hidden": "read"}, FIELDS).findings == ()


def test_a_number_longer_than_fifteen_digits_is_told(reader: Reader) -> None:
    """The workbook itself has lost its last digits."""
    table = reader(_workbook([["label", "count"], ["Рахунок", 12345678901234567890]]), "a.xlsx", {}, FIELDS)
    assert [finding.code for finding in table.findings] == ["digits-lost"]


def test_records_of_another_width_are_padded_dropped_or_set_aside_never_lost(reader: Reader) -> None:
    """Short ones are read with empty cells, empty cells too many are dropped, filled ones set the record aside."""
    content = b"label,count\na,1\nb\nc,3,,\nd,4,x\n\ne,5\n"
    table = reader(content, "a.csv", {}, FIELDS)
    assert table.columns.to_pylist() == [
        {"label": "a", "count": "1"}, {"label": "b", "count": None}, {"label": "c", "count": "3"},
        {"label": "e", "count": "5"},
    ]  # fmt: skip
    assert table.rows.to_pylist() == [2, 3, 4, 7]
    assert _parts(table.account) == {"rows_in_file": 7, "data": 4, "header": 1, "blank": 1, "rejected": 1}
    assert [(item.code, item.rows) for item in table.findings] == [("row-too-wide", (5,)), ("row-too-short", (3,))]


def test_a_short_record_of_a_wider_table_is_told(reader: Reader) -> None:
    """The line may have been cut off."""
    table = reader(b"label,count,x\na,1,\nb,2\n", "a.csv", {"ignore": "x"}, FIELDS)
    assert [(item.code, item.rows) for item in table.findings] == [("row-too-short", (3,))]


def test_line_breaks_in_cells_do_not_shift_the_numbers_of_lines(reader: Reader) -> None:
    """The row of a finding is the line that the officer sees in the editor."""
    content = 'label,count\n"Ринок\nПривокзальний",1\r\n"Центр\r\nПлоща",2\n"a\rb",3\nПарк,4\n'.encode()
    table = reader(content, "a.csv", {}, FIELDS)
    assert table.rows.to_pylist() == [2, 4, 6, 8]


class TestDrift:
    """Columns that came, went, changed their name or their place."""

    READING: ClassVar = {"columns": {"Назва": "label", "Кількість": "count"}, "ordered": True}

    def _findings(self, header: str, reader: Reader) -> list[tuple[str, str]]:
        table = reader(f"{header}\nРинок,5,x\n".encode(), "a.csv", self.READING, FIELDS)
        assert table.columns.column_names == ["label", "count"]
        return [(finding.code, finding.place.column) for finding in table.findings]

    def test_a_new_column_is_told_and_not_published(self, reader: Reader) -> None:
        """With its name."""
        assert self._findings("Назва,Кількість,Телефон", reader) == [("schema-drift-added", "Телефон")]

    def test_a_renamed_column_is_suggested_and_not_guessed(self, reader: Reader) -> None:
        """The column stays empty until a person decides."""
        table = reader("Назва,Кількість місць\nРинок,5\n".encode(), "a.csv", self.READING, FIELDS)
        (finding,) = table.findings
        assert (finding.code, finding.found, finding.wanted) == (
            "schema-drift-renamed", "Кількість місць", "Кількість",
        )  # fmt: skip
        assert table.columns["count"].to_pylist() == [None]

    def test_a_missing_column_is_told(self, reader: Reader) -> None:
        """With what else there is."""
        assert self._findings("Назва,Район,Телефон", reader)[0] == ("schema-drift-missing", "Кількість")

    def test_a_column_that_was_found_by_its_name_is_missed_beside_declared_ones(self, reader: Reader) -> None:
        """Until the contract says that the export has none."""
        reading: dict[str, object] = {"columns": {"Назва": "label"}}
        fields = {"label": "string", "Примітка": "string"}
        assert reader("Назва,Примітка\nРинок,x\n".encode(), "a.csv", reading, fields).findings == ()
        (finding,) = reader("Назва\nРинок\n".encode(), "a.csv", reading, fields).findings
        assert (finding.code, finding.found) == ("fields-absent", "Примітка")
        reading["absent"] = "Примітка"
        assert reader("Назва\nРинок\n".encode(), "a.csv", reading, fields).findings == ()
        with pytest.raises(ContractError, match="Примітк"):
            reader("Назва\nРинок\n".encode(), "a.csv", {**reading, "absent": "Примітки"}, fields)

    def test_two_columns_of_one_field_are_told(self, reader: Reader) -> None:
        """Either header is known, and one of them must be there; both are one too many."""
        reading = {"columns": {"Назва": "label", "Найменування": "label", "Кількість": "count"}}
        assert reader("Найменування,Кількість\nРинок,5\n".encode(), "a.csv", reading, FIELDS).findings == ()
        table = reader("Назва,Найменування,Кількість\nРинок,Базар,5\n".encode(), "a.csv", reading, FIELDS)
        (finding,) = table.findings
        assert (finding.code, finding.found, finding.wanted) == ("columns-collide", "Найменування", "Назва")

    def test_columns_that_changed_places_are_read_by_name(self, reader: Reader) -> None:
        """And told, because the contract asks for it."""
        table = reader("Кількість,Назва\n5,Ринок\n".encode(), "a.csv", self.READING, FIELDS)
        assert table.columns.to_pylist() == [{"label": "Ринок", "count": "5"}]
        assert [finding.code for finding in table.findings] == ["schema-drift-reordered"]

    def test_a_field_that_the_schema_does_not_have_is_a_mistake_of_the_contract(self, reader: Reader) -> None:
        """With a suggestion."""
        with pytest.raises(ContractError, match="did you mean 'label'"):
            reader(b"a\n1\n", "a.csv", {"columns": {"a": "labl"}}, FIELDS)


def test_lines_of_two_encodings_are_read_only_by_declaration(reader: Reader) -> None:
    """`mixed` names the other encoding, and the lines are counted."""
    lines = [f"Вулиця Героїв {number},{number}".encode() for number in range(1, 9)]
    lines[3] = "Вулиця Прибузька,4".encode("cp1251")
    table = reader(b"label,count\n" + b"\n".join(lines), "a.csv", {"mixed": "windows-1251"}, FIELDS)
    assert table.columns["label"][3].as_py() == "Вулиця Прибузька"
    assert [(item.code, item.rows) for item in table.repairs + table.findings] == [("repair-encoding-mixed", (5,))]


@pytest.mark.parametrize("declared", [{}, {"encoding": "utf-8"}])
def test_lines_of_two_encodings_are_read_when_the_main_one_is_declared_too(
    declared: dict[str, str], reader: Reader
) -> None:
    """Declared or decided: the same lines are the foreign ones."""
    lines = [f"Вулиця Героїв {number},{number}".encode() for number in range(1, 9)]
    lines[5] = "Вулиця Прибузька,4".encode("cp1251")
    content = b"label,count\n" + b"\n".join(lines)
    table = reader(content, "a.csv", {"mixed": "windows-1251", **declared}, FIELDS)
    assert table.columns["label"][5].as_py() == "Вулиця Прибузька"


def test_a_wide_table_without_its_wide_columns_is_told(reader: Reader) -> None:
    """No year matches any more: the value is missing, not silently empty."""
    reading = {"columns": {"label": "label"}, "melt": {"columns": "/^20\\d\\d$/", "names": "year", "value": "count"}}
    table = reader(b"label,2019 r\na,1\n", "a.csv", reading, {**FIELDS, "year": "year"})
    assert [finding.code for finding in table.findings] == ["schema-drift-missing", "schema-drift-added"]


def test_a_total_column_that_is_gone_is_told(reader: Reader) -> None:
    """Else totals would be read as data without a word."""
    reading = {"totals": {"words": "Всього", "column": "Район"}}
    table = reader("label,count\nВсього,1\n".encode(), "a.csv", reading, FIELDS)
    assert [finding.code for finding in table.findings] == ["schema-drift-missing"]


@pytest.mark.parametrize(
    "reading", [{"ignore": "/(/"}, {"file_into": {"label": "("}}, {"header": [4, 3]}, {"header": 0}, {"colums": {}}]
)
def test_a_declaration_that_cannot_work_is_refused_with_the_contract(reading: dict[str, Any]) -> None:
    """Not first at night, when the export comes."""
    with pytest.raises(ValidationError):
        Reading.model_validate(reading)


def test_a_row_of_one_cell_is_told_unless_it_is_declared_as_a_note(reader: Reader) -> None:
    """A line that was cut off after its first cell is data with empty cells; a footnote is as short as it likes."""
    content = b"label,count,x\na,1,2\nb\n* note\n"
    reading: dict[str, object] = {"ignore": "x", "notes": {"begin": "*"}}
    table = reader(content, "a.csv", reading, FIELDS)
    assert [(item.code, item.rows) for item in table.findings] == [("row-too-short", (3,))]
    assert table.findings[0].message("en") == "a.csv: lines 3 have fewer than 3 cells (1 in all)."
    reading["notes"] = {"only_first": True}
    assert not reader(content, "a.csv", reading, FIELDS).findings


def test_a_melted_row_without_any_value_is_told(reader: Reader) -> None:
    """Nothing of it is in the table, so it is named; with keep_empty it stays."""
    content = "label,2023,2024\nа,1,\nрозділ,,\nб,2,3\n".encode()
    melt = {"columns": "/^20/", "names": "x", "value": "count"}
    fields = {**FIELDS, "x": "string"}
    table = reader(content, "a.csv", {"melt": melt}, fields)
    assert table.rows.to_pylist() == [2, 4, 4]
    assert [(item.code, item.rows, item.count) for item in table.repairs] == [
        ("melt-row-empty", (3,), 1),
        ("repair-melted", (), 3),
    ]
    kept = reader(content, "a.csv", {"melt": {**melt, "keep_empty": True}}, fields)
    assert [item.code for item in kept.repairs] == ["repair-melted"]


def test_what_is_filled_down_and_split_is_told_with_its_rows(reader: Reader) -> None:
    """Count and places, as of every repair."""
    content = "label,count\nа,1\n,2\n,3;4\nб,5;6\n".encode()
    reading = {"fill_down": "label", "split": {"count": {"by": ";", "into": "rows"}}}
    table = reader(content, "a.csv", reading, {**FIELDS, "count": "string"})
    assert [(item.code, item.place.row, item.rows, item.count) for item in table.repairs] == [
        ("repair-filled-down", 3, (3, 4), 2),
        ("repair-split", 4, (4, 5), 2),
    ]


@pytest.mark.parametrize(
    ("content", "lost"),
    [
        (b"label,count\na,1\nd,4\n", b"b,2\n"),
        (b"label,count\r\na,1\r\nd,4\r\n", b"b,2"),
        (b'label,count\na,1\n"d",4\n', b"b,2\n"),
        (b'label,count\na,1\n"d",4\n', b'"b\nc",2\n'),
    ],
)
def test_the_rows_of_a_text_are_counted_from_its_bytes(
    content: bytes, lost: bytes, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that lost a row would be found out by the bytes of the file, whatever it says of itself."""
    real = delimited.arrow_cells
    monkeypatch.setattr(delimited, "arrow_cells", lambda _, *rest: real(content, *rest))
    with pytest.raises(AssertionError, match="rows in the file"):
        reader(content + lost, "a.csv", {}, FIELDS)


@pytest.mark.parametrize(
    "text", [b"", b"a", b"\n", b"\r", b"\r\n", b"a\r\r\n\nb\n\r\nc", b"\r\n" * 70_000, b"x" * 131_071 + b"\r\n"]
)
def test_line_breaks_are_counted_as_people_do(text: bytes) -> None:
    """LF, CR and CR LF end one line each, also where a pair lies across the border of two pieces."""
    assert line_breaks(text) == len(re.findall(rb"\r\n|\r|\n", text))
