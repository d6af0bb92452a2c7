"""The last look: planted values are seen in every format, hidden content and metadata are told, no value is quoted."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
import pytest
from openpyxl.comments import Comment

from vidkryto.catalogue.classes import ColumnClass
from vidkryto.disclosure import Exemption, scan_release

TODAY = date(2026, 11, 23)
PHONE = "067 123 45 67"
CLEAN = {"label": ["Школа № 5", "Ліцей № 17"], "lat": ["49.42290", "49.43100"], "lon": ["26.98710", "26.99330"]}
CLASSES = {
    "label": ColumnClass.model_validate("open"),
    "lat": ColumnClass.model_validate("geo"),
    "lon": ColumnClass.model_validate("geo"),
}


def told(folder: Path, **more: object) -> list[tuple[str, str]]:
    """File and code of each finding; no finding may quote the planted value."""
    findings = scan_release(folder, classes=CLASSES, today=TODAY, **more)
    for finding in findings:
        for words in (repr(finding), finding.message("uk"), finding.message("en")):
            assert PHONE not in words
            assert "123 45 67" not in words
    return [(finding.place.file, finding.code) for finding in findings]


def spoilt() -> pa.Table:
    return pa.table({**CLEAN, "label": ["Школа № 5", f"тел. {PHONE}"]})


def write_workbook(path: Path, table: pa.Table) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in [table.column_names, *zip(*table.to_pydict().values(), strict=True)]:
        book.active.append(list(row))
    book.save(path)
    return book


def point(row: dict[str, str]) -> dict[str, object]:
    return {"type": "Point", "coordinates": [float(row["lon"]), float(row["lat"])]}


def write_all(folder: Path, table: pa.Table) -> None:
    """One table in every format of a release."""
    arrow_csv.write_csv(table, folder / "stops.csv")
    parquet.write_table(table, folder / "stops.parquet")
    write_workbook(folder / "stops.xlsx", table)
    features = [
        {"type": "Feature", "geometry": point(row), "properties": {"label": row["label"]}} for row in table.to_pylist()
    ]
    (folder / "stops.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    )
    (folder / "page.html").write_text(f"<p>{table.column('label')[1].as_py()}</p>")


def test_a_clean_release_passes(tmp_path: Path) -> None:
    """Places in columns of class geo are at home; nothing else is told."""
    write_all(tmp_path, pa.table(CLEAN))
    (tmp_path / "datapackage.json").write_text(
        json.dumps({"name": "stops", "bytes": 1_318_471_069, "hash": "sha256:" + "0123456789" * 6})
    )
    assert told(tmp_path) == []


def test_a_value_is_seen_in_every_format(tmp_path: Path) -> None:
    """CSV, Parquet, XLSX, GeoJSON and HTML, each by itself."""
    write_all(tmp_path, spoilt())
    assert sorted(set(told(tmp_path))) == [
        (name, "file-personal") for name in ("page.html", "stops.csv", "stops.geojson", "stops.parquet", "stops.xlsx")
    ]


def test_a_place_without_a_class_is_told(tmp_path: Path) -> None:
    """The same release whose contract knows of no place."""
    write_all(tmp_path, pa.table(CLEAN))
    findings = scan_release(tmp_path, classes={"label": CLASSES["label"]}, today=TODAY)
    assert {finding.place.file for finding in findings} == {"stops.csv", "stops.parquet", "stops.xlsx", "stops.geojson"}


def test_hidden_parts_of_a_workbook_are_told(tmp_path: Path) -> None:
    """A hidden sheet, a very hidden one, a hidden row, a comment, a formula, an author, a header of the page."""
    book = openpyxl.Workbook()
    book.active.append(["label"])
    book.active.append(["=1+1"])
    book.active["A1"].comment = Comment(f"спитати: {PHONE}", "Автор")
    book.active.row_dimensions[2].hidden = True
    book.active.oddHeader.center.text = f"тел. {PHONE}"
    book.create_sheet("чернетка").sheet_state = "hidden"
    book["чернетка"].append([f"тел. {PHONE}"])
    book.create_sheet("стан").sheet_state = "veryHidden"
    book.properties.creator = "Коваленко Марія Іванівна"
    book.properties.company = "Відділ"
    book.save(tmp_path / "stops.xlsx")
    messages = [finding.message("en") for finding in scan_release(tmp_path, today=TODAY)]
    for words in ("a hidden sheet, places: 2", "hidden rows", "comments, places: ", "formulas", "'creator'"):
        assert any(words in message for message in messages), (words, messages)
    assert sum("phone" in message for message in messages) >= 3
    assert not any("Коваленко" in message or "123 45" in message for message in messages)


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + b"\xff\xda\x00\x02\xff\xd9"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("name", "content", "codes"),
    [
        ("a.jpg", jpeg(segment(0xE0, b"JFIF\x00")), []),
        ("b.jpg", jpeg(segment(0xE1, b"Exif\x00\x00GPS")), ["file-metadata"]),
        (
            "c.jpg",
            jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00<x/>"), segment(0xFE, b"x")),
            ["file-metadata"] * 2,
        ),
        ("d.png", png((b"IHDR", b"0" * 13), (b"IEND", b"")), []),
        ("e.png", png((b"IHDR", b"0" * 13), (b"eXIf", b"GPS"), (b"tEXt", b"Author\x00x")), ["file-metadata"] * 2),
        ("f.webp", b"RIFF\x00\x00\x00\x00WEBPEXIF\x02\x00\x00\x00ab", ["file-metadata"]),
        ("g.tiff", b"II*\x00\x08\x00", ["file-metadata"]),
    ],
)
def test_pictures_carry_no_metadata(tmp_path: Path, name: str, content: bytes, codes: list[str]) -> None:
    """EXIF, XMP, IPTC and notes are told; a bare picture passes."""
    (tmp_path / name).write_bytes(content)
    assert [code for _, code in told(tmp_path)] == codes


def test_archives_are_opened_two_deep_and_no_deeper(tmp_path: Path) -> None:
    """A value in an archive in an archive is seen; a third archive is not opened but told."""
    inner, outer, third = tmp_path / "inner.zip", tmp_path / "outer.zip", tmp_path / "third.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("notes.txt", f"тел. {PHONE}")
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(inner, "inner.zip")
    with zipfile.ZipFile(third, "w") as archive:
        archive.write(outer, "outer.zip")
    assert told(tmp_path, files=["outer.zip"]) == [("outer.zip", "file-personal")]
    assert told(tmp_path, files=["third.zip"]) == [("third.zip", "file-unread")]


def test_what_cannot_be_looked_at_is_not_published(tmp_path: Path) -> None:
    """An unknown format, a damaged file, a symbolic link."""
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (tmp_path / "d.csv").symlink_to(tmp_path / "b.json")
    assert told(tmp_path) == [(name, "file-unread") for name in ("a.pdf", "b.json", "c.xlsx", "d.csv")]


def test_names_and_parquet_metadata_are_read_too(tmp_path: Path) -> None:
    """A phone in the name of a file, of a column, of a key; in the footer of Parquet."""
    table = pa.table({f"тел. {PHONE}": ["1"]}).replace_schema_metadata({"author": f"тел. {PHONE}"})
    parquet.write_table(table, tmp_path / f"звіт {PHONE}.parquet")
    (tmp_path / "report.json").write_text(json.dumps({f"тел. {PHONE}": 1}))
    codes = told(tmp_path)
    assert [code for _, code in codes] == ["file-personal"] * 4
    assert {name for name, _ in codes} == {"report.json", "звіт [приховано: телефон].parquet"}


def test_the_contacts_of_the_contract_may_stand_in_the_descriptor(tmp_path: Path) -> None:
    """Known contacts pass, any other contact does not."""
    text = json.dumps({"contributors": [{"title": "Відділ транспорту", "email": "transport@khm.gov.ua"}]})
    (tmp_path / "datapackage.json").write_text(text)
    assert told(tmp_path) == [("datapackage.json", "file-personal")]
    assert told(tmp_path, known=["transport@khm.gov.ua"]) == []


def test_a_recorded_decision_turns_the_error_into_a_note(tmp_path: Path) -> None:
    """By resource, field and kind; the resource is the file's name without suffix."""
    arrow_csv.write_csv(spoilt(), tmp_path / "stops.csv")
    decided = Exemption(
        "stops", "label", "phone", "Службовий телефон зупинки, рішення № 5", ("Олена Б.", "Іван К."), date(2027, 1, 1)
    )
    assert told(tmp_path, exceptions=(decided,)) == [("stops.csv", "contradiction-excepted")]
