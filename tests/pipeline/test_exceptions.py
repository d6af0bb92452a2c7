"""Exceptions of two people, the whole way: proposed, confirmed, published, shown, expired, revoked."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tests.pipeline.conftest import City
from tests.pipeline.test_pipeline import ask, contract, live_rows
from vidkryto.catalogue import load_dataset
from vidkryto.cli.app import app
from vidkryto.errors import SettingsError
from vidkryto.pipeline import new_job, publish_dataset
from vidkryto.pipeline.exceptions import By, Covered, Decision, confirm, decisions_of, fold, propose, revoke
from vidkryto.pipeline.remember import ledger_of
from vidkryto.record.run import RunRecord

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
_numbers = itertools.count(1)
PHONE = "+380671234567"
EXPORT = f"""\
uid;label;lat;lon;opened
1;Довідкова {PHONE};49,4201;26,9801;01.09.2020
2;Ринок;49,4012;27,0011;
"""
FIRST = By("data-office-1", "Відділ даних", "довідковий номер закладу")
SECOND = By("legal-office-2", "Юридичний відділ", "номер є у відкритому довіднику")


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city whose export holds a phone in a column declared open; it has run once and was withheld."""
    city = make_city(f"exceptions-{next(_numbers)}", contract())
    city.export(EXPORT)
    assert city.run().outcome == "Withheld"
    return city


def covered(city: City, **more: Any) -> Covered:
    return replace(Covered("stops", "label", "phone", date.today() + timedelta(days=90)), **more)


def proposed(city: City, by: By = FIRST, **more: Any) -> Decision:
    return propose(city.settings, load_dataset(city.folder), covered(city, **more), by)


def run_on(city: City, days: int) -> RunRecord:
    """A run that begins so many days later."""
    job = new_job(load_dataset(city.folder), city.settings)
    return publish_dataset(replace(job, started=job.started + timedelta(days=days), run=f"{job.run}-{days}"))


def codes(record: RunRecord) -> set[str]:
    return {task.code for task in record.tasks}


def test_one_person_alone_lets_nothing_pass_two_do_until_the_day(city: City, tmp_path: Path) -> None:
    """Withheld, proposed and withheld, confirmed and published, unchanged; after its day withheld again."""
    made = proposed(city)
    assert (made.state, made.exemption.cells) == ("proposed", 1)
    alone = city.run()
    assert alone.outcome == "Withheld"
    assert {"class-contradicted", "exception-invalid"} <= codes(alone)
    told = next(task for task in alone.tasks if task.code == "exception-invalid")
    assert told.details is not None
    assert told.details["defect_uk"] == "бракує другої особи"

    confirm(city.settings, made.number[:12], SECOND)
    published = city.run()
    assert published.outcome == "Published", published.reason
    assert "contradiction-excepted" in codes(published)
    (shown,) = published.exceptions
    assert (shown.who, shown.role) == ("data-office-1 + legal-office-2", "Відділ даних + Юридичний відділ")
    assert shown.until == (date.today() + timedelta(days=90)).isoformat()
    risks = {metric.name: metric.value for metric in published.metrics if metric.name.startswith("risk.")}
    assert risks == {"risk.excepted_cells": "1"}
    assert run_on(city, 1).outcome == "Unchanged"

    over = run_on(city, 91)
    assert over.outcome == "Withheld"
    assert {"class-contradicted", "exception-invalid"} <= codes(over)
    assert over.live is not None
    assert not over.exceptions
    assert ask(city, "package_show", id=city.folder.name)["state"] == "active", "the release before stays live"
    entries = [entry.body["decision"] for entry in ledger_of(city.settings).entries() if entry.kind == "exception"]
    assert entries == ["proposed", "confirmed"]
    kept = b"".join(path.read_bytes() for path in (city.settings.home / "ledger").rglob("*") if path.is_file())
    assert PHONE[-9:].encode() not in kept


def test_a_revoked_exception_and_more_cells_than_decided_stop_the_export(city: City) -> None:
    """Two phones where one was decided; then the decision is taken back by one account."""
    made = confirm(city.settings, proposed(city).number, SECOND)
    city.export(EXPORT + "3;Каса 0671234568;49,4300;26,9500;\n")
    more = city.run()
    told = next(task for task in more.tasks if task.code == "exception-invalid")
    assert told.details is not None
    assert told.details["defect_en"] == "there are more cells than when it was made"
    city.export(EXPORT)
    revoke(city.settings, made.number, By("data-office-3", "Відділ даних", "номер більше не публічний"))
    after = city.run()
    assert after.outcome == "Withheld"
    assert "exception-invalid" not in codes(after), "what was revoked is as if it had never been"
    with pytest.raises(SettingsError, match="revoked already"):
        confirm(city.settings, made.number, SECOND)


def test_a_class_moves_towards_open_by_two_people_and_back_when_the_time_is_over(
    make_city: Callable[..., City],
) -> None:
    """Published closed, opened in the contract: withheld; with a decision published; withheld again after its end."""
    columns = {"uid": "open", "label": {"class": "quasi", "generalise": {"groups": {"Зупинка": ["Ринок"]}}},
               "lat": "geo", "lon": "geo", "opened": "open"}  # fmt: skip
    rules = {"k": 1}
    city = make_city(f"exceptions-{next(_numbers)}", contract(columns=columns, disclosure=rules))
    city.export(EXPORT.replace(PHONE, "служба"))
    assert city.run().outcome == "Published"
    file = city.folder / "dataset.yaml"
    text = contract(disclosure=rules, approval={"first": "none", "breaking": "none"})
    file.write_text(yaml.safe_dump({**text, "name": city.folder.name}, allow_unicode=True), encoding="utf-8")
    loosened = city.run()
    assert loosened.outcome == "Withheld"
    assert "class-loosened" in codes(loosened)
    made = proposed(city, kind="class-change")
    assert made.findings == ("class-loosened",)
    confirm(city.settings, made.number, SECOND)
    assert city.run().outcome == "Published"
    again = run_on(city, 91)
    assert again.outcome == "Withheld", "the step is told again when the decision has ended"
    assert {"class-loosened", "exception-invalid"} <= codes(again)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"until": date.today() - timedelta(days=1)}, "it has expired"),
        ({"until": date.today() + timedelta(days=400)}, "more than a year away"),
        ({"resource": "routes"}, "has no table 'routes'"),
        ({"field": "labl"}, "has no field 'labl'"),
        ({"kind": "iban"}, "found no 'iban'"),
        ({"kind": "nonsense", "cells": 1}, "found no 'nonsense'"),
        ({"by": replace(FIRST, reason="бо")}, "the reason is missing"),
    ],
)
def test_a_proposal_that_could_never_hold_is_refused(change: dict[str, Any], message: str, city: City) -> None:
    """Said at once, and nothing is written into the ledger, which cannot forget."""
    with pytest.raises(SettingsError, match=message):
        proposed(city, **change)
    assert decisions_of(city.settings) == ()


def test_the_second_person_is_another_one(city: City) -> None:
    """The account that proposed cannot confirm; a confirmation that says something else counts for nothing."""
    made = proposed(city)
    with pytest.raises(SettingsError, match="cannot confirm it too"):
        confirm(city.settings, made.number, replace(SECOND, who="data-office-1"))
    with pytest.raises(SettingsError, match="0 exceptions begin with"):
        confirm(city.settings, "000000", SECOND)
    ledger = ledger_of(city.settings)
    body = dict(next(ledger.signed_entries("exception")).body)
    ledger.append("exception", city.folder.name, {**body, "decision": "confirmed"})
    ledger.append("exception", city.folder.name, {**body, "decision": "confirmed", "who": "second-1", "cells": 900})
    ledger.append("exception", city.folder.name, {**body, "decision": "confirmed", "who": "second-1", "field": "*"})
    assert [one.state for one in decisions_of(city.settings)] == ["proposed"]
    line = json.dumps({**body, "decision": "confirmed", "who": "second-1"}).encode()
    with ledger.file.open("ab") as stream:
        stream.write(b'{"body":' + line + b',"kind":"exception"}\n')
    assert [one.state for one in decisions_of(city.settings)] == ["proposed"], "what no checkpoint covers is not read"
    assert fold(()) == ()


def test_the_commands_tell_and_ask_for_the_second_person(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """propose, confirm, list, plan, revoke; as text and as JSON."""
    monkeypatch.setenv("VIDKRYTO_LANGUAGE", "uk")
    monkeypatch.setenv("VIDKRYTO_ROOT", str(city.root))
    monkeypatch.setenv("VIDKRYTO_HOME", str(city.settings.home))
    monkeypatch.setenv("VIDKRYTO_CKAN_URL", city.settings.ckan_url)
    monkeypatch.setenv("VIDKRYTO_CKAN_TOKEN", city.settings.ckan_token.reveal())
    name, until = city.folder.name, (date.today() + timedelta(days=30)).isoformat()
    runner = CliRunner()

    def call(*words: str) -> Any:
        done = runner.invoke(app, [*words])
        assert done.exit_code in (0, 1), done.output
        return done

    by = ["--as", "data-office-1", "--role", "Відділ даних", "--reason", "довідковий номер закладу"]
    made = call("exception", "propose", name, "stops.label", "phone", "--until", until, *by)
    assert "exception confirm" in made.stderr
    (listed,) = json.loads(call("exception", "list", "--json").stdout)
    assert (listed["state"], listed["cells"], listed["people"]) == ("proposed", 1, ["data-office-1"])
    second = ["--as", "legal-office-2", "--role", "Юридичний відділ", "--reason", "є у відкритому довіднику"]
    call("exception", "confirm", listed["exception"][:12], *second)
    assert "confirmed" in call("exception", "list", name).stdout
    assert city.run().outcome == "Published"
    printed = call("plan", name).stdout
    assert "! виняток до" in printed
    assert "stops.label" in printed
    assert json.loads(call("plan", name, "--json").stdout)["exceptions"][0]["state"] == "confirmed"
    call("exception", "revoke", listed["exception"][:12], *by)
    assert json.loads(call("exception", "list", "--json").stdout) == []
    assert json.loads(call("exception", "list", "--all", "--json").stdout)[0]["state"] == "revoked"


def test_text_that_looks_like_a_formula_goes_out_by_decision_with_a_twin_for_spreadsheets(
    make_city: Callable[..., City],
) -> None:
    """Withheld with a task; decided, it goes out unchanged, and beside it the Excel-safe file of the contract."""
    city = make_city(f"exceptions-{next(_numbers)}", contract(excel_safe=True))
    row = "1;=Центральна;49,4201;26,9801;\n2;Ринок;49,4012;27,0011;\n"
    city.export(f"uid;label;lat;lon;opened\n{row}", encoding="utf-8")
    withheld = city.run()
    assert withheld.outcome == "Withheld", withheld.reason
    (task,) = [task for task in withheld.tasks if task.code == "formula-cell"]
    assert (withheld.outcome, task.rows, task.found) == ("Withheld", (2,), None)
    confirm(city.settings, proposed(city, kind="formula").number, SECOND)
    published = city.run()
    assert published.outcome == "Published", [task.code for task in published.tasks]
    assert published.release is not None
    (folder,) = (city.settings.home / "releases" / city.folder.name).glob(f"{published.release.version}-*")
    assert (folder / "stops.csv").read_text(encoding="utf-8").splitlines()[1].startswith("1,=Центральна,")
    twin = (folder / "stops-excel.csv").read_bytes()
    assert twin.decode("utf-8-sig").splitlines()[1].startswith("1,'=Центральна,")
    assert twin.startswith(b"\xef\xbb\xbf")
    names = {one["name"] for one in ask(city, "package_show", id=city.folder.name)["resources"]}
    assert len(names) >= 5


def test_a_deny_list_that_grows_is_applied_to_an_export_that_did_not_change(
    make_city: Callable[..., City], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An act closes an object: the next run takes its row off the portal, and says the rule alone."""
    lists = tmp_path / "lists"
    lists.mkdir()
    city = make_city(f"exceptions-{next(_numbers)}", contract(approval={"first": "none", "breaking": "none"}))
    city.export(EXPORT.replace(PHONE, "служба"))
    monkeypatch.setenv("VIDKRYTO_DENY_LISTS", str(lists))
    assert [city.run().outcome, city.run().outcome] == ["Published", "Unchanged"]
    (lists / "acts.toml").write_text('[[rule]]\nrule = "T3"\nobject_type = ["Ринок"]\n', encoding="utf-8")
    closed = city.run()
    assert closed.outcome == "Published"
    assert [row["uid"] for row in live_rows(city)] == [1]
    (task,) = [task for task in closed.tasks if task.code == "rows-withheld"]
    assert task.details == {"rule": "T3"}
    (folder,) = (city.settings.home / "releases" / city.folder.name).glob("1.1.0-*")
    assert (folder / "stops-changes.csv").read_text(encoding="utf-8") == "change,uid\n"
    kept = [file for place in ("plans", "objects") for file in (city.settings.home / place).rglob("*")]
    plans = [text for file in kept if file.is_file() and '"removed"' in (text := file.read_text("utf-8", "ignore"))]
    assert plans
    assert not [text for text in plans if '"Ринок"' in text or '["uid","2"]' in text]
    assert city.run().outcome == "Unchanged"
