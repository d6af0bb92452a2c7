"""A look at a workbook's parts before its cells are read: sizes, extents, formula errors; no bomb gets further."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax import SAXException

from defusedxml import DefusedXmlException, ElementTree

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.pull.limits import ZIP_DEFECTS
from vidkryto.read.ods_scan import extents
from vidkryto.read.sheet_bytes import reach, whole

MAX_PART = 2 << 30
"""Unpacked bytes of one part of a workbook."""
MAX_RATIO = 500
"""Unpacked to packed size; formatted empty sheets reach about 150."""
MAX_CELLS = 40_000_000
"""Cells of one sheet, empty ones between the first and the last included: calamine keeps them all."""

MAX_SPACES = 1 << 28
"""Spaces of one ODS table that are written as a number."""

_CELL = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\sr="[A-Z]+(\d+)"[^>]*?\st="e"[^>]*>(?:<f[^>]*?(?:/>|>[^<]*</f>))?<v>([^<]*)</v>'
)


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What the raw parts say of one sheet: its last row, cells that hold an error, rows and columns that do not show,
    rows of formulas whose value was never saved.

    All are numbered from 1.
    """

    last_row: int = 0
    errors: tuple[tuple[int, str], ...] = field(default=())
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    unsaved: tuple[int, ...] = ()


_UNSAVED = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^>]*/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_ROW_OF = re.compile(rb"""\sr="[A-Z]+(\d+)\"""")
_LONGEST = 40_000
"""Bytes of one cell: a formula has 8,192 characters at most."""
_HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\b(?=[^>]*?\shidden=["'](?:1|true)["'])[^>]*?\sr="(\d+)""")
_HIDDEN_COLUMN = re.compile(rb"""<(?:\w+:)?col\b(?=[^>]*?\shidden=["'](?:1|true)["'])([^>]*)>""")
_BOUND = re.compile(rb"""\s(min|max)=["'](\d{1,6})["']""")


def scan(path: Path, kind: str, reading: Reading, place: Place) -> dict[str, SheetFacts]:
    """Facts of each sheet by name (XLSX, XLSM, ODS).

    Raises ReadError for a damaged archive, parts that unpack beyond all measure, or cells too far apart.
    """
    if kind == "xls":
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            _check_parts(archive, place)
            if kind == "xlsx":
                return _sheets(archive, reading, place)
            if kind == "ods":
                return _ods_sheets(archive, reading, place)
    except (*ZIP_DEFECTS, ElementTree.ParseError, SAXException, DefusedXmlException) as error:
        raise ReadError(
            f"{place.file} cannot be opened as a workbook: {error}",
            (Finding("workbook-damaged", place),),
            remedy="The file was cut off or damaged on its way; export it again.",
        ) from error
    except RuntimeError as error:
        raise ReadError(
            f"{place.file} is protected by a password",
            (Finding("workbook-protected", place),),
            remedy="Save a copy without a password and export that.",
        ) from error
    return {}


def _check_parts(archive: zipfile.ZipFile, place: Place) -> None:
    for part in archive.infolist():
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > MAX_PART or (ratio > MAX_RATIO and part.file_size > 50 << 20):
            raise ReadError(
                f"{place.file}: its part {part.filename} unpacks to {part.file_size >> 20} MB (ratio {ratio:.0f})",
                (Finding("archive-bomb", place, found=f"{part.file_size >> 20} MB"),),
                remedy="No honest table looks like this; ask the department how the file was made.",
            )


def _sheets(archive: zipfile.ZipFile, reading: Reading, place: Place) -> dict[str, SheetFacts]:
    facts = {}
    for name, part in _parts(archive).items():
        if part not in archive.NameToInfo:
            continue
        facts[name] = _sheet(archive, part, name, reading, place)
    return facts


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Name of each sheet to its part, by the workbook's relations."""
    relations = {
        item.get("Id"): item.get("Target", "")
        for item in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    }
    found: dict[str, str] = {}
    for item in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():
        if not item.tag.endswith("}sheet"):
            continue
        relation = next((value for key, value in item.attrib.items() if key.endswith("}id")), "")
        target = relations.get(relation, "")
        found[item.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return found


def _sheet(archive: zipfile.ZipFile, part: str, name: str, reading: Reading, place: Place) -> SheetFacts:
    last_row, wide, narrow = 0, b"", False
    errors: list[tuple[int, str]] = []
    unsaved: dict[tuple[int, bytes], None] = {}
    rows: set[int] = set()
    columns_hidden: set[int] = set()
    rest = b""
    with archive.open(part) as stream:
        while piece := stream.read(1 << 22):
            text = rest + piece
            text, found = reach(text)
            last_row = max(last_row, found.row)
            wide = max(wide, found.wide, key=lambda letters: (len(letters), letters))
            narrow = narrow or found.narrow
            if found.hides:
                rows.update(whole(match[1]) for match in _HIDDEN_ROW.finditer(text))
                for match in _HIDDEN_COLUMN.finditer(text):
                    bounds = {name: int(number) for name, number in _BOUND.findall(match[1])}
                    columns_hidden.update(range(bounds.get(b"min", 1), min(bounds.get(b"max", 0), 16_384) + 1))
            if found.errs:
                errors += [(int(match[1]), match[2].decode("utf-8", "replace")) for match in _CELL.finditer(text)]
            if b"<f" in text or b":f" in text:
                unsaved.update(unsaved_formulas(text))
            rest = text[-512:] if len(piece) == 1 << 22 else b""
            rest = rest[rest.find(b"<c ") :] if b"<c " in rest else rest
    columns = column_number(wide[:8].decode()) if wide else 26 * narrow
    _check_extent(name, last_row, columns, reading, place)
    return SheetFacts(
        last_row,
        tuple(dict.fromkeys(errors)),
        frozenset(rows),
        frozenset(columns_hidden),
        tuple(row for row, _ in unsaved),
    )


def unsaved_formulas(text: bytes) -> dict[tuple[int, bytes], None]:
    """Row and tag of cells with a formula and no value; a formula whose value is the empty text says so (t="str")."""
    found: dict[tuple[int, bytes], None] = {}
    for end in _UNSAVED.finditer(text):
        near = max(0, end.start() - _LONGEST)
        begin = max(text.rfind(b"<c ", near, end.start()), text.rfind(b":c ", near, end.start()))
        tag = text[begin : text.find(b">", begin)] if begin >= 0 else b""
        if (row := _ROW_OF.search(tag)) and b't="str"' not in tag:
            found[whole(row[1]), tag] = None
    return found


def _check_extent(sheet: str, rows: int, columns: int, reading: Reading, place: Place) -> None:
    """Calamine keeps every cell from the first to the last filled one."""
    if rows * columns <= MAX_CELLS and columns <= max(reading.max_columns, 26):
        return
    raise ReadError(
        f"{place.file}, sheet {sheet}: cells reach to row {rows}, column {columns}",
        (
            Finding(
                "sheet-too-sparse",
                Place(place.resource, place.file, sheet),
                found=f"{rows} × {columns}",
                wanted=str(reading.max_columns),
            ),
        ),
        remedy="Delete what stands far from the table, or save only the table as a new workbook.",
    )


def _ods_sheets(archive: zipfile.ZipFile, reading: Reading, place: Place) -> dict[str, SheetFacts]:
    """An ODS cell, row or space may be repeated a million times in a few bytes."""
    facts = {}
    for extent in extents(archive):
        if extent.spaces > MAX_SPACES:
            raise ReadError(
                f"{place.file}, sheet {extent.table}: {extent.spaces} spaces written as a number",
                (Finding("archive-bomb", place, found=f"{extent.spaces >> 20} MB"),),
                remedy="No honest table looks like this; ask the department how the file was made.",
            )
        _check_extent(extent.table, extent.rows, extent.columns, reading, place)
        facts[extent.table] = SheetFacts(
            errors=extent.errors,
            hidden_rows=extent.hidden_rows,
            hidden_columns=extent.hidden_columns,
            unsaved=extent.unsaved,
        )
    return facts


def column_number(letters: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
