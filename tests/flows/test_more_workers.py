"""Two workers with a state folder each, on one pool, with a shared store; Prefect's own data in PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.flows.test_flows import ROOT, Prefect, contract
from tests.pipeline.conftest import EXPORT
from tests.support import postgres, prefect_server
from tests.support.catalogue import write_catalogue
from tests.support.local_portal import LocalPortal
from tests.support.prefect_server import until
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.verifier import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
NAMES = tuple(f"pool-{number}" for number in range(1, 7))
HOMES = ("one", "two")
PATIENCE = 600.0


@pytest.fixture
def pool(tmp_path: Path, portal_session: LocalPortal) -> Iterator[Prefect]:
    """A server on PostgreSQL, six datasets deployed, two workers that take one run at a time each."""
    place = postgres.complete_binaries()
    if place is None:
        pytest.skip("left out: Prefect wants PostgreSQL with pg_trgm, as Debian's package postgresql has it")
    city = tmp_path / "city"
    for name in NAMES:
        (write_catalogue(city, contract(name, cron="0 3 1 1 *")) / "exports" / "stops.csv").write_bytes(
            EXPORT.encode("cp1251")
        )
    (city / "flows").symlink_to(ROOT / "flows")
    for home in HOMES:
        SigningKey.generate(f"vidkryto-test/{home}").save(tmp_path / home / "practice.key")
        Ledger.create(tmp_path / home, key=tmp_path / home / "practice.key")
    data = tmp_path / "pg"
    data.mkdir()
    with ExitStack() as stack:
        address = stack.enter_context(postgres.for_prefect(place, data))
        environment = {
            **os.environ,
            "PYTHONPATH": f"{city}{os.pathsep}{ROOT}",
            "VIDKRYTO_ROOT": str(city),
            "VIDKRYTO_HOME": str(tmp_path / HOMES[0]),
            "VIDKRYTO_STORE": f"file://{tmp_path}/store",
            "VIDKRYTO_CKAN_URL": portal_session.url,
            "VIDKRYTO_CKAN_TOKEN": portal_session.editor_token,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": address,
        }
        (tmp_path / "prefect").mkdir()
        here = stack.enter_context(prefect_server.serving(tmp_path / "prefect", environment))
        started = Prefect(here["PREFECT_API_URL"], city, here)
        started.sync()
        for home in HOMES:
            stack.enter_context(Worker(tmp_path, home, here))
        yield started


class Worker:
    """A worker in a process of its own, ended with the block."""

    def __init__(self, folder: Path, home: str, environment: dict[str, str]) -> None:
        self.command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "vidkryto", "--type", "process"]
        self.command += ["--limit", "1", "--name", home]
        self.environment = {**environment, "VIDKRYTO_HOME": str(folder / home)}
        self.environment["PREFECT_HOME"] = str(folder / f"prefect-{home}")
        self.log = folder / f"{home}.log"

    def __enter__(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=subprocess.STDOUT)

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)


def test_a_night_of_two_workers_is_one_night(pool: Prefect, tmp_path: Path) -> None:
    """Both take runs; each dataset is published once; in the next night every one is unchanged, whoever takes it."""
    for night, outcome in (("first", "Published"), ("second", "Unchanged")):
        for name in NAMES:
            deployment = pool.deployment(name)["id"]
            pool.ask(f"/deployments/{deployment}/create_flow_run", {"tags": [night]})
        wanted = {"flow_runs": {"tags": {"all_": [night]}}}

        def ended(wanted: dict[str, object] = wanted) -> bool:
            runs = pool.ask("/flow_runs/filter", wanted)
            return all(run["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") for run in runs)

        until(ended, f"the {night} night did not end", PATIENCE)
        states = Counter(run["state_name"] for run in pool.ask("/flow_runs/filter", wanted))
        assert states == {outcome: len(NAMES)}
    results = {
        home: [entry for entry in Ledger.open(tmp_path / home).entries() if entry.kind == "result"] for home in HOMES
    }
    assert all(results.values()), "one worker took everything"
    told = [(entry.dataset, str(entry.body["outcome"])) for each in results.values() for entry in each]
    assert sorted(told) == sorted((name, outcome) for name in NAMES for outcome in ("Published", "Unchanged"))
    for home in HOMES:
        assert verify(tmp_path / home / "ledger", objects=tmp_path / home / "objects").good
