"""A person wherever an export can hold one: whatever becomes of the run, no file of ours tells who it is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as parquet
import pytest
from openpyxl.comments import Comment

from tests.pipeline.conftest import City
from tests.support.catalogue import CONTRACT
from vidkryto.alerts.causes import causes
from vidkryto.alerts.message import compose
from vidkryto.catalogue import load_dataset
from vidkryto.errors import StateError
from vidkryto.pipeline import new_job
from vidkryto.pipeline.data_docs import build_data_docs
from vidkryto.pipeline.describe import describe
from vidkryto.record.run import RunRecord
from vidkryto.report import build_site
from vidkryto.report.evidence import export_evidence
from vidkryto.report.summary import markdown_summary

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
PEOPLE = {
    "file": "0671112201",
    "sheet": "Коваленко Марія Іванівна",
    "second sheet": "Бондаренко Петро Іванович",
    "header": "Ткаченко Олена Петрівна",
    "open cell": "3184710691",
    "number cell": "0671112202",
    "date cell": "Шевчук Іван Петрович",
    "extra column": "Мельник Ольга Ігорівна",
    "key": "Кравчук Андрій Юрійович",
    "comment": "Савчук Юрій Олегович",
    "author": "Поліщук Ірина Сергіївна",
    "formula": "Олійник Наталія Павлівна",
}

SUITE = """\
expectations:
  - type: expect_column_values_to_match_regex
    kwargs: {column: label, regex: "^[А-Я]"}
    notes: {uk: Назва починається з великої літери., en: A name begins with a capital letter.}
  - type: expect_column_unique_value_count_to_be_between
    kwargs: {column: label, min_value: 1}
    notes: {uk: Назви є., en: There are names.}
"""


def _export(places: tuple[str, ...]) -> bytes:
    """Stops with a person in each of these places."""
    who = {place: PEOPLE[place] if place in places else "" for place in PEOPLE}
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = who["sheet"] or "Зупинки"
    more = [text for text in (who["header"], who["extra column"] and "Інше") if text]
    sheet.append(["uid", "label", "lat", "lon", "opened", *more])
    sheet.append([1, "Ринок", 49.4201, 26.9801, "2020-09-01", *[who["extra column"] or "x" for _ in more]])
    sheet.append(
        [2, who["open cell"] or "Вокзал", who["number cell"] or 49.4, 27.0011, who["date cell"] or "2021-03-15"]
    )
    sheet.append([who["key"] or 3, f"Парк{who['formula'] and ' '}", 49.43, 26.95, "2021-03-15"])
    if who["formula"]:
        sheet["B4"] = f'=HYPERLINK("x","{who["formula"]}")'
    if who["second sheet"]:
        book.create_sheet(who["second sheet"]).append(["a", "b"])
    if who["comment"]:
        sheet["A1"].comment = Comment(who["comment"], "x")
    if who["author"]:
        book.properties.creator = who["author"]
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _contract() -> dict[str, Any]:
    contract: dict[str, Any] = deepcopy(CONTRACT)
    contract["resources"][0]["source"]["pattern"] = "*.xlsx"
    return contract


def _written(root: Path) -> Iterator[Path]:
    """Every file of ours: not the exports, nor the archives that keep them as they came."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and "exports" not in path.parts and "objects" not in path.parts:
            yield path


def _told_in(path: Path) -> Iterator[bytes]:
    """The name and the content of a file; of packed ones also what is inside."""
    content = path.read_bytes()
    yield str(path).encode() + content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            yield from (member.encode() + packed.read(member) for member in packed.namelist())
    if content[:4] == b"PAR1":
        table = parquet.read_table(path)
        yield repr((table.schema.metadata, table.to_pydict())).encode()


def _words_to_people(city: City, record: RunRecord, folder: Path) -> None:
    """What goes to officers, auditors and Prefect's pages about the run, in both languages, as files in `folder`."""
    folder.mkdir()
    found = causes(city.settings)
    for language in ("uk", "en"):
        message = compose("all", found, found, language, "Місто")
        told = message.subject + message.text() + markdown_summary(record, language)
        (folder / f"message.{language}").write_text(told, encoding="utf-8")
    export_evidence(city.settings.home, record.dataset, folder / "evidence")
    with suppress(StateError):  # a table with errors has none
        build_data_docs(new_job(load_dataset(city.folder), city.settings), folder / "docs", "uk")


@pytest.mark.parametrize(
    ("name", "places", "outcome"),
    [
        ("names", ("header", "extra column", "comment", "author", "formula"), "Published"),
        ("cells", ("file", "sheet", "open cell", "number cell", "date cell", "key"), "Withheld"),
        ("sheets", ("second sheet",), "Withheld"),
    ],
)
def test_no_file_of_ours_tells_who_stands_in_an_export(
    name: str,
    places: tuple[str, ...],
    outcome: str,
    make_city: Callable[..., City],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Records, ledger, releases, both editions of the report, alerts, evidence, Data Docs, logs and output."""
    caplog.set_level("DEBUG")
    city = make_city(f"people-{name}", _contract())
    file = f"зупинки {PEOPLE['file']}.xlsx" if "file" in places else "зупинки.xlsx"
    (city.folder / "exports" / file).write_bytes(_export(places))
    (city.folder / "expectations.yaml").write_text(SUITE, encoding="utf-8")
    record = city.run()
    assert record.outcome == outcome, record.reason
    _words_to_people(city, record, city.root / "words")
    for edition in ("internal", "public"):
        build_site(city.settings.home, [describe(load_dataset(city.folder))], edition=edition)
    printed = capfd.readouterr()
    told = {place: PEOPLE[place] for place in places}
    assert [place for place, text in told.items() if text in caplog.text + printed.out + printed.err] == []
    written = list(_written(city.root))
    assert {"run.json", "entries.jsonl", "index.html", "message.uk", "verifier.py"} <= {path.name for path in written}
    assert (city.root / "words" / "docs").is_dir() == (outcome == "Published")
    for path in written:
        for content in _told_in(path):
            assert [place for place, text in told.items() if text.encode() in content] == [], path
