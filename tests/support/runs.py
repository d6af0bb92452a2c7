"""A run of the pipeline without a portal: everything a run does but plan and apply."""

from __future__ import annotations

from vidkryto.outcome import Published
from vidkryto.pipeline import stages
from vidkryto.pipeline.going_out import now_live
from vidkryto.pipeline.job import Job
from vidkryto.pipeline.remember import Progress, record_run, utc


def published_without_portal(job: Job) -> str:
    """Pull, read, validate, guard, make the release, remember it as live and write the ledger; the run's name."""
    progress = Progress(job)
    progress.exports = stages.pull_exports(job)
    tables = stages.validate_tables(job, stages.read_exports(job, progress.exports))
    progress.tables = stages.guard_disclosure(job, tables, progress.exports.newest.date())
    progress.release = stages.make_release(job, progress.tables, utc(progress.exports.newest))
    now_live(job, progress.release, progress.tables)
    return record_run(job, progress, Published(progress.release.version, 0)).run_id
