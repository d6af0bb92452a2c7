"""Small honest files of every format that is read, made here so that no fuzzing begins from nothing."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as parquet

HEADER = ("uid", "label", "count", "day")
ROWS = (
    ("1", "Ринок", "12.5", "2024-03-05"),
    ("2", "Площа Перемоги", "-3", "2024-03-06"),
    ("3", "Вулиця Свободи, 12", "1000000", "2024-12-31"),
    ("4", "Школа № 7 імені Бойка В.С.", "0", "2023-01-01"),
    ("5", "Бульвар Шевченка «Центр»", "7", "2024-02-29"),
)
SCHEMA: Mapping[str, Any] = {
    "fields": [
        {"name": "uid", "type": "integer", "constraints": {"required": True, "unique": True}},
        {"name": "label", "type": "string", "constraints": {"maxLength": 100}},
        {"name": "count", "type": "number"},
        {"name": "day", "type": "date"},
    ],
    "primaryKey": ["uid"],
}


@dataclass(frozen=True, slots=True)
class Seed:
    """A file to begin from, and how its contract says that it is read."""

    file: str
    content: bytes = field(repr=False)
    reading: Mapping[str, Any] = field(default_factory=dict)
    unpack: Mapping[str, Any] | None = None


def _csv(delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    lines = [HEADER, *ROWS * 4]
    quoted = ([f'"{cell}"' if delimiter in cell or "«" in cell else cell for cell in line] for line in lines)
    return (end.join(delimiter.join(line) for line in quoted) + end).encode(encoding)


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for line in (HEADER, *ROWS):
        sheet.append(
            [float(cell) if place in (0, 2) and line is not HEADER else cell for place, cell in enumerate(line)]
        )
    sheet["F2"] = "=SUM(C2:C6)"
    sheet.merge_cells("G1:H1")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _biff(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _xls() -> bytes:
    """A BIFF8 stream in an OLE container, as small as both allow ([MS-XLS] 2.4, [MS-CFB] 2)."""
    cells = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    cells += _biff(0x0200, struct.pack("<IIHHH", 0, len(ROWS) + 1, 0, len(HEADER), 0))
    for row, line in enumerate((HEADER, *ROWS)):
        for column, cell in enumerate(line):
            if row and column in (0, 2):
                cells += _biff(0x0203, struct.pack("<HHHd", row, column, 0, float(cell)))
            else:
                text = cell.encode("utf-16-le")
                cells += _biff(0x0204, struct.pack("<HHHHB", row, column, 0, len(cell), 1) + text)
    cells += _biff(0x000A, b"")
    head = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0)) + _biff(0x0042, struct.pack("<H", 1200))
    name = b"\x06\x00Sheet1"
    sheet = _biff(0x0085, struct.pack("<IBB", len(head) + 4 + 6 + len(name) + 4, 0, 0) + name)
    return _ole(head + sheet + _biff(0x000A, b"") + cells)


def _ole(stream: bytes) -> bytes:
    stream = stream.ljust(-(-max(len(stream), 4096) // 512) * 512, b"\0")
    sectors = len(stream) // 512
    end, free, fat_sector = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    chain = [fat_sector, end, *range(3, 2 + sectors), end]
    fat = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109I", 0, *[free] * 108)

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = (name + "\0").encode("utf-16-le")
        return (
            text.ljust(64, b"\0") + struct.pack("<HBB", len(text) if name else 0, kind, 1)
            + struct.pack("<III", free, free, child) + b"\0" * 36 + struct.pack("<IQ", start, size)
        )  # fmt: skip

    entries = (
        entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream)) + entry("", 0, free, 0, 0) * 2
    )
    return head + fat + entries + stream


def _ods() -> bytes:
    names = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"'
        for prefix in ("office", "table", "text", "manifest")
    )

    def cell(place: int, text: str, head: bool) -> str:
        if place in (0, 2) and not head:
            return f'<table:table-cell office:value-type="float" office:value="{text}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    rows = "".join(
        "<table:table-row>" + "".join(cell(place, text, line is HEADER) for place, text in enumerate(line))
        + '<table:table-cell table:number-columns-repeated="12"/></table:table-row>'
        for line in (HEADER, *ROWS)
    )  # fmt: skip
    rows += '<table:table-row table:number-rows-repeated="1000"><table:table-cell/></table:table-row>'
    body = f'<office:spreadsheet><table:table table:name="Аркуш1">{rows}</table:table></office:spreadsheet>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    entry = f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
    return zipped({
        "mimetype": kind.encode(),
        "META-INF/manifest.xml": f"<manifest:manifest {names}>{entry}</manifest:manifest>".encode(),
        "content.xml": f"<office:document-content {names}><office:body>{body}</office:body></office:document-content>"
        .encode(),
    })  # fmt: skip


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A ZIP archive; its members carry one fixed time, so that a seed gives the same bytes every day."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _records() -> list[dict[str, Any]]:
    return [dict(zip(HEADER, line, strict=True)) | {"place": {"lat": 49.42, "lon": 26.98}} for line in ROWS]


def _geojson() -> bytes:
    points = [
        {"type": "Feature", "properties": dict(zip(HEADER, line, strict=True)),
         "geometry": {"type": "Point", "coordinates": [26.98, 49.42]}}
        for line in ROWS
    ]  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": points}, ensure_ascii=False).encode()


def _xml() -> bytes:
    rows = "".join(
        f'<stop id="{line[0]}">' + "".join(f"<{name}>{cell}</{name}>" for name, cell in zip(HEADER, line, strict=True))
        + "<place><lat>49.4</lat></place><route>1</route><route>5</route></stop>"
        for line in ROWS
    )  # fmt: skip
    return f'<?xml version="1.0" encoding="UTF-8"?><r>{rows}</r>'.encode()


def _kml() -> bytes:
    marks = "".join(
        "<Placemark><ExtendedData>"
        + "".join(f'<Data name="{name}"><value>{cell}</value></Data>' for name, cell in zip(HEADER, line, strict=True))
        + "</ExtendedData><Point><coordinates>26.98,49.42,0</coordinates></Point></Placemark>"
        for line in ROWS
    )
    space = 'xmlns="http://www.opengis.net/kml/2.2"'
    return f'<?xml version="1.0" encoding="UTF-8"?><kml {space}><Document>{marks}</Document></kml>'.encode()


def _dbf() -> bytes:
    columns = (("UID", "N", 8, 0), ("LABEL", "C", 60, 0), ("COUNT", "N", 12, 2), ("DAY", "D", 8, 0))
    length = 1 + sum(column[2] for column in columns)
    head = struct.pack("<BBBBIHH20x", 3, 124, 5, 1, len(ROWS), 32 + 32 * len(columns) + 1, length)
    for name, kind, size, places in columns:
        head += struct.pack("<11sc4xBB14x", name.encode(), kind.encode(), size, places)
    body = b"".join(
        b" " + uid.rjust(8).encode() + label.encode("cp1251").ljust(60) + count.rjust(12).encode()
        + day.replace("-", "").encode()
        for uid, label, count, day in ROWS
    )  # fmt: skip
    return head + b"\r" + body + b"\x1a"


def _parquet(**options: Any) -> bytes:
    columns = {name: [line[place] for line in ROWS] for place, name in enumerate(HEADER)}
    table = pa.table(
        {
            "uid": pa.array([int(text) for text in columns["uid"]]),
            "label": pa.array(columns["label"]).dictionary_encode(),
            "count": pa.array([float(text) for text in columns["count"]]),
            "day": pa.array(columns["day"]).cast(pa.timestamp("ms")),
            "more": pa.array([[1, 2], None, [], [3], [4]]),
        }
    )
    stream = io.BytesIO()
    parquet.write_table(table, stream, **options)
    return stream.getvalue()


UPPER = {"columns": {name.upper(): name for name in HEADER}}


def corpus() -> dict[str, tuple[Seed, ...]]:
    """Seeds by format."""
    jsonl = "\n".join(json.dumps(item, ensure_ascii=False) for item in _records()).encode()
    made: dict[str, Callable[[], tuple[Seed, ...]]] = {
        "csv": lambda: (
            Seed("a.csv", _csv()), Seed("a.csv", _csv(";", "cp1251", "\r\n")), Seed("a.csv", _csv(";", "utf-16")),
            Seed("a.csv", _csv("|"), {"encoding": "utf-8"}),
        ),
        "tsv": lambda: (Seed("a.tsv", _csv("\t")), Seed("a.tsv", _csv("\t", "cp1251", "\r\n"))),
        "json": lambda: (Seed("a.json", json.dumps(_records(), ensure_ascii=False).encode()),
                         Seed("a.json", json.dumps({"rows": _records(), "n": 1e300}).encode())),
        "jsonl": lambda: (Seed("a.jsonl", jsonl),),
        "geojson": lambda: (Seed("a.geojson", _geojson()),),
        "xml": lambda: (Seed("a.xml", _xml(), {"path": "stop"}),),
        "kml": lambda: (Seed("a.kml", _kml()),),
        "dbf": lambda: (Seed("a.dbf", _dbf(), UPPER),),
        "shp": lambda: (Seed("a.zip", zipped({"a.shp": b"\0\0\x27\x0a" + b"\0" * 96, "a.dbf": _dbf(),
                                             "a.cpg": b"1251"}), {**UPPER, "format": "shp"}),),
        "parquet": lambda: (Seed("a.parquet", _parquet()),
                            Seed("a.parquet", _parquet(compression="none", use_dictionary=False)),
                            Seed("a.parquet", _parquet(compression="zstd", version="1.0"))),
        "zip": lambda: (Seed("a.zip", zipped({"2024/звіт.csv": _csv(), "readme.txt": b"r"}), {}, {"member": "*.csv"}),),
        "xlsx": lambda: (Seed("a.xlsx", _xlsx()),),
        "xls": lambda: (Seed("a.xls", _xls()),),
        "ods": lambda: (Seed("a.ods", _ods()),),
    }  # fmt: skip
    return {name: make() for name, make in made.items()}
