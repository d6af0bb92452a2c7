"""The commands around publication, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.publish.releases import STOPS, a_release, stop
from tests.publish.test_publication import public, table_rows
from tests.support.catalogue import CONTRACT, write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.catalogue import load_dataset
from vidkryto.cli.app import app
from vidkryto.disclosure.outcome import Previous
from vidkryto.errors import PlanError
from vidkryto.pipeline import new_job
from vidkryto.pipeline.stages import classes_of
from vidkryto.plan.make import make_plan
from vidkryto.plan.names import resource_id
from vidkryto.publish.apply import apply
from vidkryto.publish.approvals import Approvals
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipts
from vidkryto.record import Ledger, SigningKey
from vidkryto.release import Release, Releases
from vidkryto.settings import Settings

DATASET = "public-transport-stops"
CITY_CONTRACT = {
    **CONTRACT,
    "name": DATASET,
    "resources": [{**CONTRACT["resources"][0], "schema": {**STOPS, "primaryKey": ["uid"]}}],
    "publication": {
        **CONTRACT["publication"],
        "columns": {**{field["name"]: "open" for field in STOPS["fields"]}, "lat": "geo"},
        "approval": {"first": "required", "breaking": "required"},
    },
}
BY = ("--as", "data-office-1", "--role", "відділ даних", "--reason", "перевірено з управлінням")

Command = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with a ledger for practice."""
    folder = tmp_path / "home"
    folder.mkdir()
    SigningKey.generate("practice/tests").save(folder / "practice.key")
    Ledger.create(folder, key=folder / "practice.key")
    return folder


@pytest.fixture
def command(local_portal: LocalPortal, home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command against a fresh portal; fails the test when the exit code is another than expected."""
    root = home.parent / "city"
    write_catalogue(root, CITY_CONTRACT)
    token = home / "sysadmin.token"
    token.write_text(local_portal.sysadmin_token)
    token.chmod(0o600)
    for name, value in {
        "VIDKRYTO_ROOT": str(root), "VIDKRYTO_HOME": str(home), "VIDKRYTO_CKAN_URL": local_portal.url,
        "VIDKRYTO_CKAN_TOKEN": local_portal.editor_token, "VIDKRYTO_ORGANIZATION": local_portal.organization,
        "VIDKRYTO_LANGUAGE": "en",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("VIDKRYTO_AUDIT_KEY", raising=False)

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def live(portal: CkanPortal, home: Path, release: Release) -> None:
    """What the pipeline does after approval."""
    receipt = apply(make_plan(release, portal), release, portal)
    Receipts(home / "receipts").save(receipt)
    Releases(home / "releases" / DATASET).mark_published(release)
    job = new_job(load_dataset(home.parent / "city" / "datasets" / "transport" / DATASET), Settings(home.parent, home))
    job.disclosed("stops").parent.mkdir(parents=True, exist_ok=True)
    job.disclosed("stops").write_text(Previous(classes_of(job, "stops")).to_json(), encoding="utf-8")


def entries(home: Path) -> list[Any]:
    return [entry.kind for entry in Ledger.open(home, key=home / "practice.key").entries()]


def test_plan_approve_restore_watch_withdraw(command: Command, portal: CkanPortal, home: Path) -> None:
    """The life of a dataset after its release is built: every command leaves its trace in the ledger."""
    folder = home / "releases" / DATASET
    first = a_release(folder, [stop(n) for n in range(5)])
    assert "first publication" in command("plan", DATASET, code=1).stdout
    plan = json.loads(command("plan", DATASET, "--json", code=1).stdout)
    command("approve", plan["hash"][:12], *BY)
    made = make_plan(first, portal)
    assert made.hash == plan["hash"]
    assert Approvals(home / "plans").require(made) is not None

    live(portal, home, first)
    live(portal, home, a_release(folder, [stop(n) for n in range(2, 5)], version="1.1.0"))
    assert command("watch").stdout == f"{DATASET}: as published\n"
    command("restore", DATASET, "--to", "1.0.0", *BY)
    table = resource_id(DATASET, "stops.csv")
    assert len(table_rows(portal, table)) == 5
    assert public(portal, "package_show", id=DATASET)["version"] == "1.2.0"

    portal.insert(table, [stop(99)])
    assert "watch-rows-differ" in command("watch", DATASET, code=1).stdout
    command("watch", "--repair")
    assert len(table_rows(portal, table)) == 5

    command("withdraw", DATASET, *BY, "--legal-basis", "стаття 6 Закону 2939-VI", "--yes")
    assert public(portal, "package_show", id=DATASET) == 403
    assert command("watch").stdout == f"{DATASET}: as published\n"
    assert entries(home) == ["key", "approval", "restore", "withdrawal"]


def test_nothing_goes_back_past_the_rules_of_today(
    command: Command, portal: CkanPortal, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An act closes a row after it was published: neither a restore nor a repair shows it again, and both say why."""
    folder = home / "releases" / DATASET
    live(portal, home, a_release(folder, [stop(1), stop(2, label="Котельня")]))
    live(portal, home, a_release(folder, [stop(1)], version="1.1.0"))
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "a.toml").write_text('[[rule]]\nrule = "T3"\nobject_type = ["Котельня"]\n', encoding="utf-8")
    monkeypatch.setenv("VIDKRYTO_DENY_LISTS", str(lists))
    refused = command("restore", DATASET, "--to", "1.0.0", *BY, code=1)
    assert isinstance(refused.exception, PlanError)
    assert "release-rows-closed: Rows of the release that rule T3 closes: 1." in refused.stderr
    assert len(table_rows(portal, resource_id(DATASET, "stops.csv"))) == 1
    assert entries(home) == ["key"]
    assert [release.version for release in Releases(folder).all()] == ["1.0.0", "1.1.0"]

    (lists / "a.toml").write_text('[[rule]]\nrule = "T4"\nobject_type = ["вул. Кам’янецька, 1"]\n', encoding="utf-8")
    portal.insert(resource_id(DATASET, "stops.csv"), [stop(99)])
    assert "T4" in command("watch", DATASET, "--repair", code=1).stderr
    assert len(table_rows(portal, resource_id(DATASET, "stops.csv"))) == 2


def test_a_receipt_whose_contract_is_gone_keeps_no_other_from_being_watched(
    command: Command, portal: CkanPortal, home: Path
) -> None:
    """It is told by its name and makes the exit code; the others are compared, and repaired, as ever."""
    live(portal, home, a_release(home / "releases" / DATASET, [stop(1)]))
    receipts = Receipts(home / "receipts")
    latest = receipts.latest(DATASET)
    assert latest is not None
    receipts.save(replace(latest, dataset="a-gone-one"))
    portal.insert(resource_id(DATASET, "stops.csv"), [stop(99)])
    watched = command("watch", "--repair", code=2)
    assert watched.stdout == f"{DATASET}: as published\n"
    assert watched.stderr.startswith("a-gone-one: there is no dataset 'a-gone-one'")
    assert len(table_rows(portal, resource_id(DATASET, "stops.csv"))) == 1
    assert command("watch", DATASET).stdout == f"{DATASET}: as published\n"


def test_the_next_command_names_the_portal_that_was_named(
    command: Command, home: Path, local_portal: LocalPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was approved for a rehearsal is published there, and not to the environment's portal."""
    (home.parent / "city" / "portals.toml").write_text(
        f'[staging]\nurl = "{local_portal.url}"\ntoken_variable = "STAGING"\n', encoding="utf-8"
    )
    monkeypatch.setenv("STAGING", local_portal.editor_token)
    there = home / "portals" / "staging"
    there.mkdir(parents=True)
    SigningKey.generate("practice/staging").save(there / "practice.key")
    Ledger.create(there, key=there / "practice.key")
    unbuilt = command("plan", DATASET, "--portal", "staging", code=1).exception
    assert isinstance(unbuilt, PlanError)
    assert unbuilt.remedy == f"Build one: vidkryto publish {DATASET} --portal staging"
    assert f"vidkryto publish {DATASET} --portal staging" in unbuilt.told("uk")
    for portal, folder in ((("--portal", "staging"), there), ((), home)):
        a_release(folder / "releases" / DATASET, [stop(1)])
        plan = json.loads(command("plan", DATASET, "--json", *portal, code=1).stdout)
        told = command("approve", plan["hash"][:12], *BY, *portal).stderr
        assert told.endswith(f"Next: vidkryto publish {' '.join((DATASET, *portal))}\n")


def test_prepare_by_a_sysadmin(command: Command, portal: CkanPortal, home: Path) -> None:
    """Afterwards the plan's rows go in one step."""
    folder = home / "releases" / DATASET
    release = a_release(folder, [stop(1)])
    done = json.loads(
        command("portal", "prepare", DATASET, "--token-file", str(home / "sysadmin.token"), "--json").stdout
    )
    assert done[0]["table"] == resource_id(DATASET, "stops.csv")
    assert make_plan(release, portal).tables[0].route == "staging"


def test_a_plan_without_a_release_says_what_to_do(command: Command) -> None:
    """The message names the command that builds one."""
    result = command("plan", DATASET, code=1)
    assert "Build one: vidkryto publish" in str(result.exception)


def test_a_rehearsal_on_another_portal_changes_nothing_of_this_one(
    command: Command, home: Path, local_portal: LocalPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named portal has releases, approvals, receipts and a ledger of its own; the environment's keeps its state."""
    root = home.parent / "city"
    (root / "portals.toml").write_text(
        f'[staging]\nurl = "{local_portal.url}"\ntoken_variable = "STAGING"\n', encoding="utf-8"
    )
    exports = root / "datasets" / "transport" / DATASET / "exports"
    exports.mkdir(exist_ok=True)
    names = [field["name"] for field in STOPS["fields"]]
    release = a_release(home.parent / "made", [stop(n) for n in range(3)], dataset=DATASET)
    (exports / "stops.csv").write_bytes(release.tables[0].csv.path.read_bytes())
    assert names
    monkeypatch.setenv("STAGING", local_portal.editor_token)
    monkeypatch.setenv("VIDKRYTO_CKAN_URL", "http://127.0.0.1:9")  # nobody listens: this portal is not asked
    before = sorted(path for path in home.rglob("*") if path.is_file())
    approved = ("--approve-as", "data-office-1", "--role", "відділ даних", "--reason", "перша публікація")
    said = command("publish", DATASET, "--portal", "staging", code=2)
    assert "there is no ledger in" in said.output
    there = home / "portals" / "staging"
    SigningKey.generate("practice/staging").save(there / "practice.key")
    Ledger.create(there, key=there / "practice.key")
    command("publish", DATASET, "--portal", "staging", *approved)
    command("watch", DATASET, "--portal", "staging")
    command("restore", DATASET, "--to", "1.0.0", "--portal", "staging", *BY)
    published = Releases(there / "releases" / DATASET).published()
    assert published is not None
    assert published.version == "1.1.0"
    assert Releases(home / "releases" / DATASET).published() is None
    after = sorted(path for path in home.rglob("*") if path.is_file() and there not in path.parents)
    assert after == before
