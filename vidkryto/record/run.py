"""The record of one run: everything the report pages show, as frozen values and as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from vidkryto.archive import written_atomically
from vidkryto.errors import StateError
from vidkryto.findings import Finding
from vidkryto.record.canonical import canonical

Outcome = Literal["Published", "Unchanged", "Withheld", "Failed"]
Value = TypeVar("Value")
FORMAT = 1
RECORD, UNSEALED = "run.json", ".unsealed.json"
"""A record's name once the ledger vouches for it, and before."""
LAST_KEPT = "runs/.last-kept"
"""Touched in the state folder with each record: whoever waits for a new one need not walk over all of them."""


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Ukrainian and English."""

    uk: str
    en: str


@dataclass(frozen=True, slots=True)
class Department:
    """Who hands the data over and answers for it."""

    name: Text
    contact: str = ""
    """An e-mail address of the office, as in department.yaml."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage took, in thousandths of a second (whole numbers, so that the record has one spelling)."""

    name: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """An export as pulled."""

    resource: str
    file: str
    sha256: str
    bytes: int
    pulled_at: str


@dataclass(frozen=True, slots=True)
class TableRecord:
    """A table as read and released. `account` says where every row of the export went: data, header, note, total…"""

    resource: str
    rows: int
    columns: tuple[str, ...] = ()
    account: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of finding in one place, counted: what a person can act on.

    Message and remedy are derived from the table of codes, not stored. `found` is None for a protected value.
    """

    code: str
    severity: Literal["error", "warning", "note"]
    resource: str = ""
    file: str = ""
    sheet: str = ""
    field: str = ""
    column: str = ""
    row: int | None = None
    count: int = 1
    rows: tuple[int, ...] = ()
    found: str | None = None
    wanted: str | None = None
    details: Mapping[str, str | int] | None = None

    @classmethod
    def of(cls, finding: Finding) -> Task:
        """A finding as a task; details that are not words or whole numbers are kept as words."""
        details = {
            name: value if isinstance(value, int | str) else str(value) for name, value in finding.details.items()
        }
        place = finding.place
        return cls(
            finding.code,
            cast("Any", str(finding.severity)),
            place.resource,
            place.file,
            place.sheet,
            place.field,
            place.column,
            place.row,
            finding.count,
            tuple(finding.rows),
            finding.found,
            finding.wanted,
            details or None,
        )


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured value, written as a string so that no digit is lost: rows = "1894", fill.name = "0.998"."""

    name: str
    value: str
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """Who let a plan pass. `who` is an account, not a person's name."""

    decision: Literal["approved", "refused"]
    who: str
    role: str
    reason: str
    at: str
    until: str = ""
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Exemption:
    """Findings accepted until a day."""

    findings: tuple[str, ...]
    who: str
    role: str
    reason: str
    until: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file on the portal, as read back."""

    name: str
    url: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """What the portal holds after the run."""

    url: str
    """The dataset's page on the portal."""
    package: str
    resources: tuple[PublishedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleaseRecord:
    """One immutable version of the dataset."""

    version: str
    sha256: str
    released_at: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """How often the data is promised and when it is next due (ISO 8601 dates)."""

    frequency: str = ""
    """The word of the contract: daily, weekly, monthly, quarterly, annual, irregular…"""
    last_good: str = ""
    """When a good export last came."""
    next_due: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hashes that fix what was run: contract, schemas and rules, and which program."""

    contract: str = ""
    schemas: Mapping[str, str] | None = None
    rules: str = ""
    code: str = ""
    deny: str = ""
    """A mark of the deny lists, made with the salt where there is one; empty where it is not known."""
    salt: str = ""
    """A mark of the salt."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where the run stands in the ledger; filled in after the ledger was written, so no part of the digest."""

    entry: int
    checkpoint: str
    verify_command: str = "vidkryto audit verify"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Everything about one run. Times are ISO 8601 in UTC, ending in Z."""

    run_id: str
    dataset: str
    title: Text
    department: Department
    started: str
    finished: str
    outcome: Outcome
    reason: Text | None = None
    next_step: Text | None = None
    """What happens next and who does it, if the outcome alone does not say."""
    release: ReleaseRecord | None = None
    live: ReleaseRecord | None = None
    """What the portal shows after this run: the last good release when this one was withheld."""
    stages: tuple[StageTime, ...] = ()
    snapshots: tuple[SnapshotRecord, ...] = ()
    tables: tuple[TableRecord, ...] = ()
    tasks: tuple[Task, ...] = ()
    metrics: tuple[Metric, ...] = ()
    approvals: tuple[Approval, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    receipt: ReceiptRecord | None = None
    promise: Promise = Promise()
    fingerprint: Fingerprint = Fingerprint()
    plan: str = ""
    evidence: Evidence | None = None
    not_before: str = ""
    """The moment from which a release may go out that an embargo or an announcement held back."""
    format: int = FORMAT

    def digest(self) -> str:
        """The sha256 that the ledger's result entry names as `record`: over everything but `evidence`."""
        value = to_json(self)
        value.pop("evidence", None)
        return hashlib.sha256(canonical(value)).hexdigest()

    def save(self, home: Path, name: str = RECORD) -> Path:
        """Write `HOME/runs/DATASET/RUN/run.json` in one step and return its path."""
        target = home / "runs" / self.dataset / self.run_id / name
        with written_atomically(target) as part:
            part.write_text(json.dumps(to_json(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (home / LAST_KEPT).touch()
        return target

    @classmethod
    def load(cls, file: Path) -> RunRecord:
        """Read a record. Raises StateError for a file that is not one, naming the file and the part."""
        try:
            return from_json(cls, json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(
                f"the record of a run cannot be read: {file} ({type(error).__name__})",
                remedy="Run `vidkryto audit verify`: it says whether the record was changed.",
            ) from error


def to_json(value: Any) -> Any:
    """Frozen values as plain JSON; a part that is as by default is left out, so a new field changes no old digest."""
    if is_dataclass(value):
        parts = {part.name: getattr(value, part.name) for part in fields(value) if not _is_default(value, part)}
        return {name: to_json(part) for name, part in parts.items()}
    if isinstance(value, Mapping):
        return {str(name): to_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(part) for part in value]
    return value


def _is_default(value: Any, part: Field[Any]) -> bool:
    return part.default is not MISSING and getattr(value, part.name) == part.default and part.name != "format"


def from_json(kind: type[Value], value: Any) -> Value:
    """The reverse of `to_json`. Unknown keys, lacking parts and parts of another type are a TypeError."""
    return cast("Value", _value_of(kind, value))


def _value_of(kind: Any, value: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _value_of(hints.get(name), part) for name, part in value.items()})
    if origin is UnionType or origin is Union:
        wanted = [part for part in arguments if part is not NoneType]
        return None if value is None else _value_of(wanted[0], value)
    if origin is tuple:
        return tuple(_value_of(arguments[0], part) for part in value)
    if (kind in (str, int) and not isinstance(value, kind)) or (origin is Literal and value not in arguments):
        raise TypeError(f"wanted {kind}")
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
