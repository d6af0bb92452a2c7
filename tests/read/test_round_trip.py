"""What is written reads back equal, whatever the table, the dialect, the encoding and the format."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Place
from vidkryto.pull import Snapshot
from vidkryto.read import Table, arrow_cells, delimited, read
from vidkryto.read.delimited import read_delimited

LETTERS = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяАБВІЇЄҐabcXYZ0123456789 .,;:'\"|«»№-\t"
TEXT = st.text(st.sampled_from(LETTERS + "\n"), max_size=12)
WIDE = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=("Cs",)), max_size=12)
QUIET = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tables(draw: st.DrawFn, cells: st.SearchStrategy[str] = TEXT) -> list[list[str]]:
    """Rows of one width; no row is wholly blank, because blank rows are counted and not kept."""
    width = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12))
    return [row for row in rows if any(cell.strip() for cell in row)]


def _read(content: bytes, file: str, width: int, **reading: object) -> Table:
    names = [f"c{number}" for number in range(width)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_bytes(content)
        snapshot = Snapshot("r", file, path, "0" * 64, len(content), datetime.now(UTC), "test")
        schema = {"fields": [{"name": name, "type": "any"} for name in names]}
        return read([snapshot], Reading.model_validate({"max_cell": 10_000, **reading}), schema, resource="r")


def _rows(table: Table) -> list[list[str]]:
    columns = [[cell or "" for cell in column.to_pylist()] for column in table.columns.columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _csv(rows: list[list[str]], delimiter: str, end: str, quoting: int) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    width = len(rows[0]) if rows else 1
    writer.writerows([[f"c{number}" for number in range(width)], *rows])
    return stream.getvalue()


DIALECTS = st.tuples(
    st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)  # fmt: skip


@QUIET
@given(tables(), DIALECTS, st.sampled_from(["utf-8", "utf-8-sig", "windows-1251", "koi8-u", "utf-16"]))
def test_a_table_written_as_csv_reads_back_equal(
    rows: list[list[str]], dialect: tuple[str, str, int], codec: str
) -> None:
    """Every cell, in every dialect and encoding; and the account adds up."""
    width = len(rows[0]) if rows else 1
    usable = [[cell if codec not in ("windows-1251", "koi8-u") else _only(cell, codec) for cell in row] for row in rows]
    usable = [row for row in usable if any(cell.strip() for cell in row)]
    content = _csv(usable or [["x"] * width], *dialect).encode(codec)
    table = _read(content, "a.csv", width, delimiter=dialect[0], encoding=codec)
    assert _rows(table) == (usable or [["x"] * width])
    assert table.account.data == len(usable or [1])


PIECES = st.sampled_from([
    "a", "я", "5,б", ",", ",", '"', '""', '"x\ny"', '"q,q"', '"\n"', '"r\r\ns"', "\n", "\n", "\n", "\r\n", "\n\n", '",',
    '"\n',
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=30))
@example(['"q,q"', "\n", '"x\ny"', "\n", "\n", '"', "5,б", "\n"])
def test_a_text_is_the_same_table_whichever_way_its_cells_are_taken(pieces: list[str]) -> None:
    """As one block with its line breaks counted, by blocks first, or by Python's csv module alone; errors too."""
    found = []
    for size in (arrow_cells.HEAD, 0, None):
        patch = mock.patch.object(arrow_cells, "HEAD", size)
        if size is None:
            patch = mock.patch.object(delimited, "arrow_cells", return_value=None)
        with patch, tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.csv"
            path.write_text("".join(["c,d\n", *pieces]), encoding="utf-8", newline="")
            try:
                grid = read_delimited(path, Reading(delimiter=",", encoding="utf-8"), Place("r", "a.csv"))
                found.append((grid.columns, grid.rows, grid.rejected, grid.findings))
            except ReadError as error:
                found.append((str(error), error.findings))
    assert found[0] == found[1] == found[2]


def _only(text: str, codec: str) -> str:
    return text.encode(codec, "ignore").decode(codec)


@QUIET
@given(tables(WIDE), DIALECTS)
def test_any_unicode_reads_back_equal_from_utf8(rows: list[list[str]], dialect: tuple[str, str, int]) -> None:
    """Signs of all scripts, in cells with line breaks, quotes and delimiters."""
    if not rows:
        return
    table = _read(_csv(rows, *dialect).encode(), "a.csv", len(rows[0]), delimiter=dialect[0], encoding="utf-8")
    assert _rows(table) == rows


@QUIET
@given(tables(), DIALECTS)
def test_the_line_of_each_row_is_the_one_an_editor_shows(rows: list[list[str]], dialect: tuple[str, str, int]) -> None:
    """Counted in the text itself."""
    text = _csv(rows, *dialect)
    width = len(rows[0]) if rows else 1
    if not rows:
        return
    table = _read(text.encode(), "a.csv", width, delimiter=dialect[0])
    starts, line = [], 2
    for row in rows:
        starts.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    assert table.rows.to_pylist() == starts


@settings(max_examples=25, deadline=None)
@given(tables(st.text(st.sampled_from(LETTERS), max_size=12).map(str.strip)))
def test_a_table_written_as_a_workbook_reads_back_equal(rows: list[list[str]]) -> None:
    """Text cells stay text, codes with leading zeros too. Spaces at the ends are the writer's: XML may drop them."""
    if not rows:
        return
    book = openpyxl.Workbook()
    for number, row in enumerate([[f"c{position}" for position in range(len(rows[0]))], *rows], start=1):
        for position, cell in enumerate(row, start=1):
            if cell:
                target = book.active.cell(number, position, cell)
                target.data_type = "s"  # text, also when it looks like a number or a formula
    stream = io.BytesIO()
    book.save(stream)
    assert _rows(_read(stream.getvalue(), "a.xlsx", len(rows[0]))) == rows


@QUIET
@given(tables(WIDE))
def test_a_table_written_as_json_reads_back_equal(rows: list[list[str]]) -> None:
    """As an array and as lines."""
    if not rows:
        return
    records = [{f"c{position}": cell for position, cell in enumerate(row)} for row in rows]
    array = json.dumps(records, ensure_ascii=False).encode()
    assert _rows(_read(array, "a.json", len(rows[0]), encoding="utf-8")) == rows
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()
    assert _rows(_read(lines, "a.jsonl", len(rows[0]), encoding="utf-8")) == rows


@QUIET
@given(tables(WIDE))
def test_a_table_written_as_parquet_reads_back_equal(rows: list[list[str]]) -> None:
    """Cells are text."""
    if not rows:
        return
    sink = pa.BufferOutputStream()
    columns = {
        f"c{position}": pa.array([row[position] for row in rows], pa.string()) for position in range(len(rows[0]))
    }
    pq.write_table(pa.table(columns), sink)
    assert _rows(_read(sink.getvalue().to_pybytes(), "a.parquet", len(rows[0]))) == rows


@QUIET
@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**12), max_value=10**12))
def test_a_number_in_text_keeps_every_digit(number: object) -> None:
    """No detour over a binary number: CSV with a decimal comma, and JSON."""
    text = format(number, "f")  # type: ignore[str-bytes-safe]
    with_comma = f'c0;x\n"{text.replace(".", ",")}";1\n'.encode()
    reading = {"delimiter": ";", "ignore": "x", "fields": {"c0": {"decimal": ","}}}
    assert _rows(_read(with_comma, "a.csv", 1, **reading)) == [[text]]
    assert _rows(_read(f'[{{"c0": {text}}}]'.encode(), "a.json", 1)) == [[text]]
