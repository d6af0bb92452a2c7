"""The flow that publishes one dataset: every stage a Prefect task, no logic of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed
from prefect.tasks import exponential_backoff
from prefect.utilities.annotations import quote

from vidkryto import pipeline
from vidkryto.catalogue import find_dataset
from vidkryto.errors import VidkrytoError
from vidkryto.pipeline import Approver
from vidkryto.record.run import RunRecord
from vidkryto.report.summary import markdown_summary
from vidkryto.settings import Settings

NETWORK = frozenset({"pull", "plan", "publish"})
"""Stages that ask another machine: only they are tried again, with growing pauses and jitter."""


def _may_pass(_task: Any, _run: Any, state: State[Any]) -> bool:
    """Whether the error is one that the same call may not meet again."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, VidkrytoError) and error.transient


def _call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return function(*arguments)


def as_task(stage: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a stage as a task of its name.

    Function and arguments are quoted, because Prefect would otherwise walk through whole tables, and
    nothing is persisted: the archive and the release folder are the results.
    """
    run = task(name=stage, cache_policy=NO_CACHE, persist_result=False)(_call)
    if stage in NETWORK:
        run = run.with_options(
            retries=3,
            retry_delay_seconds=exponential_backoff(2),
            retry_jitter_factor=0.5,
            retry_condition_fn=_may_pass,
        )
    quoted: tuple[Any, Any] = (quote(function), quote(arguments))  # seen as what they hold once the task runs
    return run(*quoted)


def publish_one(dataset: str, *, force: bool = False, approval: Approver | None = None) -> RunRecord:
    """Publish one dataset inside a flow and leave the short report as an artifact."""
    settings = Settings.from_environment()
    job = pipeline.new_job(find_dataset(settings.datasets, dataset), settings, force=force, approval=approval)
    record = pipeline.publish_dataset(job, call=as_task)
    page = f"{settings.report_url}/datasets/{dataset}/" if settings.report_url else ""
    summary = markdown_summary(record, report_url=page)
    create_markdown_artifact(key=f"report-{dataset.replace('_', '-')}", markdown=summary)
    return record


def state_of(record: RunRecord) -> State[Any]:
    """The state Prefect shows: Published and Unchanged are completed, Withheld and Failed are failures."""
    reason = record.reason.en if record.reason else ""
    if record.outcome in ("Published", "Unchanged"):
        return Completed(name=record.outcome, message=f"version {record.live.version}" if record.live else "")
    return State(type=StateType.FAILED, name=record.outcome, message=reason)


@flow(name="publish-dataset", flow_run_name="{dataset}", persist_result=False)
def publish_dataset(dataset: str, force: bool = False, when_due: bool = False) -> State[Any]:
    """Pull, check and publish one dataset; its outcome is the state of the run.

    `when_due` is for schedules that move over holidays: on other days the run ends at once.
    """
    if when_due and not pipeline.is_due_now(Settings.from_environment(), dataset):
        return Completed(name="NotDue", message="the contract's calendar names another day")
    return state_of(publish_one(dataset, force=force))
