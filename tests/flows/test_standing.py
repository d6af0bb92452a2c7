"""The deployments that look after the city run by themselves: catching up, watching, telling, tidying up."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.flows.test_flows import ROOT, contract
from tests.flows.test_up import Up, until
from tests.pipeline.conftest import EXPORT
from tests.support.catalogue import write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.catalogue import deployments
from vidkryto.pipeline import last_run
from vidkryto.record import Ledger, SigningKey
from vidkryto.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
STANDING = ("catch-up", "watch-portal", "housekeeping", "send-alerts")
ALERTS: dict[str, Any] = {"quiet": None, "routes": [{"name": "events", "kind": "prefect"}]}
TWO_DAYS = 2 * 24 * 60 * 60


@pytest.fixture
def up(tmp_path: Path, portal_session: LocalPortal) -> Iterator[Up]:
    """A dataset in order and one without its export, both due in months; somebody is to be told."""
    city = tmp_path / "city"
    for name in ("standing-stops", "standing-missing"):
        folder = write_catalogue(city, contract(name, cron="0 3 1 1 *"))
        if name == "standing-stops":
            (folder / "exports" / "stops.csv").write_bytes(EXPORT.encode("cp1251"))
    (city / "flows").symlink_to(ROOT / "flows")
    (city / deployments.ALERTS_FILE).write_text(yaml.safe_dump(ALERTS), encoding="utf-8")
    home = city / ".vidkryto"
    SigningKey.generate("vidkryto-test/standing").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    made = Up(city, portal_session)
    yield made
    made.run("stop")


def every_minute(up: Up) -> None:
    """Move the schedules of the city's own deployments, as an officer can in Prefect's pages."""
    login: Any = tuple(up.login.split(":"))
    address = f"http://127.0.0.1:{up.port}/api/deployments"
    answer = requests.post(f"{address}/filter", json={}, auth=login, timeout=30)
    answer.raise_for_status()
    found = {item["name"]: item for item in answer.json()}
    assert set(STANDING) <= set(found)
    for name in STANDING:
        (schedule,) = found[name]["schedules"]
        moved = {"schedule": {"cron": "* * * * *", "timezone": "Europe/Kyiv"}}
        place = f"{address}/{found[name]['id']}/schedules/{schedule['id']}"
        requests.patch(place, json=moved, auth=login, timeout=30).raise_for_status()


def ended(up: Up, name: str) -> list[dict[str, Any]]:
    """The runs of a deployment that a schedule started and that ended in order, oldest first."""
    wanted = {
        "deployments": {"name": {"any_": [name]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
        "sort": "START_TIME_ASC",
    }
    address = f"http://127.0.0.1:{up.port}/api/flow_runs/filter"
    answer = requests.post(address, json=wanted, auth=tuple(up.login.split(":")), timeout=30)
    answer.raise_for_status()
    return [run for run in answer.json() if run["auto_scheduled"]]


def test_each_runs_by_its_schedule_and_does_its_work(up: Up) -> None:
    """Nobody starts a run by hand: what was never run is caught up, told, watched; what is left behind goes."""
    left = up.home / "objects" / ".pull-left-behind"
    left.mkdir(parents=True)
    os.utime(left, times=(time.time() - TWO_DAYS,) * 2)
    up.start()
    every_minute(up)
    settings = Settings.from_environment(up.environment)

    def outcome(name: str) -> str:
        record = last_run(settings, name)
        return record.outcome if record else ""

    until(lambda: outcome("standing-stops") == "Published", "what was never run was not caught up")
    until(lambda: outcome("standing-missing") == "Withheld", "the missing export was not noticed")
    until(lambda: (up.home / "watch" / "standing-stops.json").is_file(), "nobody looked at the portal")
    told = up.home / "alerts" / "told.json"
    until(lambda: told.is_file() and _kinds(told) == ["withheld"], "the missing export was not told")
    until(lambda: not left.exists(), "nobody tidied up")
    for name in STANDING:
        until(lambda name=name: ended(up, name), f"no scheduled run of {name} ended in order")


def _kinds(told: Path) -> list[str]:
    """The kinds of causes that went out on the route."""
    causes = json.loads(told.read_text(encoding="utf-8"))["causes"].values()
    return [cause["kind"] for cause in causes if "events" in cause["told"]]
