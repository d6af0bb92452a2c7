"""Exceptions of two people: one account proposes, another confirms; the ledger is where they live."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from vidkryto import clock
from vidkryto.catalogue import Dataset
from vidkryto.disclosure.exceptions import CLASS_CHANGE, DEFECTS, Exemption
from vidkryto.disclosure.places import OTHER_KINDS, kind_words
from vidkryto.errors import LedgerError, SettingsError
from vidkryto.pipeline.remember import last_run, ledger_of
from vidkryto.record.canonical import canonical
from vidkryto.record.ledger import Entry
from vidkryto.record.run import Exemption as ExemptionRecord
from vidkryto.record.run import Task
from vidkryto.settings import Settings

State = Literal["proposed", "confirmed", "revoked"]
SHORTEST = 6
"""Digits of an exception's number that a command may be given."""
FINDINGS = (
    "class-contradicted", "formula-cell",
    "free-text-personal", "class-loosened", "file-personal", "file-hidden", "file-metadata",
)  # fmt: skip
"""The codes that two people may decide otherwise; whatever else is found has to be mended."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An exception as the ledger tells it: what it covers, who answers for it, and how far it has come."""

    number: str
    """The sha256 that ties its entries together; people give the first digits."""
    dataset: str
    exemption: Exemption
    findings: tuple[str, ...]
    state: State
    roles: tuple[str, ...]
    at: str
    """When it came to its state."""

    def standing(self, today: date) -> str:
        """`proposed`, `confirmed`, `revoked` or `expired`; only a confirmed one lets anything pass."""
        return "expired" if self.state != "revoked" and self.exemption.until < today else self.state

    def in_words(self, language: str) -> str:
        """The decision in one line for a person."""
        one = self.exemption
        kind = kind_words(one.kind)["kind_en" if language == "en" else "kind_uk"]
        place, people = f"{one.resource}.{one.field}", ", ".join(one.people)
        if language == "en":
            return f"! exception until {one.until}: {place}, {kind}; {people}: {one.reason}"
        return f"! виняток до {one.until:%d.%m.%Y}: {place}, {kind}; {people}: {one.reason}"

    def to_record(self) -> ExemptionRecord:
        """The decision in the record of a run: offices and accounts, no person's name."""
        one = self.exemption
        return ExemptionRecord(
            self.findings, " + ".join(one.people), " + ".join(dict.fromkeys(self.roles)), one.reason,
            one.until.isoformat(), self.at,
        )  # fmt: skip

    def to_json(self, today: date) -> dict[str, Any]:
        """The decision for programs."""
        return {
            "exception": self.number, "dataset": self.dataset, "state": self.standing(today),
            **self.exemption.to_entry(), "roles": list(self.roles), "findings": list(self.findings), "at": self.at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Covered:
    """What an exception is to cover."""

    resource: str
    field: str
    kind: str
    until: date
    cells: int | None = None


@dataclass(frozen=True, slots=True)
class By:
    """Who decides: an account, its office, and why."""

    who: str
    role: str
    reason: str


def decisions_of(settings: Settings, dataset: str = "", *, before: int | None = None) -> tuple[Decision, ...]:
    """All exceptions of a dataset (of all without a name) that the signed ledger tells, oldest first.

    `before` is the number of an entry: only what the ledger said before it. Without a ledger there are none.
    """
    if not (settings.home / "ledger" / "checkpoint").is_file():
        return ()
    ledger = ledger_of(settings)
    doubtful = ledger.taken_in()
    return fold(
        entry
        for entry in ledger.signed_entries("exception")
        if dataset in ("", entry.dataset)
        and (before is None or entry.seq < before)
        and (entry.body.get("decision") == "revoked" or not any(entry.seq in lines for lines in doubtful))
    )


def fold(entries: Iterable[Entry]) -> tuple[Decision, ...]:
    """The state of each exception after these entries.

    A confirmation counts when it says exactly what was proposed and comes from another account; whatever else
    the entries hold (one person alone, a revoked proposal confirmed afterwards) lets nothing pass.
    """
    found: dict[str, Decision] = {}
    for entry in entries:
        body, number = entry.body, entry.body.get("exception", "")
        known = found.get(number)
        match body.get("decision"):
            case "proposed" if known is None:
                found[number] = Decision(
                    number, entry.dataset, _exemption(body), tuple(body["findings"]), "proposed", (body["role"],),
                    entry.time,
                )  # fmt: skip
            case "confirmed" if known and known.state == "proposed" and _seconds(known, body):
                people = (*known.exemption.people, body["who"])
                found[number] = replace(
                    known, exemption=replace(known.exemption, people=people), state="confirmed",
                    roles=(*known.roles, body["role"]), at=entry.time,
                )  # fmt: skip
            case "revoked" if known:
                found[number] = replace(known, state="revoked", at=entry.time)
    return tuple(found.values())


def _exemption(body: Mapping[str, Any]) -> Exemption:
    return Exemption(
        body["resource"], body["field"], body["kind"], body["reason"], (body["who"],),
        date.fromisoformat(body["until"]), body.get("cells"),
    )  # fmt: skip


def _seconds(known: Decision, body: Mapping[str, Any]) -> bool:
    """Whether a confirmation is of another account and of the very same content."""
    said = replace(_exemption(body), people=known.exemption.people, reason=known.exemption.reason)
    return said == known.exemption and _same(body["who"]) not in map(_same, known.exemption.people)


def _same(account: str) -> str:
    return account.strip().casefold()


def exemptions(decisions: Iterable[Decision]) -> tuple[Exemption, ...]:
    """What the gate is given: everything but what was revoked; it tells itself what lacks a person or has expired."""
    return tuple(decision.exemption for decision in decisions if decision.state != "revoked")


def in_force(decisions: Iterable[Decision], today: date) -> tuple[Decision, ...]:
    """The confirmed exceptions that have not ended."""
    return tuple(decision for decision in decisions if decision.standing(today) == "confirmed")


def propose(settings: Settings, dataset: Dataset, covered: Covered, by: By, *, today: date | None = None) -> Decision:
    """Write a proposal into the ledger. It lets nothing pass until another account confirms it.

    Without `covered.cells` as many cells are covered as the last run found; so the finding has to be there.
    Raises SettingsError for a proposal that could never hold, LedgerError when it cannot be recorded.
    """
    day = today or clock.now().date()
    _check_place(dataset, covered)
    seen = _seen(settings, dataset, covered)
    if not seen and (covered.cells is None or covered.kind not in known_kinds()):
        raise SettingsError(
            f"the last run of {dataset.name} found no {covered.kind!r} in {covered.resource}.{covered.field}",
            remedy=f"Run it first: vidkryto publish {dataset.name}; then name a finding that it told. "
            f"Kinds: {', '.join(sorted(known_kinds()))}.",
        )
    cells = covered.cells
    if cells is None and covered.kind != CLASS_CHANGE:
        cells = _most(seen)
    one = Exemption(covered.resource, covered.field, covered.kind, by.reason, (by.who, "?"), covered.until, cells)
    if defect := one.defect(day):
        raise SettingsError(
            f"this exception would not hold: {DEFECTS[defect][1]}",
            remedy="Give a reason of 10 characters or more and an end within a year.",
        )
    findings = sorted({task.code for task in seen}) or ["class-contradicted"]
    content = {"dataset": dataset.name, **one.to_entry(), "who": by.who, "at": clock.now().isoformat()}
    number = hashlib.sha256(canonical(content)).hexdigest()
    return _write(settings, dataset.name, number, "proposed", by, one, tuple(findings))


def known_kinds() -> frozenset[str]:
    """Everything that an exception can be about."""
    from vidkryto.disclosure.detectors import BY_NAME

    return frozenset({*BY_NAME, *OTHER_KINDS})


def confirm(settings: Settings, reference: str, by: By, *, today: date | None = None) -> Decision:
    """Let another account confirm a proposal. Raises SettingsError when it cannot be: same account, ended, revoked."""
    known = find(settings, reference)
    standing = known.standing(today or clock.now().date())
    if standing != "proposed":
        raise SettingsError(f"the exception {reference} is {standing} already", remedy="Propose a new one.")
    if _same(by.who) in map(_same, known.exemption.people):
        raise SettingsError(
            f"{by.who} proposed this exception and cannot confirm it too",
            remedy="Ask a second person to confirm it with an account of their own.",
        )
    if len(by.reason.strip()) < 10:
        raise SettingsError("the reason is missing", remedy="Say in 10 characters or more why it is right.")
    return _write(settings, known.dataset, known.number, "confirmed", by, known.exemption, known.findings)


def revoke(settings: Settings, reference: str, by: By) -> Decision:
    """End an exception before its day; one account is enough for a step towards closed."""
    known = find(settings, reference)
    if known.state == "revoked":
        raise SettingsError(f"the exception {reference} is revoked already", remedy="Nothing needs to be done.")
    return _write(settings, known.dataset, known.number, "revoked", by, known.exemption, known.findings)


def find(settings: Settings, reference: str) -> Decision:
    """The exception whose number begins with `reference`. Raises SettingsError when none or several do."""
    found = [one for one in decisions_of(settings) if one.number.startswith(reference)]
    if len(reference) < SHORTEST or len(found) != 1:
        raise SettingsError(
            f"{len(found)} exceptions begin with {reference!r}; one is wanted",
            remedy=f"Give at least {SHORTEST} digits of a number that `vidkryto exception list` prints.",
        )
    return found[0]


def _check_place(dataset: Dataset, covered: Covered) -> None:
    fields = {name: [field["name"] for field in schema["fields"]] for name, schema in dataset.schemas.items()}
    if covered.resource not in fields:
        known = ", ".join(sorted(fields))
        raise SettingsError(f"{dataset.name} has no table {covered.resource!r}", remedy=f"Its tables: {known}.")
    if covered.field != "*" and covered.field not in fields[covered.resource]:
        raise SettingsError(
            f"the table {covered.resource} has no field {covered.field!r}",
            remedy=f"Its fields: {', '.join(fields[covered.resource])}; or * for any.",
        )


def _seen(settings: Settings, dataset: Dataset, covered: Covered) -> list[Task]:
    """What the last run told about this place and kind."""
    record = last_run(settings, dataset.name)
    return [
        task
        for task in (record.tasks if record else ())
        if task.code in FINDINGS
        and task.resource in (covered.resource, "")
        and covered.field in (task.field, "*")
        and covered.kind == (CLASS_CHANGE if task.code == "class-loosened" else (task.details or {}).get("kind"))
    ]


def _most(tasks: Iterable[Task]) -> int:
    """The most cells of one field that were found; those of a table of several files are told file by file."""
    found: Counter[tuple[str, str, str]] = Counter()
    for task in tasks:
        found[task.code, task.field, task.file if task.code.startswith("file-") else ""] += task.count
    return max(found.values())


def _write(
    settings: Settings, dataset: str, number: str, decision: State, by: By, one: Exemption, findings: tuple[str, ...]
) -> Decision:
    body: dict[str, Any] = {
        "decision": decision, "exception": number, "who": by.who, "role": by.role, "reason": by.reason,
        "resource": one.resource, "field": one.field, "kind": one.kind, "until": one.until.isoformat(),
        "findings": list(findings),
    }  # fmt: skip
    if one.cells is not None:
        body["cells"] = one.cells
    ledger = ledger_of(settings)
    ledger.append("exception", dataset, body)
    written = next((known for known in decisions_of(settings, dataset) if known.number == number), None)
    if written is None or written.state != decision:
        raise LedgerError("the exception was written and does not read back", remedy="Run `vidkryto audit verify`.")
    return written
