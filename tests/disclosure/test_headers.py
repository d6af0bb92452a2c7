"""Canaries that only the name of their column betrays: wherever the word stands, they do not leave."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalogue import CONTRACT, make_dataset
from vidkryto.disclosure import scan_release
from vidkryto.pipeline import new_job, stages
from vidkryto.pipeline.job import Job, Tables
from vidkryto.settings import Settings

CANARIES = {
    "birth_date": ("Дата народження", "Date of birth", ("1954-02-20", "1987-11-03", "1999-07-15", "1961-04-30")),
    "id_card": ("Паспорт (ID-картка)", "ID card", ("004817236", "009152847", "001738465", "006281934")),
    "name": ("Прізвище", "Surname", ("Скорик", "Мовчан", "Лис", "Кіт")),
    "home_address": ("Адреса реєстрації особи", "Home address", ("Соборна 4", "Зелена 17", "Гірська 9", "Нова 31")),
}
"""Title, English title, values that say nothing by themselves."""
PLACES = ("title", "english title", "declared header", "header under a number", "second file")


def city(root: Path, place: str, kind: str, **field: Any) -> Job:
    """A dataset whose third column is declared open; its word stands in one place only."""
    title, english, values = CANARIES[kind]
    contract = copy.deepcopy(CONTRACT)
    told: dict[str, Any] = {"title": title} if place == "title" else {"title": "Третя"}
    if place == "english title":
        told["translations"] = {"en": {"title": english}}
    resource = contract["resources"][0]
    resource["schema"] = {
        "fields": [
            {"name": "uid", "type": "integer", "title": "Код"},
            {"name": "label", "type": "string", "title": "Назва"},
            {"name": "x1", "type": "string", **told, **field},
        ],
        "primaryKey": ["uid"],
        "missingValues": [""],
    }
    header = {"title": title, "english title": "Третя", "second file": "x1"}.get(place, title)
    resource["source"] = {"folder": "exports", "pattern": "*.csv", "pick": "all"}
    mapped = {"#3": "x1"} if place == "header under a number" else {title: "x1"} if "declared" in place else None
    if mapped:
        resource["reading"] = {"columns": {"Код": "uid", "Назва": "label", **mapped}}
    if place == "second file":
        resource["reading"] = {"columns": {"Код": "uid", "Назва": "label", "x1": "x1", title: "x1"}}
    contract["publication"]["columns"] = {"uid": "open", "label": "open", "x1": "open"}
    dataset = make_dataset(root, contract)
    half = len(values) // 2 if place == "second file" else len(values)
    write(dataset.folder / "exports" / "a.csv", header, values[:half], 1)
    if half < len(values):
        write(dataset.folder / "exports" / "b.csv", title, values[half:], 1 + half)
    return new_job(dataset, Settings(root=root, home=root / "state"))


def write(file: Path, header: str, values: Sequence[str], first: int) -> None:
    rows = [f"{number};Місце {number};{value}" for number, value in enumerate(values, start=first)]
    file.write_text("\n".join([f"Код;Назва;{header}", *rows, ""]), encoding="utf-8")


def guarded(job: Job) -> Tables:
    exports = stages.pull_exports(job)
    tables = stages.validate_tables(job, stages.read_exports(job, exports))
    return stages.guard_disclosure(job, tables, exports.newest.date())


@pytest.mark.parametrize("kind", sorted(CANARIES))
@pytest.mark.parametrize("place", PLACES)
def test_a_column_whose_name_announces_people_is_not_let_out_as_open(tmp_path: Path, place: str, kind: str) -> None:
    """The gate stops it, whether the word is a title in either language, a declared header or one in the file."""
    job = city(tmp_path, place, kind)
    tables = guarded(job)
    told = [f for f in tables.findings if f.code == "class-contradicted" and f.place.field == "x1"]
    # a field may be named by two words, such as «Паспорт (ID-картка)»
    assert kind in {finding.details["kind"] for finding in told}, [finding.code for finding in tables.findings]
    assert tables.ready == {}


@pytest.mark.parametrize("kind", sorted(CANARIES))
@pytest.mark.parametrize("place", PLACES)
def test_the_last_look_knows_the_words_too(tmp_path: Path, place: str, kind: str) -> None:
    """A finished file bears field names alone; what its columns are called in the contract and the export counts."""
    job = city(tmp_path, place, kind)
    text = stages.read_exports(job, stages.pull_exports(job)).texts["stops"]
    (tmp_path / "stops.csv").write_text("\n".join(["x1", *text.columns["x1"].to_pylist(), ""]), encoding="utf-8")
    words = {"stops": stages.words_of(job, "stops", text.labels)}
    found = scan_release(tmp_path, ["stops.csv"], resources={"stops.csv": "stops"}, words=words)
    assert kind in {finding.details["kind"] for finding in found if finding.code == "file-personal"}


@pytest.mark.parametrize("place", PLACES)
def test_a_finding_of_such_a_column_quotes_no_value(tmp_path: Path, place: str) -> None:
    """Validation comes before the gate: an invalid cell under such a header is told without its value."""
    job = city(tmp_path, place, "birth_date", constraints={"pattern": "^2.*$"})
    findings = guarded(job).findings
    assert any(finding.code == "constraint-error" for finding in findings), [f.code for f in findings]
    told = "\n".join(finding.message(language) + repr(finding) for finding in findings for language in ("uk", "en"))
    assert [value for value in CANARIES["birth_date"][2] if value in told] == []
