"""What must hold of every publication: plans never write, one publisher wins, ids stay, errors say what to do."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.publish.conftest import QUICK
from tests.publish.proxy import proxied
from tests.publish.releases import STOPS, a_release, stop
from tests.publish.test_publication import public, table_rows
from tests.support.local_portal import LocalPortal
from vidkryto.errors import PortalError, PortalMoved, VidkrytoError
from vidkryto.plan.live import Capabilities
from vidkryto.plan.make import make_plan
from vidkryto.plan.names import resource_id, table_id
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.lock import Busy
from vidkryto.publish.portal import AnswerLost, CkanPortal, Patience
from vidkryto.publish.receipt import Receipt
from vidkryto.release.value import Release
from vidkryto.settings import Secret

Publish = Callable[..., Receipt]


def test_planning_never_writes(
    portal_session: LocalPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Behind a proxy that refuses every request that could change something, all kinds of plans are made."""
    release = a_release(folder, [stop(n) for n in range(5)], dataset=dataset)
    with proxied(portal_session.url) as proxy:
        proxy.refuse_writes = True
        refused = CkanPortal(proxy.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)
        assert make_plan(release, refused).first
        publish(release)
        assert make_plan(release, refused).kind == "nothing"
        other = a_release(folder, [stop(1, label="x")], dataset=dataset, version="1.1.0", key=("label",))
        assert make_plan(other, refused).kind == "breaking"
        assert refused.written == 0
        with pytest.raises(PortalError):
            apply(make_plan(other, refused), other, refused)


def test_two_publishers_of_one_dataset_do_not_mix(
    portal_session: LocalPortal, dataset: str, folder: Path
) -> None:
    """One wins the lock; the other stops and says so; afterwards the portal equals one of the two releases."""

    def client() -> CkanPortal:
        return CkanPortal(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)

    first = a_release(folder, [stop(n) for n in range(30)], dataset=dataset)
    apply(make_plan(first, client()), first, client())
    rivals = [
        a_release(folder, [stop(n, label=name) for n in range(30)], dataset=dataset, version=version)
        for name, version in (("перша", "1.1.0"), ("друга", "1.2.0"))
    ]
    plans = [make_plan(release, client()) for release in rivals]
    barrier = threading.Barrier(2)

    def race(number: int) -> str:
        barrier.wait()
        try:
            return apply(plans[number], rivals[number], client()).version
        except (Busy, PortalMoved) as error:
            return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(race, range(2)))
    won = [version for version in ended if version in ("1.1.0", "1.2.0")]
    assert len(won) == 1, ended
    winner = next(release for release in rivals if release.version == won[0])
    assert make_plan(winner, client()).kind == "nothing"


def test_two_first_publications_of_one_dataset_make_one(
    portal_session: LocalPortal, dataset: str, folder: Path
) -> None:
    """Both find no dataset; one creates it and the other waits or stops."""

    def client() -> CkanPortal:
        return CkanPortal(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)

    release = a_release(folder, [stop(n) for n in range(5)], dataset=dataset)
    plan = make_plan(release, client())
    barrier = threading.Barrier(2)

    def race(_: int) -> str:
        barrier.wait()
        try:
            return apply(plan, release, client()).outcome
        except VidkrytoError as error:
            return type(error).__name__

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(race, range(2)))
    assert ended.count("published") == 1, ended
    assert make_plan(release, client()).kind == "nothing"


@pytest.mark.slow
def test_eight_datasets_at_once_lose_nothing(portal_session: LocalPortal, dataset: str, folder: Path) -> None:
    """Eight publishers on eight datasets of one organisation: all are there, complete."""

    def one(number: int) -> Release:
        client = CkanPortal(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)
        rows = [stop(n) for n in range(20 + number)]
        release = a_release(folder, rows, dataset=f"{dataset}-{number}", extra={"r.json": b"{}"})
        apply(make_plan(release, client), release, client)
        return release

    with ThreadPoolExecutor(8) as pool:
        releases = list(pool.map(one, range(8)))
    client = CkanPortal(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)
    assert [make_plan(release, client).kind for release in releases] == ["nothing"] * 8


def random_release(rng: random.Random, folder: Path, dataset: str, number: int) -> Release:
    """A release with some columns of some types, some rows, some files."""
    kinds = {"string": lambda n: f"т{n}", "integer": str, "number": lambda n: f"{n}.50", "date": lambda n: "2026-01-01",
             "boolean": lambda n: "true", "datetime": lambda n: "2026-01-01T00:00:00Z",
             "object": lambda n: f'{{"n": {n}}}'}  # fmt: skip
    names = rng.sample(["a", "b", "c", "назва", "place", "hash", "e"], rng.randint(1, 6))
    types = {name: rng.choice(list(kinds)) for name in names}
    schema = {
        "fields": [{"name": "uid", "type": "string"}]
        + [{"name": name, "type": type_, "title": rng.choice(["Один", "Два"])} for name, type_ in types.items()]
    }
    rows = [
        {"uid": str(n), **{name: rng.choice([None, kinds[type_](n)]) for name, type_ in types.items()}}
        for n in rng.sample(range(40), rng.randint(0, 30))
    ]
    return a_release(
        folder, rows, dataset=dataset, version=f"1.{number}.0", schema=schema, key=rng.choice([("uid",), ()]),
        metadata={"keywords": rng.sample(["один", "два", "три"], 2), "frequency": rng.choice(["daily", "monthly"])},
        extra=rng.choice([{}, {"r.json": str(number).encode()}]),
    )  # fmt: skip


@pytest.mark.parametrize("count", [3, pytest.param(50, marks=pytest.mark.slow)])
@pytest.mark.timeout(3600)
def test_ids_addresses_and_aliases_outlive_random_releases(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path, count: int
) -> None:
    """Columns come, go, are renamed and retyped, the key changes: addresses stay, and a second plan is empty."""
    rng = random.Random(835)
    promised: dict[str, Any] = {}
    for number in range(count):
        release = random_release(rng, folder, dataset, number)
        receipt = publish(release)
        plan = make_plan(release, portal)
        assert plan.kind == "nothing", (number, plan.metadata, plan.resources, plan.tables)
        info = public(portal, "datastore_info", id=receipt.tables[0].alias)
        labels = {field["id"]: field["info"]["label"] for field in info["fields"]}
        assert labels == {f["name"]: f.get("title", f["name"]) for f in release.tables[0].schema["fields"]}
        seen = {
            "package": receipt.package,
            "tables": [(table.id, table.alias) for table in receipt.tables],
            **{file.name: (file.id, file.url) for file in receipt.files},
        }
        assert all(promised.get(name, value) == value for name, value in seen.items())
        promised |= seen


class WithLoader(CkanPortal):
    """A portal that says it runs xloader."""

    def capabilities(self) -> Capabilities:
        found = super().capabilities()
        return replace(found, loaders=frozenset({"xloader"}))


def test_where_a_loader_runs_the_table_stands_apart(
    portal_session: LocalPortal, portal: CkanPortal, dataset: str, folder: Path
) -> None:
    """The file's resource has no table of ours; the table has a resource of its own that loaders ignore."""
    beside = WithLoader(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)
    for version, rows in (("1.0.0", 5), ("1.1.0", 7)):
        release = a_release(folder, [stop(n) for n in range(rows)], dataset=dataset, version=version)
        plan = make_plan(release, beside)
        assert "plan-loader-active" in {finding.code for finding in plan.findings}
        receipt = apply(plan, release, beside, Applying(pause=0.05))
        assert make_plan(release, beside).kind == "nothing"
        (table,) = receipt.tables
        assert table.id != resource_id(dataset, "stops.csv")
        assert len(table_rows(portal, table.alias)) == rows
    resources = {entry["id"]: entry for entry in public(portal, "package_show", id=dataset)["resources"]}
    assert resources[table.id]["url_type"] == "datastore"
    assert resources[table.id]["vidkryto_rows"] == "7"
    assert resources[resource_id(dataset, "stops.csv")]["datastore_active"] is False
    assert not resources[resource_id(dataset, "stops.csv")]["hash"]


def test_a_table_moves_once_when_a_loader_comes_and_stays_when_it_goes(
    portal_session: LocalPortal, portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Another id is a breaking change and waits for a person; the alias gives the rows of the new place."""
    beside = WithLoader(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)
    (first,) = publish(a_release(folder, [stop(n) for n in range(3)], dataset=dataset)).tables

    def again(rows: int, version: str, through: CkanPortal) -> tuple[str, str, int]:
        release = a_release(folder, [stop(n) for n in range(rows)], dataset=dataset, version=version)
        plan = make_plan(release, through)
        (table,) = apply(plan, release, through, Applying(pause=0.05)).tables
        assert make_plan(release, through).kind == "nothing"
        return plan.kind, table.id, len(table_rows(portal, first.alias))

    release = a_release(folder, [stop(n) for n in range(4)], dataset=dataset, version="1.1.0")
    plan = make_plan(release, beside)
    assert "plan-table-moved" in {finding.code for finding in plan.findings}

    def die(step: str) -> None:
        if step == "switch":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(plan, release, beside, Applying(pause=0.05, step=die))
    apart = table_id(dataset, "stops.csv", apart=True)
    assert plan.kind == "breaking"
    assert again(4, "1.1.0", beside)[1:] == (apart, 4)
    assert again(5, "1.2.0", beside) == ("routine", apart, 5)
    assert again(6, "1.3.0", portal) == ("routine", apart, 6)
    assert apart != first.id


@pytest.mark.slow
def test_a_large_file_is_streamed(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> None:
    """1 GB goes to the portal, and is downloaded again, while this process grows by less than 100 MB."""
    release = a_release(folder, [stop(1)], dataset=dataset, extra={"big.json": b"x" * 1_000_000_000})
    plan = make_plan(release, portal)
    process, over = psutil.Process(), threading.Event()
    before = most = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not over.wait(0.02):
            most = max(most, process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        receipt = apply(plan, release, portal)
    finally:
        over.set()
        watching.join()
    big = next(file for file in receipt.files if file.name == "big.json")
    assert (big.bytes, big.written) == (1_000_000_000, True)
    print(f"\n1 GB: {(most - before) / 1e6:.0f} MB more")
    assert most - before < 100_000_000


def test_a_wrong_token_is_told_with_its_remedy(portal_session: LocalPortal) -> None:
    """Not "organisation not found"."""
    portal = CkanPortal(portal_session.url, Secret("nonsense"), portal_session.organization, QUICK)
    with pytest.raises(PortalError, match="does not accept the token") as caught:
        portal.capabilities()
    assert "API Tokens" in caught.value.remedy
    assert "nonsense" not in str(caught.value)
    assert not caught.value.transient


def test_missing_rights_are_told_with_what_there_is(portal_session: LocalPortal) -> None:
    """The organisations for which the token would do are named."""
    portal = CkanPortal(portal_session.url, Secret(portal_session.editor_token), "інша-рада", QUICK)
    with pytest.raises(PortalError, match=f"may not publish for .*it may publish for: {portal_session.organization}"):
        portal.capabilities()


def test_an_unreachable_portal_is_told() -> None:
    """After a few attempts, with the address; a flow may try its stage again."""
    portal = CkanPortal("http://127.0.0.1:9", Secret("x"), "khm", Patience(connect=1, attempts=2, pause=0.01))
    with pytest.raises(PortalError, match=r"the portal http://127\.0\.0\.1:9 cannot be reached") as caught:
        portal.capabilities()
    assert caught.value.transient


def test_a_portal_that_says_when_it_is_back_is_asked_then(
    portal_session: LocalPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After: a read waits that long and asks again; of a write nobody knows, so it is not repeated."""
    waits: list[float] = []
    monkeypatch.setattr("vidkryto.publish.portal.transport.time.sleep", waits.append)
    with proxied(portal_session.url) as proxy:
        portal = CkanPortal(proxy.url, Secret(portal_session.editor_token), portal_session.organization, QUICK)
        proxy.ruin(0, "503 with Retry-After")
        assert portal.transport.read("status_show")
        assert proxy.seen == ["status_show", "status_show"]
        (waited,) = waits
        assert 3 <= waited <= 3 + QUICK.pause
        proxy.ruin(0, "503 with Retry-After")
        with pytest.raises(AnswerLost, match="answered 503"):
            portal.take_down("nothing-of-this-name")
        assert proxy.seen == ["package_delete"]


def test_no_portal_is_told() -> None:
    """Where nothing is set, the remedy is to set it or to start the local one."""
    with pytest.raises(PortalError, match="no portal is set") as caught:
        CkanPortal("", Secret(""), "khm")
    assert "vidkryto portal up" in caught.value.remedy


def test_something_else_than_ckan_is_told(portal_session: LocalPortal) -> None:
    """An address below the portal's answers, but not like CKAN."""
    portal = CkanPortal(f"{portal_session.url}/about", Secret("x"), "khm", QUICK)
    with pytest.raises(PortalError, match="does not answer like a CKAN portal"):
        portal.capabilities()


KEPT = [{**f, "type": "string"} if f["name"] == "platforms" else f for f in STOPS["fields"] if f["name"] != "routes"]
RESHAPED = {"fields": [*KEPT, {"name": "note", "type": "string"}]}


@pytest.mark.parametrize("made", ["as we do", "where clients ask in SQL", "before"])
def test_an_alias_stays_while_the_structure_changes(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    """A field leaves, one comes, one is retyped: the alias answers after every request that changes the structure.

    Where it shows the columns itself it is away between two requests that follow each other.
    """
    if made != "as we do":
        monkeypatch.setattr(portal, "sql", lambda: True)
    receipt = publish(a_release(folder, [stop(n) for n in range(5)], dataset=dataset))
    if made == "before":
        monkeypatch.setattr(portal, "sql", lambda: False)
    (table,) = receipt.tables
    answers, shape = [], portal.shape

    def shaped(name: str, **parts: Any) -> None:
        shape(name, **parts)
        answers.append(isinstance(public(portal, "datastore_search", resource_id=table.alias), dict))

    monkeypatch.setattr(portal, "shape", shaped)
    release = a_release(
        folder, [stop(n, note="так") for n in range(5)], dataset=dataset, version="2.0.0", schema=RESHAPED
    )
    publish(release)
    assert len(answers) >= 3
    assert answers.count(False) == (0 if made == "as we do" else 1)
    found = public(portal, "datastore_search", resource_id=table.alias)
    assert [field["id"] for field in found["fields"][1:]] == [
        "uid", "label", "lat", "shelter", "opened", "checked", "platforms", "note",
    ]  # fmt: skip
    assert {row["note"] for row in found["records"]} == {"так"}
    assert make_plan(release, portal).kind == "nothing"


def test_the_local_portal_answers_no_sql(portal: CkanPortal) -> None:
    """As CKAN does by default; asked once."""
    assert not portal.sql()
    sent = portal.sent
    assert not portal.sql()
    assert portal.sent == sent


@pytest.mark.slow
def test_what_readers_see_while_the_structure_of_a_table_changes(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """By the table's id and by its alias every answer has rows."""
    publish(a_release(folder, [stop(n) for n in range(500)], dataset=dataset))
    table = resource_id(dataset, "stops.csv")
    alias = f"khmelnytskyi_{dataset.replace('-', '_')}"
    seen: dict[str, set[tuple[int, bool]]] = {table: set(), alias: set()}
    done = threading.Event()

    def read(name: str) -> None:
        while not done.is_set():
            address = f"{portal.transport.url}/api/3/action/datastore_search"
            answer = requests.get(address, params={"resource_id": name, "limit": 10}, timeout=30)
            seen[name].add((answer.status_code, answer.ok and bool(answer.json()["result"]["records"])))

    readers = [threading.Thread(target=read, args=(name,)) for name in seen]
    for reader in readers:
        reader.start()
    schema = {"fields": [{**f, "type": "string"} if f["name"] == "platforms" else f for f in STOPS["fields"][:-2]]
              + [{"name": "platforms", "type": "string"}]}  # fmt: skip
    try:
        publish(a_release(folder, [stop(n) for n in range(500)], dataset=dataset, version="2.0.0", schema=schema))
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert seen[table] == seen[alias] == {(200, True)}
    assert public(portal, "datastore_search", resource_id=alias)["total"] == 500
