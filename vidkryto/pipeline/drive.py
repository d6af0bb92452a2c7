"""Drive a dataset through its stages and end in an outcome, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vidkryto import logs
from vidkryto.errors import ExportMissing, VidkrytoError, stage
from vidkryto.findings import Severity, worst
from vidkryto.outcome import Failed, Outcome, Published, Unchanged, Withheld
from vidkryto.pipeline import glance, going_out, judging, shared, stages
from vidkryto.pipeline.bounds import alone, time_limit
from vidkryto.pipeline.exceptions import decisions_of, exemptions, in_force
from vidkryto.pipeline.going_back import put_back
from vidkryto.pipeline.job import Exports, Job, Tables
from vidkryto.pipeline.remember import Progress, finish_records, last_run, record_run, utc
from vidkryto.pipeline.unfinished import finish_restore
from vidkryto.pipeline.whole_list import write_whole_list
from vidkryto.pipeline.withdrawn import withdrawn
from vidkryto.record.run import RunRecord
from vidkryto.release import Release

Call = Callable[..., Any]
"""How a stage is run: `call(name, function, *arguments)`. The flow passes one that makes it a Prefect task."""


def direct(_stage: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a stage as a plain function call."""
    return function(*arguments)


def publish_dataset(job: Job, *, call: Call = direct) -> RunRecord:
    """Pull, check and publish one dataset; returns the record of the run, which is also kept and in the ledger.

    The outcome is a value: data that must not go out are Withheld, a technical failure is Failed, and in
    both cases the last good release stays live. Only a failure to keep the record itself is raised, and
    RunInProgress, which leaves no record: the run that is under way makes one.
    """
    logs.configure()
    with logs.about(run=job.run, dataset=job.dataset.name), alone(job):
        record = _run(job, call)
        logs.event("run ended", outcome=record.outcome, findings=sum(task.count for task in record.tasks))
        return record


def record_failure(job: Job, error: VidkrytoError) -> RunRecord:
    """Record a run that could not do so itself, because its process had to be killed or died.

    Raises RunInProgress while it still lives.
    """
    with alone(job):
        finish_records(job.settings, job.dataset.name)
        return record_run(job, Progress(job), Failed.because(error))


def _run(job: Job, call: Call) -> RunRecord:
    progress = Progress(job)
    try:
        finish_records(job.settings, job.dataset.name)
        shared.draw(job.settings, job.dataset.name)
        _finish_restore(job)
        decisions = decisions_of(job.settings, job.dataset.name)
        progress.exceptions = tuple(one.to_record() for one in in_force(decisions, job.started.date()))
        progress.job = job = replace(job, exceptions=exemptions(decisions))
        with time_limit(job):
            outcome = _through_the_stages(job, progress, call)
    except ExportMissing as error:
        progress.findings = (error.finding,)
        outcome = Withheld.because(progress.findings)
    except VidkrytoError as error:
        outcome = Failed.because(error)
    if progress.plan is None and not isinstance(outcome, Unchanged):
        _undo_half(job)
    _list_findings(job, progress)
    record = record_run(job, progress, outcome)
    if not isinstance(outcome, Failed):  # a failure changed nothing; its record goes with the next run
        shared.give(job.settings, record)
    return record


def _list_findings(job: Job, progress: Progress) -> None:
    """The list is a help for mending; without it the run is still recorded."""
    try:
        write_whole_list(job, progress.tables, progress.findings)
    except OSError as error:
        logs.event("the whole list of findings could not be written", error=type(error).__name__)


def _finish_restore(job: Job) -> None:
    """What cannot be finished now is for the next run; this one goes on."""
    try:
        if going_out.closed(job) is None and finish_restore(job):
            logs.event("a restore that had died half way was finished")
    except VidkrytoError as error:
        logs.event("a restore that was begun could not be looked at", error=error.message)


def _undo_half(job: Job) -> None:
    """What a run that died left half done is undone, as this one brings nothing; else the next run sees to it."""
    try:
        if going_out.closed(job) is None and withdrawn(job.settings, job.dataset.name) is None and put_back(job):
            logs.event("the last release was published once more: a run had died half way")
    except VidkrytoError as error:
        logs.event("what a run left half done could not be looked at", error=error.message)


def _through_the_stages(job: Job, progress: Progress, call: Call) -> Outcome:
    def run(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        def guarded(*given: Any) -> Any:
            with stage(job.dataset.name, name):
                return function(*given)

        started = time.monotonic()
        with logs.about(stage=name):
            try:
                return call(name, guarded, *arguments)
            finally:
                seconds = time.monotonic() - started
                progress.took(name, seconds)
                logs.event("stage ended", seconds=round(seconds, 3))

    if closed := going_out.closed(job):
        progress.findings = run("glance", going_out.closed_and_live, job)
        return replace(closed, findings=progress.findings)
    if gone := withdrawn(job.settings, job.dataset.name):
        return gone
    last = last_run(job.settings, job.dataset.name)
    exports: Exports = run("pull", stages.pull_exports, job)
    progress.exports = exports = exports.first_seen(last.snapshots if last else ())
    release = job.releases.published() if going_out.same_as_last_run(job, exports, last) else None
    if release is not None:
        progress.release = release
        if glance.remembered(job, release) and run("glance", glance.still_live, job):
            return Unchanged(release.version)
    if release is None:
        tables: Tables = run("read", stages.read_exports, job, exports)
        tables = run("validate", stages.validate_tables, job, tables)
        tables = run("quality", judging.judge_quality, job, tables)
        tables = run("disclosure", stages.guard_disclosure, job, tables, exports.newest.date())
        progress.tables, progress.findings = tables, tables.findings
        if worst(tables.findings) is Severity.ERROR:
            return Withheld.because(tables.findings)
        release = run("release", stages.make_release, job, tables, utc(exports.newest))
        progress.findings += run("look again", stages.look_again, job, release, tables)
        if worst(progress.findings) is Severity.ERROR:
            return Withheld.because(progress.findings)
    progress.release = release
    return _go_out(job, progress, release, run)


def _go_out(job: Job, progress: Progress, release: Release, run: Call) -> Outcome:
    progress.plan = plan = run("plan", going_out.plan_release, job, release)
    if plan.kind == "nothing":
        going_out.now_live(job, release, progress.tables)
        glance.remember(job, release)
        return Unchanged(release.version)
    progress.findings += plan.findings
    if waits := going_out.waits_for_a_person(job, progress, plan):
        return waits
    if held := going_out.held_back(job):
        return held
    if plan.early():
        told: Withheld | None = run("announce", going_out.announce_first, job, plan)
        if told is not None:
            return told
    going_out.say_intent(job, progress)
    progress.receipt = run("publish", going_out.apply_plan, job, plan, release)
    going_out.now_live(job, release, progress.tables)
    return Published(release.version, sum(table.rows for table in release.tables))
