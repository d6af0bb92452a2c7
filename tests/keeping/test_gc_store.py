"""The shared store loses by rule what no machine needs, and nothing that one may be in the middle of giving."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.keeping.test_keeping import START, YEAR, publish
from tests.pipeline.conftest import READING, City, make_city
from tests.support.catalogue import CONTRACT
from vidkryto.clock import told_by
from vidkryto.errors import StateError
from vidkryto.keeping.gc import collect, garbage
from vidkryto.keeping.gc_store import GIVEN, drop, store_garbage
from vidkryto.pipeline import shared
from vidkryto.record import Ledger, SigningKey
from vidkryto.settings import Settings

__all__ = ["make_city"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
OLD = GIVEN + timedelta(hours=1)


def put(store: Path, path: str, age: timedelta = OLD) -> None:
    """A file of ten bytes that came so long ago."""
    file = store / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * 10)
    os.utime(file, ((NOW - age).timestamp(),) * 2)


def test_what_nobody_needs_goes_once_it_is_old(tmp_path: Path) -> None:
    """Needed, young and what belongs to no rule stay; looking removes nothing."""
    store, settings = tmp_path / "store", Settings(tmp_path, tmp_path / "state", store=str(tmp_path / "store"))
    for path in ("objects/aa/1", "objects/bb/2", "parts/torn", "state/releases/stops/1.0.0/stops.csv",
                 "state/releases/stops/2.0.0/stops.csv", "state/receipts/stops/latest.json"):  # fmt: skip
        put(store, path)
    for path in ("objects/bb/3", "parts/now"):
        put(store, path, GIVEN - timedelta(hours=1))
    found = store_garbage(settings, NOW, lambda _folder: ({"aa1"}, {"releases/stops/1.0.0"}))
    gone = {"objects/bb/2", "parts/torn", "state/releases/stops/1.0.0/stops.csv"}
    assert {path for path, _, _ in found} == gone
    before = {str(file.relative_to(store)) for file in store.rglob("*") if file.is_file()}
    drop(settings, sorted(gone))
    after = {str(file.relative_to(store)) for file in store.rglob("*") if file.is_file()}
    assert (before - after, after - before) == (gone, {"dropped/stops/1.0.0"})
    drop(settings, sorted(gone))


def test_a_store_that_is_away_is_said(tmp_path: Path) -> None:
    """Nothing is judged from half of what there is."""
    with pytest.raises(StateError, match="the shared store did not answer"):
        store_garbage(Settings(tmp_path, tmp_path, store="nosuch://x"), NOW, lambda _folder: (set(), set()))


def test_the_store_keeps_what_any_machine_needs(make_city: Callable[..., City], tmp_path: Path) -> None:
    """Four releases of a machine over a year; another one, whose folder is empty, tidies up by the same rule."""
    contract: dict[str, Any] = copy.deepcopy(CONTRACT)
    contract["resources"][0]["reading"] = READING
    contract["resources"][0]["source"]["settle"] = 0
    contract["publication"]["retention"] = {"releases": 2, "keep": "30d"}
    city = make_city("keeping-store", contract)
    store = tmp_path / "store"
    city = replace(city, settings=replace(city.settings, store=str(store)))
    runs = [publish(city, f"Ринок {number}", START + number * YEAR / 4) for number in range(4)]
    other = replace(city.settings, home=tmp_path / "other")
    SigningKey.generate("vidkryto-test/other").save(other.home / "practice.key")
    Ledger.create(other.home, key=other.home / "practice.key")
    for file in store.rglob("*"):
        os.utime(file, (START.timestamp(),) * 2)
    kept = city.settings.home / "runs" / city.folder.name
    records = [json.loads((kept / run / "run.json").read_text(encoding="utf-8")) for run in runs]
    exports = [record["snapshots"][0]["sha256"] for record in records]
    found = garbage(other, START + YEAR)
    assert all(item.shared for item in found)
    assert {item.path for item in found if item.path.startswith("objects/")} == {
        f"objects/{sha256[:2]}/{sha256[2:]}" for sha256 in exports[:2]
    }
    assert len({item.path.split("/")[3] for item in found if item.path.startswith("state/")}) == 2
    with told_by(lambda: START + YEAR):
        assert collect(other, found) == sum(item.bytes for item in found)
        assert garbage(other, START + YEAR) == ()
        shared.draw(other, city.folder.name)
    assert len(list((other.home / "releases" / city.folder.name).glob("*/release.json"))) == 2
    for sha256 in exports[2:]:
        assert shared.fetch(other, sha256).is_file()
    assert len(list((city.settings.home / "releases" / city.folder.name).glob("*/release.json"))) == 4
    publish(city, "Ринок 4", START + YEAR)  # the first machine still has all of them, and gives what is new
    there = sorted(file.parent.name for file in store.glob("state/releases/*/*/release.json"))
    assert len(there) == 3
    live = city.settings.home / "releases" / city.folder.name / "published"
    oldest = next(name for name in live.parent.glob("1.0.0-*")).name
    assert oldest not in there
    live.write_text(f"{oldest}\n", encoding="utf-8")  # as after going back to it
    shared.hand_over(city.settings, city.folder.name)
    assert (store / "state" / "releases" / city.folder.name / oldest / "release.json").is_file()
