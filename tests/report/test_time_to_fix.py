"""From the page alone to the cell: ten defects sown into two real exports, each found by its place."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support.catalogue import CONTRACT, make_dataset
from vidkryto.pipeline import new_job, publish_dataset
from vidkryto.pipeline.describe import describe
from vidkryto.record import Ledger, SigningKey
from vidkryto.report import build_site
from vidkryto.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

EXPORTS = Path(__file__).parents[3] / "shared" / "exports" / "greenery"
SHEET = "vysadzennjaZelenyhNasadzen"
WORKBOOK, TEXT = "kropyvnytskyi_vysadzennja.xlsx", "drohobych_planted_05_2021.csv"


@dataclass(frozen=True)
class Defect:
    """A cell that was changed: where it is in the officer's own file, and what it says now."""

    file: str
    row: int
    column: str
    value: str


DEFECTS = (
    Defect(WORKBOOK, 20, "latitude", "48,5o48"),
    Defect(WORKBOOK, 25, "datePlanted", "31.02.2018"),
    Defect(WORKBOOK, 30, "itemQuantityPlan", "дві"),
    Defect(WORKBOOK, 35, "longitude", "132.2225"),
    Defect(WORKBOOK, 40, "addressLocality", "Кропивницкий"),
    Defect(WORKBOOK, 45, "identifier", "2018/43"),
    Defect(TEXT, 12, "latitude", "49.35.4"),
    Defect(TEXT, 33, "itemQuantityFact", "-1"),
    Defect(TEXT, 57, "reportDate", "20211"),
    Defect(TEXT, 80, "addressLocality", "Дрогобіч"),
)


def contract() -> dict[str, Any]:
    """One dataset of both exports, with the rules that the defects break."""
    geo = {"latitude": (48, 50), "longitude": (23, 33)}
    numbers = [
        {"name": name, "type": "number", "constraints": {"minimum": low, "maximum": high}}
        for name, (low, high) in geo.items()
    ]
    planted = [
        {"name": "identifier", "type": "string", "constraints": {"pattern": "[0-9]{4}-[0-9]+"}},
        {"name": "addressLocality", "type": "string", "constraints": {"enum": ["Кропивницький"]}},
        *numbers,
        {"name": "itemSpecies", "type": "string"},
        {"name": "itemQuantityPlan", "type": "integer"},
        {"name": "datePlanted", "type": "date"},
    ]
    drohobych = [
        {"name": "actIdentifier", "type": "string"},
        {"name": "addressLocality", "type": "string", "constraints": {"enum": ["Дрогобич"]}},
        *numbers,
        {"name": "itemQuantityFact", "type": "integer", "constraints": {"minimum": 0}},
        {"name": "reportDate", "type": "year"},
    ]
    tables = {
        "planted": (planted, WORKBOOK, {"sheet": SHEET, "notes": {"rows": [2]}, "nulls": ["null", "NA"]}),
        "drohobych": (drohobych, TEXT, {"nulls": ["-"]}),
    }
    resources = [
        {
            "name": name,
            "path": f"{name}.csv",
            "title": name,
            "schema": {"fields": fields, "missingValues": [""]},
            "source": {"folder": "exports", "pattern": pattern, "settle": 0},
            "reading": {**reading, "columns": {item["name"]: item["name"] for item in fields}, "ignore": ["/./"]},
        }
        for name, (fields, pattern, reading) in tables.items()
    ]
    columns = {f"{name}.{field['name']}": "open" for name, (fields, _, _) in tables.items() for field in fields}
    publication = {**CONTRACT["publication"], "columns": columns}
    return {**CONTRACT, "name": "trees", "resources": resources, "publication": publication}


def sow(folder: Path) -> None:
    """Copy the two real exports into `folder` with the defects in them."""
    workbook = openpyxl.load_workbook(EXPORTS / WORKBOOK)
    heads = [cell.value for cell in workbook[SHEET][1]]
    lines = list(csv.reader(io.StringIO((EXPORTS / TEXT).read_text(encoding="utf-8-sig"))))
    for defect in DEFECTS:
        if defect.file == WORKBOOK:
            workbook[SHEET].cell(defect.row, heads.index(defect.column) + 1, defect.value)
        else:
            lines[defect.row - 1][lines[0].index(defect.column)] = defect.value
    workbook.save(folder / WORKBOOK)
    with (folder / TEXT).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(lines)


class Tasks(HTMLParser):
    """Reads the tasks of a page as a person does: the terms and what stands beside them, and the remedy."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[dict[str, str]] = []
        self._into = self._term = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = (dict(attrs).get("class") or "").split()
        if tag == "article" and "task" in names:
            self.tasks.append({})
        elif tag in ("dt", "dd") and self.tasks:
            self._into, self._term = tag, "" if tag == "dt" else self._term
        elif tag == "p" and "remedy" in names:
            self._into, self._term = "dd", "remedy"

    def handle_endtag(self, tag: str) -> None:
        if tag in ("dt", "dd", "p"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into == "dt":
            self._term += data
        elif self._into == "dd" and self.tasks:
            told = self.tasks[-1]
            told[self._term.strip()] = f"{told.get(self._term.strip(), '')} {data}".strip()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report after a run over the spoilt exports; the portal was never asked."""
    if not EXPORTS.is_dir():
        pytest.skip("left out: the real exports (../shared/exports) are not on this machine")
    root = tmp_path_factory.mktemp("city")
    home = root / "home"
    SigningKey.generate("vidkryto-test/time-to-fix").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    dataset = make_dataset(root, contract())
    sow(dataset.folder / "exports")
    record = publish_dataset(new_job(dataset, Settings(root=root, home=home)))
    assert record.outcome == "Withheld"
    return build_site(home, [describe(dataset)])


TERMS = {
    "": ("Файл", "Рядки у вашому файлі", "Стовпець", "Знайдено", "Як виправити:"),
    "en": ("File", "Rows in your file", "Column", "Found", "How to fix:"),
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: f"{defect.file[:5]}-{defect.row}-{defect.column}")
@pytest.mark.parametrize("language", ["", "en"], ids=["uk", "en"])
def test_a_defect_is_found_from_the_page_alone(pages: Path, defect: Defect, language: str) -> None:
    """One task names file, sheet, row, column and value of the cell, and says how to mend it."""
    page = Tasks()
    page.feed((pages / language / "datasets" / "trees" / "index.html").read_text(encoding="utf-8"))
    file, rows, column, found, remedy = TERMS[language]
    (task,) = [
        task
        for task in page.tasks
        if task.get(file, "").startswith(defect.file)
        and task.get(column, "-").split()[0] == defect.column
        and str(defect.row) in task.get(rows, "").split()
        and defect.value in task.get(found, "")
    ]
    assert (SHEET in task[file]) == (defect.file == WORKBOOK)
    assert len(task["remedy"].removeprefix(remedy).split()) >= 4
