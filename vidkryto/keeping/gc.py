"""Garbage: what the state folder may lose by rule, and never what a live release or the ledger's promise needs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from vidkryto import clock
from vidkryto.catalogue import load_all
from vidkryto.catalogue.contract import Retention
from vidkryto.keeping.gc_store import drop, store_garbage
from vidkryto.pipeline import ledger_of
from vidkryto.record.ledger import Entry
from vidkryto.record.run import RunRecord
from vidkryto.release import Releases
from vidkryto.release.value import Release
from vidkryto.settings import Settings

NEWLY = timedelta(days=1)
"""An object so young may belong to a run that is under way and has no record yet."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that may go, and by which rule. `path` is relative to the state folder."""

    path: str
    bytes: int
    rule: str
    objects: tuple[str, ...] = ()
    """The hashes of what goes, for the tombstone in the ledger."""
    shared: bool = False
    """Whether it lies in the shared store; `path` is then below its root."""

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        return "store" if self.shared else "state folder"


def garbage(settings: Settings, now: datetime | None = None) -> tuple[Removal, ...]:
    """What may go now. Reads only.

    Kept are: the live release and the one before it, releases named by an approved or resumed plan, every export
    that a kept release was made of, every object that the ledger names within the time of the rule, and all of
    the ledger, records, receipts and approvals.
    """
    moment = now or clock.now()
    kept_releases, old_releases = _releases(settings, moment)
    needed = _needed(settings, moment, kept_releases)
    removals = [
        Removal(_name(settings, release.folder), _size(release.folder), "release older than the rule", _hashes(release))
        for release in old_releases
    ]
    removals += _objects(settings, moment, needed)
    removals += _left_over(settings, moment)

    def judge(folder: Path) -> tuple[set[str], set[str]]:
        there = replace(settings, home=folder)
        keep, drop = _releases(there, moment)
        here = {_name(settings, release.folder) for release in kept_releases}
        old = {_name(there, release.folder) for release in drop} - here
        return needed | _of_runs(there, moment, [*keep, *kept_releases])[0], old

    removals += [Removal(*item, shared=True) for item in store_garbage(settings, moment, judge)]
    return tuple(removals)


def collect(settings: Settings, removals: tuple[Removal, ...]) -> int:
    """Remove what `garbage` named; returns how many bytes became free. A thing that is gone already is no error.

    What the ledger names gets a tombstone in it first, so that `vidkryto audit verify` still holds afterwards.
    """
    ledger = ledger_of(settings)
    named = {sha256 for entry in ledger.entries() for sha256 in _named(entry)}
    gone = sorted({sha256 for removal in removals for sha256 in removal.objects if sha256 in named})
    if gone:
        ledger.append("retention", "", {"objects": gone, "bytes": sum(removal.bytes for removal in removals)})
    free = 0
    if others := [removal for removal in removals if removal.shared]:
        drop(settings, [removal.path for removal in others])
        free = sum(removal.bytes for removal in others)
    for removal in removals:
        if removal.shared:
            continue
        path = settings.home / removal.path
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        free += removal.bytes
    return free


def _rules(settings: Settings) -> dict[str, Retention]:
    """The rule of each dataset; of one whose contract does not load nothing may go."""
    datasets, _ = load_all(settings.datasets)
    return {dataset.name: dataset.contract.publication.retention for dataset in datasets}


def _releases(settings: Settings, now: datetime) -> tuple[list[Release], list[Release]]:
    """Releases to keep and those that may go, of all datasets."""
    keep: list[Release] = []
    drop: list[Release] = []
    rules = _rules(settings)
    for folder in sorted((settings.home / "releases").glob("*/")):
        releases = Releases(folder)
        everything, live = releases.all(), releases.published()
        rule = rules.get(folder.name)
        protected = {live.folder} if live else set()
        if live is not None and live.previous and (before := releases.find(live.previous)):
            protected.add(before.folder)  # what `vidkryto restore` goes back to
        if rule is None:
            keep += everything
            continue
        newest = {release.folder for release in everything[-rule.releases :]}
        for release in everything:
            young = now - datetime.fromisoformat(release.created) <= rule.age()
            (keep if release.folder in protected | newest or young else drop).append(release)
    return keep, drop


def _needed(settings: Settings, now: datetime, kept: list[Release]) -> set[str]:
    """Hashes of objects that must stay."""
    needed, runs = _of_runs(settings, now, kept)
    rules = _rules(settings)
    for entry in ledger_of(settings).entries():
        rule = rules.get(entry.dataset)
        young = rule is None or now - datetime.fromisoformat(entry.time) <= rule.age()
        if young or entry.body.get("run") in runs:  # rules and plan too, so that the run can be made again
            needed |= _named(entry)
    return needed


def _of_runs(settings: Settings, now: datetime, kept: list[Release]) -> tuple[set[str], set[str]]:
    """Hashes that kept releases and the runs within the rule need, and the names of these runs."""
    needed = {file.sha256 for release in kept for file in release.files}
    versions = {(release.dataset, release.sha256) for release in kept}
    rules = _rules(settings)
    runs: set[str] = set()
    for file in (settings.home / "runs").glob("*/*/run.json"):
        run = RunRecord.load(file)
        rule = rules.get(run.dataset)
        recent = rule is None or now - datetime.fromisoformat(run.started) <= rule.age()
        of_kept = run.release is not None and (run.dataset, run.release.sha256) in versions
        if recent or of_kept:
            needed |= {snapshot.sha256 for snapshot in run.snapshots}
            runs.add(run.run_id)
    return needed, runs


def _named(entry: Entry) -> set[str]:
    """The files of the archive that an entry of the ledger names: those that the verifier looks for."""
    listed = {item["sha256"] for part in ("snapshots", "outputs", "schemas") for item in entry.body.get(part, ())}
    single = ("contract", "plan", "signature")
    return listed | {entry.body[part] for part in single if len(entry.body.get(part, "")) == 64}


def _hashes(release: Release) -> tuple[str, ...]:
    return tuple(file.sha256 for file in release.files)


def _objects(settings: Settings, now: datetime, needed: set[str]) -> list[Removal]:
    found = []
    for path in sorted(settings.archive.root.glob("??/*")):
        sha256 = path.parent.name + path.name
        if path.is_file() and len(sha256) == 64 and sha256 not in needed and _age(path, now) > NEWLY:
            rule = "no release or run within the rule needs it"
            found.append(Removal(_name(settings, path), path.stat().st_size, rule, (sha256,)))
    return found


def _left_over(settings: Settings, now: datetime) -> list[Removal]:
    """What an interrupted run left behind."""
    patterns = ("objects/.pull-*", "objects/??/.*.part", "releases/*/.building-*")
    return [
        Removal(_name(settings, path), _size(path), "left behind by an interrupted run")
        for pattern in patterns
        for path in sorted(settings.home.glob(pattern))
        if _age(path, now) > NEWLY
    ]


def _age(path: Path, now: datetime) -> timedelta:
    return now - datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo)


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())


def _name(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.home).as_posix()
