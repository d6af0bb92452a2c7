"""Old things go by rule and leave a tombstone; what is live or promised stays; a backup brings everything back."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pipeline.conftest import APPROVER, EXPORT, READING, City, make_city
from tests.support.catalogue import CONTRACT
from vidkryto.clock import told_by
from vidkryto.errors import StateError
from vidkryto.keeping.backup import back_up, restore
from vidkryto.keeping.gc import collect, garbage
from vidkryto.pipeline import ledger_of
from vidkryto.pipeline.reproduce import reproduce
from vidkryto.record.verifier import verify

__all__ = ["make_city"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
_numbers = itertools.count(1)
START = datetime(2026, 1, 10, 4, 30, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city that keeps two releases, and others for thirty days."""
    contract = copy.deepcopy(CONTRACT)
    contract["resources"][0]["reading"] = READING
    contract["resources"][0]["source"]["settle"] = 0
    contract["publication"]["retention"] = {"releases": 2, "keep": "30d"}
    return make_city(f"keeping-{next(_numbers)}", contract)


def publish(city: City, label: str, at: datetime) -> str:
    """Publish an export with this label at a time of its own; returns the run."""
    city.export(EXPORT.replace("Ринок", label))
    with told_by(lambda: at):
        record = city.run(approval=APPROVER)
    assert record.outcome == "Published"
    for file in city.settings.archive.root.glob("??/*"):
        os.utime(file, (at.timestamp(), at.timestamp()))
    return record.run_id


def test_gc_removes_old_releases_and_exports_and_the_ledger_still_holds(city: City) -> None:
    """Four releases over a year: the live one, the one before it and what the rule keeps stay. Of the two old runs the
    exports and the plans go; the rules are those of the live run too, and stay."""
    runs = [publish(city, f"Ринок {number}", START + number * YEAR / 4) for number in range(4)]
    now = START + YEAR
    removals = garbage(city.settings, now)
    assert sorted(removal.rule for removal in removals) == [
        *["no release or run within the rule needs it"] * 4,
        *["release older than the rule"] * 2,
    ]
    with told_by(lambda: now):
        freed = collect(city.settings, removals)
    assert freed == sum(removal.bytes for removal in removals)
    assert garbage(city.settings, now) == ()
    ledger = city.settings.home / "ledger"
    assert verify(ledger, objects=city.settings.home / "objects").good
    assert verify(ledger, objects=city.settings.home / "objects", only=city.folder.name).good
    assert [entry.kind for entry in ledger_of(city.settings).entries()][-1] == "retention"
    assert reproduce(city.settings, runs[-1]).same


def test_gc_keeps_everything_of_a_dataset_whose_contract_does_not_load(city: City) -> None:
    """Without a rule nothing may go."""
    for number in range(3):
        publish(city, f"Ринок {number}", START + number * YEAR)
    (city.folder / "dataset.yaml").write_text("name: [", encoding="utf-8")
    assert garbage(city.settings, START + 4 * YEAR) == ()


def test_a_restored_backup_verifies_and_the_next_run_is_unchanged(city: City, tmp_path: Path) -> None:
    """The drill: back up, lose the folder, restore, verify the ledger, run the night."""
    publish(city, "Ринок", START)
    first = back_up(city.settings, str(tmp_path / "backup"))
    again = back_up(city.settings, str(tmp_path / "backup"))
    assert first.copied > 0
    assert (again.files, again.copied) == (first.files, 0)
    back = replace(city.settings, home=tmp_path / "back" / "state")
    assert restore(str(tmp_path / "backup"), back.home) == first.files
    assert verify(back.home / "ledger", objects=back.home / "objects").good
    assert (back.home / "practice.key").stat().st_mode & 0o777 == 0o600
    assert city.run(settings=back).outcome == "Unchanged"
    with pytest.raises(StateError, match="is not empty"):
        restore(str(tmp_path / "backup"), back.home)


def test_a_damaged_backup_is_found_and_nothing_is_put_back(city: City, tmp_path: Path) -> None:
    """Every file is checked by its hash."""
    publish(city, "Ринок", START)
    back_up(city.settings, str(tmp_path / "backup"))
    victim = next(file for file in (tmp_path / "backup" / "files").rglob("*") if file.is_file())
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(StateError, match="is damaged in the backup"):
        restore(str(tmp_path / "backup"), tmp_path / "back")
    assert not (tmp_path / "back").exists()
