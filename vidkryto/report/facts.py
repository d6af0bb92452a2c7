"""What each page says, as plain JSON in both languages: the pages' twins, from which alone the HTML is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from vidkryto.report.history import History, RunSummary
from vidkryto.report.kept_scores import DIMENSIONS, KeptScore
from vidkryto.report.run_facts import Edition, Facts, approvals, exemptions, proof_facts, run_row, task_list, text_of
from vidkryto.report.standing import Standing
from vidkryto.report.words import Words

LISTED_RUNS = 12
CHARTED_RUNS = 60
LISTED_ENTRIES = 200
UKRAINIAN, ENGLISH = Words("uk"), Words("en")


def both(make: Callable[[Words], str]) -> dict[str, str]:
    """The same sentence in both languages."""
    return {"uk": make(UKRAINIAN), "en": make(ENGLISH)}


def standing_facts(stand: Standing, edition: Edition) -> Facts:
    """What overview, calendar and dataset page all say."""
    last = stand.last
    return {
        "dataset": stand.dataset.name,
        "title": text_of(last.title if last else stand.dataset.title),
        "department": text_of(last.department.name if last else stand.dataset.department.name),
        "status": stand.status,
        "sentence": both(lambda words: _with_ended(stand, _sentence(stand, edition, words), words)),
        "next": both(lambda words: _next(stand, edition, words)),
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


def _with_ended(stand: Standing, sentence: str, words: Words) -> str:
    """The sentence, and that the live release stands under an exception that has ended, where it does."""
    if not stand.ended:
        return sentence
    return f"{_ended(sentence)} {words('sentence-ended', date=words.day(max(one.until for one in stand.ended)))}"


def _ended(sentence: str) -> str:
    """A sentence with its full stop, so that another can follow."""
    return sentence if sentence.rstrip().endswith((".", "!", "?", "…")) else f"{sentence.rstrip()}."


def _sentence(stand: Standing, edition: Edition, words: Words) -> str:
    """Why: the run's own reason where it gave one, else what the status means.

    The reason of a failure is a technical message, which may name servers: the public edition has none.
    """
    run = stand.decisive
    told = (
        ("blocked", "published", "exception")
        if edition == "public"
        else ("failed", "blocked", "published", "exception")
    )
    if run and run.reason and stand.status in told:
        return _ended(text_of(run.reason)[words.language])
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


def _next(stand: Standing, edition: Edition, words: Words) -> str:
    """What happens next, who owns it, by when. How a failure is mended is for the house, not for the public."""
    run, due = stand.decisive, words.day(stand.promise.next_due)
    if run and run.next_step and (edition == "internal" or run.outcome != "Failed"):
        return text_of(run.next_step)[words.language]
    if stand.status in ("published", "exception"):
        return words("next-published", date=due) if due else words("next-published-open")
    owner = text_of(run.department.name if run else stand.dataset.department.name)[words.language]
    step = words(f"next-{stand.status}", owner=owner)
    return f"{step} {words('by-date', date=due)}" if due and stand.status != "withdrawn" else step


def overview_facts(stands: Sequence[Standing], edition: Edition, today: date, scores: Mapping[str, KeptScore]) -> Facts:
    """One row for each dataset, sorted by need for action."""
    rows = [standing_facts(stand, edition) for stand in sorted(stands, key=lambda stand: stand.order)]
    for row in rows:
        row["score"] = scores[row["dataset"]].points if row["dataset"] in scores else None
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
        **standing_facts(stand, edition),
        "description": text_of(stand.dataset.description),
        "contact": contact,
        "portal": run.receipt.url if run and run.receipt else stand.dataset.page,
        "live": live,
        "tasks": task_list(run, edition) if run else [],
        "tasks_file": "findings.csv" if "findings.csv" in files and edition == "internal" else "",
        "tasks_run": run.run_id if run else "",
        "exemptions": exemptions(stand.good, edition, today) if stand.good else [],
        "approvals": approvals(run, edition) if run else [],
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


def metric_series(runs: Sequence[RunSummary]) -> list[Facts]:
    """Measurements over the last runs: rows, then those that moved, at most six, each with two points or more."""
    series: dict[str, list[tuple[str, str]]] = {}
    for run in runs[-CHARTED_RUNS:]:
        if run.rows is not None:
            series.setdefault("rows", []).append((run.started, str(run.rows)))
        for name, value in run.metrics.items():
            if name != "rows" and _is_number(value):
                series.setdefault(name, []).append((run.started, value))
    told = [
        {
            "name": name,
            "low": str(min(float(value) for _, value in points)),
            "high": str(max(float(value) for _, value in points)),
            "points": points,
        }
        for name, points in series.items()
        if len(points) > 1
    ]
    moved = [item for item in told if item["name"] == "rows" or item["low"] != item["high"]]
    return sorted(moved, key=lambda item: item["name"] != "rows")[:6]


def _is_number(value: str) -> bool:
    try:
        return float(value) == float(value) and abs(float(value)) != float("inf")
    except ValueError:
        return False


def calendar_facts(stands: Sequence[Standing], edition: Edition, today: date) -> Facts:
    """Who is due when, who is late and why."""
    groups: dict[str, list[Facts]] = {name: [] for name in ("late", "week", "month", "later", "open")}
    for stand in sorted(stands, key=lambda stand: (stand.promise.next_due or "9999", stand.dataset.name)):
        groups[_group(stand, today)].append(standing_facts(stand, edition))
    groups["late"].sort(key=lambda row: -row["days_late"])
    return {"page": "calendar", "edition": edition, "as_of": today.isoformat(), "groups": groups}


def _group(stand: Standing, today: date) -> str:
    if not stand.promise.next_due:
        return "open"
    if stand.days_late:
        return "late"
    ahead = (date.fromisoformat(stand.promise.next_due[:10]) - today).days
    return "week" if ahead <= 7 else "month" if ahead <= 30 else "later"


def score_facts(stands: Sequence[Standing], edition: Edition, today: date, scores: Mapping[str, KeptScore]) -> Facts:
    """The metadata score of every measured dataset, the lowest first, with the remedy for each lost point."""
    titles = {stand.dataset.name: standing_facts(stand, edition)["title"] for stand in stands}
    rows = [
        {
            "dataset": item.dataset,
            "title": titles[item.dataset],
            "points": item.points,
            "band": item.band,
            "measured": item.measured,
            "dimensions": [list(item.dimensions.get(name, (0, 0))) for name in DIMENSIONS],
            "lost": [{"name": lost.name, "points": lost.points, "remedy": dict(lost.remedy)} for lost in item.lost],
            "violations": list(item.violations),
        }
        for item in sorted(scores.values(), key=lambda item: (item.points, item.dataset))
        if item.dataset in titles
    ]
    return {"page": "score", "edition": edition, "as_of": today.isoformat(), "full": 405, "datasets": rows}


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
