"""Formats of which there is no real export at hand: ODS, XML, DBF in old code pages, JSON with long numbers."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.pull import Snapshot
from vidkryto.read import Table, read
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


def _table(fields: list[tuple[bytes, str, int, int]], records: list[bytes], version: int = 3) -> bytes:
    """A DBF of raw records; a field is (name, type, length, flags)."""
    head = struct.pack(
        "<BBBBIHH20x", version, 124, 5, 1, len(records), 33 + 32 * len(fields), 1 + sum(field[2] for field in fields)
    )
    for name, kind, length, flags in fields:
        head += struct.pack("<11sc4xBBB13x", name, kind.encode(), length, 0, flags)
    return head + b"\r" + b"".join(records) + b"\x1a"


@pytest.mark.parametrize("text", ["Міська лікарня", ""])
def test_names_of_a_dbf_are_read_in_the_encoding_of_its_texts(text: str, reader: Reader) -> None:
    """Or, where the texts are plain, in that of the names together; a repeated name gets its number."""
    names = ["НАЗВА", "КІЛЬКІСТЬ", "НАЗВА", "ВУЛИЦЯ", "РАЙОН", "ПРИМІТКА"]
    fields = [(name.encode("cp1125"), "C", 20, 0) for name in names]
    record = b" " + b"".join(f"{text}{place}".encode("cp1125").ljust(20) for place in range(6))
    reading = {"columns": {"НАЗВА": "a", "назва [2]": "b", "КІЛЬКІСТЬ": "c"}, "ignore": ["/^(ВУЛ|РАЙ|ПРИ)/"]}
    table = reader(_table(fields, [record] * 30), "a.dbf", reading, dict.fromkeys("abc", "string"))
    assert table.columns.slice(0, 1).to_pylist() == [{"a": f"{text}0", "b": f"{text}2", "c": f"{text}1"}]
    assert table.findings == ()


def test_a_declared_encoding_goes_before_the_code_page_of_a_shapefile(reader: Reader) -> None:
    """The .cpg says KOI8-U, the letters are windows-1251."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.shp", b"")
        archive.writestr("a.cpg", b"KOI8-U")
        archive.writestr("a.dbf", _table([(b"A", "C", 5, 0)], [b" " + "Ринок".encode("cp1251")]))
    reading = {"format": "shp", "columns": {"A": "a"}, "encoding": "windows-1251"}
    table = reader(stream.getvalue(), "a.zip", reading, {"a": "string"})
    assert table.columns["a"].to_pylist() == ["Ринок"]


def test_records_of_a_dbf_are_numbered_with_the_deleted_ones(reader: Reader) -> None:
    """As the officer's program numbers them."""
    records = [b"*one", b"*two", b" tre", b"*for", b" fiv"]
    table = reader(_table([(b"A", "C", 3, 0)], records), "a.dbf", {"columns": {"A": "a"}}, {"a": "string"})
    assert table.rows.to_pylist() == [3, 5]
    assert (table.account.data, table.account.note) == (2, 3)


def test_a_record_of_a_dbf_that_is_none_is_not_passed_over(reader: Reader) -> None:
    """A mark that is neither a space nor an asterisk: the file is damaged."""
    with pytest.raises(ReadError, match="record 2 of 3 is none") as caught:
        reader(_table([(b"A", "C", 3, 0)], [b" one", b"\x1atwo", b" tre"]), "a.dbf", {}, {"a": "string"})
    assert caught.value.findings[0].code == "structure-broken"


def test_asterisks_of_a_dbf_are_told(reader: Reader) -> None:
    """The number did not fit its field: its column, how many, and the first record; in a shapefile they mean null."""
    records = [b" 112345", b"*2    1", b" 3*****", b" 4*****"]
    content = _table([(b"ID", "C", 1, 0), (b"SUM", "N", 5, 0)], records)
    reading = {"columns": {"ID": "id", "SUM": "a"}}
    kinds = {"id": "string", "a": "number"}
    table = reader(content, "a.dbf", reading, kinds)
    assert table.columns["a"].to_pylist() == ["12345", None, None]
    (finding,) = [item for item in table.findings if item.code == "number-overflowed"]
    assert (finding.place.column, finding.count, finding.rows) == ("SUM", 2, (3, 4))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.shp", b"")
        archive.writestr("a.dbf", content)
    table = reader(stream.getvalue(), "a.zip", {**reading, "format": "shp"}, kinds)
    assert [item.code for item in table.findings] == ["records-deleted"]


def test_types_of_visual_foxpro_are_read(reader: Reader) -> None:
    """Date-time, currency, double, integer; the null flags say that a zero is none."""
    fields = [(b"T", "T", 8, 0), (b"Y", "Y", 8, 2), (b"B", "B", 8, 0), (b"I", "I", 4, 2), (b"_NullFlags", "0", 1, 5)]
    moment = struct.pack("<2i", 2_460_432, 25_499_999)
    records = [
        b" " + moment + struct.pack("<qdi", -125_000, 0.1, 7) + b"\0",
        b" " + bytes(8) + struct.pack("<qdi", 0, 1e-7, 0) + b"\x02",
    ]
    reading = {"columns": {name: name.casefold() for name in "TYBI"}}
    kinds = {"t": "datetime", "y": "number", "b": "number", "i": "integer"}
    table = reader(_table(fields, records, version=0x30), "a.dbf", reading, kinds)
    assert table.columns.to_pylist() == [
        {"t": "2024-05-01T07:05:00", "y": "-12.5000", "b": "0.1", "i": "7"},
        {"t": None, "y": "0.0000", "b": "0.0000001", "i": None},
    ]
    assert table.findings == ()


def test_a_type_of_a_dbf_that_is_not_read_is_refused(reader: Reader) -> None:
    """Its bytes would be published as letters."""
    with pytest.raises(ReadError) as caught:
        reader(_table([(b"A", "V", 4, 0)], [b" abcd"], version=0x32), "a.dbf", {}, {"a": "string"})
    assert (caught.value.findings[0].code, caught.value.findings[0].found) == ("format-unknown", "DBF: A (V, 4)")


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


def test_a_key_that_stands_twice_in_an_object_is_refused(reader: Reader) -> None:
    """Nothing tells which of the values is meant; at any depth, and in JSON lines with the line."""
    for content, file in (
        (b'[{"label": "a", "count": 1, "label": "b"}]', "a.json"),
        (b'{"meta": {"label": 1, "label": 1}, "items": [{"label": "a"}]}', "a.json"),
        (b'{"label": "a"}\n{"label": "b", "label": "c"}\n', "a.jsonl"),
    ):
        with pytest.raises(ReadError, match="an object has the key 'label' twice") as caught:
            reader(content, file, {}, FIELDS)
        assert caught.value.findings[0].place.row == (2 if file == "a.jsonl" else None)


def test_a_property_called_geometry_does_not_vanish(reader: Reader) -> None:
    """The geometry of a feature keeps its name, the property gets another."""
    content = (
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"geometry": "park"},'
        b' "geometry": {"type": "Point", "coordinates": [27.0, 49.40]}}]}'
    )
    reading = {"columns": {"properties.geometry": "label", "geometry.lat": "count"}}
    table = reader(content, "a.geojson", {**reading, "ignore": "geometry"}, FIELDS)
    assert table.columns.to_pylist() == [{"label": "park", "count": "49.40"}]


def test_repeated_elements_of_xml_keep_their_structure(reader: Reader) -> None:
    """Attributes, children and the text between children; one that stands alone as before."""
    content = """<r><stop id="1">
        <phone type="work">1</phone><phone>2</phone><phone><n>3</n><n>4</n></phone>
        <note>вул. <b>Прибузька</b> 5</note> кінець
    </stop></r>""".encode()
    reading = {"path": "stop", "columns": {"phone": "phone", "note": "note", "note.b": "b", "stop": "own", "@id": "id"}}
    table = reader(content, "a.xml", reading, dict.fromkeys(("phone", "note", "b", "own", "id"), "string"))
    assert table.columns.to_pylist() == [
        {
            "phone": '[{"@type": "work", "#text": "1"}, "2", {"n": ["3", "4"]}]',
            "note": "вул. 5",
            "b": "Прибузька",
            "own": "кінець",
            "id": "1",
        }
    ]


def test_two_fields_of_one_name_in_a_record_of_xml_are_refused(reader: Reader) -> None:
    """<a><b/></a> beside <a.b/>."""
    with pytest.raises(ReadError, match=r"record 1 has the field a\.b twice"):
        reader(b"<r><s><a><b>1</b></a><a.b>2</a.b></s></r>", "a.xml", {"path": "s"}, FIELDS)


@pytest.mark.parametrize("said", ["", ' encoding="utf-8"'])
def test_a_declared_encoding_goes_before_what_xml_says_of_itself(said: str, reader: Reader) -> None:
    """Programs write windows-1251 and name nothing, or UTF-8."""
    content = f'<?xml version="1.0"{said}?><r><s><label>Ринок</label></s></r>'.encode("cp1251")
    reading = {"path": "s", "encoding": "windows-1251"}
    assert reader(content, "a.xml", reading, {"label": "string"}).columns.to_pylist() == [{"label": "Ринок"}]
    with pytest.raises(ReadError) as caught:
        reader(content, "a.xml", {**reading, "encoding": "windows-9"}, {"label": "string"})
    assert caught.value.findings[0].code == "encoding-unknown"
    with pytest.raises(ReadError, match="EntitiesForbidden"):
        reader(b'<!DOCTYPE r [<!ENTITY a "b">]>' + content[content.index(b"<r>") :], "a.xml", reading, FIELDS)


def test_nothing_of_a_placemark_hides_another_value(reader: Reader) -> None:
    """The name beside extended data of that name; the time; the height of the point."""
    content = """<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark>
        <name>Парк</name><TimeStamp><when>2024-05-01</when></TimeStamp>
        <Style><IconStyle><scale>2</scale></IconStyle></Style>
        <ExtendedData><Data name="name"><value>P-1</value></Data>
        <Data name="area"><value>5</value></Data></ExtendedData>
        <Point><coordinates>27.0,49.40,301.5</coordinates></Point></Placemark>
        <Placemark><name>Сквер</name><Point><coordinates> 27.1,49.5,0 </coordinates></Point></Placemark>
        </kml>""".encode()
    names = {"name": "n", "ExtendedData.name": "e", "area": "a", "TimeStamp.when": "t", "geometry.height": "h"}
    reading = {"columns": {**names, "geometry.lat": "lat"}, "ignore": "geometry"}
    table = reader(content, "a.kml", reading, dict.fromkeys(["n", "e", "a", "t", "h", "lat"], "string"))
    assert table.findings == ()
    assert table.columns.to_pylist() == [
        {"n": "Парк", "e": "P-1", "a": "5", "t": "2024-05-01", "h": "301.5", "lat": "49.40"},
        {"n": "Сквер", "e": None, "a": None, "t": None, "h": None, "lat": "49.5"},
    ]


@pytest.mark.parametrize(
    ("file", "content", "reading", "found"),
    [
        ("a.csv", b"label,count\na,1\n", {"sheet": "a", "path": "b", "hidden": "read"}, "sheet, hidden, path"),
        ("a.jsonl", b'{"label": "a"}', {"delimiter": ";", "path": "b", "header": 3}, "delimiter, path, header"),
        ("a.xml", b"<r><s><label>a</label></s></r>", {"path": "s", "mixed": "cp866"}, "mixed"),
        ("a.csv", b"label,count\na,1\n", {"encoding": "utf-8", "header": 1, "delimiter": ","}, ""),
        ("a.json", b'[{"label": "a"}]', {"encoding": "utf-8"}, ""),
    ],
)
def test_a_declaration_that_the_format_cannot_use_is_told(
    file: str, content: bytes, reading: dict[str, object], found: str, reader: Reader
) -> None:
    """All of a file in one finding, with the format; what is used or the default is not named."""
    told = [item for item in reader(content, file, reading, FIELDS).findings if item.code == "declaration-unused"]
    assert [(item.found, item.details["kind"]) for item in told] == ([(found, file[2:])] if found else [])


def test_a_declaration_without_use_is_told_once_for_many_files(snapshot: Callable[[bytes, str], Snapshot]) -> None:
    """A table of a thousand files has one finding of it."""
    schema = {"fields": [{"name": "label", "type": "string"}]}
    files = [snapshot(f"label\n{number}\n".encode(), f"{number}.csv") for number in range(3)]
    table = read(files, Reading(path="items"), schema, resource="stops")
    assert [item.code for item in table.findings] == ["declaration-unused"]


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
