"""A way back that died before its end: the next run finishes it, instead of undoing what a person decided."""

from __future__ import annotations

from vidkryto.findings import Severity, worst
from vidkryto.pipeline.going_back import judge_again
from vidkryto.pipeline.going_out import portal_of
from vidkryto.pipeline.job import Job
from vidkryto.pipeline.remember import ledger_of
from vidkryto.plan.live import LOCK, RELEASE, Lock
from vidkryto.plan.make import anchor_id, make_plan
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.lock import abandoned
from vidkryto.publish.receipt import Receipts
from vidkryto.record import Entry
from vidkryto.release import Release


def finish_restore(job: Job) -> bool:
    """Bring the last restore to its end where the portal shows that it was begun; True when that was needed.

    Begun means: the portal names the restored release, or a dead run's lock names the plan of the restore. One that
    the portal refused leaves neither, and a person who was told so decides anew. Where today's gate would not let the
    release out, what is half done is left to `put_back`.
    """
    begun = _last_restore(job)
    if begun is None:
        return False
    entry, release = begun
    portal, receipts, name = portal_of(job), Receipts(job.settings.home / "receipts"), job.dataset.name
    live = portal.dataset(name, {})
    anchor = live.resource(anchor_id(name)) if live else None
    if anchor is None:
        return False
    lock = Lock.parse(anchor.text(LOCK))
    if lock is not None and not abandoned(lock):
        return False
    half = lock is not None and lock.plan == entry.body.get("plan")
    if not half and anchor.text(RELEASE) != release.sha256:
        return False
    if half and worst(judge_again(job.settings, job.dataset, release)) is Severity.ERROR:
        return False
    shown = receipts.shown(job.releases, name)
    how = Applying(outcome="restored", reason=str(entry.body.get("reason", "")), shown=shown)
    receipts.save(apply(make_plan(release, portal, None, shown), release, portal, how))
    job.releases.mark_published(release)
    return True


def _last_restore(job: Job) -> tuple[Entry, Release] | None:
    """The restore that is the last word on the dataset, and its release, which is kept and not the published one."""
    if not (job.settings.home / "ledger" / "checkpoint").is_file():
        return None
    ledger = ledger_of(job.settings)
    said = [
        entry
        for kind in ("restore", "withdrawal", "intent")
        for entry in ledger.signed_entries(kind)
        if entry.dataset == job.dataset.name
    ]
    last = max(said, key=lambda entry: entry.seq, default=None)
    if last is None or last.kind != "restore" or "release" not in last.body:
        return None
    published = job.releases.published()
    if published is not None and published.sha256 == last.body["release"]["sha256"]:
        return None
    kept = (release for release in job.releases.all() if release.sha256 == last.body["release"]["sha256"])
    return next(((last, release) for release in kept), None)
