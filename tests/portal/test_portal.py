"""The local portal in use: who may do what, what is found, who could listen in, and how fast it forgets."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_portal import FOLDER, LocalPortal, portal_python


class Api:
    """The action API with one token."""

    def __init__(self, portal: LocalPortal, token: str = "") -> None:
        self.portal, self.token = portal, token

    def __call__(self, action: str, **values: Any) -> tuple[int, Any]:
        """Status and result, or the error."""
        headers = {"Content-Type": "application/json", **({"Authorization": self.token} if self.token else {})}
        address = f"{self.portal.url}/api/3/action/{action}"
        request = urllib.request.Request(address, json.dumps(values).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, json.load(response)["result"]
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)["error"]


@pytest.fixture
def editor(local_portal: LocalPortal) -> Api:
    """The pipeline's user."""
    return Api(local_portal, local_portal.editor_token)


@pytest.fixture
def anyone(local_portal: LocalPortal) -> Api:
    """A visitor without a token."""
    return Api(local_portal)


def page(portal: LocalPortal, path: str) -> str:
    """A page of the portal."""
    with urllib.request.urlopen(portal.url + path, timeout=60) as response:
        return str(response.read().decode("utf-8"))


def status(portal: LocalPortal) -> dict[str, Any]:
    """What the portal says of itself."""
    command = [str(portal_python()), "-P", "-m", "vidkryto_portal", "status", "--json", "--home", str(portal.home)]
    answer = subprocess.run(command, env={"PYTHONPATH": str(FOLDER)}, capture_output=True, check=True, text=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def test_the_editor_publishes_a_dataset_with_a_table(editor: Api, anyone: Api) -> None:
    """The pipeline needs no more than an editor's token; what it publishes is public at once."""
    organization = editor.portal.organization
    code, _ = editor("package_create", name="stops", title="Зупинки", owner_org=organization, license_id="cc-by")
    assert code == 200
    fields = [{"id": "uid", "type": "int8", "info": {"label": "Код"}}, {"id": "label", "type": "text"}]
    records = [{"uid": "1", "label": "Вокзал"}, {"uid": "2", "label": "Ринок"}]
    code, table = editor(
        "datastore_create", resource={"package_id": "stops", "name": "stops"}, fields=fields, records=records,
        primary_key=["uid"],
    )  # fmt: skip
    assert code == 200
    code, found = anyone("datastore_search", resource_id=table["resource_id"], q="Ринок")
    assert (code, [row["uid"] for row in found["records"]]) == (200, [2])
    assert found["fields"][1]["info"]["label"] == "Код"


def test_no_worker_keeps_its_session_after_a_download(editor: Api, anyone: Api) -> None:
    """CKAN opens a session behind a streamed table; a database put anew would leave the worker answering 500 for good.

    Both workers must have streamed, and chance decides which one answers: sixteen times the same one is unlikely.
    """
    _, dataset = editor("package_create", name="kept", title="Сесія", owner_org=editor.portal.organization)
    fields = [{"id": "uid", "type": "text"}]
    code, table = editor(
        "datastore_create", resource={"package_id": dataset["id"]}, fields=fields, records=[{"uid": "1"}]
    )
    assert code == 200
    for _ in range(16):
        assert "uid" in page(editor.portal, f"/datastore/dump/{table['resource_id']}")
    editor.portal.reset()
    assert [anyone("status_show")[0] for _ in range(16)] == [200] * 16


def test_the_editor_may_do_no_more_than_publish(editor: Api, anyone: Api) -> None:
    """No organisations, no users, no datasets elsewhere; a visitor writes nothing."""
    assert editor("organization_create", name="another")[0] == 403
    assert editor("user_create", name="another", email="a@city.example", password="long enough 1")[0] == 403
    assert editor("package_create", name="nowhere")[0] in (403, 409)
    assert editor("organization_delete", id=editor.portal.organization)[0] == 403
    assert anyone("package_create", name="nowhere", owner_org=editor.portal.organization)[0] == 403
    assert Api(editor.portal, "a wrong token")("package_create", name="nowhere")[0] == 403


def test_the_sysadmin_has_every_right(local_portal: LocalPortal) -> None:
    """The second token is for the few things an editor may not do."""
    assert Api(local_portal, local_portal.sysadmin_token)("organization_create", name="another")[0] == 200


def test_the_organisation_says_that_it_is_a_trial(anyone: Api) -> None:
    """Nobody should take the local portal for the city's."""
    code, organization = anyone("organization_show", id=anyone.portal.organization)
    assert (code, organization["title"]) == (200, "Хмельницька міська рада (місцевий пробний портал)")
    home = page(anyone.portal, "/")
    assert "місцевий пробний портал" in home
    assert "local trial portal" in home


def test_ukrainian_and_english_pages(local_portal: LocalPortal) -> None:
    """Ukrainian by default, English offered, no other language."""
    assert 'lang="uk' in page(local_portal, "/dataset/").replace("uk_UA", "uk")
    assert 'lang="en"' in page(local_portal, "/en/dataset/")
    assert "/de/dataset" not in page(local_portal, "/dataset/")


def test_searching_through_ckan(editor: Api, anyone: Api) -> None:
    """Ukrainian words, facets, order, pages and a bad query, as a visitor meets them."""
    for name, title, tag in (
        ("stops", "Зупинки громадського транспорту", "транспорт"),
        ("routes", "Маршрути автобусів", "транспорт"),
        ("budget", "Обʼєкти бюджету", "фінанси"),
    ):
        tags = [{"name": tag}]
        assert (
            editor("package_create", name=name, title=title, owner_org=editor.portal.organization, tags=tags)[0] == 200
        )

    def names(**query: Any) -> list[str]:
        code, answer = anyone("package_search", **query)
        assert code == 200
        return [found["name"] for found in answer["results"]]

    assert names(q="зупинка") == ["stops"]
    assert names(q="ОБ’ЄКТ") == ["budget"]
    assert names(q="tags:транспорт", sort="name asc") == ["routes", "stops"]
    assert names(sort="title_string desc", rows=2) == ["budget", "routes"]
    assert names(sort="title_string desc", rows=2, start=2) == ["stops"]
    assert names(fq="tags:фінанси metadata_modified:[NOW-1HOUR TO *]") == ["budget"]
    _, answer = anyone("package_search", rows=0, **{"facet.field": ["tags"]})
    counts = {item["name"]: item["count"] for item in answer["search_facets"]["tags"]["items"]}
    assert counts == {"транспорт": 2, "фінанси": 1}
    code, error = anyone("package_search", q="title:(зупинки")
    assert (code, error["__type"]) == (409, "Search Error")
    assert "Зупинки громадського транспорту" in page(
        local_page := anyone.portal, "/dataset/?q=" + urllib.parse.quote("зупинки")
    )
    assert local_page.url in page(local_page, "/feeds/dataset.atom")


def test_datasets_as_linked_data(editor: Api) -> None:
    """DCAT for harvesters: the catalogue and each dataset, with the licence."""
    organization = editor.portal.organization
    resource = {"name": "stops", "url": "https://city.example/stops.csv", "format": "CSV"}
    code, _ = editor(
        "package_create",
        name="stops",
        title="Зупинки",
        owner_org=organization,
        license_id="cc-by",
        resources=[resource],
    )
    assert code == 200
    assert "Зупинки" in page(editor.portal, "/catalog.ttl")
    dataset = page(editor.portal, "/dataset/stops.ttl")
    assert "a dcat:Dataset" in dataset
    assert "dct:license" in dataset
    assert "application/ld+json" in page(editor.portal, "/dataset/stops")


def test_nothing_listens_beyond_loopback(local_portal: LocalPortal) -> None:
    """Every listening socket of the portal's processes is on 127.0.0.1; PostgreSQL and Valkey have none at all."""
    programs = status(local_portal)["programs"]
    listening = {name: listening_addresses(pid) for name, pid in programs.items()}
    assert {name: {address for address, _ in found} for name, found in listening.items()} == {
        "web": {"127.0.0.1"},
        "search": {"127.0.0.1"},
        "valkey": set(),
        "postgres": set(),
    }


def listening_addresses(pid: int) -> set[tuple[str, int]]:
    """The TCP addresses a process listens on, from /proc."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        inodes.add(str(handle.readlink()))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                address, _, port = fields[1].partition(":")
                octets = bytes.fromhex(address)[::-1] if len(address) == 8 else b""
                found.add((".".join(map(str, octets)) or address, int(port, 16)))
    return found


def test_secrets_are_in_private_files_only(local_portal: LocalPortal) -> None:
    """Tokens, passwords and settings are readable by their owner alone, and in no command line."""
    home = local_portal.home
    names = ("editor.token", "sysadmin.token", "editor.password", "sysadmin.password", "ckan.ini", "portal.json")
    assert {name: (home / name).stat().st_mode & 0o777 for name in names} == dict.fromkeys(names, 0o600)
    state = json.loads((home / "portal.json").read_text(encoding="utf-8"))
    secrets = [state["secret_key"], state["search_password"], local_portal.editor_token, local_portal.sysadmin_token]
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().decode(errors="replace")
        except OSError:
            continue
        assert not any(secret in line for secret in secrets)
    assert not any(secret in repr(local_portal) for secret in secrets)


def test_reset_is_quick_and_complete(editor: Api, anyone: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Datasets, tables, files and the index go back to the first state while CKAN keeps running."""
    portal, seconds = editor.portal, []
    before = status(portal)["programs"]
    for _ in range(3):
        assert editor("package_create", name="stops", owner_org=portal.organization)[0] == 200
        assert editor("datastore_create", resource={"package_id": "stops"}, records=[{"a": 1}])[0] == 200
        began = time.monotonic()
        portal.reset()
        seconds.append(time.monotonic() - began)
        assert anyone("package_search")[1]["count"] == 0
        assert anyone("package_show", id="stops")[0] == 404
    assert status(portal)["programs"] == before
    with capsys.disabled():
        print(f"\nreset of the portal: {', '.join(f'{second:.2f}' for second in seconds)} s")


def test_snapshots_by_name(editor: Api, anyone: Api) -> None:
    """A test can keep a prepared state and come back to it; the first state stays what it was."""
    portal = editor.portal
    assert editor("package_create", name="stops", title="Зупинки", owner_org=portal.organization)[0] == 200
    portal.snapshot("prepared")
    assert editor("package_delete", id="stops")[0] == 200
    assert anyone("package_search", q="зупинки")[1]["count"] == 0
    portal.reset("prepared")
    assert anyone("package_search", q="зупинки")[1]["count"] == 1
    portal.reset()
    assert anyone("package_search", q="зупинки")[1]["count"] == 0
