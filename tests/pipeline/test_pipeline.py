"""The main job on a real portal: from a Windows-1251 export to typed rows, and what happens when it goes wrong."""

from __future__ import annotations

import copy
import csv
import errno
import hashlib
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.pipeline.conftest import APPROVER, EXPORT, READING, City
from tests.support.catalogue import CONTRACT
from vidkryto.clock import told_by
from vidkryto.errors import LedgerError
from vidkryto.pipeline.whole_list import with_whole_list
from vidkryto.record import Ledger
from vidkryto.record.run import RunRecord
from vidkryto.settings import Secret

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
_numbers = itertools.count(1)


def contract(**publication: Any) -> dict[str, Any]:
    """The contract of the tests, with parts of `publication` replaced."""
    made = copy.deepcopy(CONTRACT)
    made["resources"][0]["reading"] = READING
    made["resources"][0]["source"]["settle"] = 0
    made["publication"] |= publication
    return made


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city with one good export, not yet published."""
    city = make_city(f"pipeline-{next(_numbers)}", contract())
    city.export(EXPORT)
    return city


def ask(city: City, action: str, **parameters: Any) -> Any:
    """What the portal says to anybody, without a token."""
    answer = requests.get(f"{city.settings.ckan_url}/api/3/action/{action}", params=parameters, timeout=30)
    assert answer.ok, answer.text
    return answer.json()["result"]


def live_rows(city: City) -> list[dict[str, Any]]:
    """The rows of the dataset's table on the portal, by key."""
    package = ask(city, "package_show", id=city.folder.name)
    table = next(item for item in package["resources"] if item["datastore_active"])
    return sorted(ask(city, "datastore_search", resource_id=table["id"])["records"], key=lambda row: row["uid"])


def test_a_windows_1251_export_becomes_typed_rows_with_a_dictionary_in_ukrainian(city: City) -> None:
    """Values are equal to the export's: decimal commas are numbers, dd.mm.yyyy are dates, an empty cell is null."""
    record = city.run()
    assert record.outcome == "Published", record.reason
    rows = [{key: value for key, value in row.items() if key != "_id"} for row in live_rows(city)]
    assert rows == [
        {"uid": 1, "label": "Залізничний вокзал", "lat": 49.4012, "lon": 27.0011, "opened": None},
        {"uid": 2, "label": "Ринок", "lat": 49.4201, "lon": 26.9801, "opened": "2020-09-01"},
        {"uid": 3, "label": "Гречани", "lat": 49.43, "lon": 26.95, "opened": "2021-03-15"},
    ]
    package = ask(city, "package_show", id=city.folder.name)
    table = next(item for item in package["resources"] if item["datastore_active"])
    labels = {field["id"]: field["info"]["label"] for field in ask(city, "datastore_info", id=table["id"])["fields"]}
    assert labels["label"] == "Назва"
    assert {field["id"]: field["type"] for field in ask(city, "datastore_info", id=table["id"])["fields"]} == {
        "uid": "int8",
        "label": "text",
        "lat": "numeric",
        "lon": "numeric",
        "opened": "date",
    }


def test_the_dataset_is_found_and_its_file_is_the_receipts(city: City) -> None:
    """Anybody finds it by search; the downloaded CSV has the sha256 of the receipt and of the portal's metadata."""
    record = city.run()
    assert record.receipt is not None
    found = ask(city, "package_search", q=f"name:{city.folder.name}")
    assert [item["name"] for item in found["results"]] == [city.folder.name]
    for file in record.receipt.resources:
        content = requests.get(file.url, timeout=30).content
        assert hashlib.sha256(content).hexdigest() == file.sha256, file.name
    names = {file.name for file in record.receipt.resources}
    assert names == {
        "stops.csv",
        "stops.csv-metadata.json",
        "stops.parquet",
        "stops.geojson",
        "stops-validation.json",
        "stops-validation.html",
        "datapackage.json",
    }


def test_a_second_run_is_unchanged_and_writes_nothing(city: City) -> None:
    """Exports and rules are those of the live release; the portal is only looked at."""
    city.run()
    before = ask(city, "package_show", id=city.folder.name)
    record = city.run()
    assert record.outcome == "Unchanged"
    assert [stage.name for stage in record.stages] == ["pull", "plan"]
    assert ask(city, "package_show", id=city.folder.name) == before


def test_the_same_content_brought_again_keeps_the_promise_and_a_file_left_lying_does_not(city: City) -> None:
    """A department whose register did not change hands it over all the same; its day begins at midnight in Kyiv."""

    def brought(day: datetime) -> None:
        file = city.export(EXPORT)
        os.utime(file, (day.timestamp(), day.timestamp()))

    def promised(day: datetime) -> tuple[str, str, str]:
        with told_by(lambda: day):
            record = city.run()
        return record.outcome, record.promise.last_good, record.promise.next_due

    first, month = datetime(2026, 9, 1, 22, 30, tzinfo=UTC), timedelta(days=31)
    brought(first)
    assert promised(first) == ("Published", "2026-09-02", "2026-10-03")
    assert promised(first + month) == ("Unchanged", "2026-09-02", "2026-10-03")
    brought(first + month)
    assert promised(first + month + timedelta(hours=1)) == ("Unchanged", "2026-10-03", "2026-11-03")


def test_a_lost_dataset_is_put_back_although_nothing_changed_here(city: City, portal_session: Any) -> None:
    """What counts is the portal, not our memory of it."""
    city.run()
    sysadmin = {"Authorization": portal_session.sysadmin_token}
    done = requests.post(
        f"{portal_session.url}/api/3/action/dataset_purge", json={"id": city.folder.name}, headers=sysadmin, timeout=30
    )
    assert done.ok, done.text
    assert city.run().outcome == "Published"
    assert len(live_rows(city)) == 3


def test_a_broken_cell_withholds_and_names_file_row_field_value_and_what_was_wanted(city: City) -> None:
    """The row is the line of the officer's own file; the portal goes on showing the last good release."""
    city.run()
    good = live_rows(city)
    city.export(EXPORT.replace("1;Залізничний", "перша;Залізничний"))
    record = city.run()
    assert record.outcome == "Withheld"
    task, key = [task for task in record.tasks if task.severity == "error"]
    assert (key.code, key.row) == ("primary-key", 3), "a key that is no number is no key"
    assert (task.code, task.file, task.row, task.field, task.found) == ("type-error", "stops.csv", 3, "uid", "перша")
    assert task.wanted
    assert live_rows(city) == good
    assert record.live is not None
    assert record.live.version == "1.0.0"


def test_every_row_of_a_finding_is_in_the_list_beside_the_record(city: City) -> None:
    """A record names the first rows; the list has all of them, for the department, and no value of a cell."""
    city.export(EXPORT + "".join(f"x{number};Зупинка;49,4300;26,9500;\n" for number in range(30)))
    record = city.run()
    file = city.settings.home / "runs" / record.dataset / record.run_id / "findings.csv"
    with file.open(encoding="utf-8-sig", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["code"] == "type-error"]
    assert [int(line["row"]) for line in lines] == list(range(5, 35))
    assert {(line["file"], line["column"], line["field"], line["count"]) for line in lines} == {
        ("stops.csv", "uid", "uid", "30")
    }
    assert "x17" not in file.read_text(encoding="utf-8-sig")
    (task,) = [task for task in with_whole_list(record.tasks, file.parent) if task.code == "type-error"]
    assert len(task.rows) == 30


def test_where_the_contract_says_so_good_rows_go_out_and_bad_ones_back(make_city: Callable[..., City]) -> None:
    """publish-valid: the rejected row is told as a warning with its row, and counted in the account of rows."""
    city = make_city(f"pipeline-{next(_numbers)}", contract(on_invalid="publish-valid"))
    city.export(EXPORT.replace("49,4201", "північ"))
    record = city.run()
    assert record.outcome == "Published", record.reason
    assert [row["uid"] for row in live_rows(city)] == [1, 3]
    told = {task.code: task for task in record.tasks if task.severity == "warning"}
    assert told["type-error"].row == 2
    assert told["rows-rejected"].count == 1
    account = record.tables[0].account
    assert account is not None
    assert (account["data"], account["rejected"]) == (2, 1)


def test_a_missing_export_withholds_with_a_finding(city: City) -> None:
    """The department has not delivered: nothing is broken, and what is live stays."""
    city.run()
    (city.folder / "exports" / "stops.csv").unlink()
    record = city.run()
    assert record.outcome == "Withheld"
    assert [task.code for task in record.tasks] == ["export-missing"]
    assert len(live_rows(city)) == 3


def test_an_unclassed_column_withholds(make_city: Callable[..., City]) -> None:
    """Nothing goes out that nobody has looked at."""
    columns = {"uid": "open", "lat": "geo", "lon": "geo", "opened": "open"}
    city = make_city(f"pipeline-{next(_numbers)}", contract(columns=columns))
    city.export(EXPORT)
    record = city.run()
    assert record.outcome == "Withheld"
    assert "label" in {task.field for task in record.tasks if task.severity == "error"}
    assert ask(city, "package_search", q=f"name:{city.folder.name}")["count"] == 0


def test_a_dataset_closed_by_a_legal_act_is_not_even_pulled(make_city: Callable[..., City]) -> None:
    """Legal basis and review date are told; the export stays with the department."""
    access = {"status": "withheld", "legal_basis": "Постанова 263 від 12.03.2022", "review": "2027-01-01"}
    city = make_city(f"pipeline-{next(_numbers)}", contract(access=access))
    city.export(EXPORT)
    record = city.run()
    assert record.outcome == "Withheld"
    assert record.reason is not None
    assert "Постанова 263" in record.reason.uk
    assert record.snapshots == ()
    assert not (city.settings.home / "objects").exists()


def test_a_planned_dataset_is_withheld_and_says_so(make_city: Callable[..., City]) -> None:
    """It stands in the calendar as due and has nothing to run yet."""
    city = make_city(f"pipeline-{next(_numbers)}", contract(status="planned"))
    record = city.run()
    assert (record.outcome, record.reason and record.reason.en) == (
        "Withheld",
        "the dataset is planned and has no source yet",
    )


def test_a_first_publication_waits_for_a_person_and_goes_with_an_approval(make_city: Callable[..., City]) -> None:
    """The approval is bound to the plan and stands in the ledger."""
    city = make_city(f"pipeline-{next(_numbers)}", contract(approval={"first": "required"}))
    city.export(EXPORT)
    waiting = city.run()
    assert waiting.outcome == "Withheld"
    assert waiting.reason is not None
    assert "approval" in waiting.reason.en
    published = city.run(approval=APPROVER)
    assert published.outcome == "Published"
    assert published.plan == waiting.plan, "the plan that was shown is the plan that was applied"
    entries = list(Ledger.open(city.settings.home).entries())
    assert [entry.kind for entry in entries] == ["key", "result", "approval", "intent", "result"]
    assert entries[2].body["until"] == published.approvals[0].until[:10], "an auditor sees how long it held"


def test_changed_rows_are_a_new_version_with_the_same_addresses(city: City) -> None:
    """Ids and addresses stay; the table has the new rows."""
    first = city.run()
    city.export(EXPORT.replace("Ринок", "Ринок центральний") + "4;Озерна;49,4404;26,9702;\n")
    second = city.run()
    assert (second.outcome, second.live and second.live.version) == ("Published", "1.1.0")
    assert first.receipt is not None
    assert second.receipt is not None
    before = {file.name: file.url for file in first.receipt.resources}
    after = {file.name: file.url for file in second.receipt.resources}
    assert before.items() <= after.items()
    assert [row["label"] for row in live_rows(city)] == ["Залізничний вокзал", "Ринок центральний", "Гречани", "Озерна"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"ckan_token": Secret("wrong-token")}, "token"),
        ({"ckan_url": "http://127.0.0.1:9"}, "127.0.0.1:9"),
    ],
)
def test_a_portal_that_refuses_or_is_away_fails_with_one_clear_message(
    city: City, change: dict[str, Any], text: str
) -> None:
    """A technical failure is Failed, not Withheld; it names the portal's answer and no secret."""
    record = city.run(settings=replace(city.settings, **change))
    assert record.outcome == "Failed"
    assert record.reason is not None
    assert text in record.reason.en
    assert "wrong-token" not in json.dumps(record.reason.en)


def test_a_full_disk_fails_with_one_clear_message_and_nothing_half_done(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release folder has no room: nothing is published, and nothing half a release is left."""
    import vidkryto.release.build as build

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "stops.parquet")

    monkeypatch.setattr(build, "write_parquet", full)
    record = city.run()
    assert record.outcome == "Failed"
    assert record.reason is not None
    assert "No space left on device" in record.reason.en
    assert ask(city, "package_search", q=f"name:{city.folder.name}")["count"] == 0
    assert list((city.settings.home / "releases" / city.folder.name).iterdir()) == []


def test_a_defect_of_ours_fails_the_dataset_and_quotes_nothing(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library says in its message may hold a cell; the record has the place in the program instead."""
    import vidkryto.pipeline.judging as judging

    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("cannot cast 'Іваненко Марія, 3123456789'")

    monkeypatch.setattr(judging, "measure", broken)
    record = city.run()
    assert record.outcome == "Failed"
    assert record.reason is not None
    assert "unexpected ValueError at pipeline/judging.py:" in record.reason.en
    state = b"".join(path.read_bytes() for path in (city.settings.home / "runs").rglob("*.json"))
    assert b"3123456789" not in state
    assert ask(city, "package_search", q=f"name:{city.folder.name}")["count"] == 0


def test_a_run_that_cannot_be_recorded_publishes_nothing(city: City) -> None:
    """Without a ledger there is no evidence, and without evidence no publication."""
    (city.settings.home / "practice.key").write_text("broken")
    with pytest.raises(LedgerError):
        city.run()
    assert ask(city, "package_search", q=f"name:{city.folder.name}")["count"] == 0


def test_every_run_leaves_a_record_and_an_entry_that_names_its_digest(city: City) -> None:
    """The record on disk is the one the ledger has sealed."""
    record = city.run()
    (file,) = (city.settings.home / "runs" / city.folder.name).glob("*/run.json")
    entry = list(Ledger.open(city.settings.home).entries())[-1]
    assert RunRecord.load(file).digest() == record.digest() == entry.body["record"]


def test_no_secret_is_in_any_byte_of_the_state(city: City) -> None:
    """The token is in the environment alone: not in records, ledger, releases, receipts."""
    city.run()
    token = city.settings.ckan_token.reveal().encode()
    assert token
    for path in city.settings.home.rglob("*"):
        if path.is_file():
            assert token not in path.read_bytes(), path


def test_the_same_export_gives_the_same_release_in_another_city_folder(
    make_city: Callable[..., City], tmp_path: Path
) -> None:
    """Apart from names and times nothing depends on where and when a release is made."""
    cities = [make_city(f"pipeline-{next(_numbers)}", contract()) for _ in range(2)]
    hashes = []
    for city in cities:
        city.export(EXPORT)
        record = city.run()
        assert record.receipt is not None
        hashes.append({file.name: file.sha256 for file in record.receipt.resources if file.name != "datapackage.json"})
    assert hashes[0] == hashes[1]
