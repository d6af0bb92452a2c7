"""Two workers, each a process with a state folder of its own, meet in a store: a folder, and a real S3 protocol."""

from __future__ import annotations

import copy
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from tests.pipeline.conftest import APPROVER, EXPORT, READING, City, make_city
from tests.support.catalogue import CONTRACT
from vidkryto.errors import StateError
from vidkryto.pipeline import shared
from vidkryto.pipeline.reproduce import reproduce
from vidkryto.record import Ledger, SigningKey

__all__ = ["make_city"]
ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # GX, moto
]
_numbers = itertools.count(1)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty store."""
    if request.param == "folder":
        yield str(tmp_path / "store")
        return
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    bucket = f"vidkryto-{next(_numbers)}"
    boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    try:
        yield f"s3://{bucket}/state"
    finally:
        server.stop()


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city with one good export."""
    contract = copy.deepcopy(CONTRACT)
    contract["resources"][0]["reading"] = READING
    contract["resources"][0]["source"]["settle"] = 0
    city = make_city(f"shared-{next(_numbers)}", contract)
    city.export(EXPORT)
    return city


def worker(city: City, store: str, home: Path) -> dict[str, Any]:
    """A night of one worker: a process of its own, with its own state folder and ledger."""
    if not home.exists():
        home.mkdir(parents=True)
        SigningKey.generate(f"vidkryto-test/{home.name}").save(home / "practice.key")
        Ledger.create(home, key=home / "practice.key")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "VIDKRYTO_ROOT": str(city.root),
        "VIDKRYTO_HOME": str(home),
        "VIDKRYTO_STORE": store,
        "VIDKRYTO_CKAN_URL": city.settings.ckan_url,
        "VIDKRYTO_CKAN_TOKEN": city.settings.ckan_token.reveal(),
    }
    command = [sys.executable, "-m", "vidkryto.cli", "publish", city.folder.name, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [record] = json.loads(done.stdout)
    return dict(record)


def test_what_one_worker_published_the_other_finds_unchanged_and_goes_on_from(
    city: City, store: str, tmp_path: Path
) -> None:
    """Version, history and releases are one, wherever a run happens; each ledger is whole on its own."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert worker(city, store, one)["outcome"] == "Published"
    assert worker(city, store, two)["outcome"] == "Unchanged"
    city.export(EXPORT.replace("Ринок", "Базар"))
    changed = worker(city, store, two)
    assert (changed["outcome"], changed["live"]["version"]) == ("Published", "1.1.0")
    last = worker(city, store, one)
    assert (last["outcome"], last["live"]["version"]) == ("Unchanged", "1.1.0")
    releases = {home: sorted(p.name for p in (home / "releases" / city.folder.name).glob("1.*")) for home in (one, two)}
    assert releases[one] == releases[two]
    third = replace(city.settings, home=two, store=store)
    for file in (two / "objects").glob("??/*"):
        file.unlink()
    assert reproduce(third, changed["run_id"]).same


def test_a_store_that_cannot_be_reached_fails_the_run_and_changes_nothing(city: City, tmp_path: Path) -> None:
    """The remedy names the setting."""
    (tmp_path / "file").write_text("no folder")
    settings = replace(city.settings, store=str(tmp_path / "file" / "inside"))
    with pytest.raises(StateError, match="the shared store did not answer"):
        shared.give(settings, city.run(approval=APPROVER))
