"""Two hundred invented personal values are planted across real exports; none may be found in anything written."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest
from openpyxl.comments import Comment

from tests.disclosure.canaries import KINDS, PLACES, Canary, plant, rnokpp
from tests.disclosure.tables import all_tables, need_exports
from vidkryto.catalogue.classes import ColumnClass
from vidkryto.disclosure import detect_protected, disclose, scan_release
from vidkryto.disclosure.outcome import Disclosure

TODAY = date(2026, 11, 23)
NOTES = ("Відсутнє гаряче водопостачання в будинку", "Не працює ліхтар біля школи", "Яма на дорозі", "Дякую за роботу")


@dataclass(frozen=True)
class Scene:
    """A real table with one planted value, as the gate gets it."""

    columns: pa.Table
    classes: dict[str, ColumnClass]
    file: str
    sheet: str = ""


def hosts(rows: int) -> list[tuple[str, pa.Table, list[str]]]:
    """Real tables, up to so many rows, with columns of words in which the detectors see nothing but what is planted."""
    found = []
    for name, whole in all_tables():
        table = whole.slice(0, rows)
        if name.startswith("reference_835") or table.num_rows < 20 or detect_protected(table):
            continue
        words = [
            column
            for column in table.column_names
            if sum(any(letter.isalpha() for letter in text) for text in table.column(column).to_pylist()[:200])
            >= 0.95 * min(200, table.num_rows)
        ]
        if words:
            found.append((name, table, words))
    return found


def classed(table: pa.Table, **other: object) -> dict[str, ColumnClass]:
    """Every column open, but coordinates geo, unless said otherwise."""
    classes = {}
    for name in table.column_names:
        geo = name.casefold() in ("lat", "lon", "latitude", "longitude", "geometry", "широта", "довгота")
        classes[name] = ColumnClass.model_validate(other.get(name, "geo" if geo else "open"))
    return classes


def planted(canary: Canary, host: tuple[str, pa.Table, list[str]], rng: random.Random) -> Scene:
    """The scene of a canary: its value in a cell, a text, a header, a sheet's or a file's name."""
    name, table, words = host
    table = table.slice(0, 1000)
    column = rng.choice(words)
    if canary.place == "cell":
        return Scene(with_cell(table, column, canary.text, rng), classed(table), name)
    if canary.place in ("masked text", "free text"):
        notes = [rng.choice(NOTES) for _ in range(table.num_rows)]
        notes[rng.randrange(len(notes))] = f"{rng.choice(NOTES)}. {canary.text}, прошу відповісти"
        noted = table.append_column("note", pa.array(notes))
        action = "mask" if canary.place == "masked text" else "block"
        return Scene(noted, classed(noted, note={"class": "free_text", "action": action}), name)
    if canary.place == "header":
        renamed = table.rename_columns([canary.text if one == column else one for one in table.column_names])
        return Scene(renamed, classed(renamed), name)
    if canary.place == "sheet name":
        return Scene(table, classed(table), name, sheet=canary.text)
    return Scene(table, classed(table), f"звернення {canary.text}.xlsx")


def with_cell(table: pa.Table, column: str, text: str, rng: random.Random) -> pa.Table:
    cells = table.column(column).to_pylist()
    cells[rng.randrange(len(cells))] = text
    return table.set_column(table.column_names.index(column), column, pa.array(cells))


def through_the_gate(scene: Scene) -> Disclosure:
    return disclose(
        scene.columns,
        pa.array(range(2, scene.columns.num_rows + 2), pa.int64()),
        classes=scene.classes,
        schema={"fields": [{"name": name, "type": "string"} for name in scene.columns.column_names]},
        resource="table",
        file=scene.file,
        sheet=scene.sheet,
        today=TODAY,
    )


def everything_written(outcome: Disclosure, folder: Path) -> str:
    """All that leaves: findings in both languages, repr, evidence, and the files of a release."""
    told = [repr(outcome), json.dumps(outcome.evidence, ensure_ascii=False)]
    told += [finding.message(language) + repr(finding) for finding in outcome.findings for language in ("uk", "en")]
    if outcome.columns.num_columns:
        arrow_csv.write_csv(outcome.columns, folder / "table.csv")
        told.append((folder / "table.csv").read_text(encoding="utf-8"))
    return "\n".join(told).casefold()


def workbook_of(canary: Canary, host: tuple[str, pa.Table, list[str]], path: Path) -> None:
    """A finished workbook in which somebody left the value beside the cells."""
    book = openpyxl.Workbook()
    for row in [host[1].column_names, *zip(*(host[1].slice(0, 20).to_pydict().values()), strict=True)]:
        book.active.append([str(cell)[:200] for cell in row])
    if canary.place == "comment":
        book.active["A1"].comment = Comment(canary.text, "")
    else:
        book.properties.description = canary.text
    book.save(path)


def caught_by(canary: Canary, hosts_of: list[tuple[str, pa.Table, list[str]]], rng: random.Random, folder: Path) -> str:
    """What stopped the canary; `LEAKED` when it is found in anything written."""
    host = rng.choice(hosts_of)
    if canary.place in ("comment", "metadata"):
        workbook_of(canary, host, folder / "table.xlsx")
        found = scan_release(folder, ["table.xlsx"], today=TODAY)
        told = "\n".join(finding.message() + repr(finding) for finding in found).casefold()
        codes = {finding.code for finding in found}
        caught = (
            "file-personal" if "file-personal" in codes else ("file-hidden" if "file-hidden" in codes else "LEAKED")
        )
        return "LEAKED" if canary.core.casefold() in told else caught
    outcome = through_the_gate(planted(canary, host, rng))
    written = everything_written(outcome, folder)
    if canary.core.casefold() in written:
        return "LEAKED"
    errors = [finding for finding in outcome.findings if finding.severity == "error"]
    if canary.place == "masked text" and not errors:
        return "free-text-masked"
    return errors[0].code if errors else "LEAKED"


@pytest.fixture(scope="module", params=[500, pytest.param(10**9, marks=pytest.mark.slow)])
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Counter[tuple[str, str, str]]:
    """Kind, place and catcher of each of the 200, counted: in the first rows of the real tables, and in whole ones."""
    need_exports()
    rng, table, hosts_of = random.Random(2026), Counter[tuple[str, str, str]](), hosts(request.param)
    for number, canary in enumerate(plant()):
        folder = tmp_path_factory.mktemp(f"canary{number}")
        table[canary.kind, canary.place, caught_by(canary, hosts_of, rng, folder)] += 1
    return table


def test_two_hundred_canaries_reach_no_output(results: Counter[tuple[str, str, str]]) -> None:
    """Not one of the planted values may be found in a file, a finding, a repr or the evidence."""
    print_table(results)
    assert sum(results.values()) == 200
    assert {key: count for key, count in results.items() if key[2] == "LEAKED"} == {}


def test_every_kind_is_planted_in_every_place(results: Counter[tuple[str, str, str]]) -> None:
    """The table has no hole: twelve kinds by eight places."""
    assert {(kind, place) for kind, place, _ in results} == {(kind, place) for kind in KINDS for place in PLACES}


def print_table(results: Counter[tuple[str, str, str]]) -> None:
    """Kind × place × caught by, as the documentation shows it."""
    codes = sorted({code for _, _, code in results})
    print("\n| kind | place | " + " | ".join(codes) + " |")
    for kind in KINDS:
        for place in PLACES:
            counts = [str(results.get((kind, place, code), 0) or "") for code in codes]
            print(f"| {kind} | {place} | " + " | ".join(counts) + " |")


def test_a_tax_number_among_amounts_of_its_size_is_the_known_gap() -> None:
    """A number among numbers of equal size cannot be told apart; above all others it is. Both are measured here."""
    need_exports()
    rng = random.Random(7)
    amounts = [str(rng.randrange(10**5, 10**10)) for _ in range(2000)]
    counts = [str(rng.randrange(1, 90_000)) for _ in range(2000)]
    number = rnokpp(rng, 0)[0]
    for column, seen in ((amounts, False), (counts, True)):
        table = pa.table({"amount": [*column, number]})
        assert bool(detect_protected(table)) is seen


def test_a_comment_in_an_export_is_not_even_read() -> None:
    """Comments and properties of an export are no cells: reading leaves them behind."""
    book = openpyxl.Workbook()
    book.active.append(["label"])
    book.active["A1"].comment = Comment("тел. 067 123 45 67", "")
    stream = io.BytesIO()
    book.save(stream)
    assert any("comments" in name for name in zipfile.ZipFile(stream).namelist())
