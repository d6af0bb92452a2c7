"""Runs whose process is gone are closed and tried again; those under way and those of other machines are left alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import prefect.runner
import prefect.server
import prefect.states
import prefect.workers
import pytest

from vidkryto.catalogue import load_all
from vidkryto.catalogue.deployments import entries
from vidkryto.cli.lost_runs import ABORTED, EXITED, NOT_STARTED, SLOT_LOST, TRIES, TURNED_AWAY, close_lost

HERE = socket.gethostname()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A live process of the run `r1`, as Prefect starts one."""
    environment = {**os.environ, "PREFECT__FLOW_RUN_ID": "r1"}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=environment) as started:
        yield started
        started.kill()


def run(process: str | None, *, host: str = HERE, count: int = 1, **more: Any) -> dict[str, Any]:
    """A flow run as the server tells it; it has said where it is unless `host` is empty."""
    tags = [f"host:{host}:{process}"] if host else []
    state = {"type": "RUNNING", "timestamp": datetime.now(UTC).isoformat(), **more}
    tags.append("managed:vidkryto")
    return {"id": "r1", "name": "stops", "tags": tags, "infrastructure_pid": process, "run_count": count,
            "state": state}  # fmt: skip


def closed(found: dict[str, Any], ends: int = 1) -> tuple[list[str], list[str]]:
    """The states that a run is given, and what is told of it; `ends` is how often it has ended so far."""
    states: list[str] = []
    told: list[str] = []

    def ask(_method: str, path: str, body: Any) -> tuple[int, Any]:
        if path.endswith("/set_state"):
            assert path == "/flow_runs/r1/set_state"
            states.append(body["state"].get("name", body["state"]["type"]))
            return 201, {}
        if path.startswith("/flow_run_states/"):
            assert path == "/flow_run_states/?flow_run_id=r1"
            return 200, [{"type": "PENDING"}, {"type": "CRASHED"}] * ends
        return 200, [found] if found["state"]["type"] in body["flow_runs"]["state"]["type"]["any_"] else []

    close_lost(ask, lambda _name, event: told.append(event))
    return states, told


def test_a_killed_process_is_noticed_and_its_run_tried_again(process: subprocess.Popen[bytes]) -> None:
    """While the process lives, nothing happens."""
    pid = str(process.pid)
    assert closed(run(pid)) == ([], [])
    process.kill()
    process.wait()
    assert closed(run(pid)) == (["CRASHED", "AwaitingRetry"], ["lost, tried again"])
    assert closed(run(pid, count=TRIES)) == (["CRASHED"], ["lost, given up"])
    assert closed(run(pid, type="CANCELLING")) == (["CANCELLED"], ["lost, given up"])


def test_a_run_with_an_answer_that_met_another_run_goes_on_later() -> None:
    """Prefect cancels it, and with it what a person has decided; one that never began is the schedule's to repeat."""
    away = {"type": "CANCELLED", "message": "Deployment concurrency limit reached."}
    assert closed(run("1", **away)) == (["AwaitingRetry"], ["lost, tried again"])
    assert closed(run("1", **away), ends=9)[0] == ["AwaitingRetry"], "until it can go on: the answer is not lost"
    assert closed(run(None, host="", count=0, **away)) == ([], [])
    assert closed(run("1", **{**away, "message": "an officer did so"})) == ([], [])


def test_a_run_whose_place_the_killed_server_forgot_is_tried_again() -> None:
    """A worker had taken it, and it had not begun: Prefect cancels it, and the night would be without it."""
    lost = {"type": "CANCELLED", "message": f"{SLOT_LOST} - no slots available to continue execution"}
    assert closed(run(None, host="", count=0, **lost)) == (["AwaitingRetry"], ["lost, tried again"])
    assert closed(run("1", count=TRIES, **lost)) == ([], [])


@pytest.mark.parametrize(
    "words", [*(f"{words}1. A general error." for words in EXITED), *(f"{words}: x" for words in NOT_STARTED)]
)
def test_a_run_that_ended_before_it_began_is_tried_again(words: str) -> None:
    """The server was away at that moment. What never begins is given up after three tries."""
    ended = {"type": "CRASHED", "message": words}
    assert closed(run(None, host="", count=0, **ended)) == (["AwaitingRetry"], ["lost, tried again"])
    assert closed(run(None, host="", count=0, **ended), ends=TRIES) == ([], [])
    assert closed(run("1", **ended)) == ([], []), "it had begun and ended by itself, as after its time limit"


@pytest.mark.parametrize("words", EXITED)
def test_a_run_whose_process_was_killed_is_tried_again_when_its_worker_says_so_first(words: str) -> None:
    """The worker lives and closes it before we look."""
    killed = {"type": "CRASHED", "message": f"{words}-9. Process exited due to a SIGKILL signal."}
    assert closed(run("1", **killed)) == (["AwaitingRetry"], ["lost, tried again"])
    assert closed(run("1", count=TRIES, **killed)) == ([], [])


def test_prefect_still_says_these_words() -> None:
    """Another version may cancel with others; then nothing would be started again."""
    folders = [Path(module.__file__).parent for module in (prefect.server, prefect.workers, prefect.runner)]
    files = [Path(prefect.states.__file__), *(file for folder in folders for file in folder.rglob("*.py"))]
    texts = "".join(file.read_text(encoding="utf-8") for file in files)
    ours = (TURNED_AWAY, SLOT_LOST, ABORTED, *EXITED, *NOT_STARTED)
    assert [words for words in ours if words.strip() not in texts] == []


def test_a_run_that_ended_with_its_worker_is_tried_again() -> None:
    """Its own words broke it off: they went to a pipe that nobody read any more. One that was closed here stays so."""
    aborted = {"type": "CRASHED", "message": "Execution was aborted by Python system exit call."}
    assert closed(run("1", **aborted)) == (["AwaitingRetry"], ["lost, tried again"])
    assert closed(run("1", count=TRIES, **aborted)) == ([], [])
    assert closed(run("1", **{**aborted, "message": "The process of this run is gone."})) == ([], [])


def test_another_process_under_the_same_number_is_not_the_run() -> None:
    """The kernel gives numbers away again."""
    assert closed(run(str(os.getpid())))[1] == ["lost, tried again"]


def test_runs_of_other_machines_and_runs_just_handed_out_are_left_alone() -> None:
    """A run that never said where it is is given up only after some minutes."""
    assert closed(run("1", host="another")) == ([], [])
    assert closed(run(None, host="", type="PENDING")) == ([], [])
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert closed(run(None, host="", type="PENDING", timestamp=long_ago))[1] == ["lost, tried again"]


def test_the_number_of_a_process_alone_tells_no_machine() -> None:
    """Prefect notes it as the process begins; the flow says a moment later where that is, on another machine too."""
    assert closed(run("4711", host="")) == ([], [])
    assert closed(run("4711", host="", type="PENDING")) == ([], [])
    minutes_ago = (datetime.now(UTC) - timedelta(minutes=6)).isoformat()
    assert closed(run("4711", host="another", timestamp=minutes_ago)) == ([], [])
    began_anew = {**run("4711"), "tags": [f"host:{HERE}:12"]}  # tried again, on another machine
    assert closed(began_anew) == ([], [])
    assert closed(run("4711", host="", timestamp=minutes_ago))[1] == ["lost, tried again"]


def test_every_flow_of_a_deployment_says_where_it_runs() -> None:
    """One that did not would be taken for lost while it runs on another machine."""
    root = Path(__file__).parents[2] / "flows"
    for entry in entries(load_all(root.parent / "datasets")[0], alerts=True):
        file = root.parent / entry["entrypoint"].partition(":")[0]
        assert "say_where()" in file.read_text(encoding="utf-8"), file.name


def test_a_server_that_cannot_be_asked_is_asked_again_next_time() -> None:
    """The keeper goes on; nothing is raised."""

    def ask(_method: str, _path: str, _body: object) -> tuple[int, Any]:
        raise ConnectionRefusedError

    told: list[str] = []
    close_lost(ask, lambda _name, event: told.append(event))
    assert told == []
