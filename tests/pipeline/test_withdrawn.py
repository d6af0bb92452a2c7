"""What was withdrawn stays away until somebody brings it back; what was erased is gone, and the ledger still holds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from typer.testing import CliRunner, Result

from tests.pipeline.conftest import EXPORT, City
from tests.pipeline.test_pipeline import contract
from vidkryto import clock
from vidkryto.cli.app import app
from vidkryto.errors import PlanError, PortalError
from vidkryto.pipeline import ledger_of
from vidkryto.pipeline.agenda import agenda
from vidkryto.pipeline.due import due_datasets
from vidkryto.publish import apply as apply_module
from vidkryto.publish import lock as locks
from vidkryto.record.verifier import verify
from vidkryto.release import Releases

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
_numbers = itertools.count(1)
BY = ("--as", "data-office-1", "--role", "Відділ даних", "--reason", "перевірено з управлінням")
LAW = ("--legal-basis", "стаття 6 Закону 2939-VI", "--yes")
OTHER = EXPORT.replace("Ринок", "Базар")


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city whose dataset is published, in two versions."""
    city = make_city(f"withdrawn-{next(_numbers)}", contract())
    for text in (OTHER, EXPORT):
        city.export(text)
        assert city.run().outcome == "Published"
    return city


@pytest.fixture
def command(city: City, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command for the city; fails when the exit code is another than expected."""
    for name, value in {
        "VIDKRYTO_ROOT": str(city.root), "VIDKRYTO_HOME": str(city.settings.home), "VIDKRYTO_LANGUAGE": "en",
        "VIDKRYTO_CKAN_URL": city.settings.ckan_url, "VIDKRYTO_CKAN_TOKEN": city.settings.ckan_token.reveal(),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    def run(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


def public(city: City) -> bool:
    """Whether anybody sees the dataset's page."""
    url = f"{city.settings.ckan_url}/api/3/action/package_show"
    return requests.get(url, params={"id": city.folder.name}, timeout=30).ok


def holds(city: City) -> bool:
    home = city.settings.home
    return verify(home / "ledger", objects=home / "objects", runs=home / "runs").good


def test_no_night_puts_a_withdrawn_dataset_back(city: City, command: Callable[..., Result]) -> None:
    """Although a first publication needs no approval here, and a new export came; a restore does, and says who."""
    command("withdraw", city.folder.name, *BY, *LAW)
    city.export(OTHER.replace("Гречани", "Озерна"))
    for options in ({}, {"force": True}):
        record = city.run(**options)
        assert record.outcome == "Withheld"
        assert record.snapshots == ()
        assert record.reason is not None
        assert "only vidkryto restore brings it back" in record.reason.en
    assert not public(city)
    later = clock.now() + timedelta(days=60)
    assert [one.name for one in due_datasets(city.settings, later)] == []
    [row] = agenda(city.settings, later)
    assert (row.state, row.days_late, row.missed) == ("withdrawn", 0, 0)

    command("restore", city.folder.name, "--to", "1.1.0", *BY)
    assert public(city)
    assert city.run().outcome == "Published"
    assert holds(city)


def test_a_withdrawal_is_lifted_without_a_version(city: City, command: Callable[..., Result]) -> None:
    """The next run publishes what the department hands over; what is not withdrawn is not lifted."""
    assert isinstance(command("restore", city.folder.name, *BY, code=1).exception, PlanError)
    command("withdraw", city.folder.name, *BY, *LAW)
    command("restore", city.folder.name, *BY)
    assert not public(city)
    assert city.run().outcome == "Published"
    assert public(city)


def test_a_withdrawal_does_not_wait_for_a_store(
    city: City, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nobody sees the dataset any more, the command says that the store is away, and the next run gives to it."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("VIDKRYTO_STORE", str(tmp_path / "file" / "inside"))
    told = command("withdraw", city.folder.name, *BY, *LAW).stderr
    assert "the shared store did not answer" in told
    assert not public(city)
    store = str(tmp_path / "store")
    assert city.run(settings=replace(city.settings, store=store)).outcome == "Withheld"
    latest = Path(store) / "state" / "receipts" / city.folder.name / "latest.json"
    assert json.loads(latest.read_text(encoding="utf-8"))["outcome"] == "withdrawn"


def test_what_is_erased_is_gone_and_the_ledger_holds(city: City, command: Callable[..., Result]) -> None:
    """Exports, releases, plans and records of runs: no file holds a cell any more, and each hash stays."""
    home = city.settings.home
    command("report")
    secret = "Залізничний вокзал"

    def told() -> list[str]:
        files = [file for file in home.rglob("*") if file.is_file()]
        words = (secret.encode(), secret.encode("cp1251"))
        return [str(file.relative_to(home)) for file in files if any(word in file.read_bytes() for word in words)]

    assert {name.split("/")[0] for name in told()} >= {"objects", "releases"}
    withdrawn = command("withdraw", city.folder.name, *BY, *LAW, "--erase")
    assert "files deleted" in withdrawn.stderr
    assert told() == []
    assert not list((home / "runs").glob("*/*/run.json"))
    entry = [entry for entry in ledger_of(city.settings).entries() if entry.kind == "withdrawal"][-1]
    assert len(entry.body["objects"]) > 10
    assert holds(city)
    page = home / "site" / "en" / "datasets" / city.folder.name / "index.html"
    assert "withdrawn" in page.read_text(encoding="utf-8")

    assert city.run().outcome == "Withheld"
    assert holds(city)
    command("restore", city.folder.name, *BY)
    assert city.run().outcome == "Published"
    assert holds(city)


def test_a_file_lost_without_a_tombstone_is_still_found(city: City) -> None:
    """What nobody erased has to be there."""
    (record,) = list((city.settings.home / "runs").glob("*/*/run.json"))[:1]
    record.unlink()
    assert not holds(city)


def test_a_closed_dataset_that_is_still_live_is_an_error(city: City, command: Callable[..., Result]) -> None:
    """The contract alone takes nothing off the portal: the finding says what does."""
    made: dict[str, Any] = yaml.safe_load((city.folder / "dataset.yaml").read_text(encoding="utf-8"))
    made["publication"]["access"] = {"status": "withheld", "legal_basis": "наказ 5", "review": "2027-01-01"}
    (city.folder / "dataset.yaml").write_text(yaml.safe_dump(made, allow_unicode=True), encoding="utf-8")
    record = city.run()
    assert record.outcome == "Withheld"
    (task,) = record.tasks
    assert (task.code, task.severity) == ("closed-dataset-live", "error")
    assert public(city)

    command("withdraw", city.folder.name, *BY, *LAW)
    record = city.run()
    assert (record.outcome, record.tasks) == ("Withheld", ())
    assert isinstance(command("restore", city.folder.name, "--to", "1.0.0", *BY, code=1).exception, PlanError)


class Died(BaseException):
    """As if the process had been killed: nothing after this is carried out."""


PLACES = {
    "rows written": (apply_module, "close_up"),
    "switched": (apply_module._Work, "_receipt"),
    "receipt kept": (Releases, "mark_published"),
}


@pytest.mark.parametrize(
    "where", ["rows written", *(pytest.param(one, marks=pytest.mark.slow) for one in list(PLACES)[1:])]
)
def test_a_restore_that_died_is_finished_by_the_next_night(
    city: City, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Before the switch, right after it, before the pointer: what a person decided is not undone."""

    def dies(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(*PLACES[where], dies)
        patch.setattr(locks.Held, "give_up", locks.Held.forget)
        with pytest.raises(Died):
            CliRunner().invoke(app, ["restore", city.folder.name, "--to", "1.0.0", *BY], catch_exceptions=False)
    releases = Releases(city.settings.home / "releases" / city.folder.name)
    assert city.run().outcome == "Unchanged"
    first, back = releases.find("1.0.0"), releases.published()
    assert first is not None
    assert back is not None
    assert back.version == "1.2.0"
    assert back.tables[0].csv.sha256 == first.tables[0].csv.sha256
    assert command("watch").stdout == f"{city.folder.name}: as published\n"
    assert city.run().outcome == "Unchanged"
    assert holds(city)


def test_a_restore_that_the_portal_refused_is_not_taken_up(
    city: City, command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The officer was told and decides anew: no night carries it out by itself."""

    def refused(*_: object) -> None:
        raise PortalError("no", remedy="…")

    with monkeypatch.context() as patch:
        patch.setattr(apply_module._Work, "published", refused)
        command("restore", city.folder.name, "--to", "1.0.0", *BY, code=1)
    assert city.run().outcome == "Unchanged"
    published = Releases(city.settings.home / "releases" / city.folder.name).published()
    assert published is not None
    assert published.version == "1.1.0"
