"""The shared store keeps what is newer and never gives half a file: a store in a folder, without a portal."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.alerts.conftest import Office
from tests.support.catalogue import write_catalogue
from vidkryto.clock import told_by
from vidkryto.errors import StateError
from vidkryto.observe.doctor import examine
from vidkryto.pipeline import due_datasets, shared
from vidkryto.pipeline.withdrawn import withdrawn
from vidkryto.publish.approvals import Approvals, Decision
from vidkryto.publish.receipt import Outcome, Receipt, Receipts
from vidkryto.record import Ledger, SigningKey
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
    """The record of a run on this worker, a minute after the one before."""
    started = NOON + timedelta(minutes=len(list(settings.home.glob("runs/*/*"))))
    return Office(settings).ran("Withheld", started, snapshots=snapshots)


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


def published(settings: Settings, version: str, hours: int, outcome: Outcome = "published") -> None:
    """A release went out from this worker, so many hours after noon."""
    folder = settings.home / "releases" / "stops" / version
    folder.mkdir(parents=True)
    (folder / "stops.csv").write_text(version, encoding="utf-8")
    (folder.parent / "published").write_text(version, encoding="utf-8")
    at = (NOON + timedelta(hours=hours)).isoformat()
    made = Receipt("stops", "http://127.0.0.1:9", "p", version, "c" * 64, PLAN, "r", outcome, at, at, 1, 1, (), ())
    Receipts(settings.home / "receipts").save(made)


def shows(settings: Settings) -> tuple[str, str, str]:
    """What this worker takes for published: pointer, file, receipt."""
    version = (settings.home / "releases" / "stops" / "published").read_text(encoding="utf-8")
    receipt = Receipts(settings.home / "receipts").latest("stops")
    assert receipt is not None
    return version, (settings.home / "releases" / "stops" / version / "stops.csv").read_text(), receipt.version


@pytest.mark.parametrize("number", range(9))
def test_what_could_not_be_given_is_given_by_the_next_run(
    one: Settings, two: Settings, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The store fails at each of its files in turn; before, the next run took the store's older pointer for its own."""
    shared.draw(one, "stops")
    published(one, "1.0.0", 0)
    shared.give(one, ran(one))
    shared.draw(one, "stops")
    published(one, "1.1.0", 1)
    sha256 = one.archive.put_bytes(b"export")
    record = ran(one, SnapshotRecord("stops", "stops.csv", sha256, 6, "2026-11-25T10:00:00Z"))
    count, put = itertools.count(), shared._put

    def fails(*given: object, **how: object) -> int:
        if next(count) == number:
            raise OSError("gone")
        return put(*given, **how)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(shared, "_put", fails)
        with pytest.raises(StateError, match="did not answer"):
            shared.give(one, record)
    shared.draw(one, "stops")
    assert shows(one) == ("1.1.0", "1.1.0", "1.1.0")
    shared.draw(two, "stops")
    assert shows(two) == ("1.1.0", "1.1.0", "1.1.0")
    assert shared.fetch(two, sha256).read_bytes() == b"export"


def test_a_dataset_that_could_not_give_all_is_due_and_the_doctor_says_so(
    one: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset of once a month does not keep the others waiting for a month; a run under way owes nothing yet."""

    def told() -> tuple[list[str], list[str]]:
        due = [dataset.name for dataset in due_datasets(one, datetime.now(UTC))]
        return due, [check.state for check in examine(one) if check.name == "store"]

    write_catalogue(one.root)
    shared.draw(one, "stops")
    published(one, "1.0.0", 0)
    record = Office(one).ran("Published", datetime.now(UTC))
    with monkeypatch.context() as patch:
        patch.setattr(shared, "_put", lambda *_given, **_how: 1 / 0)
        with pytest.raises(StateError, match="did not answer: ZeroDivisionError"):
            shared.give(one, record)
        assert told() == (["stops"], ["warning"])
    shared.draw(one, "stops")
    os.utime(one.home / "owed" / "stops", (2e9, 2e9))
    assert told() == ([], ["ok"])
    shared.give(one, record)
    assert told() == ([], ["ok"])


def test_what_another_worker_published_since_stays(one: Settings, two: Settings) -> None:
    """A worker that comes back with what it could not give gives its records, not its pointer."""
    for worker in (one, two):
        shared.draw(worker, "stops")
    published(one, "1.0.0", 0)
    record = ran(one)
    published(two, "2.0.0", 1)
    shared.give(two, ran(two))
    shared.draw(one, "stops")
    assert shows(one) == ("2.0.0", "2.0.0", "2.0.0")
    assert (Path(one.store) / "state" / "runs" / "stops" / record.run_id / "run.json").is_file()
    assert (Path(one.store) / "state" / "releases" / "stops" / "1.0.0" / "stops.csv").is_file()


def test_a_withdrawal_holds_on_every_worker(one: Settings, two: Settings) -> None:
    """Its entry is in one ledger only; the receipt travels. Who brings it back says so in a ledger, or publishes."""
    two.home.mkdir()
    SigningKey.generate("vidkryto-test/two").save(two.home / "practice.key")
    ledger = Ledger.create(two.home, key=two.home / "practice.key")
    shared.draw(one, "stops")
    published(one, "1.0.0", -24, "withdrawn")
    shared.give(one, ran(one))
    shared.draw(two, "stops")
    assert withdrawn(two, "stops") is not None
    assert withdrawn(replace(two, store=""), "stops") is None
    ledger.append("restore", "stops", {"who": "x", "role": "r", "reason": "так"})
    assert withdrawn(two, "stops") is None
