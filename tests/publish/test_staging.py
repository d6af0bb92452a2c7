"""The staging route: atomic, strict, bound to its table, with an editor's token."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.publish.conftest import QUICK
from tests.publish.releases import LOOKED_UP, STOPS, a_release, stop
from tests.publish.test_publication import public, table_rows
from tests.support.local_portal import LocalPortal
from vidkryto.plan.make import make_plan
from vidkryto.plan.names import resource_id, staging_id
from vidkryto.publish.portal import CkanPortal, Refused
from vidkryto.publish.receipt import Receipt
from vidkryto.publish.staging import prepare
from vidkryto.settings import Secret

Publish = Callable[..., Receipt]


@pytest.fixture
def sysadmin(portal_session: LocalPortal) -> CkanPortal:
    """The portal as its administrator sees it."""
    return CkanPortal(portal_session.url, Secret(portal_session.sysadmin_token), portal_session.organization, QUICK)


@pytest.fixture
def prepared(sysadmin: CkanPortal, dataset: str) -> str:
    """A dataset for whose table the administrator ran `vidkryto portal prepare`, before it exists."""
    prepare(sysadmin, {dataset: ["stops.csv"]})
    return dataset


def test_all_changes_of_a_release_are_made_in_one_step(
    portal: CkanPortal, publish: Publish, prepared: str, folder: Path
) -> None:
    """First load, delta and full replace by an editor; typed values, JSON and search are as on the stock route."""
    first = a_release(folder, [stop(n) for n in range(50)], dataset=prepared)
    assert make_plan(first, portal).tables[0].route == "staging"
    table_id = publish(first).tables[0].id
    assert public(portal, "datastore_search", resource_id=table_id)["total"] == 50
    rows = [stop(n, label="Оновлена") if n < 20 else stop(n) for n in range(10, 80)]
    receipt = publish(a_release(folder, rows, dataset=prepared, version="1.1.0"))
    (table,) = receipt.tables
    assert (table.route, table.added, table.changed, table.removed) == ("staging", 30, 10, 10)
    assert public(portal, "datastore_search", resource_id=table.id, q="Оновлена")["total"] == 10
    assert public(portal, "datastore_search", resource_id=table.id)["total"] == 70
    assert table_rows(portal, table.id)[0]["routes"] == [10, 11]
    assert make_plan(a_release(folder, rows, dataset=prepared, version="1.1.0"), portal).kind == "nothing"


def test_a_reader_sees_whole_states_only(portal: CkanPortal, publish: Publish, prepared: str, folder: Path) -> None:
    """While rows are added, changed and removed, every answer is one state or the other, never between, never 404.

    One request of datastore_search is one statement. CKAN's dump is not: it asks for page after page by `_id`, and a
    page after the change can follow one from before it.
    """
    publish(a_release(folder, [stop(n, label="стара") for n in range(3_000)], dataset=prepared))
    table = resource_id(prepared, "stops.csv")
    seen: set[object] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            address = f"{portal.transport.url}/api/3/action/datastore_search"
            answer = requests.get(address, params={"resource_id": table, "limit": 32_000}, timeout=30)
            rows = answer.json()["result"]["records"] if answer.ok else []
            seen.add((answer.status_code, len(rows), sum("нова" in row["label"] for row in rows)))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        rows = [stop(n, label="нова") for n in range(1_000, 4_500)]
        publish(a_release(folder, rows, dataset=prepared, version="2.0.0"))
    finally:
        done.set()
        reader.join()
    assert seen <= {(200, 3_000, 0), (200, 3_500, 3_500)}
    assert (200, 3_000, 0) in seen


def test_a_wrong_step_rolls_everything_back(
    portal: CkanPortal, publish: Publish, prepared: str, folder: Path
) -> None:
    """A count that does not come out, a value that does not fit, a row that is gone: nothing of the request stays."""
    publish(a_release(folder, [stop(n) for n in range(5)], dataset=prepared))
    table = resource_id(prepared, "stops.csv")
    before = table_rows(portal, table)
    drop = {"op": "delete", "payload": "[1, 2]"}
    for wrong in (
        {"op": "expect", "payload": "5"},
        {"op": "insert", "payload": '[{"uid": "x", "opened": "не дата"}]'},
        {"op": "update", "payload": '[{"_id": 999, "uid": "x"}]'},
        {"op": "drop", "payload": ""},
    ):
        with pytest.raises(Refused):
            portal.insert(staging_id(table), [drop, wrong])
        assert table_rows(portal, table) == before


def test_the_function_serves_no_other_table(
    portal: CkanPortal, publish: Publish, prepared: str, folder: Path
) -> None:
    """An editor who attaches the trigger to a table of their own cannot reach the target with it."""
    publish(a_release(folder, [stop(1)], dataset=prepared))
    table = resource_id(prepared, "stops.csv")
    mine = portal.transport.write(
        "datastore_create", resource={"package_id": prepared, "name": "mine"},
        fields=[{"id": "op", "type": "text"}, {"id": "payload", "type": "text"}],
        triggers=[{"function": f"vidkryto_{table.replace('-', '')}"}],
    )["resource_id"]  # fmt: skip
    with pytest.raises(Refused, match="another staging table"):
        portal.insert(mine, [{"op": "delete", "payload": "[1]"}])
    assert len(table_rows(portal, table)) == 1


def test_the_staging_tables_are_not_public(portal: CkanPortal, prepared: str) -> None:
    """Nobody but the organisation sees the staging dataset or its tables."""
    assert public(portal, "datastore_search", resource_id=staging_id(resource_id(prepared, "stops.csv"))) in (403, 404)


def test_the_stock_route_takes_over_when_the_trigger_is_gone(
    portal: CkanPortal, sysadmin: CkanPortal, publish: Publish, prepared: str, folder: Path
) -> None:
    """A staging table without its trigger stores the steps; the read-back notices, and rows go the other way."""
    staging = staging_id(resource_id(prepared, "stops.csv"))
    sysadmin.transport.write("datastore_create", resource_id=staging, force=True, triggers=[])
    receipt = publish(a_release(folder, [stop(n) for n in range(4)], dataset=prepared))
    assert receipt.tables[0].route == "stock"
    assert len(table_rows(portal, receipt.tables[0].id)) == 4


def test_a_change_of_schema_needs_no_new_preparation(
    portal: CkanPortal, publish: Publish, prepared: str, folder: Path
) -> None:
    """The function finds the columns when it runs."""
    publish(a_release(folder, [stop(1)], dataset=prepared))
    schema = {"fields": [*STOPS["fields"][:3], {"name": "примітка", "type": "string"}]}
    rows = [stop(n, **{"примітка": "так"}) for n in range(3)]
    receipt = publish(a_release(folder, rows, dataset=prepared, version="2.0.0", schema=schema))
    assert receipt.tables[0].route == "staging"
    assert [row["примітка"] for row in table_rows(portal, receipt.tables[0].id)] == ["так"] * 3


def test_search_finds_the_same_as_on_the_stock_route(
    portal: CkanPortal, publish: Publish, prepared: str, dataset: str, folder: Path
) -> None:
    """The words that the function computes for all rows at once are those of CKAN's own trigger, type by type."""
    rows = [stop(n, routes=f'{{"лінія": {n}, "назва": "тролейбус"}}') for n in range(3)]
    rows.append(stop(9, label=None, lat=None, shelter=None, opened=None, checked=None, routes=None, platforms=None))
    tables = []
    for name in (prepared, f"{dataset}-unprepared"):
        publish(a_release(folder, rows, dataset=name))
        changed = [{**row, "label": "вокзал"} if row["uid"] == "HM0001" else row for row in rows]
        receipt = publish(a_release(folder, changed, dataset=name, version="1.1.0"))
        tables.append((receipt.tables[0].id, receipt.tables[0].route))
    assert [route for _, route in tables] == ["staging", "stock"]
    words = ["HM0001", "вокзал", "Кам’янецька", "49.420001", "true", "2020-01-02", "2026-10-01T10:01:00+00:00",
             "10", "тролейбус", "лінія", "1", "HM0009"]  # fmt: skip
    found = [
        {word: sorted(row["uid"] for row in portal.search(table, q=word)["records"]) for word in words}
        for table, _ in tables
    ]
    assert found[0] == found[1]
    assert found[0]["вокзал"] == ["HM0001"]


def numbers_of(portal: CkanPortal, table: str) -> dict[str, int]:
    """Each row's key and the number that the portal gave it."""
    records = public(portal, "datastore_search", resource_id=table, limit=32_000)["records"]
    return {row["uid"]: row["_id"] for row in records}


def test_a_table_built_anew_is_the_same_table(
    portal: CkanPortal, publish: Publish, prepared: str, folder: Path
) -> None:
    """Where most rows change, the table is made beside the old one; nothing about it differs but the rows."""
    receipt = publish(a_release(folder, [stop(n) for n in range(2_500)], dataset=prepared, schema=LOOKED_UP))
    (table,) = receipt.tables
    before = public(portal, "datastore_info", id=table.id)
    assert [field["id"] for field in before["fields"] if field["schema"]["is_index"]] == ["uid", "label", "opened"]
    numbers = numbers_of(portal, table.id)
    rows = [stop(n, label="Нова") if n < 2_000 else stop(n) for n in range(100, 2_600)]
    receipt = publish(a_release(folder, rows, dataset=prepared, version="1.1.0", schema=LOOKED_UP))
    assert (receipt.tables[0].added, receipt.tables[0].changed, receipt.tables[0].removed) == (100, 1_900, 100)
    after = public(portal, "datastore_info", id=table.alias)
    assert after["fields"] == before["fields"]
    assert after["meta"]["aliases"] == before["meta"]["aliases"] == [table.alias]
    now = numbers_of(portal, table.alias)
    assert len(now) == 2_500
    assert all(numbers[uid] == now[uid] for uid in set(numbers) & set(now))
    assert min(now[uid] for uid in set(now) - set(numbers)) > max(numbers.values())
    assert public(portal, "datastore_search", resource_id=table.id, q="Нова")["total"] == 1_900
    assert public(portal, "datastore_search", resource_id=table.id, q="HM2550")["total"] == 1
    wrong = [("begin", ""), ("insert", '[{"uid": "x"}]'), ("swap", ""), ("expect", "1")]
    with pytest.raises(Refused, match="rows expected"):
        portal.insert(staging_id(table.id), [{"op": op, "payload": payload} for op, payload in wrong])
    assert numbers_of(portal, table.id) == now
    schema = {"fields": [*STOPS["fields"][:3], {"name": "примітка", "type": "string"}]}
    last = [stop(n, **{"примітка": "так"}) for n in range(3)]
    publish(a_release(folder, last, dataset=prepared, version="2.0.0", schema=schema))
    assert len(table_rows(portal, table.alias)) == 3
