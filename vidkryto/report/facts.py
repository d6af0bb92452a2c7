"""What each page says, as plain JSON in both languages: the pages' twins, from which the HTML is made and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from vidkryto.findings import Finding, Place
from vidkryto.findings.catalogue import codes
from vidkryto.record.run import RunRecord, Task, Text, to_json
from vidkryto.report.history import History, RunSummary
from vidkryto.report.standing import Standing
from vidkryto.report.words import Words

Edition = Literal["internal", "public"]
Facts = dict[str, Any]
LISTED_RUNS = 12
CHARTED_RUNS = 60
LISTED_ENTRIES = 200
UKRAINIAN, ENGLISH = Words("uk"), Words("en")


def both(make: Callable[[Words], str]) -> dict[str, str]:
    """The same sentence in both languages."""
    return {"uk": make(UKRAINIAN), "en": make(ENGLISH)}


def _text(text: Text) -> dict[str, str]:
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


def standing_facts(stand: Standing) -> Facts:
    """What overview, calendar and dataset page all say."""
    last = stand.last
    return {
        "dataset": stand.dataset.name,
        "title": _text(last.title if last else stand.dataset.title),
        "department": _text(last.department.name if last else stand.dataset.department.name),
        "status": stand.status,
        "sentence": both(lambda words: _sentence(stand, words)),
        "next": both(lambda words: _next(stand, words)),
        "frequency": stand.promise.frequency,
        "last_good": stand.promise.last_good,
        "next_due": stand.promise.next_due,
        "days_late": stand.days_late,
        "errors": stand.errors,
        "warnings": stand.warnings,
        "notes": stand.notes,
        "exceptions": len(stand.exceptions),
        "last_run": last.started if last else "",
    }


def _sentence(stand: Standing, words: Words) -> str:
    """Why: the run's own reason where it gave one, else what the status means."""
    run = stand.decisive
    if run and run.reason and stand.status in ("failed", "blocked", "published", "exception"):
        return _text(run.reason)[words.language]
    if stand.status == "late":
        return words("sentence-late", n=stand.days_late)
    if stand.status == "blocked":
        return words("sentence-blocked", n=stand.errors) if stand.errors else words("sentence-blocked-other")
    if stand.status == "withdrawn":
        return words("sentence-withdrawn", date=words.day(stand.withdrawn_on))
    if stand.status in ("published", "exception") and run:
        if run.release is None:
            return words("sentence-published-unversioned", date=words.day(run.finished))
        released = run.release.released_at or run.finished
        return words(f"sentence-{stand.status}", version=run.release.version, date=words.day(released))
    return words(f"sentence-{stand.status}")


def _next(stand: Standing, words: Words) -> str:
    """What happens next, who owns it, by when."""
    run, due = stand.decisive, words.day(stand.promise.next_due)
    if run and run.next_step:
        return _text(run.next_step)[words.language]
    if stand.status in ("published", "exception"):
        return words("next-published", date=due) if due else words("next-published-open")
    owner = _text(run.department.name if run else stand.dataset.department.name)[words.language]
    step = words(f"next-{stand.status}", owner=owner)
    return f"{step} {words('by-date', date=due)}" if due and stand.status != "withdrawn" else step


def overview_facts(stands: Sequence[Standing], edition: Edition, today: date) -> Facts:
    """One row for each dataset, sorted by need for action."""
    rows = [standing_facts(stand) for stand in sorted(stands, key=lambda stand: stand.order)]
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    return {"page": "overview", "edition": edition, "as_of": today.isoformat(), "counts": counts, "datasets": rows}


def dataset_facts(stand: Standing, history: History, edition: Edition, today: date, files: Sequence[str]) -> Facts:
    """A dataset's page, in the order that an officer and an auditor ask."""
    run, last = stand.decisive, stand.last
    contact = last.department.contact if last else stand.dataset.department.contact
    live = _live(stand, history)
    return {
        "page": "dataset",
        "edition": edition,
        "as_of": today.isoformat(),
        **standing_facts(stand),
        "description": _text(stand.dataset.description),
        "contact": contact,
        "portal": run.receipt.url if run and run.receipt else stand.dataset.page,
        "live": live,
        "tasks": task_list(run, edition) if run else [],
        "tasks_file": "findings.csv" if "findings.csv" in files and edition == "internal" else "",
        "tasks_run": run.run_id if run else "",
        "exemptions": _exemptions(run, edition, today) if run else [],
        "approvals": _approvals(run, edition) if run else [],
        "runs": [run_row(summary) for summary in history.runs[-LISTED_RUNS:]][::-1],
        "run_count": len(history.runs),
        "metrics": metric_series(history.runs),
        "proof": proof_facts(run) if run else {},
    }


def _live(stand: Standing, history: History) -> Facts:
    """What people see on the portal now."""
    if stand.status == "withdrawn":
        return {}
    for run in (stand.last, stand.decisive):
        if run and run.live:
            return {"version": run.live.version, "sha256": run.live.sha256, "date": run.live.released_at}
        if run and run.outcome == "Published" and run.release:
            released = run.release.released_at or run.finished
            return {"version": run.release.version, "sha256": run.release.sha256, "date": released}
    if published := history.last_published:
        return {"version": published.version, "sha256": "", "date": published.finished}
    return {}


def _exemptions(run: RunRecord, edition: Edition, today: date) -> list[Facts]:
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


def _approvals(run: RunRecord, edition: Edition) -> list[Facts]:
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


def metric_series(runs: Sequence[RunSummary]) -> list[Facts]:
    """Measurements over the last runs that made them: rows first, at most six measures, each with two points or more."""
    series: dict[str, list[tuple[str, str]]] = {}
    for run in runs[-CHARTED_RUNS:]:
        if run.rows is not None:
            series.setdefault("rows", []).append((run.started, str(run.rows)))
        for name, value in run.metrics.items():
            if name != "rows" and _is_number(value):
                series.setdefault(name, []).append((run.started, value))
    told = [{"name": name, "points": points} for name, points in series.items() if len(points) > 1]
    return sorted(told, key=lambda item: item["name"] != "rows")[:6]


def _is_number(value: str) -> bool:
    try:
        return float(value) == float(value) and abs(float(value)) != float("inf")
    except ValueError:
        return False


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
    if edition == "public":
        snapshots = [{**snapshot, "file": ""} for snapshot in snapshots]
    return {
        "page": "run",
        "edition": edition,
        "run": run.run_id,
        "dataset": run.dataset,
        "title": _text(run.title),
        "department": _text(run.department.name),
        "started": run.started,
        "finished": run.finished,
        "outcome": run.outcome,
        "reason": _text(run.reason) if run.reason else {"uk": "", "en": ""},
        "next": _text(run.next_step) if run.next_step else {"uk": "", "en": ""},
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
        "exemptions": _exemptions(run, edition, date.fromisoformat(run.finished[:10])),
        "approvals": _approvals(run, edition),
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


def calendar_facts(stands: Sequence[Standing], edition: Edition, today: date) -> Facts:
    """Who is due when, who is late and why."""
    groups: dict[str, list[Facts]] = {name: [] for name in ("late", "week", "month", "later", "open")}
    for stand in sorted(stands, key=lambda stand: (stand.promise.next_due or "9999", stand.dataset.name)):
        groups[_group(stand, today)].append(standing_facts(stand))
    groups["late"].sort(key=lambda row: -row["days_late"])
    return {"page": "calendar", "edition": edition, "as_of": today.isoformat(), "groups": groups}


def _group(stand: Standing, today: date) -> str:
    if not stand.promise.next_due:
        return "open"
    if stand.days_late:
        return "late"
    ahead = (date.fromisoformat(stand.promise.next_due[:10]) - today).days
    return "week" if ahead <= 7 else "month" if ahead <= 30 else "later"


def ledger_facts(
    entries: Sequence[Mapping[str, Any]],
    total: int,
    checkpoint: str,
    key: str,
    cosigned: Sequence[Facts],
    edition: Edition,
) -> Facts:
    """The ledger's last entries, its checkpoint and what to take away."""
    return {
        "page": "ledger",
        "edition": edition,
        "size": total,
        "checkpoint": checkpoint,
        "key": key,
        "cosigned": list(cosigned),
        "entries": [dict(entry) for entry in entries[-LISTED_ENTRIES:]][::-1],
    }
