"""Erase: what a withdrawn dataset left in the state folder goes, and its hashes in the ledger stay as a tombstone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from vidkryto.pipeline import ledger_of
from vidkryto.pipeline.shared import forget
from vidkryto.record.ledger import Entry
from vidkryto.release import Releases
from vidkryto.settings import Settings

DATA = ("snapshots", "outputs")


def erasable(settings: Settings, dataset: str) -> tuple[str, ...]:
    """The hashes of exports, release files, plans and run records of a dataset, without those another one needs too.

    Rules and signatures stay: they hold no data.
    """
    mine: set[str] = set()
    others: set[str] = set()
    for entry in ledger_of(settings).entries():
        (mine if entry.dataset == dataset else others).update(_named(entry))
    built = {file.sha256 for release in Releases(settings.home / "releases" / dataset).all() for file in release.files}
    return tuple(sorted((mine | built) - others))


def erase(settings: Settings, dataset: str, objects: tuple[str, ...]) -> int:
    """Delete what `erasable` named and all that was made of it; returns how many files went. Safe to repeat.

    Classes and published counts stay, which the next release is compared with, and receipts, which hold hashes.
    The ledger has to name `objects` before.
    """
    gone = 0
    for path in (*map(settings.archive.path, objects), *tuple(_made_of_it(settings, dataset))):
        gone += sum(file.is_file() for file in (path.rglob("*") if path.is_dir() else [path]))
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    forget(settings, dataset, objects)
    return gone


def _named(entry: Entry) -> set[str]:
    listed = {item["sha256"] for part in DATA for item in entry.body.get(part, ())}
    plan = {entry.body["plan"]} if entry.kind in ("intent", "result") and "plan" in entry.body else set()
    return listed | plan | ({entry.body["record"]} if "record" in entry.body else set())


def _made_of_it(settings: Settings, dataset: str) -> Iterator[Path]:
    home = settings.home
    releases = home / "releases" / dataset
    yield from (path for path in releases.glob("*") if path.name != "disclosed")
    yield from (releases / "disclosed" / name for name in ("by-release", "gate"))
    yield from (home / "runs" / dataset, home / "history" / f"{dataset}.jsonl", home / "data-docs" / dataset)
    yield from home.glob(f"site*/**/datasets/{dataset}")
    yield from home.glob(f"site*/.memory/{dataset}.json")
    for plan in home.glob("plans*/plans/*.json"):
        if json.loads(plan.read_text(encoding="utf-8")).get("dataset") == dataset:
            yield from plan.parent.glob(f"{plan.stem}*")
