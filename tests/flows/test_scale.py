"""The Dask route on a real cluster of two workers: the catalogue, and one dataset in partitions."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import READING
from tests.support.catalogue import CONTRACT, write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.verifier import verify

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import json, sys
from flows import scale
if __name__ == "__main__":
    kind, names = sys.argv[1], sys.argv[2:]
    if kind == "partitions":
        states = [scale.publish_partitions(name, workers=2) for name in names]
    else:
        states = [scale.publish_catalogue(names, workers=2)]
    print(json.dumps([[state.name, state.message] for state in states]))
"""


Night = Callable[..., list[list[str]]]
SOURCE = {"folder": "exports", "pattern": "*.csv", "pick": "all", "settle": 0}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder with a ledger."""
    home = tmp_path / "state"
    home.mkdir()
    SigningKey.generate("vidkryto-test/scale").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    return home


@pytest.fixture
def night(tmp_path: Path, home: Path, portal_session: LocalPortal) -> Night:
    """A night of two Dask workers, given the kind of flow and names of datasets; it tells states and messages."""
    (tmp_path / "night.py").write_text(PROGRAM, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VIDKRYTO_ROOT": str(tmp_path),
        "VIDKRYTO_HOME": str(home),
        "VIDKRYTO_CKAN_URL": portal_session.url,
        "VIDKRYTO_CKAN_TOKEN": portal_session.editor_token,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }

    def run(*arguments: str) -> list[list[str]]:
        done = subprocess.run(
            [sys.executable, "night.py", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        told: list[list[str]] = json.loads(done.stdout.splitlines()[-1])
        return told

    return run


def write(root: Path, name: str, source: dict[str, Any], **publication: Any) -> Path:
    """A dataset of four partitions; returns the folder of its exports."""
    resource = {**CONTRACT["resources"][0], "source": source, "reading": READING}
    made = {**CONTRACT, "name": name, "resources": [resource]}
    folder = write_catalogue(root, {**made, "publication": {**CONTRACT["publication"], **publication}})
    for part in range(4):
        text = f"uid;label;lat;lon;opened\n{part};Зупинка {part};49,{part};26,{part};\n"
        (folder / "exports" / f"part_{part}.csv").write_text(text, encoding="utf-8")
    return folder / "exports"


def test_two_dask_workers_publish_a_catalogue_and_a_partitioned_dataset(
    tmp_path: Path, home: Path, night: Night
) -> None:
    """Each dataset on a worker; then one dataset's partitions on both; one ledger, which holds."""
    for name in ("dask-one", "dask-two", "dask-parts"):
        write(tmp_path, name, SOURCE)
    assert night("catalogue", "dask-one", "dask-two") == [["Completed", "2 datasets in order"]]
    assert night("partitions", "dask-parts") == [["Published", "version 1.0.0"]]
    assert night("catalogue", "dask-one", "dask-two", "dask-parts") == [["Completed", "3 datasets in order"]]
    results = [entry for entry in Ledger.open(home, key=home / "practice.key").entries() if entry.kind == "result"]
    assert sorted(str(entry.body["outcome"]) for entry in results) == ["Published"] * 3 + ["Unchanged"] * 3
    assert verify(home / "ledger", objects=home / "objects").good


def test_what_hangs_on_a_dask_worker_ends_at_its_own_time_limit_and_stops_no_other(
    tmp_path: Path, home: Path, night: Night
) -> None:
    """More hanging sources than workers: each fails by its contract's limit and says so, the good one goes out."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/stops.csv"
        hanging = {"url": address, "private_addresses": True, "timeout": 600, "patience": 3000}
        for name in ("dask-hangs", "dask-hangs-too"):
            write(tmp_path, name, hanging, time_limit="3s")
        write(tmp_path, "dask-good", SOURCE)
        told = night("catalogue", "dask-hangs", "dask-hangs-too", "dask-good")
    said = "Failed: {0}, pull: the run took longer than 3s".format
    names = ("dask-hangs", "dask-hangs-too")
    assert told == [["Failed", "2 of 3 need action: " + ", ".join(f"{name} ({said(name)})" for name in names)]]
    results = [entry for entry in Ledger.open(home, key=home / "practice.key").entries() if entry.kind == "result"]
    assert sorted((entry.dataset, entry.body["outcome"]) for entry in results) == [
        ("dask-good", "Published"), ("dask-hangs", "Failed"), ("dask-hangs-too", "Failed"),
    ]  # fmt: skip
    assert verify(home / "ledger", objects=home / "objects").good


def test_a_partition_that_hangs_on_a_dask_worker_ends_with_its_run(tmp_path: Path, home: Path, night: Night) -> None:
    """A worker waits for an export that is still written; the run fails by its limit, the next dataset goes out."""
    exports = write(tmp_path, "dask-waits", {**SOURCE, "settle": 600, "patience": 3000}, time_limit="3s")
    write(tmp_path, "dask-parts", SOURCE)
    assert night("partitions", "dask-waits", "dask-parts") == [
        ["Failed", "dask-waits, pull: the run took longer than 3s"], ["Published", "version 1.0.0"],
    ]  # fmt: skip
    assert len(list(exports.iterdir())) == 4
    results = [entry for entry in Ledger.open(home, key=home / "practice.key").entries() if entry.kind == "result"]
    assert [(entry.dataset, entry.body["outcome"]) for entry in results] == [
        ("dask-waits", "Failed"), ("dask-parts", "Published"),
    ]  # fmt: skip
    assert not list((home / "objects").glob(".pull-*")), "what a pull had begun is gone"
    assert verify(home / "ledger", objects=home / "objects").good


pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
