"""`vidkryto up` on a fresh state: a minute's cron runs by itself, what is killed comes back, and all of it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.flows.test_flows import contract
from tests.pipeline.conftest import EXPORT
from tests.support.catalogue import write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.pipeline import last_run
from vidkryto.record import Ledger, SigningKey
from vidkryto.settings import Settings

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


class Up:
    """A small city whose datasets are due every minute, run by `vidkryto up`."""

    def __init__(self, city: Path, portal: LocalPortal) -> None:
        self.city, self.home = city, city / ".vidkryto"
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            self.port, self.report_port = one.getsockname()[1], other.getsockname()[1]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            "PYTHONPATH": f"{city}{os.pathsep}{ROOT}",
            "VIDKRYTO_ROOT": str(city),
            "VIDKRYTO_HOME": str(self.home),
            "VIDKRYTO_CKAN_URL": portal.url,
            "VIDKRYTO_CKAN_TOKEN": portal.editor_token,
            "VIDKRYTO_LANGUAGE": "en",
        }

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of ours in the city's folder."""
        return subprocess.run(
            [sys.executable, "-m", "vidkryto.cli", *command],
            cwd=self.city,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> None:
        """`vidkryto up --background`."""
        done = self.run("up", "--background", "--port", str(self.port), "--report-port", str(self.report_port))
        assert done.returncode == 0, done.stderr

    @property
    def login(self) -> str:
        """The line of Prefect's password file."""
        return (self.home / "prefect" / "auth").read_text(encoding="utf-8").strip()

    def runs(self, *states: str) -> list[dict[str, Any]]:
        """The flow runs in these states."""
        wanted = {"flow_runs": {"state": {"type": {"any_": list(states)}}}, "sort": "START_TIME_ASC"}
        address = f"http://127.0.0.1:{self.port}/api/flow_runs/filter"
        answer = requests.post(address, json=wanted, auth=tuple(self.login.split(":")), timeout=30)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found

    def kill(self, program: str) -> None:
        """SIGKILL for one of the programs."""
        os.kill(json.loads((self.home / "up" / f"{program}.json").read_text())["pid"], signal.SIGKILL)

    def processes(self) -> list[str]:
        """Command lines of live processes that belong to this city."""
        found = []
        for process in psutil.process_iter():
            try:
                ours = str(self.home) in str(process.environ().get("VIDKRYTO_HOME", "")) and process.pid != os.getpid()
                if ours and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
            except (psutil.AccessDenied, psutil.NoSuchProcess):
                continue
        return found


@pytest.fixture
def up(tmp_path: Path, portal_session: LocalPortal) -> Iterator[Up]:
    """Two datasets due every minute; a department of them has lost its export."""
    city = tmp_path / "місто з пробілом"
    for name in ("night-stops", "night-missing"):
        folder = write_catalogue(city, contract(name, cron="* * * * *"))
        if name == "night-stops":
            (folder / "exports" / "stops.csv").write_bytes(EXPORT.encode("cp1251"))
    (city / "flows").symlink_to(ROOT / "flows")
    home = city / ".vidkryto"
    SigningKey.generate("vidkryto-test/up").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    made = Up(city, portal_session)
    yield made
    made.run("stop")


def until(happened: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait for something, so many seconds at most, and return it."""
    limit = time.monotonic() + patience
    while not (found := happened()):
        assert time.monotonic() < limit, what
        time.sleep(1)
    return found


def test_a_night_runs_by_itself_survives_kills_and_ends(up: Up) -> None:
    """Scheduled runs appear and start on time; a broken dataset fails alone; the server and the worker come back."""
    up.start()
    completed = until(lambda: up.runs("COMPLETED"), "no scheduled run was completed")
    assert completed[0]["auto_scheduled"] is True
    until(lambda: up.runs("FAILED"), "the missing export was not noticed")
    record = last_run(Settings.from_environment(up.environment), "night-stops")
    assert record is not None
    assert record.outcome in ("Published", "Unchanged")
    page = f"http://127.0.0.1:{up.report_port}/en/datasets/night-stops/index.html"
    until(lambda: requests.get(page, timeout=10).ok, "the report was not built after the run")

    assert up.run("up", "--background").returncode == 2, "a second one starts on the same state"
    until(lambda: up.run("deployments", "status").returncode == 0, "the server does not answer")
    remarks = [check for check in json.loads(up.run("doctor", "--json").stdout) if check["name"] == "programs"]
    assert [check["state"] for check in remarks] == ["ok"], remarks
    before = len(up.runs("COMPLETED"))
    up.kill("prefect-worker")
    up.kill("prefect-server")
    until(lambda: _answered(up), "the server did not come back")
    until(lambda: len(up.runs("COMPLETED")) > before, "no run was completed after the kills")

    late = [_seconds(run["start_time"]) - _seconds(run["expected_start_time"]) for run in up.runs("COMPLETED")]
    print(f"started after {min(late):.1f} to {max(late):.1f} s")
    assert 0 <= min(late) < 60, "no run started before the next one was due"
    (up.city / "datasets" / "transport" / "night-missing" / "dataset.yaml").unlink()
    until(lambda: "night-missing" not in up.run("deployments", "status").stdout, "the deployment stayed")
    assert up.run("stop").returncode == 0
    until(lambda: not up.processes(), f"still running: {up.processes()}")

    secret = up.environment["VIDKRYTO_CKAN_TOKEN"]
    for file in (up.home / "up").rglob("*"):
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        assert secret not in text, file.name
        assert up.login.partition(":")[2] not in text, file.name


def _answered(up: Up) -> bool:
    try:
        return bool(up.runs("COMPLETED"))
    except requests.RequestException:
        return False


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
