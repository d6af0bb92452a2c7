"""The Dask route on a real cluster of two workers: the catalogue, and one dataset in partitions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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


def test_two_dask_workers_publish_a_catalogue_and_a_partitioned_dataset(
    tmp_path: Path, portal_session: LocalPortal
) -> None:
    """Each dataset on a worker; then one dataset's partitions on both; one ledger, which holds."""
    home = tmp_path / "state"
    home.mkdir()
    SigningKey.generate("vidkryto-test/scale").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    source = {"folder": "exports", "pattern": "*.csv", "pick": "all", "settle": 0}
    for name in ("dask-one", "dask-two", "dask-parts"):
        resource = {**CONTRACT["resources"][0], "source": source, "reading": READING}
        folder = write_catalogue(tmp_path, {**CONTRACT, "name": name, "resources": [resource]})
        for part in range(4):
            text = f"uid;label;lat;lon;opened\n{part};Зупинка {part};49,{part};26,{part};\n"
            (folder / "exports" / f"part_{part}.csv").write_text(text, encoding="utf-8")
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

    def night(*arguments: str) -> list[list[str]]:
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

    assert night("catalogue", "dask-one", "dask-two") == [["Completed", "2 datasets in order"]]
    assert night("partitions", "dask-parts") == [["Published", "version 1.0.0"]]
    assert night("catalogue", "dask-one", "dask-two", "dask-parts") == [["Completed", "3 datasets in order"]]
    results = [entry for entry in Ledger.open(home, key=home / "practice.key").entries() if entry.kind == "result"]
    assert sorted(str(entry.body["outcome"]) for entry in results) == ["Published"] * 3 + ["Unchanged"] * 3
    assert verify(home / "ledger", objects=home / "objects").good


pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
