"""Runs whose process is gone: killed, crashed or cut off by a power failure. They are closed and tried again.

Prefect leaves such a run `Running` for ever, and with it the dataset's only place: every later run would be cancelled.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vidkryto.catalogue.deployments import OWNER

Ask = Callable[[str, str, object], tuple[int, Any]]
"""A request to Prefect's server: method, path, body; status and answer. Raises OSError when it cannot be asked."""
TRIES = 3
"""Starts of one run, the first among them; one that is lost each time stays `Crashed`."""
UNKNOWN = 300.0
"""Seconds that a run may be under way without a process: it was to start at once."""
STARTING = 120.0
"""Seconds that a process may take until its flow has said on which machine it is: it loads the program first."""
TURNED_AWAY = "Deployment concurrency limit reached."
"""Prefect's words for a run that it cancels because another one of the same deployment is under way."""
SLOT_LOST = "Deployment concurrency slot lost during provisioning"
"""How they begin for a run whose place a server forgot as it was killed, after a worker had taken the run."""
ABORTED = "Execution was aborted"
"""How its words begin for a run that ended as its program does, such as when its worker is killed as it speaks."""
EXITED = (
    "Process exited with status code: ",
    "Flow run process exited with non-zero status code ",
    "Flow run infrastructure exited with non-zero status code ",
)
"""How a worker's words begin for a run whose process ended; a signal that killed it follows as a negative number."""
NOT_STARTED = ("Failed to submit flow run to infrastructure", "Flow run could not start")
"""How they begin for a run whose process it could not start."""
LOOKED_BACK = timedelta(hours=1)
"""For so long a run that ended so is started anew."""


def close_lost(ask: Ask, told: Callable[[str, str], None]) -> None:
    """Close the runs whose process on this machine is gone, and start them anew.

    `told` hears of each the run's name and "lost, tried again" or "lost, given up". Runs of other machines, which
    their tags name, are left alone, and so is one that has not yet had the time to say where it is. When the server
    cannot be asked, the next look will do.
    """
    wanted = {
        "flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}},
        "deployments": {"tags": {"all_": [OWNER]}},
    }
    try:
        status, runs = ask("POST", "/flow_runs/filter", wanted)
        lost = [run for run in runs if _lost(run)] if status == 200 else []
        for run in lost:
            told(run["name"], _close(ask, run))
        for run in _broken_off(ask):
            _start_again(ask, run)
            told(run["name"], "lost, tried again")
    except OSError:
        return


def _broken_off(ask: Ask) -> list[dict[str, Any]]:
    """Runs that a worker had taken and that ended without having done their work, which nobody would start again.

    One that goes on after a person's answer is cancelled when it meets another run of its dataset, and the answer
    with it. One that had not yet begun ends when the server is away at that moment.
    """
    wanted = {
        "flow_runs": {
            "state": {"type": {"any_": ["CANCELLED", "CRASHED"]}},
            "end_time": {"after_": (datetime.now(UTC) - LOOKED_BACK).isoformat()},
        },
        "deployments": {"tags": {"all_": [OWNER]}},
    }
    status, runs = ask("POST", "/flow_runs/filter", wanted)
    ended = [run for run in runs if run["run_count"] < TRIES] if status == 200 else []
    again = [run for run in ended if (run["state"].get("message") or "").startswith(_why_again(run))]
    return [run for run in again if run["run_count"] or _ends(ask, run) < TRIES]


def _why_again(run: dict[str, Any]) -> tuple[str, ...]:
    """The words that start a run anew; one that never began is turned away because another does its work."""
    if run["run_count"]:
        return (TURNED_AWAY, ABORTED, SLOT_LOST, *(f"{words}-" for words in EXITED))
    return (SLOT_LOST, *EXITED, *NOT_STARTED)


def _ends(ask: Ask, run: dict[str, Any]) -> int:
    """How often a run has ended so far that never began: it has no other count."""
    status, states = ask("GET", f"/flow_run_states/?flow_run_id={run['id']}", None)
    return sum(state["type"] in ("CANCELLED", "CRASHED") for state in states) if status == 200 else TRIES


def _start_again(ask: Ask, run: dict[str, Any]) -> None:
    state = {"type": "SCHEDULED", "name": "AwaitingRetry"}
    ask("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})


def _close(ask: Ask, run: dict[str, Any]) -> str:
    path = f"/flow_runs/{run['id']}/set_state"
    cancelled = run["state"]["type"] == "CANCELLING"
    ended = {"type": "CANCELLED" if cancelled else "CRASHED", "message": "The process of this run is gone."}
    ask("POST", path, {"state": ended, "force": True})
    if cancelled or run["run_count"] >= TRIES:
        return "lost, given up"
    _start_again(ask, run)
    return "lost, tried again"


def _lost(run: dict[str, Any]) -> bool:
    process = run["infrastructure_pid"]
    for tag in run["tags"]:
        host, _, said = tag.removeprefix("host:").rpartition(":")
        if tag.startswith("host:") and said == process:  # else it is of a start before, perhaps on another machine
            return host == socket.gethostname() and not _runs(process, run["id"])
    age = datetime.now(UTC) - datetime.fromisoformat(run["state"]["timestamp"])
    patience = STARTING if process else UNKNOWN
    return age.total_seconds() > patience and not any(_runs(pid, run["id"]) for pid in _processes())


def _runs(pid: str, run: str) -> bool:
    """Whether this process is the one of this run: Prefect names the run in its environment."""
    try:
        folder = Path("/proc") / pid
        if (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
            return False
        return f"PREFECT__FLOW_RUN_ID={run}".encode() in (folder / "environ").read_bytes()
    except OSError:
        return False


def _processes() -> Iterator[str]:
    return (folder.name for folder in Path("/proc").iterdir() if folder.name.isdecimal())
