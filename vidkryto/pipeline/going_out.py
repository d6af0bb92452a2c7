"""From a release to the portal: plan, approval, apply."""

from __future__ import annotations

from datetime import UTC, datetime

from vidkryto import __version__
from vidkryto.outcome import Withheld
from vidkryto.pipeline.job import Exports, Job
from vidkryto.pipeline.remember import Progress, ledger_of, say_intent, utc
from vidkryto.plan.make import PlanSettings, make_plan
from vidkryto.plan.value import Plan
from vidkryto.publish.apply import apply
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipt, Receipts
from vidkryto.record.run import Approval, RunRecord
from vidkryto.release import Release

__all__ = ["apply_plan", "plan_release", "portal_of", "same_as_last_run", "say_intent", "waits_for_a_person"]


def portal_of(job: Job) -> CkanPortal:
    """The portal of the settings, as an editor of the city's organisation."""
    settings = job.settings
    organization = settings.organization or job.dataset.city.organization
    return CkanPortal(settings.ckan_url, settings.ckan_token, organization)


def same_as_last_run(job: Job, exports: Exports, last: RunRecord | None) -> bool:
    """Whether exports, rules and program are those of a last run that ended well: then its release stands."""
    if job.force or last is None or last.outcome not in ("Published", "Unchanged"):
        return False
    hashes = tuple(snapshot.sha256 for snapshot in last.snapshots)
    return hashes == exports.hashes and last.fingerprint.rules == job.dataset.sha256 and last.fingerprint.code == __version__


def plan_release(job: Job, release: Release) -> Plan:
    """What publishing the release would change on the portal now."""
    bands = job.dataset.contract.publication.bands
    return make_plan(release, portal_of(job), PlanSettings(rows_band=bands.rows.share()))


def apply_plan(job: Job, plan: Plan, release: Release) -> Receipt:
    """Do exactly the plan; the receipt says what was read back. Safe to repeat."""
    receipt = apply(plan, release, portal_of(job))
    Receipts(job.settings.home / "receipts").save(receipt)
    return receipt


def waits_for_a_person(job: Job, progress: Progress, plan: Plan) -> Withheld | None:
    """Whether the contract wants a person to look at this plan first, and none has let it pass.

    An approval given with the job is written into the ledger, bound to the plan's hash.
    """
    wanted = job.dataset.contract.publication.approval
    first = plan.first and wanted.first == "required"
    breaking = plan.kind == "breaking" and wanted.breaking == "required" and not plan.first
    if not (first or breaking):
        return None
    if job.approval is None:
        short = plan.hash[:12]
        if first:
            return Withheld(f"перша публікація чекає погодження плану {short}", f"a first publication waits for approval of plan {short}")
        return Withheld(f"зміни, що ламають таблицю, чекають погодження плану {short}", f"breaking changes wait for approval of plan {short}")
    by = job.approval
    body = {"decision": "approved", "who": by.who, "role": by.role, "reason": by.reason, "plan": plan.hash, "run": job.run}
    ledger_of(job.settings).append("approval", job.dataset.name, body)
    progress.approval = Approval("approved", by.who, by.role, by.reason, utc(datetime.now(UTC)), plan=plan.hash)
    return None
