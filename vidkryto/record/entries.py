"""What a ledger entry may say: one closed shape for each kind, with no room for a cell value or an address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from vidkryto.catalogue.model import Block
from vidkryto.disclosure.detectors import BY_NAME, search
from vidkryto.disclosure.transform import FREE_TEXT_LEAST
from vidkryto.errors import LedgerError

Kind = Literal["intent", "result", "approval", "exception", "withdrawal", "restore", "retention", "key", "recovery"]

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,99}$")]
"""A name out of a contract or a table of codes: letters, digits, hyphens; too narrow for a value or an address."""
FieldName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z_][A-Za-z0-9_.-]{0,99}|\*)$")]
"""A field of a Table Schema, or `*` for any field."""
RunName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}$")]
Path = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+([./][A-Za-z0-9_-]+)*$", max_length=200)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$")]
Day = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Count = Annotated[int, Field(strict=True, ge=0, le=2**53 - 1)]
CodeVersion = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){1,2}(\.?(a|b|rc|dev|post)[0-9]{1,4})?(\+[0-9a-z]{1,40})?$"),
]
KeyText = Annotated[str, StringConstraints(pattern=r"^[^+\s]{1,120}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}$")]
KeySignature = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")]

_DATES = re.compile(r"\b(\d{4}-\d\d-\d\d|\d\d\.\d\d\.\d{4})\b")
_PERSONAL = {
    "an e-mail address": re.compile(r"\w@\w"),
    "a web or network address": re.compile(
        r"://|\blocalhost\b|\b\d{1,3}(\.\d{1,3}){3}\b|\b[\w-]+\.(local|lan|internal)\b"
    ),
    "a long number (telephone, tax number, account)": re.compile(r"\d(?:[\s()-]?\d){6,}"),
    "a person's name with patronymic": re.compile(r"\b[А-ЯІЇЄҐ][а-яіїєґ'’]+(?:ович|йович|івна|ївна|овна)\b"),
}


def _without_personal_data(text: str) -> str:
    """Words of a person, as far as a machine can tell free of what could never be taken out again."""
    bare = _DATES.sub("", text)
    for what, pattern in _PERSONAL.items():
        if pattern.search(bare):
            raise ValueError(f"holds {what}; say it without, by office or role")
    for hit in search(text, least=FREE_TEXT_LEAST):
        raise ValueError(f"holds {BY_NAME[hit.kind].en}; say it without, by office or role")
    return text


Words = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(_without_personal_data)
]


class KeptFile(Block):
    """A file in the archive, named by what it is to the contract, never by its name at the department."""

    name: Path
    """Resource for a snapshot, path inside the release for an output."""
    sha256: Sha256
    bytes: Count


class Hashed(Block):
    """Something named and fixed by its hash."""

    name: Path
    sha256: Sha256


class Release(Block):
    """One immutable version of a dataset."""

    version: Version
    sha256: Sha256


class Code(Block):
    """Which program ran."""

    version: CodeVersion
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}(-dirty)?$")] | None = None
    lock: Sha256 | None = None
    python: CodeVersion | None = None


class Findings(Block):
    """How many findings, by severity and by code; no places and no values."""

    error: Count = 0
    warning: Count = 0
    note: Count = 0
    codes: dict[Name, Count] = Field(default_factory=dict)


class PortalFile(Block):
    """A file as the portal gave it back."""

    id: Identifier
    name: Path
    sha256: Sha256
    bytes: Count


class Portal(Block):
    """What was read back from the portal. Its address is no part of the record; the run's page has it."""

    package: Identifier
    name: Name | None = None
    resources: list[PortalFile] = Field(default_factory=list)


class Decided(Block):
    """Who answers for a decision: an account and an office, never a person's name."""

    who: Name
    """The account, as in the list of accounts that the office keeps: data-office-2."""
    role: Words
    reason: Words
    signature: Sha256 | None = None
    """A detached qualified signature (.p7s) kept in the archive, if there is one."""


class Intent(Block):
    """Said before anything is changed on the portal."""

    run: RunName
    plan: Sha256 | None = None
    release: Release | None = None
    replaces: Release | None = None
    snapshots: list[KeptFile] = Field(default_factory=list)
    outputs: list[KeptFile] = Field(default_factory=list)
    contract: Sha256 | None = None
    schemas: list[Hashed] = Field(default_factory=list)
    rules: Sha256 | None = None
    code: Code | None = None
    findings: Findings | None = None


class Result(Intent):
    """Said when a run is over, whatever became of it."""

    outcome: Literal["Published", "Unchanged", "Withheld", "Failed"]
    reason: Name | None = None
    """The code of the reason, not a sentence."""
    portal: Portal | None = None
    record: Sha256 | None = None
    """The digest of the run's record (`RunRecord.digest`)."""


class Approval(Decided):
    """A person let a plan pass, or did not."""

    decision: Literal["approved", "refused"]
    plan: Sha256
    run: RunName | None = None
    until: Day | None = None
    findings: list[Name] = Field(default_factory=list)


class Exempted(Decided):
    """A finding is accepted until a day: proposed by one account, confirmed by another, revoked by any."""

    findings: list[Name] = Field(min_length=1)
    until: Day
    run: RunName | None = None
    decision: Literal["proposed", "confirmed", "revoked"] | None = None
    exception: Sha256 | None = None
    """The hash that ties confirmation and revocation to the proposal."""
    resource: Name | None = None
    field: FieldName | None = None
    kind: Name | None = None
    """What is accepted there: a kind of the detectors, or class-change."""
    cells: Count | None = None
    """No more cells than these are covered."""


class Withdrawal(Decided):
    """A release was taken down; `objects` (files of the archive, digests of run records) are gone, their hashes stay
    as a tombstone."""

    release: Release | None = None
    objects: list[Sha256] = Field(default_factory=list)
    basis: Words | None = None
    """The article of the law."""


class Retention(Block):
    """Objects whose time by the contracts' rules is over; they are gone from the archive, their hashes stay."""

    objects: list[Sha256] = Field(min_length=1)
    bytes: Count


class Restore(Decided):
    """An earlier release was put back; without one a withdrawal was lifted, and the next run publishes."""

    release: Release | None = None
    replaces: Release | None = None
    plan: Sha256 | None = None


class Key(Block):
    """The ledger's key: the first entry names it, a rotation is signed by the key it replaces."""

    action: Literal["create", "rotate"]
    origin: Annotated[str, StringConstraints(pattern=r"^[^+\s]{1,120}$")]
    key: KeyText
    replaces: KeyText | None = None
    signature: KeySignature | None = None
    reason: Words | None = None


class Recovery(Block):
    """What stood behind the checkpoint was set aside: of an interrupted write, or of somebody without the key."""

    torn_bytes: Count = 0
    torn_lines: Count = 0
    """Whole lines among these bytes. An interrupted write leaves one at the most."""
    torn_sha256: Sha256 | None = None
    uncovered_first: Count | None = None
    """In ledgers of earlier versions, which took such lines in; no exception among them lets anything pass."""
    uncovered_count: Count = 0


SHAPES: Mapping[str, type[Block]] = {
    "intent": Intent,
    "result": Result,
    "approval": Approval,
    "exception": Exempted,
    "withdrawal": Withdrawal,
    "retention": Retention,
    "restore": Restore,
    "key": Key,
    "recovery": Recovery,
}


def checked_body(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body in its declared shape, without empty parts.

    Raises LedgerError that names each part that does not belong and never quotes its value: what is refused
    here is refused because it may be something that must not be kept.
    """
    if kind not in SHAPES:
        raise LedgerError(f"no entry is of kind {kind!r}", remedy=f"The kinds are {', '.join(SHAPES)}.")
    try:
        return SHAPES[kind].model_validate(dict(body)).model_dump(exclude_none=True, exclude_unset=True)
    except ValidationError as error:
        parts = "; ".join(
            f"{'.'.join(map(str, part['loc'])) or kind}: {_complaint(part['type'], part['msg'])}"
            for part in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise LedgerError(
            f"this cannot stand in the ledger: {parts}",
            remedy="Keep to the shapes in docs/reference/ledger.md; a ledger can never forget what it was told.",
        ) from None


def _complaint(kind: str, message: str) -> str:
    return "is not part of the declared shape" if kind == "extra_forbidden" else message.removeprefix("Value error, ")
