"""The command line: exit codes, data on stdout, words on stderr, an example in every help."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from filelock import FileLock

from tests.pipeline.conftest import EXPORT, READING
from tests.support.catalogue import CONTRACT, write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.cli import app
from vidkryto.cli.processes import find, start, stop
from vidkryto.errors import StateError
from vidkryto.record import Ledger, SigningKey

ROOT = Path(__file__).parents[2]


def commands() -> list[tuple[str, Any]]:
    """Every command with its words."""

    def walk(command: Any, path: str) -> Any:
        children = getattr(command, "commands", None)
        if children is None:
            yield path, command
            return
        for name, child in children.items():
            yield from walk(child, f"{path} {name}")

    return list(walk(typer.main.get_command(app), "vidkryto"))


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A city with one dataset, and a ledger to write into."""
    contract = copy.deepcopy(CONTRACT)
    contract["name"] = "cli-stops"
    contract["resources"][0]["reading"] = READING
    contract["resources"][0]["source"]["settle"] = 0
    folder = write_catalogue(tmp_path, contract)
    (folder / "exports" / "stops.csv").write_bytes(EXPORT.encode("cp1251"))
    home = tmp_path / ".vidkryto"
    SigningKey.generate("vidkryto-test/cli").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    return tmp_path


def vidkryto(city: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in the city's folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VIDKRYTO_")}
    return subprocess.run(
        [sys.executable, "-m", "vidkryto.cli", *words],
        cwd=city,
        env={**kept, "PYTHONPATH": str(ROOT), "VIDKRYTO_LANGUAGE": "en", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("path", "command"), commands(), ids=[path for path, _ in commands()])
def test_every_help_has_an_example_to_paste(path: str, command: Any) -> None:
    """The help of a command ends with a line that works."""
    text = command.get_help(typer.Context(command, info_name=path))
    assert "Example" in text, f"{path} has no example"
    assert "vidkryto" in text.partition("Example")[2]


def test_list_gives_data_on_stdout(city: Path) -> None:
    """--json is for programs: one document, nothing else on stdout."""
    done = vidkryto(city, "list", "--json")
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads(done.stdout)
    assert (entry["dataset"], entry["schedule"], entry["title"]) == ("cli-stops", "30 4 1 * *", "Stops")


def test_check_names_the_line_of_a_misspelt_key_and_exits_with_2(city: Path) -> None:
    """The officer sees file, line and the word that was probably meant, and no traceback."""
    file = city / "datasets" / "transport" / "cli-stops" / "dataset.yaml"
    file.write_text(file.read_text().replace("frequency:", "frequencyy:"))
    done = vidkryto(city, "check")
    assert done.returncode == 2
    assert "unknown key `publication.frequencyy`; did you mean `frequency`?" in done.stderr
    assert "dataset.yaml:" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_names_a_column_without_a_class(city: Path) -> None:
    """What would block a publication is told before one is tried."""
    file = city / "datasets" / "transport" / "cli-stops" / "dataset.yaml"
    file.write_text(file.read_text().replace("    label: open\n", ""))
    done = vidkryto(city, "check", "cli-stops")
    assert done.returncode == 2
    assert "label" in done.stderr


def test_check_tries_the_expectations(city: Path) -> None:
    """A misspelt expectation is told before the first run."""
    file = city / "datasets" / "transport" / "cli-stops" / "expectations.yaml"
    file.write_text("expectations: [{type: expect_column_values_to_not_be_nul, kwargs: {column: label}}]\n")
    done = vidkryto(city, "check", "cli-stops")
    file.unlink()
    assert done.returncode == 2
    assert "expect_column_values_to_not_be_nul" in done.stderr


def test_lock_keeps_the_names_of_columns_and_a_renamed_one_withholds(city: Path, portal_session: LocalPortal) -> None:
    """A name under which a column was published never changes in silence."""
    folder = city / "datasets" / "transport" / "cli-stops"
    assert vidkryto(city, "lock", "cli-stops").returncode == 0
    assert "label" in (folder / "columns.lock.yaml").read_text()
    assert "nothing new" in vidkryto(city, "lock", "cli-stops").stderr
    file = folder / "dataset.yaml"
    file.write_text(file.read_text().replace("name: label", "name: name").replace("label: open", "name: open"))
    portal = {"VIDKRYTO_CKAN_URL": portal_session.url, "VIDKRYTO_CKAN_TOKEN": portal_session.editor_token}
    done = vidkryto(city, "publish", "cli-stops", "--json", **portal)
    assert done.returncode == 1, done.stderr
    assert "lock-broken" in {task["code"] for task in json.loads(done.stdout)[0]["tasks"]}


def test_publish_exits_with_0_then_1_for_withheld_and_tells_row_and_remedy(
    city: Path, portal_session: LocalPortal
) -> None:
    """The exit code is the gravest outcome; the row is the one of the officer's file."""
    portal = {"VIDKRYTO_CKAN_URL": portal_session.url, "VIDKRYTO_CKAN_TOKEN": portal_session.editor_token}
    good = vidkryto(city, "publish", "cli-stops", "--json", **portal)
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)[0]["outcome"] == "Published"
    export = city / "datasets" / "transport" / "cli-stops" / "exports" / "stops.csv"
    export.write_bytes(EXPORT.replace("49,4012", "сорок дев'ять").encode("cp1251"))
    bad = vidkryto(city, "publish", "cli-stops", **portal)
    assert bad.returncode == 1, bad.stderr
    assert "stops.csv, row 3, lat" in " ".join(bad.stderr.split())
    status = json.loads(vidkryto(city, "status", "--json", **portal).stdout)
    assert (status[0]["outcome"], status[0]["live"]) == ("Withheld", "1.0.0")
    assert portal_session.editor_token not in good.stdout + good.stderr + bad.stdout + bad.stderr


def test_a_dataset_that_cannot_be_run_stops_no_other(city: Path) -> None:
    """The night of cron goes on to the next dataset, builds the report, and says at the end what was left out."""
    contract = yaml.safe_load((city / "datasets" / "transport" / "cli-stops" / "dataset.yaml").read_text())
    for name in ("cli-a", "cli-z"):
        write_catalogue(city, {**contract, "name": name})
    broken = write_catalogue(city, {**contract, "name": "cli-broken"}) / "dataset.yaml"
    broken.write_text("titel: x\n", encoding="utf-8")
    home = city / ".vidkryto"
    (home / "running").mkdir()
    with FileLock(home / "running" / "cli-a.lock"):
        portal = {"VIDKRYTO_CKAN_URL": "http://127.0.0.1:9", "VIDKRYTO_CKAN_TOKEN": "x"}
        done = vidkryto(city, "publish", "--due", "--json", **portal)
    assert done.returncode == 2
    assert [record["dataset"] for record in json.loads(done.stdout)] == ["cli-stops", "cli-z"]
    assert "a run of cli-a is in progress" in done.stderr
    assert "cli-broken/dataset.yaml:1: unknown key `titel`" in done.stderr
    told = vidkryto(city, "calendar", "--json")
    assert "cli-broken/dataset.yaml:1: unknown key `titel`" in told.stderr
    assert (home / "site").is_dir()


def test_a_wrong_token_exits_with_2_and_one_message(city: Path, portal_session: LocalPortal) -> None:
    """A technical failure is told in a sentence with what to do, and without the token."""
    portal = {"VIDKRYTO_CKAN_URL": portal_session.url, "VIDKRYTO_CKAN_TOKEN": "not-the-token-of-anybody"}
    done = vidkryto(city, "publish", "cli-stops", **portal)
    assert done.returncode == 2
    assert "token" in done.stderr
    assert "not-the-token-of-anybody" not in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_portal_the_message_says_how_to_get_one(city: Path) -> None:
    """Nothing is guessed."""
    done = vidkryto(city, "plan", "cli-stops")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_wrong_use_is_one_message(city: Path) -> None:
    """publish wants names, --all or --due, and exactly one of them."""
    done = vidkryto(city, "publish")
    assert done.returncode == 2
    assert "name datasets, or say --all, or --due" in done.stderr


def test_a_program_left_running_is_found_again_and_stopped(tmp_path: Path) -> None:
    """A stale file, or a process id that somebody else has now, is not taken for ours."""
    running = start("sleeper", tmp_path, [sys.executable, "-c", "import time; time.sleep(60)"], ready=lambda: True)
    found = find("sleeper", tmp_path)
    assert found == running
    assert stop("sleeper", tmp_path)
    assert find("sleeper", tmp_path) is None
    (tmp_path / "sleeper.json").write_text(json.dumps({"pid": os.getpid(), "started": "1"}))
    assert find("sleeper", tmp_path) is None
    assert not stop("sleeper", tmp_path)


def test_a_program_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    """The officer sees why the report's server did not start."""
    with pytest.raises(StateError, match="no room"):
        start("broken", tmp_path, [sys.executable, "-c", "raise SystemExit('no room')"], ready=lambda: False)
