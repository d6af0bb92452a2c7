"""What must hold for the section on the open-government plan: it tells the published rows, in both languages."""

import json
from datetime import date
from pathlib import Path

from vidkryto.catalogue import find_dataset
from vidkryto.pipeline import stages
from vidkryto.pipeline.describe import describe
from vidkryto.pipeline.job import new_job
from vidkryto.pipeline.remember import utc
from vidkryto.report import build_site
from vidkryto.settings import Settings

ROOT = Path(__file__).parents[2]


def release(settings: Settings, name: str) -> None:
    """Make a release of a dataset of the project and mark it as the published one."""
    job = new_job(find_dataset(settings.datasets, name), settings)
    exports = stages.pull_exports(job)
    tables = stages.validate_tables(job, stages.read_exports(job, exports))
    tables = stages.guard_disclosure(job, tables, exports.newest.date())
    job.releases.mark_published(stages.make_release(job, tables, utc(exports.newest)))


def test_commitments_show_their_progress_and_drafts_their_history(tmp_path: Path) -> None:
    """Every commitment with its milestones, every draft with its proposals in order of time; late ones are told."""
    settings = Settings(root=ROOT, home=tmp_path)
    names = ("open-government-plan", "co-creation")
    for name in names:
        release(settings, name)
    described = [describe(find_dataset(settings.datasets, name)) for name in names]
    for edition in ("internal", "public"):
        site = build_site(tmp_path, described, edition=edition, today=date(2030, 1, 1))
        facts = json.loads((site / "plan.json").read_text(encoding="utf-8"))
        (plan,), (group,) = facts["plans"], facts["materials"]
        assert plan["total"] == sum(len(item["milestones"]) for item in plan["commitments"]) > 0
        assert plan["overdue"] == plan["total"] - plan["done"] > 0
        for draft in group["drafts"]:
            received = [row["received"] for row in draft["proposals"]]
            assert received == sorted(received)
        assert group["drafts"][0]["last"] >= group["drafts"][-1]["last"]
        english = (site / "en" / "plan.html").read_text(encoding="utf-8")
        assert f"Milestones done: {plan['done']} of {plan['total']}" in english
        assert plan["commitments"][0]["title"] in english


def test_without_such_datasets_the_section_says_so(tmp_path: Path) -> None:
    """An empty section is a sentence, not an empty page."""
    site = build_site(tmp_path, [], today=date(2026, 11, 23))
    assert "Набору цього виду ще не опубліковано." in (site / "plan.html").read_text(encoding="utf-8")
