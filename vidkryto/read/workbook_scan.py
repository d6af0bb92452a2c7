"""A look at a workbook's parts before its cells are read: sizes, extents, formula errors; no bomb gets further."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax import SAXException

from defusedxml import DefusedXmlException, ElementTree, expatreader

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.pull.limits import ZIP_DEFECTS

MAX_PART = 2 << 30
"""Unpacked bytes of one part of a workbook."""
MAX_RATIO = 500
"""Unpacked to packed size; formatted empty sheets reach about 150."""
MAX_CELLS = 40_000_000
"""Cells of one sheet, empty ones between the first and the last included: calamine keeps them all."""

_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\sr="(\d+)"')
_WIDE = re.compile(rb'r="([A-Z]{2,3})\d')
_NARROW = re.compile(rb'r="([A-Z])\d')
_CELL = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\sr="[A-Z]+(\d+)"[^>]*?\st="e"[^>]*>(?:<f[^>]*?(?:/>|>[^<]*</f>))?<v>([^<]*)</v>'
)
_REPEAT = re.compile(rb'(?:number-columns-repeated|number-rows-repeated)="(\d+)"')


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What the raw parts say of one sheet: its last row, formatted or filled, and cells that hold an error."""

    last_row: int = 0
    errors: tuple[tuple[int, str], ...] = field(default=())


def scan(path: Path, kind: str, reading: Reading, place: Place) -> dict[str, SheetFacts]:
    """Facts of each sheet by name (XLSX and XLSM only).

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
                _check_whole(archive)
                _check_repeats(archive, reading, place)
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
    last_row, wide, narrow = 0, b"", b""
    errors: list[tuple[int, str]] = []
    rest = b""
    with archive.open(part) as stream:
        while piece := stream.read(1 << 22):
            text = rest + piece
            for match in _ROW.finditer(text):
                last_row = max(last_row, int(match[1]))
            widest = max(
                (match[1] for match in _WIDE.finditer(text)), key=lambda letters: (len(letters), letters), default=b""
            )
            wide = max(wide, widest, key=lambda letters: (len(letters), letters))
            if not wide and not narrow:
                narrow = b"Z" if _NARROW.search(text) else b""
            if b't="e"' in text:
                errors += [(int(match[1]), match[2].decode("utf-8", "replace")) for match in _CELL.finditer(text)]
            rest = text[-512:] if len(piece) == 1 << 22 else b""
            rest = rest[rest.find(b"<c ") :] if b"<c " in rest else rest
    columns = column_number((wide or narrow).decode()) if wide or narrow else 0
    if last_row * columns > MAX_CELLS or columns > max(reading.max_columns, 26):
        raise ReadError(
            f"{place.file}, sheet {name}: cells reach to row {last_row}, column {columns}",
            (
                Finding(
                    "sheet-too-sparse",
                    Place(place.resource, place.file, name),
                    found=f"{last_row} × {columns}",
                    wanted=str(reading.max_columns),
                ),
            ),
            remedy="Delete what stands far from the table, or save only the table as a new workbook.",
        )
    return SheetFacts(last_row, tuple(dict.fromkeys(errors)))


def _check_whole(archive: zipfile.ZipFile) -> None:
    """Parse the content once without keeping anything: calamine never returns from one that ends inside a table.

    Found by fuzzing. Entities are refused by the way.
    """
    with archive.open("content.xml") as stream:
        parser = expatreader.create_parser(forbid_dtd=True)
        parser.parse(stream)


def _check_repeats(archive: zipfile.ZipFile, reading: Reading, place: Place) -> None:
    """An ODS cell or row may be repeated a million times in a few bytes; only filled ones cost memory."""
    filled = re.compile(
        rb'number-columns-repeated="(\d+)"[^>]*?(?:office:value|office:string-value|calcext:value-type)|'
        rb'(?:office:value-type)[^>]*?number-columns-repeated="(\d+)"'
    )
    worst = 0
    with archive.open("content.xml") as stream:
        while piece := stream.read(1 << 22):
            worst = max([worst, *(int(match[1] or match[2]) for match in filled.finditer(piece))])
    if worst > reading.max_columns:
        raise ReadError(
            f"{place.file}: a filled cell is repeated {worst} times",
            (Finding("too-many-columns", place, found=str(worst), wanted=str(reading.max_columns)),),
            remedy="Save only the table as a new workbook.",
        )


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
