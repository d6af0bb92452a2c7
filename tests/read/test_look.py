"""`look` sees where tables begin and end; what `new` writes from it reads the same file without a finding."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from vidkryto.archive import sha256_of
from vidkryto.catalogue.reading import Reading
from vidkryto.catalogue.spellings import MONTHS
from vidkryto.cli.app import app
from vidkryto.language import translated
from vidkryto.pull import Snapshot
from vidkryto.read import Table, read
from vidkryto.read.draft import as_yaml, draft
from vidkryto.read.look import TableLook, look
from vidkryto.read.transliterate import machine_names, transliterated

FILES = {
    "education/schools.csv": (2, 14866, 14175),
    "statistics/ІСЦ 2015-2016.xls": (8, 139, 132),
    "statistics/ІСЦ 2017-2021.csv": (2, 133, 7656),
    "greenery/kropyvnytskyi_vysadzennja.xlsx": (3, 16, 14),
    "greenery/drohobych_removed_05_2021.csv": (2, 87, 86),
    "administration/Хмельницький.xlsx": (2, 18, 17),
    "administration/PEC_protocols_votes_21.04.2019.xlsx": (3, 29983, 29981),
    "foreign/Ek_atte.xls": (3, 5268, 5266),
    "finance/kyiv_region_budgets_2022_2024.xlsx": (2, 70, 199),
    "transport/ports_transship_2015.csv": (2, 3329, 3328),
    "territory/fiz-geo-khmelnytska.csv": (2, 322, 314),
    "territory/rename_settlements_01-07-2017.csv": (2, 1596, 1595),
    "health/payments_to_hospitals.json": (1, 1105, 1105),
    "health/covid_by_raion_MAP.csv": (2, 613, 612),
}


@pytest.fixture(scope="session")
def exports() -> Path:
    """The folder of real exports beside the repository."""
    folder = Path(__file__).parents[3] / "shared" / "exports"
    if not folder.is_dir():
        pytest.skip("left out: the real exports (../shared/exports) are not on this machine")
    return folder


def _only(path: Path) -> TableLook:
    (table,) = look(path).tables
    return table


@pytest.mark.parametrize("file", FILES)
def test_a_first_contract_reads_its_own_export_without_a_finding(file: str, exports: Path) -> None:
    """Where the data begins and ends is seen right, and the drafted contract reads every data row."""
    first, last, rows = FILES[file]
    path = exports / file
    seen = look(path)
    tables = [table for table in seen.tables if table.columns]
    assert (tables[0].first, tables[0].last) == (first, last)
    contract = yaml.safe_load(as_yaml(draft(seen, "a-dataset", tables[0])))
    (resource,) = contract["resources"]
    snapshot = Snapshot("r", path.name, path, sha256_of(path), path.stat().st_size, datetime.now(UTC), "test")
    table = read([snapshot], Reading.model_validate(resource["reading"]), resource["schema"], resource="r")
    assert table.columns.num_rows == rows
    assert [finding.code for finding in table.findings if finding.code != "columns-empty"] == []


PEOPLE = """Майданчик;Відповідальна особа;Телефон;Місць
Центральний;Іваненко Петро Сидорович;067-123-45-67;45
Ринок;Коваль Олена Петрівна;(067) 234-56-78;120
Вокзал;Мельник Ольга Василівна;+380671112233;80
"""


@pytest.mark.parametrize("language", ["uk", "en"])
def test_columns_that_speak_of_people_are_told_and_stay_inside(tmp_path: Path, language: str) -> None:
    """The first look warns, the draft gives them the cautious class and no other column any."""
    file = tmp_path / "parking.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    seen = CliRunner().invoke(app, ["--lang", language, "look", str(file)], env={"COLUMNS": "200"})
    assert seen.exit_code == 0, seen.stderr
    assert {"uk": "ім’я особи: 3", "en": "name of a person: 3"}[language] in seen.stdout
    folder = tmp_path / "parking-lots"
    written = CliRunner().invoke(app, ["--lang", language, "new", str(file), "--to", str(folder)])
    assert written.exit_code == 0, written.stderr
    assert "vidpovidalna_osoba, telefon" in written.stderr
    contract = yaml.safe_load((folder / "dataset.yaml").read_text(encoding="utf-8"))
    assert contract["publication"]["columns"] == {"vidpovidalna_osoba": "identifier", "telefon": "identifier"}


def test_what_look_says_for_programs_holds_no_cell(tmp_path: Path) -> None:
    """The JSON tells kinds and counts."""
    file = tmp_path / "parking.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    (table,) = json.loads(CliRunner().invoke(app, ["look", str(file), "--json"]).stdout)["tables"]
    assert {column["name"]: column["people"] for column in table["columns"]} == {
        "maidanchyk": {},
        "vidpovidalna_osoba": {"name": 3},
        "telefon": {"phone": 3},
        "mists": {},
    }
    assert "cells" not in table


@pytest.mark.parametrize(
    "file", ["administration/Хмельницький.xlsx", "statistics/ІСЦ 2015-2016.xls", "education/schools.csv"]
)
def test_every_word_of_a_look_is_spoken_in_ukrainian(file: str, exports: Path) -> None:
    """No reason and no problem is left in English."""
    for table in look(exports / file).tables:
        for words in [*table.reasons, *(problem for column in table.columns for problem in column.problems)]:
            assert not re.search(r"[a-z]{3,}", translated(words, "uk").replace("`melt`", "")), words


def test_the_types_of_columns_are_seen(reader: Callable[..., Table], tmp_path: Path) -> None:
    """Codes stay text whatever they look like; dates, numbers and years are told with the repair they need."""
    assert reader
    file = tmp_path / "a.csv"
    lines = ["код ЄДРПОУ;дата;сума;рік;кількість;назва"]
    lines += [
        f"{4360623 + number};{number % 28 + 1:02d}.05.2024;{number},5;2024;{number};Ринок {number}"
        for number in range(1, 31)
    ]
    file.write_bytes("\n".join(lines).encode("cp1251"))
    columns = {column.label: column for column in _only(file).columns}
    assert [column.type for column in columns.values()] == ["string", "date", "number", "year", "integer", "string"]
    assert columns["дата"].reading == {"dates": ["дд.мм.рррр"]}
    assert columns["сума"].reading == {"decimal": ","}


def test_the_evidence_for_the_encoding_is_told(exports: Path) -> None:
    """How much likelier the best reading is than the second."""
    seen = look(exports / "education" / "schools.csv")
    assert seen.encoding == "windows-1251"
    assert re.fullmatch(r"letters; [0-9]{5} points ahead of mac-cyrillic, 14 are enough", seen.evidence)


def test_what_a_person_would_see_at_once_is_told(exports: Path, tmp_path: Path) -> None:
    """Years that a dragged cell counted up, a header that is a person, the last line where cells have several."""
    columns = {column.label: column for column in _only(exports / "transport" / "ports_transship_2014.csv").columns}
    assert [words for words in columns["Рік"].problems if words.startswith("years after")]
    (table,) = look(exports / "education" / "schools.csv").tables
    assert table.last == table.rows == 14866
    assert sum(column.filled for column in table.columns if column.label == "region") == 14175
    file = tmp_path / "votes.csv"
    rows = "".join(f"{number},{number * 3}\n" for number in range(30))
    file.write_text(f"дільниця,Коваленко Марія Іванівна\n{rows}", encoding="utf-8")
    run = CliRunner().invoke(app, ["--lang", "uk", "look", str(file)], env={"COLUMNS": "240"})
    assert "про людей? ім’я особи у заголовку" in run.output


def test_headers_get_machine_names_by_the_official_transliteration() -> None:
    """Examples of Resolution 55: Згорани, Єнакієве, Їжакевич, Короп'є."""
    words = {"Згорани": "zghorany", "Єнакієве": "yenakiieve", "Їжакевич": "yizhakevych", "Короп'є": "koropie",
             "Щербухи": "shcherbukhy", "Юрій": "yurii", "Ґалаґан": "galagan", "Русь": "rus"}  # fmt: skip
    assert {word: transliterated(word) for word in words} == words
    assert machine_names(["Назва зупинки", "Назва зупинки", "2024", "№ з/п", "isPartOf", "—"]) == [
        "nazva_zupynky", "nazva_zupynky_2", "c_2024", "nomer_z_p", "isPartOf", "column_6",
    ]  # fmt: skip


@pytest.mark.parametrize("form", range(3), ids=["nominative", "genitive", "locative"])
def test_all_twelve_months_are_seen_as_columns_of_a_wide_table(tmp_path: Path, form: int) -> None:
    """In every form that a file's name may have, not only as they are called."""
    months = [[word for word, its in MONTHS.items() if its == number][form] for number in range(1, 13)]
    file = tmp_path / "a.csv"
    file.write_text(f"Послуга,{','.join(months)}\n" + "Вода" + ",1" * 12 + "\nТепло" + ",2" * 12 + "\n", "utf-8")
    reasons = [reason for reason in _only(file).reasons if "named for periods" in reason]
    assert len(reasons) == 1
    assert reasons[0].startswith(f"12 columns are named for periods, from «{months[0]}» to «{months[-1]}»")
