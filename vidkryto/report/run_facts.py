"""What a run's page says, and the parts that other pages share with it: tasks, decisions, hashes."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from vidkryto.findings import Finding, Place
from vidkryto.findings.catalogue import codes
from vidkryto.record.run import RunRecord, Task, Text, to_json
from vidkryto.report.history import RunSummary

Edition = Literal["internal", "public"]
Facts = dict[str, Any]


def text_of(text: Text) -> dict[str, str]:
    """A text in both languages; where one is missing the other stands in."""
    return {"uk": text.uk or text.en, "en": text.en or text.uk}


def task_facts(task: Task, edition: Edition) -> Facts:
    """A task with its words. The public edition has the rule and the count, but no value and no file."""
    known = codes().get(task.code)
    facts: Facts = {
        "code": task.code,
        "severity": task.severity,
        "title": dict(known.title) if known else {"uk": task.code, "en": task.code},
        "meaning": dict(known.meaning) if known else {"uk": "", "en": ""},
        "remedy": dict(known.remedy) if known else {"uk": "", "en": ""},
        "resource": task.resource,
        "field": task.field,
        "column": task.column,
        "count": task.count,
    }
    if edition == "public":
        return facts
    place = Place(task.resource, task.file, task.sheet, task.row, task.column, task.field)
    finding = Finding(task.code, place, task.found, task.wanted, task.count, task.rows, task.details or {})
    rows = task.rows or ((task.row,) if task.row is not None else ())
    return facts | {
        "file": task.file,
        "sheet": task.sheet,
        "rows": list(rows),
        "found": task.found,
        "wanted": task.wanted,
        "message": {"uk": _message(finding, "uk"), "en": _message(finding, "en")} if known else facts["title"],
    }


def _message(finding: Finding, language: Literal["uk", "en"]) -> str:
    """The finding's sentence; a record of another program version may lack a detail, then the title must do."""
    try:
        return finding.message(language)
    except (KeyError, ValueError, IndexError):
        return codes()[finding.code].title[language]


def task_list(run: RunRecord, edition: Edition) -> list[Facts]:
    """All tasks of a run, most blocking first, then those with more places."""
    order = {"error": 0, "warning": 1, "note": 2}
    ranked = sorted(run.tasks, key=lambda task: (order[task.severity], -task.count, task.code, task.resource))
    return [task_facts(task, edition) for task in ranked]


def run_row(run: RunSummary) -> Facts:
    """One line of the list of runs."""
    return {
        "run": run.run_id,
        "started": run.started,
        "outcome": run.outcome,
        "version": run.version,
        "rows": run.rows,
        "errors": run.errors,
        "warnings": run.warnings,
        "notes": run.notes,
        "milliseconds": run.milliseconds,
    }


def exemptions(run: RunRecord, edition: Edition, today: date) -> list[Facts]:
    """Exceptions; the public edition names the office and not the account."""
    return [
        {
            "findings": [_code_title(code) for code in exemption.findings],
            "role": exemption.role,
            "who": exemption.who if edition == "internal" else "",
            "reason": exemption.reason,
            "until": exemption.until,
            "expired": bool(exemption.until) and date.fromisoformat(exemption.until[:10]) < today,
        }
        for exemption in run.exceptions
    ]


def _code_title(code: str) -> Facts:
    known = codes().get(code)
    return {"code": code, "title": dict(known.title) if known else {"uk": code, "en": code}}


def approvals(run: RunRecord, edition: Edition) -> list[Facts]:
    """Decisions of persons; the public edition names the office and not the account."""
    return [
        {
            "decision": approval.decision,
            "role": approval.role,
            "who": approval.who if edition == "internal" else "",
            "reason": approval.reason,
            "at": approval.at,
            "until": approval.until,
        }
        for approval in run.approvals
    ]


def proof_facts(run: RunRecord) -> Facts:
    """Hashes and the exact command."""
    return {
        "release": run.release.sha256 if run.release else "",
        "plan": run.plan,
        "contract": run.fingerprint.contract,
        "schemas": dict(run.fingerprint.schemas or {}),
        "rules": run.fingerprint.rules,
        "code": run.fingerprint.code,
        "snapshots": {snapshot.resource: snapshot.sha256 for snapshot in run.snapshots},
        "entry": run.evidence.entry if run.evidence else None,
        "checkpoint": run.evidence.checkpoint if run.evidence else "",
        "verify": run.evidence.verify_command if run.evidence else "",
    }


def run_facts(run: RunRecord, edition: Edition, previous: str) -> Facts:
    """A run's page: everything."""
    snapshots = [to_json(snapshot) for snapshot in run.snapshots]
    told = edition == "internal" or run.outcome != "Failed"  # a technical message may name servers
    if edition == "public":
        snapshots = [{**snapshot, "file": ""} for snapshot in snapshots]
    return {
        "page": "run",
        "edition": edition,
        "run": run.run_id,
        "dataset": run.dataset,
        "title": text_of(run.title),
        "department": text_of(run.department.name),
        "started": run.started,
        "finished": run.finished,
        "outcome": run.outcome,
        "reason": text_of(run.reason) if run.reason and told else {"uk": "", "en": ""},
        "next": text_of(run.next_step) if run.next_step and told else {"uk": "", "en": ""},
        "version": run.release.version if run.release else "",
        "previous": previous,
        "stages": [{"name": stage.name, "milliseconds": stage.milliseconds} for stage in run.stages],
        "snapshots": snapshots,
        "tables": [
            {
                "resource": table.resource,
                "rows": table.rows,
                "columns": list(table.columns),
                "account": dict(table.account or {}),
            }
            for table in run.tables
        ],
        "tasks": task_list(run, edition),
        "metrics": [{"name": m.name, "resource": m.resource, "value": m.value} for m in run.metrics],
        "exemptions": exemptions(run, edition, date.fromisoformat(run.finished[:10])),
        "approvals": approvals(run, edition),
        "receipt": _receipt(run),
        "proof": proof_facts(run),
    }


def _receipt(run: RunRecord) -> Facts:
    if run.receipt is None:
        return {}
    files = [
        {"name": file.name, "url": file.url, "sha256": file.sha256, "bytes": file.bytes}
        for file in run.receipt.resources
    ]
    return {"url": run.receipt.url, "package": run.receipt.package, "resources": files}
