"""From a release to the portal: plan, approval, apply."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, time

from vidkryto import __version__, clock
from vidkryto.archive import written_atomically
from vidkryto.disclosure import deny_list_from_environment
from vidkryto.findings import Finding
from vidkryto.outcome import Withheld
from vidkryto.pipeline.approving import decide
from vidkryto.pipeline.job import Exports, Job, Tables
from vidkryto.pipeline.remember import Progress, say_intent
from vidkryto.plan.make import PlanSettings, make_plan
from vidkryto.plan.value import Plan
from vidkryto.publish.announce import announce
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.approvals import Approvals, waits
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipt, Receipts
from vidkryto.record.run import Approval, RunRecord
from vidkryto.release import Release
from vidkryto.settings import Settings

__all__ = [
    "announce_first",
    "apply_plan",
    "closed",
    "closed_and_live",
    "delay_ends",
    "gate_state",
    "held_back",
    "now_live",
    "plan_release",
    "portal_of",
    "same_as_last_run",
    "say_intent",
    "waits_for_a_person",
]


def portal_of(job: Job) -> CkanPortal:
    """The portal of the settings, as an editor of the city's organisation."""
    settings = job.settings
    organization = settings.organization or job.dataset.city.organization
    return CkanPortal.of(settings, organization)


def closed(job: Job) -> Withheld | None:
    """Why a dataset is not run at all: it is planned, or its access is restricted or withheld by a legal act."""
    publication = job.dataset.contract.publication
    access = publication.access
    if publication.status == "planned":
        return Withheld("набір заплановано, джерела ще немає", "the dataset is planned and has no source yet")
    if access.status == "open":
        return None
    review = access.review.isoformat() if access.review else ""
    return Withheld(
        f"доступ обмежено: {access.legal_basis}; перегляд {review}",
        f"access is {access.status}: {access.legal_basis}; review on {review}",
    )


def closed_and_live(job: Job) -> tuple[Finding, ...]:
    """A finding where the portal still shows a dataset that was published from here and is closed now.

    Nothing takes it down by itself: a withdrawal is a decision of a person, with a reason. Raises PortalError when the
    portal does not answer.
    """
    receipt = _receipts(job).latest(job.dataset.name)
    if receipt is None or receipt.outcome == "withdrawn":
        return ()
    live = portal_of(job).dataset(job.dataset.name, {})
    if live is None or live.state != "active" or live.private:
        return ()
    access = job.dataset.contract.publication.access.status
    return (Finding("closed-dataset-live", wanted=access, details={"dataset": job.dataset.name}),)


def gate_state(job: Job) -> str:
    """What decides beside the contract: deny lists, and the exceptions that hold today.

    An act closes a firm, or an exception ends: then an export that did not change is looked at again.
    """
    today = job.started.date()
    holding = sorted(json.dumps(one.to_entry(), sort_keys=True) for one in job.exceptions if not one.defect(today))
    deny = deny_list_from_environment(repository=job.settings.root).on(today)
    return hashlib.sha256("\n".join([deny.digest() if deny.rules else "", *holding]).encode()).hexdigest()


def same_as_last_run(job: Job, exports: Exports, last: RunRecord | None) -> bool:
    """Whether exports, rules, decisions and program are those of a last run that ended well: its release stands."""
    if job.force or last is None or last.outcome not in ("Published", "Unchanged"):
        return False
    hashes = tuple(snapshot.sha256 for snapshot in last.snapshots)
    return (
        hashes == exports.hashes
        and last.fingerprint.rules == job.dataset.sha256
        and last.fingerprint.code == __version__
        and _gate_stands(job)
    )


def _gate_stands(job: Job) -> bool:
    """Whether deny lists and exceptions are those of the published release, and no delayed row is old enough now."""
    if not job.gate_state.is_file():
        return False
    state, _, due = job.gate_state.read_text(encoding="ascii").partition("\n")
    return state == gate_state(job) and not (due and date.fromisoformat(due) <= job.started.date())


def delay_ends(settings: Settings, dataset: str) -> date | None:
    """The first day on which a row that the published release left out for its youth may go out."""
    place = settings.home / "releases" / dataset / "disclosed" / "gate"
    _, _, due = place.read_text(encoding="ascii").partition("\n") if place.is_file() else ("", "", "")
    return date.fromisoformat(due) if due else None


def plan_release(job: Job, release: Release) -> Plan:
    """What publishing the release would change on the portal now."""
    wanted = job.dataset.contract.publication
    settings = PlanSettings(rows_band=wanted.bands.rows.share(), notice_days=wanted.notice_days, take_back=True)
    return make_plan(release, portal_of(job), settings, _receipts(job).shown(job.releases, job.dataset.name))


def held_back(job: Job) -> Withheld | None:
    """Whether the contract's embargo is not over."""
    embargo = job.dataset.contract.publication.embargo
    if embargo is None or clock.now() >= embargo:
        return None
    return Withheld(
        f"ембарго до {embargo:%d.%m.%Y %H:%M}",
        f"embargo until {embargo:%d %b %Y %H:%M}",
        not_before=embargo.isoformat(),
    )


def announce_first(job: Job, plan: Plan) -> Withheld | None:
    """Whether users must be told of a breaking change first, or its day has not come; tells them once."""
    if plan.announcement is None or not plan.early():
        return None
    announce(plan, portal_of(job))
    day = plan.announcement.day
    return Withheld(
        f"користувачів попереджено: зміна будови з {day:%d.%m.%Y}",
        f"users are told: the structure changes from {day:%d %b %Y}",
        not_before=_begins(day).isoformat(),
    )


def _begins(day: date) -> datetime:
    """When an announced day has come, as a plan counts it."""
    return datetime.combine(day, time(), UTC)


def _waits_until(job: Job, plan: Plan) -> datetime | None:
    """The moment before which a plan will not be applied, though a person let it pass."""
    embargo = job.dataset.contract.publication.embargo
    moments = [embargo] if embargo else []
    if plan.announcement is not None:
        moments.append(_begins(plan.announcement.day))
    return max(moments, default=None)


def apply_plan(job: Job, plan: Plan, release: Release) -> Receipt:
    """Do exactly the plan; the receipt says what was read back. Safe to repeat."""
    receipts = _receipts(job)
    shown = receipts.shown(job.releases, job.dataset.name)
    receipt = apply(plan, release, portal_of(job), Applying(shown=shown))
    receipts.save(receipt)
    return receipt


def _receipts(job: Job) -> Receipts:
    """The receipts of the settings' portal."""
    return Receipts(job.settings.home / "receipts")


def now_live(job: Job, release: Release, tables: Tables | None) -> None:
    """Remember that the portal shows this release, and under what classes and counts it went out."""
    job.releases.mark_published(release)
    if tables is None:
        return
    for name, disclosed in tables.disclosed.items():
        for place in (job.disclosed(name), job.disclosed_by(release.folder.name, name)):
            with written_atomically(place) as part:
                part.write_text(disclosed.to_json(), encoding="utf-8")
    with written_atomically(job.gate_state) as part:
        part.write_text(gate_state(job) + (f"\n{tables.due.isoformat()}" if tables.due else ""), encoding="ascii")


def waits_for_a_person(job: Job, progress: Progress, plan: Plan) -> Withheld | None:
    """Whether the contract wants a person to look at this plan first, and none has let it pass.

    The plan is kept for `vidkryto approve`. An approval given with the job is written into the ledger, bound to
    the plan's hash.
    """
    wanted = job.dataset.contract.publication.approval
    if not waits(plan, first=wanted.first, breaking=wanted.breaking):
        return None
    approvals = Approvals(job.settings.home / "plans")
    approvals.keep(plan, _waits_until(job, plan))
    if job.approval is not None:
        decide(approvals, job.settings, plan.hash, job.approval, run=job.run)
    given = approvals.find(plan)
    if given is None:
        if refused := approvals.find(plan, "refused"):
            told = f"{refused.role}: {refused.reason}"
            return Withheld(f"зміни не погоджено: {told}", f"the plan was refused: {told}")
        short = plan.hash[:12]
        if plan.first:
            uk, en = "перша публікація чекає погодження", "a first publication waits for approval"
        else:
            uk, en = "зміни, що ламають таблицю, чекають погодження", "a breaking change waits for approval"
        return Withheld(f"{uk}: vidkryto approve {short}", f"{en}: vidkryto approve {short}")
    progress.approval = Approval("approved", given.who, given.role, given.reason, given.at, given.until, given.plan)
    return None
