"""The doctor sees whether anything runs that publishes by schedule."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support.catalogue import write_catalogue
from vidkryto.cli import prefect_here, processes
from vidkryto.cli.app import app
from vidkryto.cli.night_watch import KEPT, programs
from vidkryto.settings import Settings

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A city of one dataset, where nothing runs."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    write_catalogue(tmp_path)
    return Settings(tmp_path, tmp_path / "state")


@pytest.fixture
def answers() -> dict[str, Any]:
    """What Prefect's server says at each path: a worker that asks, four deployments."""
    return {"/api/work_pools/vidkryto/workers/filter": [{"status": "ONLINE"}], "/api/deployments/count": 4}


@pytest.fixture
def kept(settings: Settings, answers: dict[str, Any]) -> Iterator[Path]:
    """The folder of a `vidkryto up` whose programs all run; its server answers what the test wants."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answers[self.path]).encode())

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    folder = settings.home / "up"
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        processes.remember_this("keeper", folder)
        for name in KEPT:
            processes.start(name, folder, SLEEPER, lambda: True)
        address = prefect_here.folder(settings.home) / "url"
        address.parent.mkdir()
        address.write_text(f"http://127.0.0.1:{server.server_port}/api\n", encoding="utf-8")
        (folder / "ready").touch()
        yield folder
        for name in KEPT:
            processes.stop(name, folder)
        server.shutdown()


def said(settings: Settings) -> list[tuple[str, str]]:
    """State and words of each remark."""
    return [(check.state, check.found) for check in programs(settings)]


def test_where_nothing_runs_the_doctor_does_not_say_ok(settings: Settings) -> None:
    """It cannot know of a cron, but it can name it."""
    assert said(settings) == [("warning", "nothing runs here that publishes by schedule")]


def test_a_keeper_that_was_killed_is_an_error(settings: Settings) -> None:
    """The address of its server is left behind."""
    address = prefect_here.folder(settings.home) / "url"
    address.parent.mkdir(parents=True)
    address.write_text("http://127.0.0.1:9/api\n", encoding="utf-8")
    assert said(settings) == [("error", "vidkryto up has ended without being stopped")]


def test_what_was_stopped_after_its_keeper_was_killed_is_no_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is left to say that it should run, nor that it does not stay up."""
    monkeypatch.setenv("VIDKRYTO_ROOT", str(settings.root))
    monkeypatch.setenv("VIDKRYTO_HOME", str(settings.home))
    left = [
        settings.home / name for name in ("prefect/url", "report/url", "up/ready", "up/down.json", "up/keeper.json")
    ]
    for file in left:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("http://127.0.0.1:9/api\n", encoding="utf-8")
    assert CliRunner().invoke(app, ["stop"]).exit_code == 0
    assert not [file for file in left if file.exists()]
    assert said(settings) == [("warning", "nothing runs here that publishes by schedule")]


def test_a_server_of_another_is_not_ours_to_miss(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at schedules asks it whether it answers."""
    monkeypatch.setenv("PREFECT_API_URL", "https://prefect.city.example/api")
    assert said(settings) == []


def test_all_that_runs_is_said_to_be_in_order(settings: Settings, kept: Path) -> None:
    """One dataset and the three deployments of the city."""
    assert kept.is_dir()
    assert said(settings) == [("ok", "server, worker and report run, and all is deployed")]


def test_what_is_just_starting_is_given_its_time(settings: Settings, kept: Path) -> None:
    """The first start makes Prefect's database."""
    (kept / "ready").unlink()
    assert said(settings) == [("warning", "vidkryto up is starting")]


def test_a_worker_that_is_gone_or_mute_and_deployments_that_are_not_there_are_errors(
    settings: Settings, kept: Path, answers: dict[str, Any]
) -> None:
    """Each by itself would let the nights pass without a run."""
    processes.stop("prefect-worker", kept)
    answers["/api/work_pools/vidkryto/workers/filter"] = [{"status": "OFFLINE"}]
    answers["/api/deployments/count"] = 0
    assert said(settings) == [
        ("error", "prefect-worker does not run"),
        ("error", "no worker asks the Prefect server for runs"),
        ("error", "0 of 4 deployments are on the Prefect server"),
    ]


def test_a_server_that_does_not_answer_is_an_error(settings: Settings, kept: Path) -> None:
    """Its process may well be there."""
    assert kept.is_dir()
    (prefect_here.folder(settings.home) / "url").write_text("http://127.0.0.1:9/api\n", encoding="utf-8")
    assert said(settings) == [("error", "the Prefect server does not answer: ConnectionRefusedError")]
