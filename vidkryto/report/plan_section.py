"""The open-government plan: commitments and milestones with progress, and what became of people's proposals."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from vidkryto.release import Release, Releases
from vidkryto.report.run_facts import Edition, Facts, text_of
from vidkryto.report.standing import Standing

STATES = {"виконано": "done", "виконується": "going", "не розпочато": "waiting"}
VERDICTS = {"враховано": "taken", "враховано частково": "partly", "відхилено": "refused", "на розгляді": "open"}
DONE = "done"
Rows = Sequence[Mapping[str, str]]


def plan_facts(stands: Sequence[Standing], home: Path, edition: Edition, today: date) -> Facts:
    """What the section says, from the published releases alone: what they hold is public in either edition.

    Contracts say by `section` that a dataset belongs here; its tables are known by their columns.
    """
    plans, materials = [], []
    for stand in stands:
        release = Releases(home / "releases" / stand.dataset.name).published() if stand.dataset.section else None
        if release is None:
            continue
        head = {
            "dataset": stand.dataset.name,
            "title": text_of(stand.dataset.title),
            "version": release.version,
            "modified": release.created,
            "sample": bool(release.metadata.get("sample")),
        }
        if stand.dataset.section == "open-government-plan":
            plans.append({**head, **_plan(release, today)})
        else:
            materials.append({**head, "drafts": _drafts(release)})
    return {"page": "plan", "edition": edition, "as_of": today.isoformat(), "plans": plans, "materials": materials}


def _rows(release: Release, *columns: str) -> Iterator[Mapping[str, str]]:
    """The rows of the first published table that has these columns."""
    for table in release.tables:
        if {field["name"] for field in table.schema["fields"]} >= set(columns):
            with table.csv.path.open(encoding="utf-8", newline="") as stream:
                yield from csv.DictReader(stream)
            return


def _plan(release: Release, today: date) -> Facts:
    milestones = [_milestone(row, today) for row in _rows(release, "commitment", "code", "title", "due", "state")]
    commitments = [
        {
            **{name: row.get(name, "") for name in ("code", "title", "theme", "owner", "partner", "start", "end")},
            **_progress(own := [item for item in milestones if item["commitment"] == row["code"]]),
            "milestones": sorted(own, key=lambda item: (item["due"], item["code"])),
        }
        for row in _rows(release, "code", "title", "owner")
    ]
    known = {item["code"] for item in commitments}
    return {**_progress([item for item in milestones if item["commitment"] in known]), "commitments": commitments}


def _milestone(row: Mapping[str, str], today: date) -> Facts:
    state, due = STATES.get(row["state"].casefold(), ""), row["due"]
    return {
        "commitment": row["commitment"],
        "code": row["code"],
        "title": row["title"],
        "due": due,
        "state": state,
        "said": row["state"],
        "evidence": row.get("evidence", ""),
        "overdue": bool(due) and state != DONE and due < today.isoformat(),
    }


def _progress(milestones: Sequence[Facts]) -> dict[str, int]:
    done = sum(item["state"] == DONE for item in milestones)
    return {
        "done": done,
        "total": len(milestones),
        "percent": round(100 * done / len(milestones)) if milestones else 0,
        "overdue": sum(item["overdue"] for item in milestones),
    }


def _drafts(release: Release) -> list[Facts]:
    """Each draft decision with its proposals in the order of time, the draft received from last first."""
    drafts: dict[str, list[Mapping[str, str]]] = {}
    for row in _rows(release, "draft_id", "draft_title", "received", "verdict"):
        drafts.setdefault(row["draft_id"], []).append(row)
    found = [_draft(name, rows) for name, rows in drafts.items()]
    return sorted(found, key=lambda draft: (draft["last"], draft["draft"]), reverse=True)


def _draft(name: str, rows: Rows) -> Facts:
    ordered = sorted(rows, key=lambda row: row["received"])
    verdicts = Counter(VERDICTS.get(row["verdict"].casefold(), "") or row["verdict"] for row in ordered)
    return {
        "draft": name,
        "title": ordered[-1]["draft_title"],
        "first": ordered[0]["received"],
        "last": ordered[-1]["received"],
        "verdicts": dict(verdicts),
        "addresses": _distinct(ordered, "draft_url"),
        "decisions": _distinct(ordered, "final_decision"),
        "proposals": [_proposal(row) for row in ordered],
    }


def _distinct(rows: Rows, column: str) -> list[str]:
    return list(dict.fromkeys(text for row in rows if (text := row.get(column, "").partition("#")[0])))


def _proposal(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": row.get("proposal_id", ""),
        "received": row["received"],
        "author": row.get("author_kind", ""),
        "proposal": row.get("proposal", ""),
        "verdict": VERDICTS.get(row["verdict"].casefold(), ""),
        "said": row["verdict"],
        "decision": row.get("final_decision", ""),
    }
