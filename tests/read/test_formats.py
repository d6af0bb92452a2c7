"""Formats of which there is no real export at hand: ODS, XML, DBF in old code pages, JSON with long numbers."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vidkryto.errors import ReadError
from vidkryto.read import Table
from vidkryto.read.sheets import text_of_cell

Reader = Callable[..., Table]
FIELDS = {"label": "string", "count": "number"}


def _ods(rows: str) -> bytes:
    """A spreadsheet with one table, as small as the format allows (OASIS OpenDocument 1.3)."""
    names = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"'
        for prefix in ("office", "table", "text", "manifest")
    )
    body = f'<office:spreadsheet><table:table table:name="Аркуш1">{rows}</table:table></office:spreadsheet>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", kind)
        entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        archive.writestr("META-INF/manifest.xml", f"<manifest:manifest {names}>{entry}</manifest:manifest>")
        content = f"<office:document-content {names}><office:body>{body}</office:body></office:document-content>"
        archive.writestr("content.xml", content)
    return stream.getvalue()


def _text(value: str) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'


def _number(value: str, more: str = "") -> str:
    return f'<table:table-cell {more} office:value-type="float" office:value="{value}"/>'


def test_an_ods_sheet_is_read_and_its_million_empty_rows_are_not(reader: Reader) -> None:
    """LibreOffice writes the rest of the sheet as one repeated empty row."""
    rows = f"<table:table-row>{_text('label')}{_text('count')}</table:table-row>"
    rows += f"<table:table-row>{_text('Ринок')}{_number('2.5')}</table:table-row>"
    rows += '<table:table-row table:number-rows-repeated="1048574"><table:table-cell/></table:table-row>'
    table = reader(_ods(rows), "a.ods", {}, FIELDS)
    assert table.columns.to_pylist() == [{"label": "Ринок", "count": "2.5"}]
    assert table.rows.to_pylist() == [2]


def test_errors_and_formulas_without_value_of_an_ods_are_told(reader: Reader) -> None:
    """As of XLSX: read as empty, and the rows named; an empty text is a value."""
    error = 'office:value-type="string" office:string-value="" calcext:value-type="error"'
    label = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        f"<table:table-row>{label.format(name)}{cell}</table:table-row>"
        for name, cell in (
            ("label", label.format("count")),
            ("Ринок", f'<table:table-cell table:formula="of:=1/0" {error}><text:p>#DIV/0!</text:p></table:table-cell>'),
            ("Парк", '<table:table-cell table:formula="of:=[.A1]"/>'),
            ("Центр", '<table:table-cell table:formula="of:=x" office:value-type="string" office:string-value=""/>'),
        )
    )
    findings = reader(_ods(rows), "a.ods", {}, FIELDS).findings
    assert [(item.code, item.found, item.rows) for item in findings] == [
        ("formula-error", "#DIV/0!", (2,)),
        ("formula-unsaved", None, (3,)),
    ]


def test_rows_and_columns_that_an_ods_hides_are_told(reader: Reader) -> None:
    """LibreOffice writes `filter` for rows behind a filter and `collapse` for what is hidden by hand."""
    rows = '<table:table-column/><table:table-column table:visibility="collapse"/>'
    rows += f"<table:table-row>{_text('label')}{_text('count')}</table:table-row>"
    rows += f'<table:table-row table:visibility="filter">{_text("Ринок")}{_number("2.5")}</table:table-row>'
    (finding,) = reader(_ods(rows), "a.ods", {}, FIELDS).findings
    assert (finding.code, finding.rows, finding.found) == ("cells-hidden", (2,), "B")
    assert reader(_ods(rows), "a.ods", {"hidden": "read"}, FIELDS).findings == ()


WIDE = "<table:table-row>" + _number("1", 'table:number-columns-repeated="16384"') + "</table:table-row>"
FAR = (
    f"<table:table-row>{_number('1')}</table:table-row>"
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    '<table:table-row><table:table-cell table:number-columns-repeated="16000"/>' + _number("1") + "</table:table-row>"
)


@pytest.mark.parametrize(("rows", "code"), [(WIDE, "sheet-too-sparse"), (FAR, "sheet-too-sparse")])
def test_an_ods_that_repeats_a_cell_without_end_is_refused(rows: str, code: str, reader: Reader) -> None:
    """A few bytes stand for billions of cells."""
    with pytest.raises(ReadError) as caught:
        reader(_ods(rows), "a.ods", {}, FIELDS)
    assert [finding.code for finding in caught.value.findings] == [code]


def _dbf(codec: str, rows: list[tuple[str, str, str, str]], deleted: int = 0) -> bytes:
    """A dBASE III table: label C(20), count N(8,2), day D, open L."""
    columns = (("LABEL", "C", 20, 0), ("COUNT", "N", 8, 2), ("DAY", "D", 8, 0), ("OPEN", "L", 1, 0))
    length = 1 + sum(column[2] for column in columns)
    head = struct.pack("<BBBBIHH20x", 3, 124, 5, 1, len(rows), 32 + 32 * len(columns) + 1, length)
    for name, kind, size, places in columns:
        head += struct.pack("<11sc4xBB14x", name.encode(), kind.encode(), size, places)
    body = b""
    for number, (label, count, day, is_open) in enumerate(rows):
        body += b"*" if number >= len(rows) - deleted else b" "
        body += label.encode(codec).ljust(20) + count.rjust(8).encode() + day.encode() + is_open.encode()
    return head + b"\r" + body + b"\x1a"


NAMES = ("Ринок", "Площа Перемоги", "Вулиця Свободи", "Школа", "Бульвар Шевченка", "Парк культури", "Лікарня", "Завод")


@pytest.mark.parametrize("codec", ["cp866", "cp1251"])
def test_a_dbf_of_an_old_program_is_read_by_its_letters(codec: str, reader: Reader) -> None:
    """The header's code page is left out, as old programs do; deleted records are counted and not read."""
    rows = [(name.replace("і", "i") if codec == "cp866" else name, "12.50", "20240501", "T") for name in NAMES * 3]
    reading = {"columns": {"LABEL": "label", "COUNT": "count", "DAY": "day", "OPEN": "open"}}
    fields = {**FIELDS, "day": "date", "open": "boolean"}
    table = reader(_dbf(codec, rows, deleted=2), "a.dbf", reading, fields)
    assert table.columns.slice(1, 1).to_pylist() == [
        {"label": "Площа Перемоги", "count": "12.50", "day": "2024-05-01", "open": "true"}
    ]
    assert (table.account.data, table.account.note) == (22, 2)
    assert [finding.code for finding in table.findings] == ["records-deleted"]


def test_xml_records_become_rows(reader: Reader) -> None:
    """Attributes, inner elements, repeated elements; the encoding is the one the file declares."""
    content = (
        '<?xml version="1.0" encoding="windows-1251"?><r><stop id="7"><label>Ринок</label><count>2.50</count>'
        "<place><lat>49.4</lat></place><route>1</route><route>5</route></stop></r>"
    ).encode("cp1251")
    reading = {
        "path": "stop",
        "columns": {"@id": "id", "place.lat": "lat", "route": "routes", "label": "label", "count": "count"},
    }
    table = reader(content, "a.xml", reading, {"id": "string", **FIELDS, "lat": "number", "routes": "string"})
    assert table.columns.to_pylist() == [
        {"id": "7", "label": "Ринок", "count": "2.50", "lat": "49.4", "routes": '["1", "5"]'}
    ]


def test_json_numbers_keep_their_digits(reader: Reader) -> None:
    """Twenty digits, trailing zeros, an exponent: as written."""
    content = b'{"data": {"items": [{"label": 12345678901234567890, "count": 2.50}, {"label": true, "count": 1e5}]}}'
    table = reader(content, "a.json", {"path": "data.items"}, FIELDS)
    assert table.columns.to_pylist() == [
        {"label": "12345678901234567890", "count": "2.50"}, {"label": "true", "count": "1e5"},
    ]  # fmt: skip


def test_two_keys_that_become_one_name_are_not_mixed_up(reader: Reader) -> None:
    """{"a": {"b": 1}, "a.b": 2} would hide a value."""
    with pytest.raises(ReadError, match="twice"):
        reader(b'[{"a": {"b": 1}, "a.b": 2}]', "a.json", {}, FIELDS)


def test_a_record_without_a_field_has_an_empty_cell(reader: Reader) -> None:
    """And a field that only later records have is a column of its own."""
    table = reader(b'[{"label": "a"}, {"label": "b", "count": 1}]', "a.json", {}, FIELDS)
    assert table.columns["count"].to_pylist() == [None, "1"]


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(-0.0)
@example(1e15)
@example(123456789012345.6)
@example(1e-7)
def test_a_number_of_a_workbook_is_written_out(number: float) -> None:
    """Without an exponent, whole numbers without a point; beyond the 15 digits a workbook keeps, the row is told."""
    lost: list[int] = []
    text = text_of_cell(number, 7, lost)
    assert text is not None
    assert float(text) == number
    assert not set(text) - set("-.0123456789")
    if abs(number) < 1e15 and number.is_integer():
        assert text == str(int(number))
    assert lost == ([7] if abs(number) >= 1e15 else [])
