"""An earlier release goes out once more only where the rules of today let it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipeline.conftest import READING
from tests.support.catalogue import CONTRACT, write_catalogue
from tests.support.runs import published_without_portal
from vidkryto.catalogue import load_dataset
from vidkryto.disclosure.exceptions import CLASS_CHANGE
from vidkryto.pipeline import new_job
from vidkryto.pipeline.exceptions import By, Covered, confirm, propose, revoke
from vidkryto.pipeline.going_back import closed_today, judge_again
from vidkryto.publish.restore import restored_release
from vidkryto.record import Ledger, SigningKey
from vidkryto.release import Release, Releases
from vidkryto.settings import Secret, Settings

EXPORT = """\
uid;label;lat;lon;opened
1;Вокзал;49,4201;26,9801;01.09.2020
2;Котельня № 7;49,4012;27,0011;02.09.2020
3;Парк;49,4300;26,9500;02.10.2021
"""
COLUMNS = CONTRACT["publication"]["columns"]
FIRST = By("data-office-1", "Відділ даних", "дату відкриття оприлюднюємо")
SECOND = By("legal-office-2", "Юридичний відділ", "заперечень немає, це не особа")


class Town:
    """A city without a portal whose contract changes from release to release."""

    def __init__(self, root: Path) -> None:
        self.contract = copy.deepcopy(CONTRACT)
        self.contract["resources"][0]["reading"] = READING
        self.folder = write_catalogue(root, self.contract)
        (self.folder / "exports/stops.csv").write_bytes(EXPORT.encode("cp1251"))
        home = root / "state"
        home.mkdir()
        SigningKey.generate("test/practice").save(home / "practice.key")
        Ledger.create(home, key=home / "practice.key")
        self.settings = Settings(root, home, "http://127.0.0.1:9", Secret("x"))
        self.releases = Releases(home / "releases" / "stops")

    def publish(self, **publication: Any) -> Release:
        """Publish under the contract changed so."""
        self.change(**publication)
        published_without_portal(new_job(load_dataset(self.folder), self.settings))
        found = self.releases.published()
        assert found is not None
        return found

    def change(self, **publication: Any) -> None:
        self.contract["publication"].update(publication)
        text = yaml.safe_dump(self.contract, allow_unicode=True, sort_keys=False)
        (self.folder / "dataset.yaml").write_text(text, encoding="utf-8")

    def judged(self, release: Release) -> list[tuple[str, str]]:
        found = judge_again(self.settings, load_dataset(self.folder), release)
        return [(one.code, one.place.field) for one in found]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "city")


@pytest.fixture
def deny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    folder = tmp_path / "lists"
    folder.mkdir()
    monkeypatch.setenv("VIDKRYTO_DENY_LISTS", str(folder))
    return lambda word: (
        (folder / "a.toml").write_text(f'[[rule]]\nrule = "T3"\nobject_type = ["{word}"]\n', encoding="utf-8") and None
    )


def test_a_release_of_the_same_rules_goes_back(town: Town) -> None:
    """Also one whose columns were hashed, masked or generalised as today, and whose rules lie in the archive."""
    wide = {"class": "quasi", "generalise": {"date": "year"}}
    first = town.publish(columns={**COLUMNS, "opened": wide}, disclosure={"k": 1})
    town.change(frequency="annual", disclosure={"k": 1})
    assert town.judged(first) == []
    town.change(disclosure={"k": 2})
    assert town.judged(first) == [("k-anonymity-low", "")]


def test_rows_closed_since_keep_a_release_in(town: Town, deny: Callable[[str], None]) -> None:
    """The rule is named, and the list of changes of a way back does not tell the row once more."""
    first = town.publish()
    deny("Котельня № 7")
    second = town.publish()
    assert second.tables[0].rows == 2
    assert town.judged(first) == [("release-rows-closed", "")]
    assert town.judged(second) == []

    deny("Парк")
    back = restored_release(town.releases, first.version, closed_today(town.settings, load_dataset(town.folder)))
    listed = (back.folder / "stops-changes.csv").read_text(encoding="utf-8")
    assert listed == "change,uid\nadded,2\n"


def test_a_column_closed_since_keeps_a_release_in_until_two_people_open_it(town: Town) -> None:
    """Today's class decides, or that of the last release; an exception of two counts, a revoked one does not."""
    first = town.publish()
    town.publish(columns={**COLUMNS, "opened": {"class": "sensitive"}})
    assert town.judged(first) == [("class-loosened", "opened")]
    town.change(columns=COLUMNS)  # the contract alone opens nothing
    assert town.judged(first) == [("class-loosened", "opened")]

    covered = Covered("stops", "opened", CLASS_CHANGE, date.today() + timedelta(days=30), cells=0)
    made = propose(town.settings, load_dataset(town.folder), covered, FIRST)
    assert ("class-loosened", "opened") in town.judged(first)
    confirm(town.settings, made.number, SECOND)
    assert town.judged(first) == [("contradiction-excepted", "opened")]
    revoke(town.settings, made.number, SECOND)
    assert town.judged(first) == [("class-loosened", "opened")]


@pytest.mark.parametrize(
    "stricter",
    [
        {"class": "quasi", "generalise": {"date": "year"}},
        {"class": "open", "delay": 10},
        {"class": "identifier", "action": "hash"},
    ],
)
def test_what_is_done_to_a_column_today_was_done_then(town: Town, stricter: dict[str, Any]) -> None:
    """A column that went out as it is does not come back where the contract changes it now."""
    first = town.publish()
    town.change(columns={**COLUMNS, "opened": stricter})
    assert town.judged(first) == [("class-loosened", "opened")]


def test_a_column_that_is_in_no_contract_any_more_does_not_come_back(town: Town) -> None:
    """Nobody decided that it may."""
    first = town.publish()
    resource = town.contract["resources"][0]
    resource["schema"]["fields"] = [one for one in resource["schema"]["fields"] if one["name"] != "opened"]
    resource["reading"] = {"fields": {name: READING["fields"][name] for name in ("lat", "lon")}, "ignore": ["opened"]}
    town.change(columns={name: one for name, one in COLUMNS.items() if name != "opened"})
    assert town.judged(first) == [("column-unclassed", "opened")]


def test_counts_hidden_by_another_rule_keep_a_release_in(town: Town) -> None:
    """A threshold that grew is no threshold of the release."""
    export = "uid;label;lat;lon;opened\n" + "".join(f"{n};район {n};;;\n" for n in range(20, 24))
    (town.folder / "exports/stops.csv").write_bytes(export.encode("cp1251"))
    cells = {"counts": "uid", "over": ["label"], "threshold": 10}
    del town.contract["resources"][0]["schema"]["primaryKey"]
    first = town.publish(disclosure={"cells": cells})
    assert town.judged(first) == []
    town.change(disclosure={"cells": {**cells, "threshold": 21}})
    assert town.judged(first) == [("release-counts-differ", "uid")]


def test_a_person_found_in_it_keeps_a_release_in(town: Town) -> None:
    """What a detector of today sees blocks, whatever let it pass then."""
    first = town.publish()
    text = first.tables[0].csv.path.read_text(encoding="utf-8").replace("Парк", "+380671234567")
    first.tables[0].csv.path.write_text(text, encoding="utf-8")
    assert ("class-contradicted", "label") in town.judged(first)
