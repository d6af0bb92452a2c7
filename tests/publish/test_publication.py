"""First publication, delta, structure, unchanged: what the portal shows afterwards, on a real CKAN."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.publish.releases import LOOKED_UP, STOPS, a_release, stop
from vidkryto.errors import PlanError, PortalMoved
from vidkryto.plan.live import LOCK, Lock
from vidkryto.plan.make import anchor_id, make_plan
from vidkryto.plan.names import resource_id
from vidkryto.plan.render import as_text
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.portal import CkanPortal, Refused
from vidkryto.publish.receipt import Receipt

Publish = Callable[..., Receipt]


def public(portal: CkanPortal, action: str, **data: Any) -> Any:
    """An action as anybody may call it."""
    answer = requests.post(f"{portal.transport.url}/api/3/action/{action}", json=data, timeout=30)
    return answer.json()["result"] if answer.ok else answer.status_code


def table_rows(portal: CkanPortal, table: str) -> list[dict[str, Any]]:
    """All rows of a table through the public API, without the portal's own number."""
    records = public(portal, "datastore_search", resource_id=table, limit=32_000)["records"]
    return [{key: value for key, value in row.items() if key != "_id"} for row in records]


def test_a_first_publication_shows_everything_at_once(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Dataset, files, typed table, dictionary, alias and metadata are there for anybody, and all hashes agree."""
    release = a_release(folder, [stop(n) for n in range(40)], dataset=dataset)
    receipt = publish(release)

    assert receipt.outcome == "published"
    assert receipt.warnings == ()
    package = public(portal, "package_show", id=dataset)
    assert package["private"] is False
    assert package["title"] == "Зупинки громадського транспорту"
    assert sorted(tag["name"] for tag in package["tags"]) == ["зупинки", "транспорт"]
    assert package["license_id"] == "cc-by"
    resources = {entry["id"]: entry for entry in package["resources"]}
    assert set(resources) == {resource_id(dataset, name) for name in ("stops.csv", "datapackage.json")}
    assert resources[anchor_id(dataset)]["vidkryto_lock"] == "free"
    assert resources[anchor_id(dataset)]["vidkryto_version"] == "1.0.0"
    for file in release.files:
        entry = resources[resource_id(dataset, file.name)]
        assert hashlib.sha256(requests.get(entry["url"], timeout=30).content).hexdigest() == file.sha256
        assert entry["hash"] == entry["vidkryto_sha256"] == file.sha256
        assert entry["license"] == "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0"
    table = resource_id(dataset, "stops.csv")
    assert resources[table]["vidkryto_rows"] == "40"
    assert resources[table]["vidkryto_table_hash"] == receipt.tables[0].sha256
    views = public(portal, "resource_view_list", id=table)
    assert [view["view_type"] for view in views] == ["datatables_view"]


def test_the_table_has_types_dictionary_and_alias(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Columns are typed by the schema and described in both languages; clients may ask by a name."""
    publish(a_release(folder, [stop(1)], dataset=dataset))
    alias = f"khmelnytskyi_{dataset.replace('-', '_')}"
    info = public(portal, "datastore_info", id=alias)
    assert {field["id"]: field["type"] for field in info["fields"]} == {
        "uid": "text", "label": "text", "lat": "numeric", "shelter": "bool", "opened": "date",
        "checked": "timestamptz", "routes": "jsonb", "platforms": "int8",
    }  # fmt: skip
    first = info["fields"][0]["info"]
    assert first["label"] == "Код зупинки"
    assert first["label_en"] == "Stop code"
    assert first["notes"] == "Код у реєстрі міста"
    assert first["key"] == "1"
    assert info["fields"][2]["info"]["unit"] == "°"
    (row,) = public(portal, "datastore_search", resource_id=alias)["records"]
    assert row == {
        "_id": 1, "uid": "HM0001", "label": "вул. Кам’янецька, 1", "lat": 49.420001, "shelter": True,
        "opened": "2020-01-02", "checked": "2026-10-01T10:01:00+00:00", "routes": [1, 2], "platforms": 1,
    }  # fmt: skip


def test_values_of_the_table_equal_the_csv(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> None:
    """Commas, quotes, line breaks, apostrophes, long numbers, empty cells, moments: nothing is lost on the way."""
    rows = [
        stop(1, label='Зупинка "Ринок", вхід 2'),
        stop(2, label="два\nрядки\r\nтри", lat="49.4200000000000000000000001"),
        stop(3, label="’ʼ'`", lat="-0.10", checked="2026-07-01T10:20:00.123456Z"),
        stop(4, label=None, lat=None, shelter=None, opened=None, checked=None, routes=None, platforms=None),
        stop(5, lat="1e-3", platforms="9223372036854775807", routes='{"б": [1.50, null, "\\u0457"], "а": 1}'),
        stop(6, label="  пробіли  "),
        stop(7, label="\\N \\. NULL"),
    ]
    receipt = publish(a_release(folder, rows, dataset=dataset))
    with requests.get(f"{portal.transport.url}/datastore/dump/{receipt.tables[0].id}", timeout=30) as answer:
        dumped = list(csv.DictReader(answer.content.decode().splitlines(keepends=True)))
    assert [row["lat"] for row in dumped] == [
        "49.420001", "49.4200000000000000000000001", "-0.10", "", "0.001", "49.420006", "49.420007",
    ]  # fmt: skip
    assert [row["label"] for row in dumped] == [row["label"] or "" for row in rows]
    assert dumped[2]["checked"] == "2026-07-01 10:20:00.123456+00"
    assert dumped[4]["platforms"] == "9223372036854775807"
    assert json.loads(dumped[4]["routes"]) == {"б": [1.50, None, "ї"], "а": 1}


def test_a_delta_writes_only_what_differs(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> None:
    """Added, changed and removed rows are written by themselves; all others keep the portal's number."""
    publish(a_release(folder, [stop(n) for n in range(30)], dataset=dataset))
    table = resource_id(dataset, "stops.csv")
    before = {row["uid"]: row["_id"] for row in public(portal, "datastore_search", resource_id=table)["records"]}
    rows = [stop(n, label="Нова назва") if n == 7 else stop(n) for n in range(2, 33)]
    receipt = publish(a_release(folder, rows, dataset=dataset, version="1.1.0"))

    (change,) = receipt.tables
    assert (change.added, change.changed, change.removed) == (3, 1, 2)
    after = {row["uid"]: row["_id"] for row in public(portal, "datastore_search", resource_id=table)["records"]}
    assert all(after[uid] == before[uid] for uid in set(before) & set(after))
    assert public(portal, "datastore_search", resource_id=table, q="Нова")["total"] == 1
    assert public(portal, "datastore_search", resource_id=table)["total"] == 31


def test_nothing_changed_means_no_write(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> None:
    """A plan for what is published already is empty, and applying it sends no request that could change anything."""
    release = a_release(folder, [stop(n) for n in range(10)], dataset=dataset)
    publish(release)
    written = portal.written
    plan = make_plan(release, portal)
    assert plan.kind == "nothing"
    assert apply(plan, release, portal).outcome == "unchanged"
    assert portal.written == written


def test_a_change_of_structure_keeps_ids_address_and_alias(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """A field that leaves, one that comes, one retyped and another key: same table, same address, same alias."""
    first = publish(a_release(folder, [stop(n) for n in range(20)], dataset=dataset))
    fields = [field for field in STOPS["fields"] if field["name"] not in ("routes", "platforms")]
    schema = {"fields": [*fields, {"name": "platforms", "type": "string"}, {"name": "note", "type": "string"}]}
    release = a_release(
        folder, [stop(n, note="п") for n in range(20)], dataset=dataset, version="2.0.0", schema=schema,
        key=("uid", "label"),
    )  # fmt: skip
    plan = make_plan(release, portal)
    assert plan.kind == "breaking"
    assert {finding.code for finding in plan.findings} == {
        "plan-field-removed", "plan-field-retyped", "plan-key-changed",
    }  # fmt: skip
    second = publish(release)
    assert [file.url for file in second.files] == [file.url for file in first.files]
    assert second.tables[0].id == first.tables[0].id
    info = public(portal, "datastore_info", id=first.tables[0].alias)
    assert {field["id"]: field["type"] for field in info["fields"]} == {
        "uid": "text", "label": "text", "lat": "numeric", "shelter": "bool", "opened": "date",
        "checked": "timestamptz", "platforms": "text", "note": "text",
    }  # fmt: skip
    assert table_rows(portal, first.tables[0].alias)[3]["platforms"] == "3"


def test_columns_that_rows_are_looked_up_by_get_an_index(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Also where the table is there already: then nothing else is written, and the key's own index stays."""

    table = resource_id(dataset, "stops.csv")

    def indexed() -> list[str]:
        fields = public(portal, "datastore_info", id=table)["fields"]
        return [field["id"] for field in fields if field["schema"]["is_index"]]

    rows = [stop(n) for n in range(20)]
    publish(a_release(folder, rows, dataset=dataset))
    assert indexed() == ["uid"]
    release = a_release(folder, rows, dataset=dataset, schema=LOOKED_UP, version="1.0.1")
    plan = make_plan(release, portal)
    assert (plan.kind, plan.tables[0].indexes) == ("routine", ("label", "opened"))
    assert "indexes label, opened" in as_text(plan, "en")
    receipt = publish(release)
    assert (receipt.tables[0].added, receipt.tables[0].changed, receipt.tables[0].removed) == (0, 0, 0)
    assert indexed() == ["uid", "label", "opened"]
    with pytest.raises(Refused, match="uplicate"):
        portal.insert(table, [stop(3)])
    assert make_plan(release, portal).kind == "nothing"


def test_a_table_without_a_key_is_compared_as_a_multiset(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Equal rows may stand several times; exactly the surplus goes and the missing ones come."""
    publish(a_release(folder, [stop(1), stop(1), stop(1), stop(2)], dataset=dataset, key=()))
    receipt = publish(a_release(folder, [stop(1), stop(3), stop(3)], dataset=dataset, version="1.1.0", key=()))
    (change,) = receipt.tables
    assert (change.added, change.changed, change.removed) == (2, 0, 3)
    uids = sorted(row["uid"] for row in table_rows(portal, change.id))
    assert uids == ["HM0001", "HM0003", "HM0003"]


def test_a_file_that_left_the_release_is_kept_and_marked(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Nothing is removed by omission."""
    publish(a_release(folder, [stop(1)], dataset=dataset, extra={"report.json": b"{}"}))
    publish(a_release(folder, [stop(1)], dataset=dataset, version="1.0.1"))
    kept = next(r for r in public(portal, "package_show", id=dataset)["resources"] if r["name"] == "Файл report.json")
    assert kept["vidkryto_retired"] == "1.0.1"
    assert requests.get(kept["url"], timeout=30).content == b"{}"


def test_two_tables_and_many_files_are_one_publication(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Each table has its own resource and alias; all files change in one revision."""
    routes = {"fields": [{"name": "route", "type": "string"}, {"name": "length", "type": "number"}]}
    more = {"routes": ([{"route": "5", "length": "12.5"}], routes, ("route",))}
    receipt = publish(a_release(folder, [stop(1)], dataset=dataset, more=more, extra={"a.json": b"1", "b.json": b"2"}))
    assert [table.alias for table in receipt.tables] == [
        f"khmelnytskyi_{dataset.replace('-', '_')}", f"khmelnytskyi_{dataset.replace('-', '_')}_routes",
    ]  # fmt: skip
    assert table_rows(portal, receipt.tables[1].alias) == [{"route": "5", "length": 12.5}]
    modified = {r["last_modified"][:19] for r in public(portal, "package_show", id=dataset)["resources"]}
    assert len(modified) <= 2


def test_a_new_table_joins_a_public_dataset(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """The resource of a table that comes later is made under the lock and filled before it gets its file."""
    publish(a_release(folder, [stop(1)], dataset=dataset))
    routes = {"fields": [{"name": "route", "type": "string"}]}
    more = {"routes": ([{"route": "5"}, {"route": "6"}], routes, ("route",))}
    receipt = publish(a_release(folder, [stop(1)], dataset=dataset, version="1.1.0", more=more))
    assert len(table_rows(portal, receipt.tables[1].alias)) == 2
    assert len(public(portal, "package_show", id=dataset)["resources"]) == 3


def test_a_portal_that_moved_since_the_plan_is_left_alone(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """A hand edit of metadata or rows between plan and apply stops the apply before it writes anything."""
    publish(a_release(folder, [stop(n) for n in range(5)], dataset=dataset))
    release = a_release(folder, [stop(n) for n in range(6)], dataset=dataset, version="1.1.0")
    plan = make_plan(release, portal)
    portal.transport.write("package_patch", id=dataset, title="Рукою")
    with pytest.raises(PortalMoved):
        apply(plan, release, portal)
    plan = make_plan(release, portal)
    table = resource_id(dataset, "stops.csv")
    portal.insert(table, [stop(77)])
    portal.delete(table, [1])
    with pytest.raises(PortalMoved):
        apply(plan, release, portal)
    assert public(portal, "package_show", id=dataset)["version"] == "1.0.0"
    assert lock_of(portal, dataset) == "free"
    assert publish(release).outcome == "published"


def test_a_plan_of_another_release_is_refused(portal: CkanPortal, dataset: str, folder: Path) -> None:
    """The plan is bound to the bytes it was made for."""
    plan = make_plan(a_release(folder, [stop(1)], dataset=dataset), portal)
    with pytest.raises(PlanError, match="another release"):
        apply(plan, a_release(folder, [stop(2)], dataset=dataset), portal)


def test_hand_made_resources_and_extras_survive(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """What an editor added by hand is not ours to remove."""
    publish(a_release(folder, [stop(1)], dataset=dataset))
    portal.transport.write("resource_create", package_id=dataset, name="Карта", url="https://example.org/map")
    package = public(portal, "package_show", id=dataset)
    extras = [*package["extras"], {"key": "нотатка", "value": "рукою"}]
    portal.transport.write("package_patch", id=dataset, extras=extras)
    publish(a_release(folder, [stop(1)], dataset=dataset, version="1.0.1", metadata={"frequency": "daily"}))
    package = public(portal, "package_show", id=dataset)
    values = {extra["key"]: extra["value"] for extra in package["extras"]}
    assert values["нотатка"] == "рукою"
    assert values["frequency"].endswith("/DAILY")
    assert "Карта" in [entry["name"] for entry in package["resources"]]


def test_a_resource_removed_by_hand_comes_back_under_its_id(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Removed file, lost table: the next publication restores both at the old address."""
    release = a_release(folder, [stop(n) for n in range(5)], dataset=dataset)
    first = publish(release)
    portal.transport.write("resource_delete", id=first.tables[0].id)
    second = publish(release)
    assert second.outcome == "published"
    assert [file.url for file in second.files] == [file.url for file in first.files]
    assert len(table_rows(portal, first.tables[0].alias)) == 5


def test_the_steps_are_told_in_order(portal: CkanPortal, dataset: str, folder: Path) -> None:
    """A flow can show where a publication is."""
    release = a_release(folder, [stop(1)], dataset=dataset)
    told: list[str] = []
    apply(make_plan(release, portal), release, portal, Applying(step=told.append))
    assert told == [
        "lock", "create", "structure stops", "rows stops", "dictionary stops", "switch", "views", "receipt",
    ]  # fmt: skip


def lock_of(portal: CkanPortal, dataset: str) -> str:
    """What the lock says."""
    live = portal.dataset(dataset, {})
    anchor = live.resource(anchor_id(dataset)) if live else None
    return anchor.text(LOCK) if anchor else ""




def test_a_dataset_made_by_hand_is_adopted(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> None:
    """A dataset that others made keeps its resources and gets ours beside them, after a person agreed."""
    organization = portal.capabilities().organization
    theirs = [{"name": "Старий файл", "url": "https://example.org/old.csv"}]
    portal.transport.write("package_create", name=dataset, owner_org=organization, resources=theirs)
    release = a_release(folder, [stop(1)], dataset=dataset)
    plan = make_plan(release, portal)
    assert plan.needs_approval
    assert [finding.code for finding in plan.findings] == ["plan-dataset-adopted"]
    publish(release)
    names = [entry["name"] for entry in public(portal, "package_show", id=dataset)["resources"]]
    assert names[0] == "Старий файл"
    assert len(names) == 3
    assert make_plan(release, portal).kind == "nothing"


def test_the_lock_of_a_run_that_died_goes_though_nothing_else_is_to_do(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """A lock that expired is set free by the next run; one that another run holds is left to it."""
    release = a_release(folder, [stop(1)], dataset=dataset)
    package, anchor = publish(release).package, anchor_id(dataset)
    for run, ends, left in (("gone", -timedelta(minutes=1), "free"), ("there", timedelta(minutes=9), "there")):
        lock = Lock(run, "a" * 64, datetime.now(UTC) + ends)
        portal.revise(package, {}, resources={anchor: {LOCK: str(lock)}})
        assert publish(release).outcome == "unchanged"
        live = portal.dataset(dataset, {})
        assert live is not None
        resource = live.resource(anchor)
        assert resource is not None
        assert resource.text(LOCK).split()[0] == left
