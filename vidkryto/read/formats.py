"""Which format a file is, told by its first bytes and not by its name; a web page in disguise is refused here."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.pull.limits import ZIP_DEFECTS

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(rb"^\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|table|meta|div)\b", re.I | re.S)
_BY_SUFFIX = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".tab": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".geojson": "geojson",
    ".xml": "xml",
    ".kml": "kml",
    ".dbf": "dbf",
    ".parquet": "parquet",
}


def format_of(path: Path, file: str, declared: str, place: Place) -> str:
    """The format: csv, xlsx, xls, xlsb, ods, json, jsonl, xml, geojson, kml, dbf, shp or parquet.

    Raises ReadError for a web page, for an encrypted workbook, for a format that is not known, and when the bytes
    contradict the declared format.
    """
    with path.open("rb") as stream:
        head = stream.read(4096)
    found = _by_bytes(path, head, place) or _BY_SUFFIX.get(Path(file).suffix.casefold(), "")
    if found == "html" and declared != "csv":
        raise _web_page(place, head)
    if declared != "auto":
        if found in ("xlsx", "xls", "xlsb", "ods", "parquet", "shp", "pdf", "zip") and found != declared:
            raise ReadError(
                f"{place.file} is {found}, but the contract says {declared}",
                (Finding("format-contradicted", place, found=found, wanted=declared),),
                remedy="Correct `format` in the contract, or ask for the export in the agreed format.",
            )
        return declared
    if found in ("pdf", "zip", "doc", ""):
        if not found and _is_text(head):
            return "csv"
        raise ReadError(
            f"{place.file} is not a table: {found or 'unknown format'}",
            (Finding("format-unknown", place, found=found or "?"),),
            remedy="Export the table as XLSX or CSV; a PDF or a text document is not machine-readable.",
        )
    return found


def _is_text(head: bytes) -> bool:
    """No NUL bytes, or the regular ones of UTF-16."""
    return b"\0" not in head or head[:2] in (b"\xff\xfe", b"\xfe\xff") or head.count(b"\0") * 3 > len(head)


def _by_bytes(path: Path, head: bytes, place: Place) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path, place)
    if head.startswith(_OLE):
        return _ole_kind(path, place)
    if head[:4] in (b"\x09\x04\x06\x00", b"\x09\x08\x10\x00", b"\x09\x08\x08\x00"):
        return "xls"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"%PDF"):
        return "pdf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _HTML.match(text):
        return "html"
    if text.startswith((b"<?xml", b"<kml")):
        return "kml" if b"opengis.net/kml" in head or b"<kml" in head else "html" if b"<html" in head.lower() else "xml"
    if text.startswith((b"{", b"[")) and Path(place.file).suffix.casefold() not in (".csv", ".tsv", ".txt"):
        return _json_kind(text, place)
    return ""


def _json_kind(text: bytes, place: Place) -> str:
    if b'"FeatureCollection"' in text:
        return "geojson"
    suffix = _BY_SUFFIX.get(Path(place.file).suffix.casefold(), "")
    return suffix if suffix in ("jsonl", "geojson") else "json"


def _zip_kind(path: Path, place: Place) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "xl/workbook.xml" in names:
                return "xlsx"
            if "xl/workbook.bin" in names:
                return "xlsb"
            if "content.xml" in names and "mimetype" in names:
                kind = archive.read("mimetype")
                return "ods" if b"spreadsheet" in kind else "doc"
            if any(name.casefold().endswith(".shp") for name in names):
                return "shp"
            return "doc" if "word/document.xml" in names else "zip"
    except (*ZIP_DEFECTS, RuntimeError) as error:
        raise ReadError(
            f"{place.file} is a damaged ZIP archive or workbook",
            (Finding("workbook-damaged", place),),
            remedy="The file was cut off or damaged on its way; export it again.",
        ) from error


def _ole_kind(path: Path, place: Place) -> str:
    """An OLE container: an old workbook, or a new one encrypted with a password ([MS-OFFCRYPTO] 2.3.4)."""
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise ReadError(
            f"{place.file} is protected by a password",
            (Finding("workbook-protected", place),),
            remedy="Save a copy without a password and export that.",
        )
    if "WordDocument".encode("utf-16-le") in content:
        return "doc"
    return "xls"


def _web_page(place: Place, head: bytes) -> ReadError:
    title = re.search(rb"<title[^>]*>(.*?)</title>", head, re.I | re.S)
    shown = title[1].decode("utf-8", "replace").strip()[:80] if title else "HTML"
    return ReadError(
        f"{place.file} is a web page ({shown}), not a table",
        (Finding("web-page", place, found=shown),),
        remedy="Often the address asks for a login or reports an error; or the program saves HTML under the name .xls: "
        "export XLSX or CSV.",
    )
