"""Writers of the formats departments hand over, with no clock and no machine in the bytes."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

MOMENT = (2026, 11, 2, 8, 0, 0)
"""The moment written into archives instead of the clock's."""

Row = Sequence[Any]

_ALPHABET = {"cp866": str.maketrans("іІґҐ’", "iIгГ'"), "cp1251": str.maketrans("", "")}
"""Letters that a code page lacks, and what old programs put instead: cp866 has no Ukrainian і."""


class Sheet:
    """One sheet of a workbook: rows of cells, merged ranges and bold rows."""

    def __init__(self, name: str, rows: Iterable[Row], *, merged: Sequence[str] = (), bold: Sequence[int] = ()) -> None:
        self.name, self.rows, self.merged, self.bold = name, list(rows), merged, bold


def xlsx(sheets: Sequence[Sheet]) -> bytes:
    """An XLSX workbook; the times that openpyxl writes are replaced by fixed ones."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        _fill(book.create_sheet(sheet.name), sheet)
    stream = io.BytesIO()
    book.save(stream)
    with zipfile.ZipFile(stream) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    stamp = datetime(*MOMENT).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    core = "docProps/core.xml"
    members[core] = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + stamp, members[core])
    return zipped(members)


def _fill(target: Worksheet, sheet: Sheet) -> None:
    for row in sheet.rows:
        target.append(list(row))
    for area in sheet.merged:
        target.merge_cells(area)
        target[area.split(":")[0]].alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for number in sheet.bold:
        for cell in target[number]:
            cell.font = Font(bold=True)


def zipped(members: Mapping[str, bytes], *, names: str = "utf-8", stored: Sequence[str] = ()) -> bytes:
    """A ZIP archive with fixed times. With `names` such as cp866 the member names are written as old programs do."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            info = _LegacyName(name, names) if names != "utf-8" else zipfile.ZipInfo(name, MOMENT)
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return stream.getvalue()


class _LegacyName(zipfile.ZipInfo):
    """A member whose name is written in a legacy code page, without the mark of UTF-8."""

    def __init__(self, name: str, encoding: str) -> None:
        super().__init__(name, MOMENT)
        self._encoding = encoding

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - the name is that of the standard library
        return self.filename.encode(self._encoding), self.flag_bits & ~0x800


def ods(sheets: Sequence[Sheet]) -> bytes:
    """An OpenDocument spreadsheet with text, number and date cells."""
    body = "".join(
        f'<table:table table:name="{escape(sheet.name)}">'
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in sheet.rows)
        + "</table:table>"
        for sheet in sheets
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} office:version="1.2">'
        f"<office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest manifest:version="1.2" '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
    )
    members = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}
    return zipped({name: text.encode() for name, text in members.items()}, stored=("mimetype",))


def _ods_cell(value: Any) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, (int, float)):
        shown = f"<text:p>{value}</text:p>"
        return f'<table:table-cell office:value-type="float" office:value="{value}">{shown}</table:table-cell>'
    if isinstance(value, date):
        day = value.strftime("%Y-%m-%d")
        shown = value.strftime("%d.%m.%Y")
        return (
            f'<table:table-cell office:value-type="date" office:date-value="{day}">'
            f"<text:p>{shown}</text:p></table:table-cell>"
        )
    lines = "".join(f"<text:p>{escape(line)}</text:p>" for line in str(value).split("\n"))
    return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'


def delimited(
    rows: Iterable[Row],
    *,
    delimiter: str = ",",
    quote_all: bool = False,
    newline: str = "\r\n",
    encoding: str = "utf-8",
) -> bytes:
    """Delimited text. `newline` may be a cycle of line ends separated by `|`, as in files edited on many machines."""
    ends = newline.split("|")
    lines = [
        delimiter.join(_quoted(cell, delimiter, quote_all) for cell in row) + ends[number % len(ends)]
        for number, row in enumerate(rows)
    ]
    return "".join(lines).encode(encoding)


def _quoted(cell: Any, delimiter: str, always: bool) -> str:
    text = "" if cell is None else str(cell)
    if always or any(letter in text for letter in (delimiter, '"', "\n", "\r")):
        return '"' + text.replace('"', '""') + '"'
    return text


def dbf(fields: Sequence[tuple[str, str, int, int]], rows: Iterable[Row], *, encoding: str = "cp866") -> bytes:
    """A dBase III table. A field is (name, type C N D L, length, decimals); the mark of the code page is written."""
    records = [_dbf_record(fields, row, encoding) for row in rows]
    size = 1 + sum(field[2] for field in fields)
    head = struct.pack("<4BIHH20x", 0x03, 126, 11, 2, len(records), 32 * len(fields) + 33, size)
    mark = {"cp866": 0x65, "cp1251": 0xC9}[encoding]
    head = head[:29] + bytes([mark]) + head[30:]
    columns = b"".join(
        struct.pack("<11sc4xBB14x", name.encode("ascii"), kind.encode("ascii"), length, decimals)
        for name, kind, length, decimals in fields
    )
    return head + columns + b"\r" + b"".join(records) + b"\x1a"


def _dbf_record(fields: Sequence[tuple[str, str, int, int]], row: Row, encoding: str) -> bytes:
    cells = [b" "]
    for (_, kind, length, decimals), value in zip(fields, row, strict=True):
        if kind == "N":
            text = "" if value is None else f"{value:.{decimals}f}"
            cells.append(text.rjust(length).encode("ascii"))
        elif kind == "D":
            cells.append((value.strftime("%Y%m%d") if value else " " * 8).encode("ascii"))
        else:
            cells.append(str(value or "").translate(_ALPHABET[encoding]).encode(encoding)[:length].ljust(length))
    return b"".join(cells)
