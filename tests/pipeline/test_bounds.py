"""One dataset's trouble stays its own: a run is alone, ends in time, and a person's no is heard."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.pipeline.conftest import APPROVER, EXPORT, City
from tests.pipeline.test_pipeline import contract
from vidkryto.errors import RunInProgress
from vidkryto.pipeline.approving import approvals_of, decide, waiting_plan
from vidkryto.record import Ledger

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
HOLD = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def silent_host() -> Iterator[int]:
    """A port where connections are accepted and never answered."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_run_in_progress_is_never_started_twice_and_a_killed_one_leaves_no_lock(
    make_city: Callable[..., City],
) -> None:
    """The lock belongs to a process, and falls with it."""
    city = make_city("bounds-alone", contract())
    city.export(EXPORT)
    folder = city.settings.home / "running"
    folder.mkdir()
    command = [sys.executable, "-c", HOLD, str(folder / "bounds-alone.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(RunInProgress, match="a run of bounds-alone is in progress"):
            city.run()
        other.kill()
        other.wait()
    assert city.run().outcome == "Published"


def test_a_hanging_source_ends_with_the_time_limit_and_is_recorded(
    make_city: Callable[..., City], silent_host: int
) -> None:
    """The run fails by the contract's limit, long before the source's own patience, and says so."""
    made = contract(time_limit="1s")
    made["resources"][0]["source"] = {
        "url": f"http://127.0.0.1:{silent_host}/stops.csv", "private_addresses": True, "timeout": 600, "patience": 3000,
    }  # fmt: skip
    record = make_city("bounds-hanging", made).run()
    assert record.outcome == "Failed"
    assert record.reason is not None
    assert record.reason.en == "bounds-hanging, pull: the run took longer than 1s"
    assert record.reason.uk.endswith("запуск тривав довше за 1s")


def test_a_refused_plan_is_not_asked_about_again_and_can_still_be_approved(make_city: Callable[..., City]) -> None:
    """A no is recorded like a yes; the ledger keeps both, in their order."""
    made: dict[str, Any] = contract(approval={"first": "required"})
    city = make_city("bounds-refused", made)
    city.export(EXPORT)
    plan = waiting_plan(city.run())
    store = approvals_of(city.settings)
    assert "Чекає погодження" in store.text(plan, "uk")
    decide(store, city.settings, plan, APPROVER, decision="refused")
    refused = city.run()
    assert (refused.outcome, waiting_plan(refused)) == ("Withheld", "")
    assert refused.reason is not None
    assert refused.reason.en == f"the plan was refused: {APPROVER.role}: {APPROVER.reason}"
    decide(store, city.settings, plan, APPROVER)
    assert city.run().outcome == "Published"
    entries = Ledger.open(city.settings.home, key=city.settings.home / "practice.key").signed_entries("approval")
    assert [entry.body["decision"] for entry in entries] == ["refused", "approved"]
