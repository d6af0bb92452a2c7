"""A plan that waits for a person suspends its run: the form in Prefect's pages and the command give the same answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.flows.test_flows import contract
from tests.flows.test_up import ROOT, Up, until
from tests.pipeline.conftest import EXPORT
from tests.support.catalogue import write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.pipeline import last_run
from vidkryto.pipeline.approving import approvals_of
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
BY_FORM, BY_COMMAND = "approved-by-form", "approved-by-command"
FORM = {"decision": "погодити / approve", "who": "data-office-2", "office": "відділ даних", "reason": "переглянуто"}


@pytest.fixture
def up(tmp_path: Path, portal_session: LocalPortal) -> Iterator[Up]:
    """Two datasets due every minute, whose first publication waits for a person."""
    city = tmp_path / "city"
    for name in (BY_FORM, BY_COMMAND):
        made = contract(name, cron="* * * * *")
        made["publication"]["approval"] = {"first": "required", "breaking": "required"}
        (write_catalogue(city, made) / "exports" / "stops.csv").write_bytes(EXPORT.encode("cp1251"))
    (city / "flows").symlink_to(ROOT / "flows")
    home = city / ".vidkryto"
    SigningKey.generate("vidkryto-test/approval").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    started = Up(city, portal_session)
    yield started
    started.run("stop")


def waiting(up: Up) -> dict[str, dict[str, Any]]:
    """Suspended runs by dataset; each dataset asks once."""
    runs = up.runs("PAUSED")
    names = [run["parameters"]["dataset"] for run in runs]
    assert len(names) == len(set(names)), "the same question is asked twice"
    return dict(zip(names, runs, strict=True))


def published(up: Up, dataset: str) -> RunRecord | None:
    """The run that published a dataset."""
    return last_run(Settings.from_environment(up.environment), dataset, outcomes=("Published",))


def test_the_form_and_the_command_answer_the_same_pause_which_survives_a_restart(up: Up) -> None:
    """Nobody's place is held while it waits, the answer is bound to the plan, and the ledger has both."""
    up.start()
    until(lambda: len(waiting(up)) == 2, "the runs do not wait for a person")
    until(lambda: len(up.runs("FAILED")) >= 2, "no later run went past the question")  # the places are free
    asked = waiting(up)
    assert up.run("stop").returncode == 0
    up.start()
    assert {name: run["id"] for name, run in waiting(up).items()} == {name: run["id"] for name, run in asked.items()}

    address = f"http://127.0.0.1:{up.port}/api/flow_runs/{asked[BY_FORM]['id']}"
    login: Any = tuple(up.login.split(":"))
    details = asked[BY_FORM]["state"]["state_details"]
    shown = requests.get(f"{address}/input/{details['run_input_keyset']['schema']}", auth=login, timeout=30).json()
    assert {"decision", "who", "office", "reason"} <= set(shown["properties"])
    text = requests.get(f"{address}/input/{details['run_input_keyset']['description']}", auth=login, timeout=30).json()
    plan = details["pause_key"].partition("-")[0]
    assert plan[:12] in text
    wrong = requests.post(
        f"{address}/resume", json={"run_input": {**FORM, "who": "Олена Б."}}, auth=login, timeout=30
    ).json()
    assert wrong["status"] == "REJECT", "a person's name is taken for an account"
    answer = requests.post(f"{address}/resume", json={"run_input": FORM}, auth=login, timeout=30).json()
    assert answer["status"] == "ACCEPT", answer
    record = until(lambda: published(up, BY_FORM), "the answer in the form published nothing")
    (approval,) = record.approvals
    assert (approval.plan, approval.who, approval.reason) == (plan, FORM["who"], FORM["reason"])

    plan = asked[BY_COMMAND]["state"]["state_details"]["pause_key"].partition("-")[0]
    options = ("--as", "data-office-2", "--role", "відділ даних", "--reason", "переглянуто")
    done = up.run("approve", plan[:12], *options)
    assert (done.returncode, "The run that waited for it goes on." in done.stderr) == (0, True), done.stderr
    record = until(lambda: published(up, BY_COMMAND), "the command published nothing")
    assert record.approvals[0].plan == plan
    until(lambda: not up.runs("PAUSED"), "a question stays that nobody asks any more")

    home = up.home
    entries = list(Ledger.open(home, key=home / "practice.key").signed_entries("approval"))
    assert [(entry.dataset, entry.body["who"]) for entry in entries] == [
        (BY_FORM, "data-office-2"),
        (BY_COMMAND, "data-office-2"),
    ]
    store = approvals_of(Settings.from_environment(up.environment))
    assert all(store.said(entry.body["plan"]) for entry in entries)
    assert os.listdir(home / "plans" / "approvals")  # noqa: PTH208
