"""Workbooks: cells of every sheet, shown or hidden, and all that a workbook carries beside its cells."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from defusedxml import ElementTree
from python_calamine import CalamineWorkbook

from vidkryto.disclosure.finished.images import in_image
from vidkryto.disclosure.finished.saw import Given, Saw, hidden, in_table, in_text, in_texts, metadata

LARGEST_MEMBER = 512 * 1024 * 1024
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

_PARTS = (
    (re.compile(r"xl/(comments|threadedComments|persons)"), ("коментарі", "comments")),
    (re.compile(r"xl/embeddings/|xl/activeX/|xl/ctrlProps/"), ("вкладені об’єкти", "embedded objects")),
    (re.compile(r"xl/vbaProject"), ("макроси", "macros")),
    (re.compile(r"xl/(externalLinks|connections|queryTables)"), ("посилання на інші файли", "links to other files")),
    (
        re.compile(r"xl/(pivotCache|revisions)"),
        ("кеш зведених таблиць або історія правок", "a pivot cache or a history of edits"),
    ),
    (re.compile(r"customXml/"), ("вкладений XML", "custom XML")),
)
_PERSONAL_PROPERTIES = ("creator", "lastModifiedBy", "Company", "Manager", "HyperlinkBase", "category", "contentStatus")


def in_workbook(path: Path, given: Given) -> Iterator[Saw]:
    """Everything in an XLSX: cells, sheets and their state, comments, properties, pictures, formulas."""
    with zipfile.ZipFile(path) as archive:
        names = [member.filename for member in archive.infolist()]
        if sum(member.file_size for member in archive.infolist()) > LARGEST_MEMBER:
            yield Saw("file-unread", what=("завелика", "too large"))
            return
        for pattern, (uk, en) in _PARTS:
            if count := sum(bool(pattern.match(name)) for name in names):
                yield hidden(uk, en, count)
        for name in names:
            yield from _member(name, archive.read(name), given.known)
    yield from _cells(path, given.words)


def _member(name: str, content: bytes, known: frozenset[str]) -> Iterator[Saw]:
    """What one member of the archive holds beside the cells."""
    if name.startswith("docProps/") and name.endswith(".xml"):
        yield from _properties(content, known)
    elif name == "xl/workbook.xml":
        yield from _workbook(content)
    elif re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
        yield from _sheet(content)
    elif re.match(r"xl/(comments|threadedComments)", name):
        yield from in_texts((text for text in ElementTree.fromstring(content).itertext()), "коментарі")
    elif name.startswith("xl/media/"):
        yield from in_image(content)
    elif name.startswith("xl/drawings/") and name.endswith(".xml"):
        yield from in_texts((text for text in ElementTree.fromstring(content).itertext()), "малюнки")


def _properties(content: bytes, known: frozenset[str]) -> Iterator[Saw]:
    """Author, last editor, company; and any other text that holds personal data."""
    for element in ElementTree.fromstring(content).iter():
        tag, text = element.tag.rpartition("}")[2], (element.text or "").strip()
        if not text:
            continue
        if (
            tag in _PERSONAL_PROPERTIES
            and text.casefold() not in known
            and text not in ("openpyxl", "Vidkryto", "vidkryto")
        ):
            yield metadata(f"властивість «{tag}»", f"the property {tag!r}")
        yield from in_text(text, "властивості", known)


def _workbook(content: bytes) -> Iterator[Saw]:
    root = ElementTree.fromstring(content)
    sheets = list(root.iter(f"{SPREADSHEET}sheet"))
    if count := sum(sheet.get("state", "visible") != "visible" for sheet in sheets):
        yield hidden("прихований аркуш", "a hidden sheet", count)
    yield from in_texts((sheet.get("name", "") for sheet in sheets), "назва аркуша")
    for name in root.iter(f"{SPREADSHEET}definedName"):
        if name.get("hidden") == "1" and not name.get("name", "").startswith("_xlnm."):
            yield hidden("приховане ім’я діапазону", "a hidden defined name")
        yield from in_texts((name.get("name", ""), name.text or ""), "імена діапазонів")


def _sheet(content: bytes) -> Iterator[Saw]:
    """Hidden rows and columns, formulas and page headers; one pass over the XML."""
    counts = {"row": 0, "col": 0, "f": 0}
    for _, element in ElementTree.iterparse(io.BytesIO(content)):
        tag = element.tag.rpartition("}")[2]
        if tag in ("row", "col") and element.get("hidden") in ("1", "true"):
            counts[tag] += 1
        elif tag == "f":
            counts["f"] += 1
        elif (
            tag in ("oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter") and element.text
        ):
            yield from in_text(element.text, "колонтитул")
        if tag in ("row", "col"):
            element.clear()
    if counts["row"] or counts["col"]:
        yield hidden("приховані рядки або колонки", "hidden rows or columns", counts["row"] + counts["col"])
    if counts["f"]:
        yield hidden("формули замість значень", "formulas instead of values", counts["f"])


def _cells(path: Path, words: Mapping[str, str]) -> Iterator[Saw]:
    """Cells of every sheet; the first row names the columns."""
    with path.open("rb") as stream:
        workbook = CalamineWorkbook.from_filelike(stream)
        for name in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(name).to_python()
            if rows:
                yield from in_table(_table(rows), f"{name}: ", words)


def _table(rows: list[list[Any]]) -> pa.Table:
    width = max(len(row) for row in rows)
    names: list[str] = []
    for place in range(width):
        name = _text(rows[0][place]) if place < len(rows[0]) else ""
        names.append(name if name and name not in names else f"{name}#{place + 1}")
    columns = [[_text(row[place]) if place < len(row) else "" for row in rows[1:]] for place in range(width)]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=names)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)
