"""A run in a process of its own ends in time and leaves a record, whatever it hangs in and however it dies."""

from __future__ import annotations

import copy
import socket
from pathlib import Path

import pytest

from tests.support.catalogue import CONTRACT, make_dataset
from vidkryto.catalogue import Dataset
from vidkryto.pipeline import apart, last_run
from vidkryto.pipeline.apart import Ended, publish_apart
from vidkryto.pipeline.remember import PRACTICE_KEY
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.verifier import verify
from vidkryto.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A state folder with a ledger, which the environment names."""
    home = tmp_path / "state"
    SigningKey.generate("vidkryto-test/apart").save(home / PRACTICE_KEY)
    Ledger.create(home, key=home / PRACTICE_KEY)
    monkeypatch.setenv("VIDKRYTO_ROOT", str(tmp_path))
    monkeypatch.setenv("VIDKRYTO_HOME", str(home))
    return Settings(tmp_path, home)


def dataset(root: Path, port: int = 9) -> Dataset:
    """A dataset that may run for a second, and whose export is on a port of this machine."""
    contract = copy.deepcopy(CONTRACT)
    contract["publication"]["time_limit"] = "1s"
    contract["resources"][0]["source"] = {
        "url": f"http://127.0.0.1:{port}/stops.csv", "private_addresses": True, "timeout": 600, "patience": 3000,
    }  # fmt: skip
    return make_dataset(root, contract)


def kept(settings: Settings) -> Ended:
    """What the record of the last run says; the ledger must hold."""
    assert verify(settings.home / "ledger", objects=settings.home / "objects", runs=settings.home / "runs").good
    record = last_run(settings, "stops")
    assert record is not None
    return Ended.of(record)


def test_a_hanging_source_ends_with_the_alarm_of_the_process(settings: Settings, tmp_path: Path) -> None:
    """The stage is known: the run tells itself what it hung in."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ended = publish_apart(dataset(tmp_path, silent.getsockname()[1]), settings)
    assert ended == Ended("Failed", "stops, pull: the run took longer than 1s")
    assert kept(settings) == ended


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import time; time.sleep(600)", "stops: the run took longer than 1s"),
        ("import os; os.kill(os.getpid(), 9)", "stops: the run's process ended with -9"),
        ("print('no outcome')", "stops: the run's process ended with 0"),
    ],
)
def test_a_process_that_hears_no_alarm_or_dies_is_a_failure_with_a_record(
    program: str, reason: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed after a grace; what it could not record itself is recorded for it."""
    monkeypatch.setattr(apart, "PROGRAM", ("-c", program))
    monkeypatch.setattr(apart, "GRACE", 1)
    ended = publish_apart(dataset(tmp_path), settings)
    assert ended == Ended("Failed", reason)
    assert kept(settings) == ended
