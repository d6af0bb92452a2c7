"""What a run is about: the dataset, the settings, and what has been learnt so far."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from vidkryto import clock
from vidkryto.catalogue import Dataset
from vidkryto.disclosure import Exemption, Previous, ResidualRisk
from vidkryto.findings import Finding, Place
from vidkryto.pull import Each, Snapshot, one_by_one
from vidkryto.quality import History
from vidkryto.read import Account
from vidkryto.read.table import numbered, place_of
from vidkryto.record.run import SnapshotRecord
from vidkryto.release import ReadyTable, Releases
from vidkryto.settings import Settings
from vidkryto.validate.words import Kind


@dataclass(frozen=True, slots=True)
class Approver:
    """Who lets pass in advance what would wait for a person: an account and an office, never a person's name."""

    who: str
    role: str
    reason: str


@dataclass(frozen=True)
class Job:
    """One dataset, one run."""

    dataset: Dataset
    settings: Settings
    run: str
    started: datetime
    force: bool = False
    """Go on although exports and rules are those of the last run."""
    approval: Approver | None = None
    each: Each = one_by_one
    """How work on the partitions of a table is done."""
    exceptions: tuple[Exemption, ...] = ()
    """What two people decided to let pass, and what they have not decided yet; the gate tells them apart."""

    @property
    def releases(self) -> Releases:
        """The releases of this dataset."""
        return Releases(self.settings.home / "releases" / self.dataset.name)

    def disclosed(self, resource: str) -> Path:
        """Where the classes and counts of a table's published release are kept, for the next one."""
        return self.releases.folder / "disclosed" / f"{resource}.json"

    def disclosed_by(self, release: str, resource: str) -> Path:
        """The same as it was when a certain release went out, by the release's folder: to make the next one again."""
        return self.releases.folder / "disclosed" / "by-release" / release / f"{resource}.json"

    @property
    def gate_state(self) -> Path:
        """Where it is kept under which deny lists and exceptions the published release went out, and until when."""
        return self.releases.folder / "disclosed" / "gate"

    @property
    def history(self) -> History:
        """The measurements of this dataset's releases."""
        return History(self.settings.home / "history" / f"{self.dataset.name}.jsonl")


def new_job(dataset: Dataset, settings: Settings, **options: Any) -> Job:
    """A job with a run id of its own: time to the microsecond, then four random digits; names sort by time."""
    started = clock.now()
    return Job(dataset, settings, f"{started:%Y%m%dT%H%M%S}-{started:%f}-{secrets.token_hex(2)}", started, **options)


@dataclass(frozen=True)
class Exports:
    """What was pulled for each table."""

    snapshots: Mapping[str, tuple[Snapshot, ...]]

    @property
    def newest(self) -> datetime:
        """When the newest export was pulled (UTC)."""
        return max(snapshot.pulled_at for group in self.snapshots.values() for snapshot in group)

    def handed_over(self, now: datetime) -> datetime:
        """When the newest export came, be it with the same bytes as before (UTC)."""
        return max(snapshot.handed_over(now) for group in self.snapshots.values() for snapshot in group)

    def first_seen(self, before: Iterable[SnapshotRecord]) -> Exports:
        """The same exports with the time at which these very bytes were first seen, where the last run saw them.

        So a release does not change by being made again, and an approval of its plan stays good.
        """
        seen = {(item.resource, item.sha256): datetime.fromisoformat(item.pulled_at) for item in before}
        return Exports(
            {
                name: tuple(replace(item, pulled_at=seen.get((name, item.sha256), item.pulled_at)) for item in group)
                for name, group in self.snapshots.items()
            }
        )

    @property
    def hashes(self) -> tuple[str, ...]:
        """The sha256 of every export, in the order of tables and names."""
        return tuple(snapshot.sha256 for group in self.snapshots.values() for snapshot in group)


@dataclass(frozen=True)
class TextTable:
    """A table as text columns, with the officer's row numbers and, for each row, the file and sheet it is in."""

    columns: pa.Table
    rows: pa.Array
    sources: pa.Array
    file: str
    """The names of all its files, for what is said of the whole table."""
    account: Account
    labels: Mapping[str, str] = field(default_factory=dict)
    """The header above each field as it stands in the file."""

    @property
    def numbers(self) -> pa.Array:
        """One number for each row, over all files and sheets; `placed` turns it back into the place it stands for."""
        return numbered(self.rows, self.sources)

    @property
    def places(self) -> tuple[Place, ...]:
        """The files and sheets that rows may come from."""
        return tuple(place_of(source) for source in self.sources.dictionary.to_pylist())

    @property
    def sheet(self) -> str:
        """The sheet of the workbook, where all rows come from one."""
        named = {place.sheet for place in self.places}
        return named.pop() if len(named) == 1 else ""

    def filter(self, mask: pa.Array) -> TextTable:
        """Only the rows where the mask is true."""
        parts = {name: getattr(self, name).filter(mask) for name in ("columns", "rows", "sources")}
        return replace(self, **parts)


@dataclass(frozen=True)
class Tables:
    """Tables on their way to a release, by resource, and everything noticed so far."""

    texts: Mapping[str, TextTable] = field(default_factory=dict)
    with_totals: Mapping[str, TextTable] = field(default_factory=dict)
    """Tables with the total rows that `texts` leaves out, where the suite compares totals with parts."""
    typed: Mapping[str, pa.Table] = field(default_factory=dict)
    """Valid tables in Arrow's types; a table with findings of the schema is not here."""
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Validation reports in the format of frictionless."""
    metrics: Mapping[str, Mapping[str, float | int | str]] = field(default_factory=dict)
    ready: Mapping[str, ReadyTable] = field(default_factory=dict)
    """What may go out, after disclosure."""
    disclosed: Mapping[str, Previous] = field(default_factory=dict)
    """Under what classes, and with what counts, each table goes out."""
    due: date | None = None
    """The first day on which a delayed row of any table may go out."""
    risks: Mapping[str, ResidualRisk] = field(default_factory=dict)
    """What remains in each table when everything declared is done."""
    findings: tuple[Finding, ...] = ()
    rows_found: Mapping[tuple[str, Kind], Sequence[int]] = field(default_factory=dict)
    """Every row that validation found something in, by resource and kind of finding; a finding names the first."""
    apart: frozenset[str] = frozenset()
    """Tables whose rows were checked partition by partition, and have no finding."""

    @property
    def complete(self) -> bool:
        """Whether every table that was read is valid."""
        return bool(self.texts) and set(self.texts) == set(self.typed)
