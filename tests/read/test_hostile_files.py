"""Hostile and broken files: one clear finding each, bounded memory, no traceback of a library."""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from vidkryto.errors import ReadError
from vidkryto.read import Table

Reader = Callable[..., Table]
FIELDS = {"a": "string", "b": "string"}


def _workbook(**cells: object) -> bytes:
    book = openpyxl.Workbook()
    for place, value in ({"A1": "a", "B1": "b", "A2": "1", "B2": "2"} | cells).items():
        book.active[place] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _patched(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one part changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(item.filename, change(old.read(item)) if item.filename == part else old.read(item))
    return stream.getvalue()


def _encrypted() -> bytes:
    """The head of an OLE container with the stream EncryptedPackage, as Excel writes a workbook with a password."""
    name = "EncryptedPackage".encode("utf-16-le")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + name + b"\0" * 4096


def _bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(120):
                part.write(b"\0" * (1 << 20))
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="Аркуш1"><table:table-row{row}><table:table-cell office:value-type="string"{cell}>'
    "<text:p>a{text}</text:p></table:table-cell></table:table-row></table:table>"
    "</office:spreadsheet></office:body></office:document-content>"
)


def _ods(row: str = "", cell: str = "", text: str = "") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS.format(row=row, cell=cell, text=text))
    return stream.getvalue()


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><r><row><a>&b;</a></row></r>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r><row><a>&a;</a></row></r>'

BROKEN = {
    "an empty file": (b"", "x.csv", {}, "file-empty"),
    "a file of blank lines": (b"\n\n\n", "x.csv", {}, "file-empty"),
    "a web page under the name .xls": (b"<html><head><title>Login</title></head></html>", "x.xls", {}, "web-page"),
    "an error page instead of a CSV": (b"<!DOCTYPE html><html><title>404</title></html>", "x.csv", {}, "web-page"),
    "NUL bytes": (b"a,b\n1,\x002\n", "x.csv", {}, "nul-bytes"),
    "a quote that is never closed": (b'a,b\n1,2\n"3,4\n5,6\n', "x.csv", {}, "quote-unclosed"),
    "a quote that is never closed after cells of several lines": (
        b'a,b\n1,"2\n3"\n4,"5\n',
        "x.csv",
        {},
        "quote-unclosed",
    ),
    "a declared encoding that is wrong": (
        "a,b\n1,є\n".encode("cp1251"),
        "x.csv",
        {"encoding": "utf-8"},
        "encoding-broken",
    ),
    "an encoding that does not exist": (b"a,b\n1,2\n", "x.csv", {"encoding": "cp9999"}, "encoding-unknown"),
    "another encoding that does not exist": (
        "a,b\nКиїв,1\n".encode() + "Суми,2\n".encode("windows-1251"), "x.csv",
        {"encoding": "utf-8", "mixed": "cp9999"}, "encoding-unknown",
    ),
    "a delimiter of two characters": (b"a||b\n", "x.csv", {"delimiter": "||"}, "delimiter-unusable"),
    "a cell of two megabytes": (b"a,b\n1," + b"x" * 2_000_000 + b"\n", "x.csv", {}, "cell-too-long"),
    "a million columns": (b",".join([b"a"] * 1_000_000) + b"\n", "x.csv", {}, "too-many-columns"),
    "more rows than allowed": (b"a,b\n" + b"1,2\n" * 50, "x.csv", {"max_rows": 10}, "too-many-rows"),
    "a workbook cut in half": (_workbook()[:2000], "x.xlsx", {}, "workbook-damaged"),
    "a workbook with a password": (_encrypted(), "x.xlsx", {}, "workbook-protected"),
    "a workbook with broken XML": (
        _patched(_workbook(), "xl/worksheets/sheet1.xml", lambda xml: xml[:200]),
        "x.xlsx",
        {},
        "workbook-damaged",
    ),
    "a workbook that is a bomb": (_bomb(), "x.xlsx", {}, "archive-bomb"),
    "a cell at the far end of the sheet": (_workbook(XFD1048576="!"), "x.xlsx", {}, "sheet-too-sparse"),
    "a cell that claims a row of twenty digits": (
        _patched(_workbook(), SHEET, lambda xml: xml.replace(b'r="B2"', b'r="B' + b"9" * 20 + b'"')),
        "x.xlsx",
        {},
        "sheet-too-sparse",
    ),
    "a cell that claims a column of nine letters": (
        _patched(_workbook(), SHEET, lambda xml: xml.replace(b'r="B2"', b"r = 'zzzzzzzzz2'")),
        "x.xlsx",
        {},
        "sheet-too-sparse",
    ),
    "an ODS whose filled row and cell are repeated": (
        _ods(' table:number-rows-repeated="1000000"', " table:number-columns-repeated = '1000'"),
        "x.ods",
        {},
        "sheet-too-sparse",
    ),
    "an ODS with two thousand million spaces": (
        _ods(text='<text:s text:c="2147483647"/>'),
        "x.ods",
        {},
        "archive-bomb",
    ),
    "a PDF under the name .xlsx": (b"%PDF-1.7 ...", "x.xlsx", {}, "format-unknown"),
    "a ZIP that holds no table": (b"PK\x05\x06" + b"\0" * 18, "x.csv", {}, "format-unknown"),
    "a workbook where CSV was agreed": (_workbook(), "x.csv", {"format": "csv"}, "format-contradicted"),
    "JSON that was cut off": (b'[{"a": 1}, {"a"', "x.json", {}, "structure-broken"),
    "JSON nested a million deep": (b"[" * 1_000_000, "x.json", {}, "structure-broken"),
    "JSON without records": (b'{"a": 1}', "x.json", {}, "records-missing"),
    "JSON with a path that leads nowhere": (b'{"a": []}', "x.json", {"path": "b"}, "records-missing"),
    "XML with a billion laughs": (LAUGHS, "x.xml", {"path": "row"}, "structure-forbidden"),
    "XML that asks for a file": (OUTSIDE, "x.xml", {"path": "row"}, "structure-forbidden"),
    "XML that was cut off": (b"<r><row><a>1</a>", "x.xml", {"path": "row"}, "structure-broken"),
    "XML nested without end": (b"<r>" + b"<a>" * 5000, "x.xml", {"path": "row"}, "structure-broken"),
    "XML without records": (b"<r><a/></r>", "x.xml", {"path": "row"}, "records-missing"),
    "a DBF that was cut off": (
        b"\x03" + b"\x7a\x01\x01" + b"\xff\xff\0\0" + b"\x41\0\x10\0" + b"\0" * 53,
        "x.dbf",
        {},
        "structure-broken",
    ),
    "a DBF whose records take no bytes, in which one could count for ever": (
        b"\x03\x7a\x01\x01"
        + b"\5\0\0\0"
        + b"\x41\0\0\0"
        + b"\0" * 20
        + b"A".ljust(11, b"\0")
        + b"C"
        + b"\0" * 4
        + b"\x0a"
        + b"\0" * 15
        + b"\r"
        + b"x" * 60,
        "x.dbf",
        {},
        "structure-broken",
    ),
    "a Parquet file that was cut off": (b"PAR1 something else", "x.parquet", {}, "structure-broken"),
    "a header row that is not there": (b"a,b\n1,2\n", "x.csv", {"header": 9}, "header-missing"),
    "a sheet that is not there": (_workbook(), "x.xlsx", {"sheet": "Аркуш9"}, "sheet-missing"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_gives_one_clear_finding(what: str, reader: Reader) -> None:
    """A ReadError with exactly one finding of the right code, a message in both languages and a remedy."""
    content, file, reading, code = BROKEN[what]
    with pytest.raises(ReadError) as caught:
        reader(content, file, reading, FIELDS)
    assert [finding.code for finding in caught.value.findings] == [code]
    (finding,) = caught.value.findings
    assert finding.place.file == file
    assert finding.message("uk")
    assert finding.message("en")
    assert caught.value.remedy


def test_an_undeclared_second_sheet_is_not_chosen_for_the_officer(reader: Reader) -> None:
    """Two filled sheets and no declaration: the names are listed, none is read."""
    book = openpyxl.Workbook()
    book.active["A1"] = "a"
    book.create_sheet("Друга")["A1"] = "b"
    stream = io.BytesIO()
    book.save(stream)
    with pytest.raises(ReadError) as caught:
        reader(stream.getvalue(), "x.xlsx", {}, FIELDS)
    assert caught.value.findings[0].message("uk") == "x.xlsx: заповнені аркуші: Sheet, Друга."


@pytest.mark.slow
def test_a_cell_of_a_gigabyte_is_refused_within_six_gigabytes(tmp_path: Path) -> None:
    """The file is refused by the length of its cell; memory stays within a few times the size of the file."""
    file = tmp_path / "huge.csv"
    with file.open("wb") as stream:
        stream.write(b"a,b\n1,")
        for _ in range(1024):
            stream.write(b"x" * (1 << 20))
        stream.write(b"\n")
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from vidkryto.catalogue.reading import Reading\n"
        "from vidkryto.errors import ReadError\n"
        "from vidkryto.findings import Place\n"
        "from vidkryto.read.files import grids_of\n"
        "try:\n"
        "    grids_of(Path(sys.argv[1]), Reading(), Place('r', 'huge.csv'))\n"
        "except ReadError as error:\n"
        "    print(error.findings[0].code)\n"
    )
    limited = 6 << 30
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limited, limited)),
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "cell-too-long", done.stderr[-2000:]
