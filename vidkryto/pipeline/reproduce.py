"""Reproduce: make a release again from the archived exports, and compare every file byte for byte."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from vidkryto.archive import sha256_of
from vidkryto.catalogue import Dataset, find_dataset, unpack_rules
from vidkryto.disclosure import Previous
from vidkryto.errors import StateError
from vidkryto.pipeline import stages
from vidkryto.pipeline.exceptions import decisions_of, exemptions
from vidkryto.pipeline.job import Exports, Job
from vidkryto.pipeline.program import code
from vidkryto.pipeline.remember import gate_marks, utc
from vidkryto.pipeline.shared import fetch
from vidkryto.pull import Snapshot
from vidkryto.record import Entry, Ledger
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
    code_now: str
    rules: str
    """Where the rules came from: archive or repository."""
    changed: tuple[str, ...] | None = ()
    """What is another than on the day of the run, of deny-lists and salt; None where the run did not keep it."""

    @property
    def same(self) -> bool:
        """Whether every published file came out byte for byte."""
        return bool(self.files) and all(file.same for file in self.files)


def reproduce(settings: Settings, run: str) -> Reproduction:
    """Make the release of `run` again in a temporary folder, from the exports in the archive.

    The hashes to compare with are those of the signed ledger, not of the run's record. Raises StateError when
    the run published nothing or an export is gone. Contract, schemas and rules come out of the archive too; for a
    run that kept none there the repository must still hold those of the run, else the message names the hash to
    look for in its history.
    """
    record, result, first = _published(settings, run)
    wanted = {file["name"]: file["sha256"] for file in result.body.get("outputs", ())}
    exports = _exports(settings, record)
    with tempfile.TemporaryDirectory(prefix="vidkryto-reproduce-") as scratch:
        again = replace(settings, home=Path(scratch) / "home")
        dataset, rules = _dataset(settings, record, str(result.body.get("contract", "")), Path(scratch) / "rules")
        _put_previous(settings, again, record)
        decided = exemptions(decisions_of(settings, record.dataset, before=first.seq))
        job = Job(dataset, again, run, datetime.fromisoformat(record.started), exceptions=decided)
        tables = stages.read_exports(job, exports)
        tables = stages.guard_disclosure(job, stages.validate_tables(job, tables), exports.newest.date())
        release = stages.make_release(job, tables, utc(exports.newest))
        found = {file.name: file.sha256 for file in release.files}
    files = tuple(FileVerdict(name, sha256, found.get(name, "")) for name, sha256 in sorted(wanted.items()))
    extra = tuple(FileVerdict(name, "", found[name]) for name in sorted(set(found) - set(wanted)))
    version = record.release.version if record.release else ""
    code_then = _told(first.body.get("code", {"version": record.fingerprint.code}))
    changed = _changed(settings, record)
    return Reproduction(run, record.dataset, version, files + extra, code_then, _told(code()), rules, changed)


def _changed(settings: Settings, record: RunRecord) -> tuple[str, ...] | None:
    """Which of the secrets that decide beside the rules are not those of the run."""
    deny, salt = gate_marks(settings)
    then = record.fingerprint
    if not then.salt or not salt:
        return None
    if then.salt != salt:
        return ("salt",)  # the mark of the deny lists is made with it
    return ("deny-lists",) if then.deny != deny else ()


def published_runs(settings: Settings) -> tuple[str, ...]:
    """Every run that published, oldest first; those of releases that were withdrawn later are among them."""
    entries = Ledger.open(settings.home).entries()
    return tuple(
        entry.body["run"] for entry in entries if entry.kind == "result" and entry.body["outcome"] == "Published"
    )


def _told(program: Mapping[str, str]) -> str:
    """A program in words: version, commit and Python, as far as they are known."""
    commit, python = program.get("commit", ""), program.get("python", "")
    parts = (program["version"], f"commit {commit}" if commit else "", f"Python {python}" if python else "")
    return ", ".join(part for part in parts if part)


def _dataset(settings: Settings, record: RunRecord, bundle: str, folder: Path) -> tuple[Dataset, str]:
    """The dataset under the rules of the run, out of the archive or else out of the repository."""
    kept = settings.archive.path(bundle) if bundle else None
    if kept is not None and kept.is_file():
        if sha256_of(kept) != bundle:  # rules may hold a program: nothing runs that the ledger does not vouch for
            raise StateError(
                f"the kept rules {bundle} of the run {record.run_id} were changed in the archive",
                remedy="Restore that object from a backup: its name is its hash.",
            )
        unpack_rules(kept.read_bytes(), folder)
        dataset, rules = find_dataset(folder / "datasets", record.dataset), "archive"
    else:
        dataset, rules = find_dataset(settings.datasets, record.dataset), "repository"
    if dataset.sha256 != record.fingerprint.rules:
        raise StateError(
            f"contract, schema or rules of {record.dataset} changed since the run {record.run_id}:"
            f" wanted {record.fingerprint.rules}, found {dataset.sha256} in the {rules}",
            remedy=f"Check out the repository as it was on {record.started[:10]} (program version"
            f" {record.fingerprint.code}), point VIDKRYTO_ROOT at it and run this again.",
        )
    return dataset, rules


def _published(settings: Settings, run: str) -> tuple[RunRecord, Entry, Entry]:
    """The record of a run that published, the entry of its result and its first one, which may be an approval."""
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
    return record, result, entries[0]


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
    disclosed = settings.home / "releases" / record.dataset / "disclosed" / "by-release" / name
    if disclosed.is_dir():  # classes and counts decide what the gate hides
        shutil.copytree(disclosed, target / "disclosed")
    releases = Releases(target)
    for table in releases.all()[0].tables:  # a release that was put back, or is older than these files, kept none
        kept = target / "disclosed" / f"{table.resource}.json"
        if not kept.is_file():
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(Previous().to_json(), encoding="utf-8")
    releases.mark_published(releases.all()[0])
