"""The shared store keeps what is newer and never gives half a file: a store in a folder, without a portal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alerts.conftest import Office
from vidkryto.clock import told_by
from vidkryto.errors import StateError
from vidkryto.pipeline import shared
from vidkryto.publish.approvals import Approvals, Decision
from vidkryto.record.run import RunRecord, SnapshotRecord
from vidkryto.settings import Settings

PLAN = "a" * 64
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def one(tmp_path: Path) -> Settings:
    """A worker whose state folder holds a plan that waits."""
    settings = Settings(tmp_path, tmp_path / "one", store=str(tmp_path / "store"))
    plan = settings.home / "plans" / "plans" / f"{PLAN}.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps({"hash": PLAN, "dataset": "stops", "release_sha256": "b" * 64}), encoding="utf-8")
    return settings


@pytest.fixture
def two(tmp_path: Path) -> Settings:
    """Another one."""
    return Settings(tmp_path, tmp_path / "two", store=str(tmp_path / "store"))


def ran(settings: Settings, *snapshots: SnapshotRecord) -> RunRecord:
    """The record of a run on this worker."""
    return Office(settings).ran("Withheld", snapshots=snapshots)


def decide(settings: Settings, decision: Decision, hours: int) -> None:
    """A person's word, so many hours after noon."""
    with told_by(lambda: NOON + timedelta(hours=hours)):
        Approvals(settings.home / "plans").approve(PLAN, who="x", role="r", reason="так", decision=decision)


def said(settings: Settings) -> str:
    """What this worker takes for decided."""
    approval = Approvals(settings.home / "plans").said(PLAN)
    return approval.decision if approval else ""


def test_the_later_of_two_decisions_stays_wherever_it_was_made(one: Settings, two: Settings) -> None:
    """A refusal that is in the store does not undo an approval given since, nor does another worker's old copy."""
    decide(one, "refused", 0)
    shared.give(one, ran(one))
    shared.draw(two, "stops")
    assert said(two) == "refused"
    decide(one, "approved", 1)
    shared.draw(one, "stops")
    assert said(one) == "approved"
    shared.give(one, ran(one))
    shared.give(two, ran(two))
    shared.draw(one, "stops")
    shared.draw(two, "stops")
    assert (said(one), said(two)) == ("approved", "approved")


def test_a_kept_plan_is_drawn_once(one: Settings, two: Settings) -> None:
    """Its name is its hash; a night of many datasets does not fetch all plans for each of them."""
    shared.give(one, ran(one))
    assert shared.draw(two, "stops") > 0
    assert shared.draw(two, "stops") == 0


def test_an_object_that_was_cut_off_is_put_anew_and_never_taken_for_whole(one: Settings, two: Settings) -> None:
    """A worker killed while it wrote leaves a piece of a file under its name in stores that write in place."""
    sha256 = one.archive.put_bytes(b"y" * 1000)
    torn = Path(one.store) / "objects" / sha256[:2] / sha256[2:]
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"y" * 10)
    with pytest.raises(StateError, match="is damaged in the shared store"):
        shared.fetch(two, sha256)
    assert not two.archive.holds(sha256)
    shared.give(one, ran(one, SnapshotRecord("stops", "stops.csv", sha256, 1000, "2026-11-25T10:00:00Z")))
    assert shared.fetch(two, sha256).read_bytes() == b"y" * 1000
    assert not list((Path(one.store) / "parts").iterdir())
