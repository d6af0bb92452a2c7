"""A person wherever an export can hold one: whatever becomes of the run, no file of ours tells who it is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment

from tests.pipeline.conftest import City
from tests.support.catalogue import CONTRACT
from vidkryto.catalogue import load_dataset
from vidkryto.pipeline.describe import describe
from vidkryto.report import build_site

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
    """Every file of ours: not the exports, nor the archive that keeps them as they came."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and "exports" not in path.parts and "objects" not in path.parts:
            yield path


@pytest.mark.parametrize(
    ("name", "places", "outcome"),
    [
        ("names", ("sheet", "header", "extra column", "comment", "author", "formula"), "Published"),
        ("cells", ("file", "open cell", "number cell", "date cell", "key"), "Withheld"),
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
    """Records, ledger, releases, both editions of the report, logs and output."""
    caplog.set_level("DEBUG")
    city = make_city(f"people-{name}", _contract())
    file = f"зупинки {PEOPLE['file']}.xlsx" if "file" in places else "зупинки.xlsx"
    (city.folder / "exports" / file).write_bytes(_export(places))
    assert city.run().outcome == outcome
    for edition in ("internal", "public"):
        build_site(city.settings.home, [describe(load_dataset(city.folder))], edition=edition)
    printed = capfd.readouterr()
    told = {place: PEOPLE[place] for place in places}
    assert [place for place, text in told.items() if text in caplog.text + printed.out + printed.err] == []
    written = list(_written(city.root))
    assert {"run.json", "entries.jsonl", "index.html"} <= {path.name for path in written}
    for path in written:
        content = str(path).encode() + path.read_bytes()
        assert [place for place, text in told.items() if text.encode() in content] == [], path
