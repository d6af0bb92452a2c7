"""Flows and deployments on a real Prefect server."""

from __future__ import annotations

import copy
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.pipeline.conftest import EXPORT, READING
from tests.support.catalogue import CONTRACT, write_catalogue
from tests.support.local_portal import LocalPortal
from tests.support.prefect_server import AUTH, serving, until
from vidkryto.catalogue.deployments import pauses
from vidkryto.record import Ledger, SigningKey

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Prefect:
    """A running server with authentication on, and a small city to deploy."""

    url: str
    city: Path
    environment: dict[str, str]

    def ask(self, path: str, body: Any = None) -> Any:
        """One request to the API, with the password."""
        answer = requests.post(f"{self.url}{path}", json=body or {}, auth=tuple(AUTH.split(":")), timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of ours in the city's folder."""
        return subprocess.run(
            [sys.executable, *command], cwd=self.city, env=self.environment, capture_output=True, text=True, check=False
        )

    def sync(self) -> dict[str, Any]:
        """`vidkryto deployments sync --json`."""
        done = self.run("-m", "vidkryto.cli", "deployments", "sync", "--json")
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def deployment(self, name: str) -> dict[str, Any]:
        """What the server knows of a deployment of ours."""
        answer = requests.get(
            f"{self.url}/deployments/name/publish-dataset/{name}", auth=tuple(AUTH.split(":")), timeout=30
        )
        assert answer.ok, answer.text
        result: dict[str, Any] = answer.json()
        return result


def contract(name: str, cron: str = "*/5 * * * *") -> dict[str, Any]:
    """The tests' contract under another name and schedule."""
    made = copy.deepcopy(CONTRACT)
    made["name"] = name
    made["resources"][0]["reading"] = READING
    made["resources"][0]["source"]["settle"] = 0
    made["publication"]["schedule"]["cron"] = cron
    return made


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory, portal_session: LocalPortal) -> Iterator[Prefect]:
    """A Prefect server on a free port, ended with the tests of this module."""
    folder = tmp_path_factory.mktemp("prefect")
    city = folder / "city"
    for name in ("flow-stops", "flow-routes"):
        (write_catalogue(city, contract(name)) / "exports" / "stops.csv").write_bytes(EXPORT.encode("cp1251"))
    (city / "flows").symlink_to(ROOT / "flows")
    home = city / ".vidkryto"
    SigningKey.generate("vidkryto-test/flows").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    environment = {
        **os.environ,
        "VIDKRYTO_LANGUAGE": "en",
        "PYTHONPATH": f"{city}{os.pathsep}{ROOT}",
        "VIDKRYTO_ROOT": str(city),
        "VIDKRYTO_HOME": str(home),
        "VIDKRYTO_CKAN_URL": portal_session.url,
        "VIDKRYTO_CKAN_TOKEN": portal_session.editor_token,
    }
    with serving(folder, environment) as here:
        yield Prefect(here["PREFECT_API_URL"], city, here)


def test_without_the_password_the_server_answers_nobody(prefect: Prefect) -> None:
    """Prefect has no authentication by default; ours has."""
    assert requests.post(f"{prefect.url}/deployments/filter", json={}, timeout=30).status_code == 401


def test_sync_adds_what_is_new_and_a_second_sync_does_nothing(prefect: Prefect) -> None:
    """Unchanged entries are known by their version."""
    first = prefect.sync()
    assert set(first["added"]) == {"flow-stops", "flow-routes", "catch-up", "watch-portal", "housekeeping"}
    assert prefect.sync() == {"added": [], "changed": [], "removed": [], "schedules_removed": 0, "unchanged": 5}


def test_scheduled_runs_really_appear(prefect: Prefect) -> None:
    """The one check that catches the silent break of the scheduler by a newer SQLAlchemy."""
    prefect.sync()
    wanted = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    until(lambda: prefect.ask("/flow_runs/count", wanted) > 0, "the scheduler creates no runs")
    (schedule,) = prefect.deployment("flow-stops")["schedules"]
    assert schedule["schedule"]["timezone"] == "Europe/Kyiv"


def test_a_changed_cron_is_applied_and_an_officers_pause_survives(prefect: Prefect) -> None:
    """What an officer stopped in Prefect's pages is not started again by the next sync."""
    prefect.sync()
    deployment = prefect.deployment("flow-routes")
    schedule = deployment["schedules"][0]["id"]
    answer = requests.patch(
        f"{prefect.url}/deployments/{deployment['id']}/schedules/{schedule}",
        json={"active": False},
        auth=tuple(AUTH.split(":")),
        timeout=30,
    )
    assert answer.ok, answer.text
    write_catalogue(prefect.city, contract("flow-routes", cron="0 3 * * *"))
    assert prefect.sync()["changed"] == ["flow-routes"]
    (after,) = prefect.deployment("flow-routes")["schedules"]
    assert (after["schedule"]["cron"], after["active"]) == ("0 3 * * *", False)
    assert pauses(lambda body: prefect.ask("/deployments/filter", body)) == {"flow-stops": False, "flow-routes": True}
    done = prefect.run("-c", "from flows.alerts import tell; tell()")
    assert done.returncode == 0, done.stderr
    rows = json.loads(prefect.run("-m", "vidkryto.cli", "calendar", "--json").stdout)
    states = {row["dataset"]: row["state"] for row in rows}
    assert states["flow-routes"] == "paused"
    assert states["flow-stops"] in ("never run", "run missed")  # due every five minutes, and nobody runs it


def test_a_vanished_schedule_and_a_vanished_dataset_are_removed(prefect: Prefect) -> None:
    """Prefect itself leaves both behind, and they would go on firing."""
    prefect.sync()
    unscheduled = contract("flow-routes")
    del unscheduled["publication"]["schedule"]
    write_catalogue(prefect.city, unscheduled)
    assert prefect.sync()["schedules_removed"] == 1
    (prefect.city / "datasets" / "transport" / "flow-routes" / "dataset.yaml").unlink()
    assert prefect.sync()["removed"] == ["flow-routes"]


def test_a_contract_that_does_not_load_holds_up_no_other_and_its_deployment_stays(prefect: Prefect) -> None:
    """One department's mistake of a letter: the others are deployed, its own nights go on, and the exit code tells."""
    names = ("flow-broken", "flow-beside")
    broken = write_catalogue(prefect.city, contract(names[0])) / "dataset.yaml"
    prefect.sync()
    before, rendered = prefect.deployment(names[0]), (prefect.city / "prefect.yaml").read_text(encoding="utf-8")
    broken.write_text("titel: x\n", encoding="utf-8")
    beside = write_catalogue(prefect.city, contract(names[1])) / "dataset.yaml"
    done = prefect.run("-m", "vidkryto.cli", "deployments", "sync", "--json")
    assert (done.returncode, "did you mean `title`" in done.stderr) == (3, True), done.stderr
    assert "Left as they were, their contracts do not load: flow-broken" in done.stderr
    told = json.loads(done.stdout)
    assert (told["added"], told["removed"], told["schedules_removed"]) == (["flow-beside"], [], 0)
    assert prefect.deployment(names[0])["schedules"] == before["schedules"]
    assert (prefect.city / "prefect.yaml").read_text(encoding="utf-8") == rendered
    for file in (broken, beside):
        file.unlink()
    assert set(prefect.sync()["removed"]) == set(names)


def test_the_flow_publishes_and_shows_its_outcome_as_its_state(prefect: Prefect) -> None:
    """Stages are tasks, the state has the outcome's name, the report is an artifact, and no secret is a parameter."""
    program = "from flows.publish import publish_dataset\nprint(publish_dataset('flow-stops', return_state=True).name)"
    done = prefect.run("-c", program)
    assert done.stdout.split()[-1:] == ["Published"], done.stderr
    again = prefect.run("-c", program)
    assert again.stdout.split()[-1:] == ["Unchanged"], again.stderr
    tasks = {run["name"].rpartition("-")[0] for run in prefect.ask("/task_runs/filter")}
    stages = {"pull", "read", "validate", "quality", "disclosure", "release", "plan", "publish"}
    assert stages <= tasks
    (artifact,) = prefect.ask("/artifacts/latest/filter", {"artifacts": {"key": {"any_": ["report-flow-stops"]}}})
    assert "Unchanged" in artifact["data"]
    everything = json.dumps([prefect.ask("/flow_runs/filter"), prefect.ask("/logs/filter"), artifact])
    assert prefect.environment["VIDKRYTO_CKAN_TOKEN"] not in everything


def test_what_was_left_undone_gets_one_run_and_what_is_paused_none(prefect: Prefect) -> None:
    """Never run, and its moment is months away: the flow starts it once, and not again while that run waits."""
    for name in ("flow-forgotten", "flow-paused"):
        write_catalogue(prefect.city, contract(name, cron="0 3 1 1 *"))
    prefect.sync()
    paused = prefect.deployment("flow-paused")
    address = f"{prefect.url}/deployments/{paused['id']}/schedules/{paused['schedules'][0]['id']}"
    answer = requests.patch(address, json={"active": False}, auth=tuple(AUTH.split(":")), timeout=30)
    assert answer.ok, answer.text
    program = "from flows.catch_up import catch_up\nstate = catch_up(return_state=True)\nprint(state.message)"
    told = [prefect.run("-c", program).stdout.splitlines()[-1:] for _ in range(2)]
    assert told == [["started: flow-forgotten"], ["nothing was left undone"]]
    runs = prefect.ask("/flow_runs/filter", {"flow_runs": {"tags": {"all_": ["catch-up"]}}})
    assert [run["deployment_id"] for run in runs] == [prefect.deployment("flow-forgotten")["id"]]
    for name in ("flow-forgotten", "flow-paused"):
        (prefect.city / "datasets" / "transport" / name / "dataset.yaml").unlink()
    prefect.sync()


def test_the_flow_that_watches_reports_a_hand_edit_and_repairs_nothing(prefect: Prefect) -> None:
    """As published it is completed; what somebody changed on the portal fails it, and nothing is mended."""
    publish = "from flows.publish import publish_dataset\npublish_dataset('flow-stops', return_state=True)"
    assert prefect.run("-c", publish).returncode == 0
    program = (
        "from flows.watch import watch_portal\n"
        "state = watch_portal(return_state=True)\n"
        "print(state.type.value, state.message)"
    )
    assert prefect.run("-c", program).stdout.splitlines()[-1:] == ["COMPLETED 1 datasets as published"]
    _change_title(prefect, "Somebody was here")
    assert prefect.run("-c", program).stdout.splitlines()[-1:] == ["FAILED 1 of 1 differ: flow-stops"]
    assert _title(prefect) == "Somebody was here"
    kept = json.loads((prefect.city / ".vidkryto" / "watch" / "flow-stops.json").read_text(encoding="utf-8"))
    assert [found["code"] for found in kept["found"]], "the alerts are not told of it"


def _title(prefect: Prefect) -> str:
    url = f"{prefect.environment['VIDKRYTO_CKAN_URL']}/api/3/action/package_show"
    return str(requests.get(url, params={"id": "flow-stops"}, timeout=60).json()["result"]["title"])


def _change_title(prefect: Prefect, title: str) -> None:
    """What an editor does by hand in CKAN's form."""
    answer = requests.post(
        f"{prefect.environment['VIDKRYTO_CKAN_URL']}/api/3/action/package_patch",
        json={"id": "flow-stops", "title": title},
        headers={"Authorization": prefect.environment["VIDKRYTO_CKAN_TOKEN"]},
        timeout=60,
    )
    assert answer.ok, answer.text


def test_the_flow_that_tells_people_ends_in_order_where_nobody_is_to_be_told(prefect: Prefect) -> None:
    """Without routes there is nothing to send, and no failure."""
    program = "from flows.alerts import tell\nstate = tell(return_state=True)\nprint(state.type.value, state.message)"
    done = prefect.run("-c", program)
    assert done.stdout.splitlines()[-1:] == ["COMPLETED 0 messages"], done.stderr


def test_prefect_deploy_all_accepts_the_rendered_file(prefect: Prefect) -> None:
    """prefect.yaml is Prefect's own format, good without our sync."""
    assert prefect.run("-m", "vidkryto.cli", "deployments", "render").returncode == 0
    done = prefect.run("-m", "prefect", "--no-prompt", "deploy", "--all")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_sync_registers_what_prefects_own_command_would(prefect: Prefect) -> None:
    """Of new deployments and of changed ones the server then knows the same as after `prefect deploy --all`."""
    assert prefect.run("-m", "vidkryto.cli", "deployments", "render").returncode == 0
    _remove_all(prefect)
    done = prefect.run("-m", "prefect", "--no-prompt", "deploy", "--all")
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = _registered(prefect)
    _remove_all(prefect)
    assert len(prefect.sync()["added"]) == len(theirs)
    assert _registered(prefect) == theirs
    spoilt = {"version": "old", "description": "old", "parameters": {}, "entrypoint": "old.py:old", "pull_steps": []}
    for deployment in prefect.ask("/deployments/filter"):
        address = f"{prefect.url}/deployments/{deployment['id']}"

        def spoils(address: str = address) -> bool:
            values = {**spoilt, "parameter_openapi_schema": {}, "concurrency_limit": 7}
            return requests.patch(address, json=values, auth=tuple(AUTH.split(":")), timeout=30).ok

        until(spoils, "the server changes no deployment")
    assert len(prefect.sync()["changed"]) == len(theirs)
    assert _registered(prefect) == theirs


def _remove_all(prefect: Prefect) -> None:
    """Take every deployment off the server."""
    for deployment in prefect.ask("/deployments/filter"):
        address = f"{prefect.url}/deployments/{deployment['id']}"

        def gone(address: str = address) -> bool:  # its database is locked for a moment while the scheduler writes
            return requests.delete(address, auth=tuple(AUTH.split(":")), timeout=30).status_code in (204, 404)

        until(gone, "the server removes no deployment")


def _registered(prefect: Prefect) -> dict[str, Any]:
    """What the server knows of each deployment, but for what it made up itself: ids and moments."""
    own = {"id", "created", "updated", "deployment_id", "concurrency_limit_id", "last_polled", "status"}

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            value = {
                key: each for key, each in value.items() if not str(each).startswith("deployment:")
            }  # a limit's name
            return {key: bare(each) for key, each in value.items() if key not in own}
        return [bare(each) for each in value] if isinstance(value, list) else value

    return {each["name"]: bare(each) for each in prefect.ask("/deployments/filter")}


def test_an_entry_that_prefect_refuses_is_named(prefect: Prefect) -> None:
    """The server's own words, and which dataset they are about."""
    write_catalogue(prefect.city, contract("flow-refused"))
    program = (
        "import os, pathlib\n"
        "from flows.deployments import sync\n"
        "from vidkryto.catalogue import deployments, load_all\n"
        "datasets, _ = load_all(pathlib.Path(os.environ['VIDKRYTO_ROOT']) / 'datasets')\n"
        "entries = [each | {'concurrency_limit': {'limit': -1, 'collision_strategy': 'CANCEL_NEW'}, 'version': 'x'}\n"
        "           for each in deployments.entries(datasets) if each['name'] == 'flow-refused']\n"
        "sync(entries, pathlib.Path(os.environ['VIDKRYTO_ROOT']))\n"
    )
    done = prefect.run("-c", program)
    assert "Prefect refused the deployment flow-refused" in done.stderr, done.stderr
    (prefect.city / "datasets" / "transport" / "flow-refused" / "dataset.yaml").unlink()
    prefect.sync()


@pytest.mark.slow
def test_of_the_nights_an_outage_left_one_is_run(prefect: Prefect) -> None:
    """Prefect holds a run for each missed night; the first does the work, the others say that they are not due."""
    city = prefect.city
    (write_catalogue(city, contract("flow-outage")) / "exports" / "stops.csv").write_bytes(EXPORT.encode("cp1251"))
    prefect.sync()
    ours = {
        "deployments": {"name": {"any_": ["flow-outage"]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
        "sort": "EXPECTED_START_TIME_ASC",
    }
    until(lambda: len(prefect.ask("/flow_runs/filter", ours)) >= 3, "the scheduler creates no runs")
    runs = [run["id"] for run in prefect.ask("/flow_runs/filter", ours)[:3]]
    for days, run in zip((3, 2, 1), runs, strict=True):
        _was_expected(prefect, run, days)
    for run in runs:
        done = prefect.run("-m", "prefect", "flow-run", "execute", run)
        assert done.returncode == 0, done.stdout + done.stderr
    these = {"flow_runs": {"id": {"any_": runs}}}
    ended = {run["id"]: run["state_name"] for run in prefect.ask("/flow_runs/filter", these)}
    assert [ended[run] for run in runs] == ["Published", "NotDue", "NotDue"]
    by_hand = f"/deployments/{prefect.deployment('flow-outage')['id']}/create_flow_run"
    wanted = prefect.ask(by_hand)["id"]
    assert prefect.run("-m", "prefect", "flow-run", "execute", wanted).returncode == 0
    (run,) = prefect.ask("/flow_runs/filter", {"flow_runs": {"id": {"any_": [wanted]}}})
    assert run["state_name"] == "Unchanged", "what a person starts is run all the same"
    (city / "datasets" / "transport" / "flow-outage" / "dataset.yaml").unlink()
    prefect.sync()


def _was_expected(prefect: Prefect, run: str, days: int) -> None:
    """Put the moment of a scheduled run so many days back, in the server's own database; it would be waited for."""
    moment = datetime.now(UTC) - timedelta(days=days)
    with closing(sqlite3.connect(Path(prefect.environment["PREFECT_HOME"]) / "prefect.db", timeout=60)) as data, data:
        done = data.execute(
            "UPDATE flow_run SET expected_start_time = ?, next_scheduled_start_time = ? WHERE id = ?",
            (*[f"{moment:%Y-%m-%d %H:%M:%S.%f}"] * 2, run),
        )
        assert done.rowcount == 1
        state = "UPDATE flow_run_state SET state_details = json_set(state_details, '$.scheduled_time', ?)"
        assert data.execute(f"{state} WHERE flow_run_id = ?", (moment.isoformat(), run)).rowcount == 1
