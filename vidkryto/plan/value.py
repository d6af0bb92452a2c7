"""The plan: pure data with a hash that binds approval and apply to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from vidkryto import clock
from vidkryto.findings import Finding
from vidkryto.plan.notes import Announcement
from vidkryto.plan.rows import RowChange

Kind = Literal["nothing", "routine", "breaking"]
Action = Literal["create", "replace", "keep", "retire"]
Route = Literal["none", "stock", "staging"]


@dataclass(frozen=True)
class FieldChange:
    """A field of the dataset's metadata before and after."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ResourceChange:
    """What happens to a resource: its file is created, replaced or kept, or it is retired.

    A retired resource stays where it is, with its file, and says since which version it is not renewed.
    """

    action: Action
    id: str
    name: str
    """The file's name, which the address ends with."""
    sha256: str = ""
    bytes: int = 0
    before: str = ""
    """The sha256 that the portal notes now."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The resource's fields that differ, with the values they get."""


@dataclass(frozen=True)
class ColumnChange:
    """A column added, removed, retyped, renamed (`was`) or described anew."""

    action: Literal["add", "remove", "retype", "rename", "describe"]
    name: str
    type: str = ""
    was: str = ""


@dataclass(frozen=True)
class TableChange:
    """What happens to a table: its structure, its dictionary and its rows."""

    action: Action
    id: str
    resource: str
    alias: str
    key: tuple[str, ...]
    columns: tuple[ColumnChange, ...]
    rows: RowChange
    before: int
    """Rows on the portal now."""
    after: int
    sha256: str
    """The hash of the table as it will be (vidkryto.plan.canonical)."""
    route: Route = "none"
    rekey: bool = False
    realias: bool = False
    moved: str = ""
    """The id of the table of ours that holds the alias now, where the table gets another place; else empty."""
    since: str = ""
    """Where the rows were compared with the files of the last release: the state that the table must still be in
    (vidkryto.plan.live.Mark). Empty where they were compared with the portal's."""
    marks: bool = False
    """Whether writing leaves a mark, so that the next difference can be told from the files."""
    indexes: tuple[str, ...] = ()
    """The columns that get an index of their own, where one of them has none yet; else empty."""

    def __bool__(self) -> bool:
        return bool(self.columns or self.rows or self.rekey or self.realias or self.indexes or self.action == "create")


@dataclass(frozen=True)
class Cost:
    """An estimate of what applying will take."""

    requests: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """What publishing a release would change on the portal."""

    dataset: str
    portal: str
    version: str
    release_sha256: str
    contract_sha256: str
    live_version: str
    """The version on the portal now; empty before the first publication."""
    live: str
    """The fingerprint of the portal's state that the plan was made for."""
    kind: Kind
    first: bool
    metadata: tuple[FieldChange, ...]
    resources: tuple[ResourceChange, ...]
    tables: tuple[TableChange, ...]
    findings: tuple[Finding, ...]
    cost: Cost
    announcement: Announcement | None = None
    """What users are told before a breaking change; until its day the plan is not applied."""
    resumes: str = ""
    """The hash of the plan that an interrupted run was applying to this dataset."""

    @cached_property
    def hash(self) -> str:
        """The sha256 of the plan's canonical JSON."""
        return hashlib.sha256(self.canonical()).hexdigest()

    def canonical(self) -> bytes:
        """The plan's canonical JSON: the bytes that its hash is over.

        The announcement is left out: a person lets the change pass, and its day is counted from there.
        """
        values = {name: value for name, value in self.content().items() if name != "announcement"}
        return json.dumps(values, sort_keys=True, ensure_ascii=False).encode()

    @property
    def needs_approval(self) -> bool:
        """Whether a person must look by default: a first publication or a breaking change."""
        return self.first or self.kind == "breaking"

    def early(self, now: datetime | None = None) -> bool:
        """Whether the day that was, or will be, announced for this breaking change has not come."""
        told = self.announcement
        return told is not None and (not told.made or (now or clock.now()).date() < told.day)

    def content(self) -> dict[str, Any]:
        """The plan as JSON values."""
        values = {name: _plain(value) for name, value in vars(self).items() if name not in ("findings", "hash")}
        values["findings"] = [
            {"code": f.code, "resource": f.place.resource, "field": f.place.field, "found": f.found, "wanted": f.wanted,
             "count": f.count, "details": dict(f.details), "severity": str(f.severity)}
            for f in self.findings
        ]  # fmt: skip
        return values


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return json.loads(json.dumps(asdict(value), default=str))
    return value
