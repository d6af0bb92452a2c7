"""Reproduce: make a release again from the archived exports, and compare every file byte for byte."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from vidkryto import __version__
from vidkryto.catalogue import find_dataset
from vidkryto.errors import StateError
from vidkryto.pipeline import stages
from vidkryto.pipeline.exceptions import decisions_of, exemptions
from vidkryto.pipeline.job import Exports, Job
from vidkryto.pipeline.remember import utc
from vidkryto.pipeline.shared import fetch
from vidkryto.pull import Snapshot
from vidkryto.record import Ledger
from vidkryto.record.run import RunRecord
from vidkryto.release import Releases
from vidkryto.settings import Settings


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One published file: the sha256 in the ledger, and that of the file made again ("" when none was made)."""

    name: str
    recorded: str
    found: str

    @property
    def same(self) -> bool:
        """Whether the bytes are the same."""
        return self.recorded == self.found


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came out of making a run's release again."""

    run: str
    dataset: str
    version: str
    files: tuple[FileVerdict, ...]
    code_then: str
    code_now: str = __version__

    @property
    def same(self) -> bool:
        """Whether every published file came out byte for byte."""
        return bool(self.files) and all(file.same for file in self.files)


def reproduce(settings: Settings, run: str) -> Reproduction:
    """Make the release of `run` again in a temporary folder, from the exports in the archive.

    The hashes to compare with are those of the signed ledger, not of the run's record. Raises StateError when
    the run published nothing, when an export is gone, or when contract, schema or rules of the dataset are not
    those of the run any more: then the message names the hash to look for in the repository's history.
    """
    record, wanted, entry = _published(settings, run)
    dataset = find_dataset(settings.datasets, record.dataset)
    if dataset.sha256 != record.fingerprint.rules:
        raise StateError(
            f"contract, schema or rules of {record.dataset} changed since the run {run}:"
            f" wanted {record.fingerprint.rules}, found {dataset.sha256}",
            remedy=f"Check out the repository as it was on {record.started[:10]} (program version"
            f" {record.fingerprint.code}), point VIDKRYTO_ROOT at it and run this again.",
        )
    exports = _exports(settings, record)
    with tempfile.TemporaryDirectory(prefix="vidkryto-reproduce-") as scratch:
        again = replace(settings, home=Path(scratch))
        _put_previous(settings, again, record)
        decided = exemptions(decisions_of(settings, record.dataset, before=entry))
        job = Job(dataset, again, run, datetime.fromisoformat(record.started), exceptions=decided)
        tables = stages.read_exports(job, exports)
        tables = stages.guard_disclosure(job, stages.validate_tables(job, tables), exports.newest.date())
        release = stages.make_release(job, tables, utc(exports.newest))
        found = {file.name: file.sha256 for file in release.files}
    files = tuple(FileVerdict(name, sha256, found.get(name, "")) for name, sha256 in sorted(wanted.items()))
    extra = tuple(FileVerdict(name, "", found[name]) for name in sorted(set(found) - set(wanted)))
    version = record.release.version if record.release else ""
    return Reproduction(run, record.dataset, version, files + extra, record.fingerprint.code)


def _published(settings: Settings, run: str) -> tuple[RunRecord, Mapping[str, str], int]:
    """The record of a run that published, the hashes of its files in the ledger, and the number of its first entry."""
    entries = [entry for entry in Ledger.open(settings.home).entries() if entry.body.get("run") == run]
    result = next((entry for entry in entries if entry.kind == "result"), None)
    if result is None:
        raise StateError(f"the ledger knows no run {run!r}", remedy="See `vidkryto audit log`.")
    if result.body["outcome"] != "Published":
        raise StateError(
            f"the run {run} published nothing (its outcome: {result.body['outcome']})",
            remedy=f"Name a run that did: `vidkryto audit log {result.dataset}`.",
        )
    record = RunRecord.load(settings.home / "runs" / result.dataset / run / "run.json")
    return record, {file["name"]: file["sha256"] for file in result.body.get("outputs", ())}, entries[0].seq


def _exports(settings: Settings, record: RunRecord) -> Exports:
    """The exports of the run, out of the archive."""
    groups: dict[str, list[Snapshot]] = {}
    for item in record.snapshots:
        path = fetch(settings, item.sha256)
        if not path.is_file():
            raise StateError(
                f"the export {item.sha256} of the run {record.run_id} is not in the archive",
                remedy="Restore it from a backup; if it was withdrawn, the ledger says so.",
            )
        pulled_at = datetime.fromisoformat(item.pulled_at)
        snapshot = Snapshot(item.resource, item.file, path, item.sha256, item.bytes, pulled_at, "archive")
        groups.setdefault(item.resource, []).append(snapshot)
    return Exports({name: tuple(group) for name, group in groups.items()})


def _put_previous(settings: Settings, again: Settings, record: RunRecord) -> None:
    """The release that was live before the run: versions and lists of changes are made against it."""
    folder = settings.home / "runs" / record.dataset
    earlier = [RunRecord.load(file) for file in folder.glob("*/run.json")]
    live = [run for run in earlier if run.outcome in ("Published", "Unchanged") and run.run_id < record.run_id]
    last = max(live, key=lambda run: run.run_id, default=None)
    if last is None or last.release is None:
        return
    name = f"{last.release.version}-{last.release.sha256[:12]}"
    source = settings.home / "releases" / record.dataset / name
    if not source.is_dir():
        raise StateError(f"the release before, {name}, is gone", remedy="Restore it from a backup of VIDKRYTO_HOME.")
    target = again.home / "releases" / record.dataset
    shutil.copytree(source, target / name)
    releases = Releases(target)
    releases.mark_published(releases.all()[0])
