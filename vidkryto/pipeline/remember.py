"""What a run leaves behind: entries in the ledger, its record, and the memory for the next run."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from vidkryto import __version__, clock
from vidkryto.archive import sha256_of
from vidkryto.catalogue import rules_bundle
from vidkryto.catalogue.calendar import CITY_TIME, next_due
from vidkryto.disclosure import deny_list_from_environment, safe_name, salt_from_environment, without_people
from vidkryto.errors import SettingsError, raise_state_error
from vidkryto.findings import Finding
from vidkryto.outcome import Failed, Outcome, Published, Unchanged, Withheld
from vidkryto.pipeline.job import Exports, Job, Tables
from vidkryto.pipeline.program import code
from vidkryto.plan.value import Plan
from vidkryto.publish.receipt import Receipt
from vidkryto.quality import Measurement
from vidkryto.record import Ledger
from vidkryto.record.run import (
    RECORD,
    UNSEALED,
    Approval,
    Department,
    Evidence,
    Exemption,
    Fingerprint,
    Metric,
    Promise,
    PublishedFile,
    ReceiptRecord,
    ReleaseRecord,
    RunRecord,
    SnapshotRecord,
    StageTime,
    TableRecord,
    Task,
    Text,
)
from vidkryto.release import Release
from vidkryto.settings import Settings


@dataclass
class Progress:
    """How far a run has come; what is here when it ends goes into its record."""

    job: Job
    exports: Exports | None = None
    tables: Tables | None = None
    findings: tuple[Finding, ...] = ()
    release: Release | None = None
    plan: Plan | None = None
    receipt: Receipt | None = None
    approval: Approval | None = None
    exceptions: tuple[Exemption, ...] = ()
    """The exceptions in force on the day of the run."""
    seconds: list[tuple[str, float]] = field(default_factory=list)

    def took(self, stage: str, seconds: float) -> None:
        """Note how long a stage took."""
        self.seconds.append((stage, seconds))


def last_run(settings: Settings, dataset: str, *, outcomes: tuple[str, ...] = ()) -> RunRecord | None:
    """The newest record of a dataset, of one of these outcomes when some are named; None when there is none."""
    folder = settings.home / "runs" / dataset
    for file in sorted(folder.glob("*/run.json"), reverse=True):
        record = RunRecord.load(file)
        if not outcomes or record.outcome in outcomes:
            return record
    return None


def last_started(settings: Settings, dataset: str) -> datetime | None:
    """When the last run of a dataset began; None before the first."""
    record = last_run(settings, dataset)
    return datetime.fromisoformat(record.started) if record else None


def utc(moment: datetime) -> str:
    """A moment as the records write it: ISO 8601 in UTC, to the second, ending in Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


PRACTICE_KEY = "practice.key"
"""The ledger's key of a rehearsal, made by `vidkryto demo`; it lies in the state folder and proves little."""


def ledger_of(settings: Settings) -> Ledger:
    """The ledger of the state folder, with the key of the settings or, in a rehearsal, the practice key."""
    practice = settings.home / PRACTICE_KEY
    rehearsal = practice.is_file() and not os.environ.get("VIDKRYTO_AUDIT_KEY")
    return Ledger.open(settings.home, key=practice if rehearsal else None)


def say_intent(job: Job, progress: Progress) -> None:
    """Write into the ledger what is about to change on the portal, before anything does."""
    ledger_of(job.settings).append("intent", job.dataset.name, _body(job, progress))


def record_run(job: Job, progress: Progress, outcome: Outcome) -> RunRecord:
    """Keep the record of a run and its entry in the ledger; remember metrics and the published release.

    Raises LedgerError or StateError when that cannot be done: a run that leaves no trace has failed.
    """
    record = _record(job, progress, outcome)
    try:
        unsealed = record.save(job.settings.home, UNSEALED)  # a ledger naming a record that nobody has never holds
    except OSError as error:
        raise_state_error(error, "record of the run")
    body = {**_body(job, progress), "outcome": outcome.name, "record": record.digest()}
    if isinstance(outcome, Withheld) and outcome.findings:
        body["reason"] = outcome.findings[0].code
    if progress.receipt is not None:
        body["portal"] = _portal(progress.receipt)
    ledger = ledger_of(job.settings)
    entry = ledger.append("result", job.dataset.name, body)
    if isinstance(outcome, (Published, Unchanged)) and progress.tables is not None:
        at = utc(job.started)
        job.history.append(
            tuple(
                Measurement(job.run, at, name, metrics)
                for name, metrics in progress.tables.metrics.items()
                if isinstance(outcome, Published)
                or (past := job.history.last(name)) is None
                or past.metrics != metrics  # the same release once more is no second measurement
            )
        )
    sealed = _sealed(record, entry.seq, ledger)
    sealed.save(job.settings.home)
    unsealed.unlink()
    return sealed


def _sealed(record: RunRecord, seq: int, ledger: Ledger) -> RunRecord:
    return replace(record, evidence=Evidence(seq, str(ledger.checkpoint())))


def finish_records(settings: Settings, dataset: str) -> None:
    """Seal the records of runs that were cut off after their entry in the ledger; pages are made from them then.

    One whose entry was never written goes: nothing vouches for it, and the ledger has the run's intent at the most.
    The dataset must have no run under way.
    """
    left = sorted((settings.home / "runs" / dataset).glob(f"*/{UNSEALED}"))
    if not left:
        return
    ledger = ledger_of(settings)
    entries = {entry.body.get("record"): entry.seq for entry in ledger.signed_entries("result")}
    for file in left:
        record = RunRecord.load(file)
        seq = entries.get(record.digest())
        if seq is not None and not file.with_name(RECORD).exists():
            _sealed(record, seq, ledger).save(settings.home)
        file.unlink()
        if seq is None and not any(file.parent.iterdir()):
            file.parent.rmdir()


def _body(job: Job, progress: Progress) -> dict[str, Any]:
    """What intent and result entries share: names, hashes and counts, never a value."""
    body: dict[str, Any] = {
        "run": job.run,
        "rules": job.dataset.sha256,
        "code": code(),
        "findings": _counted(progress.findings),
    }
    if progress.exports is not None:
        body["contract"] = _archived(job, rules_bundle(job.dataset))
        body["snapshots"] = [
            {"name": _numbered(name, number, len(group)), "sha256": snapshot.sha256, "bytes": snapshot.size}
            for name, group in progress.exports.snapshots.items()
            for number, snapshot in enumerate(group, start=1)
        ]
    if progress.plan is not None:
        body["plan"] = _archived(job, progress.plan.canonical())
    if progress.release is not None:
        body["release"] = {"version": progress.release.version, "sha256": progress.release.sha256}
        body["outputs"] = [
            {"name": file.name, "sha256": file.sha256, "bytes": file.bytes} for file in progress.release.files
        ]
        live = job.releases.published()
        if live is not None and live.sha256 != progress.release.sha256:
            body["replaces"] = {"version": live.version, "sha256": live.sha256}
    return body


def _archived(job: Job, content: bytes) -> str:
    """Keep rules or a plan beside the exports; the hash is what the ledger names them by."""
    try:
        return job.settings.archive.put_bytes(content)
    except OSError as error:
        raise_state_error(error, "archive")


def _numbered(name: str, number: int, count: int) -> str:
    return name if count == 1 else f"{name}/{number}"


def _counted(findings: tuple[Finding, ...]) -> dict[str, Any]:
    by_severity: Counter[str] = Counter()
    by_code: Counter[str] = Counter()
    for finding in findings:
        by_severity[finding.severity.value] += finding.count
        by_code[finding.code] += finding.count
    return {**by_severity, "codes": dict(sorted(by_code.items()))}


def _portal(receipt: Receipt) -> dict[str, Any]:
    return {
        "package": receipt.package,
        "name": receipt.dataset,
        "resources": [
            {"id": file.id, "name": file.name, "sha256": file.sha256, "bytes": file.bytes} for file in receipt.files
        ],
    }


def _record(job: Job, progress: Progress, outcome: Outcome) -> RunRecord:
    contract, department = job.dataset.contract, job.dataset.department
    live = progress.release if isinstance(outcome, Published) else job.releases.published()
    return RunRecord(
        run_id=job.run,
        dataset=job.dataset.name,
        title=Text(contract.title, contract.title_in("en")),
        department=Department(Text(department.title, department.title_in("en")), department.contact.email),
        started=utc(job.started),
        finished=utc(clock.now()),
        outcome=outcome.name,
        reason=_reason(outcome),
        next_step=_next_step(outcome),
        release=_release(progress.release),
        live=_release(live),
        stages=tuple(StageTime(name, round(seconds * 1000)) for name, seconds in progress.seconds),
        snapshots=_snapshots(progress.exports),
        tables=_tables(progress),
        tasks=tuple(Task.of(without_people(finding)) for finding in progress.findings),
        metrics=_metrics(progress.tables),
        approvals=(progress.approval,) if progress.approval else (),
        exceptions=progress.exceptions,
        receipt=_receipt(progress.receipt),
        promise=_promise(job, progress, outcome),
        fingerprint=_fingerprint(job),
        plan=progress.plan.hash if progress.plan else "",
        not_before=outcome.not_before if isinstance(outcome, Withheld) else "",
    )


def _fingerprint(job: Job) -> Fingerprint:
    """The hashes of contract and schemas as they were used; `rules` is over these and all that was applied."""
    schemas = {
        name: hashlib.sha256(json.dumps(schema, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
        for name, schema in job.dataset.schemas.items()
    }
    contract = sha256_of(job.dataset.folder / "dataset.yaml")
    deny, salt = gate_marks(job.settings)
    return Fingerprint(contract, schemas, rules=job.dataset.sha256, code=__version__, deny=deny, salt=salt)


def gate_marks(settings: Settings) -> tuple[str, str]:
    """By what deny lists and salt of another day are told from these; both empty where they cannot be read."""
    try:
        deny = deny_list_from_environment(repository=settings.root)
        salt = salt_from_environment().reveal()
    except SettingsError:
        return "", ""
    return _mark("deny", deny.digest() if deny.rules else "", salt), _mark("salt", salt)


def _mark(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _reason(outcome: Outcome) -> Text | None:
    if isinstance(outcome, Withheld):
        return Text(safe_name(outcome.reason_uk), safe_name(outcome.reason_en))
    if isinstance(outcome, (Published, Unchanged)):
        return None
    return Text(safe_name(outcome.error_uk or outcome.error), safe_name(outcome.error))


def _next_step(outcome: Outcome) -> Text | None:
    """What mends a failure; what the other outcomes ask for, their tasks say."""
    if isinstance(outcome, Failed) and outcome.remedy:
        return Text(outcome.remedy_uk or outcome.remedy, outcome.remedy)
    return None


def _release(release: Release | None) -> ReleaseRecord | None:
    return ReleaseRecord(release.version, release.sha256, release.created) if release else None


def _snapshots(exports: Exports | None) -> tuple[SnapshotRecord, ...]:
    if exports is None:
        return ()
    return tuple(
        SnapshotRecord(name, safe_name(snapshot.file), snapshot.sha256, snapshot.size, utc(snapshot.pulled_at))
        for name, group in exports.snapshots.items()
        for snapshot in group
    )


def _tables(progress: Progress) -> tuple[TableRecord, ...]:
    if progress.tables is None:
        return ()
    return tuple(
        TableRecord(name, text.columns.num_rows, tuple(text.columns.column_names), asdict(text.account))
        for name, text in progress.tables.texts.items()
    )


def _metrics(tables: Tables | None) -> tuple[Metric, ...]:
    if tables is None:
        return ()
    return tuple(
        Metric(name, str(value), resource)
        for resource, metrics in tables.metrics.items()
        for name, value in metrics.items()
        if not name.startswith("shares.")  # values of cells: for the comparison, not for pages
    ) + tuple(
        Metric(f"risk.{name}", str(value), resource)
        for resource, risk in tables.risks.items()
        for name, value in risk.measures().items()
    )


def _receipt(receipt: Receipt | None) -> ReceiptRecord | None:
    if receipt is None:
        return None
    files = tuple(PublishedFile(file.name, file.url, file.sha256, file.bytes) for file in receipt.files)
    return ReceiptRecord(f"{receipt.portal}/dataset/{receipt.dataset}", receipt.package, files)


def _promise(job: Job, progress: Progress, outcome: Outcome) -> Promise:
    """When a good export last came, and when the next one is due by the promised frequency."""
    frequency = job.dataset.contract.publication.frequency
    good = ""
    if isinstance(outcome, (Published, Unchanged)) and progress.exports is not None:
        good = progress.exports.handed_over(job.started).astimezone(CITY_TIME).date().isoformat()
    elif (last := last_run(job.settings, job.dataset.name, outcomes=("Published", "Unchanged"))) is not None:
        good = last.promise.last_good
    due = next_due(frequency, datetime.fromisoformat(good)) if good else None
    return Promise(frequency.value, good, due.date().isoformat() if due else "")
