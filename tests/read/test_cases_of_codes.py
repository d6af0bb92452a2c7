"""Cases of the findings of reading that no other test asks for by name."""

from __future__ import annotations

import io

import openpyxl
import pytest

from tests.read.conftest import Reader
from vidkryto.errors import ReadError
from vidkryto.findings import Finding
from vidkryto_samples.files import dbf

FIELDS = {"a": "string", "b": "string"}


def refused(reader: Reader, content: bytes, file: str, reading: dict[str, object]) -> Finding:
    """The finding with which a file is refused."""
    with pytest.raises(ReadError) as caught:
        reader(content, file, reading, FIELDS)
    return caught.value.findings[0]


def test_a_text_that_ends_inside_a_letter_was_cut_off(reader: Reader) -> None:
    """UTF-8 whose last letter is half there: read, and told as cut off."""
    content = "a,b\nПлоща Ринок,вулиця Шевченка\nВокзал,Проспект Миру".encode()[:-1]
    table = reader(content, "a.csv", {}, FIELDS)
    assert "file-truncated" in [finding.code for finding in table.findings]


def test_two_filled_sheets_and_none_named(reader: Reader) -> None:
    """The officer is told which there are."""
    workbook = openpyxl.Workbook()
    for name in ("Січень", "Лютий"):
        workbook.create_sheet(name).append(["a", "b"])
    workbook.remove(workbook.worksheets[0])
    stream = io.BytesIO()
    workbook.save(stream)
    finding = refused(reader, stream.getvalue(), "a.xlsx", {})
    assert (finding.code, finding.details["sheets"]) == ("sheet-undeclared", "Січень, Лютий")


def test_a_name_of_a_file_that_does_not_fit_its_expression(reader: Reader) -> None:
    """The expression and the name are both told."""
    finding = refused(reader, b"a\n1\n", "stops.csv", {"file_into": {"b": "([0-9]{4})"}})
    assert (finding.code, finding.found, finding.wanted) == ("file-name-unfit", "stops.csv", "([0-9]{4})")


def test_a_memo_of_a_dbf_is_told_as_left_out(reader: Reader) -> None:
    """Its text lies in another file that did not come along."""
    content = dbf([("A", "C", 4, 0), ("B", "M", 10, 0)], [("x", "")])
    table = reader(content, "a.dbf", {"columns": {"A": "a", "B": "b"}}, FIELDS)
    assert [(item.code, item.details["fields"]) for item in table.findings] == [("memo-skipped", "B")]


def test_lines_of_another_encoding_are_refused_and_counted(reader: Reader) -> None:
    """Two exports glued together: which lines, how many, and what they look like."""
    lines = ["a,b", *(f"вулиця Проскурівська {number},будинок" for number in range(40))]
    content = "\n".join(lines).encode() + "\nпровулок Тихий,квартира".encode("cp1251") + b"\n"
    finding = refused(reader, content, "a.csv", {})
    assert (finding.code, finding.rows) == ("encoding-mixed", (42,))
