"""The flow that publishes one dataset: every stage a Prefect task, no logic of its own."""

from __future__ import annotations

import faulthandler
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.runtime import deployment
from prefect.runtime import flow_run as running
from prefect.states import Cancelled, Completed
from prefect.tasks import exponential_backoff
from prefect.utilities.annotations import quote

from flows import approval as approvals
from flows.overdue import was_made_up_for
from flows.whereabouts import say_where
from vidkryto import pipeline
from vidkryto.catalogue import Dataset, find_dataset
from vidkryto.catalogue.deployments import PORTAL_LIMIT, source_limits
from vidkryto.errors import RunInProgress, VidkrytoError
from vidkryto.pipeline import Approver
from vidkryto.pipeline.approving import waiting_plan
from vidkryto.pipeline.bounds import GRACE
from vidkryto.record.run import RunRecord
from vidkryto.report.summary import markdown_summary
from vidkryto.settings import Settings

NETWORK = frozenset({"pull", "glance", "plan", "publish"})
"""Stages that ask another machine: only they are tried again, with growing pauses and jitter."""
PAUSE = 8
"""Seconds before the second try, doubled for each further one: a portal that is started again takes half a minute."""
LEASE = 60
"""Seconds after which the places that a killed run held under a concurrency limit are free again."""
ASKED_AGAIN = (5, 10, 20, 40, 60)
"""Seconds between two questions for a place."""


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
            retry_delay_seconds=exponential_backoff(PAUSE),
            retry_jitter_factor=0.5,
            retry_condition_fn=_may_pass,
        )
    quoted: tuple[Any, Any] = (quote(function), quote(arguments))  # seen as what they hold once the task runs
    return run(*quoted)


def limits_of(dataset: Dataset) -> dict[str, list[str]]:
    """The concurrency limits each stage keeps to: those of the hosts of the exports, that of the portal.

    `deployments sync` makes them; a run of no deployment may have a server without them and keeps to none.
    """
    if not deployment.id:
        return {}
    return {"pull": source_limits(dataset)} | {stage: [PORTAL_LIMIT] for stage in ("glance", "plan", "publish")}


def _take_places(stack: ExitStack, names: list[str]) -> None:
    """Hold a place under each limit; a server that is away for a moment, and is started again, is asked again.

    One that was killed forgets who holds a place; a run that lost its own so goes on without.
    """
    for pause in (*ASKED_AGAIN, None):
        try:
            place = concurrency(names, strict=True, lease_duration=LEASE, raise_on_lease_renewal_failure=False)
            stack.enter_context(place)
        except ConcurrencySlotAcquisitionError:
            if pause is None:
                raise
            time.sleep(pause)
        else:
            return


def publish_one(dataset: str, *, force: bool = False, approval: Approver | None = None) -> RunRecord:
    """Publish one dataset inside a flow and leave the short report as an artifact."""
    settings = Settings.from_environment()
    contract = find_dataset(settings.datasets, dataset)
    limits = limits_of(contract)

    def call(stage: str, function: Callable[..., Any], *arguments: Any) -> Any:
        with ExitStack() as stack:
            if names := limits.get(stage):
                _take_places(stack, names)
            return as_task(stage, function, *arguments)

    job = pipeline.new_job(contract, settings, force=force, approval=approval)
    record = pipeline.publish_dataset(job, call=call)
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


@contextmanager
def _kept_in_bounds(settings: Settings, dataset: str) -> Iterator[None]:
    """Say where this run runs, so that it is found when it is killed, and end its process if nothing else does.

    Only in a worker's process, which has no other dataset in it. What is printed then are places in the code.
    """
    if not deployment.id or not running.id:
        yield
        return
    say_where()
    limit = find_dataset(settings.datasets, dataset).contract.publication.seconds
    faulthandler.dump_traceback_later(limit + GRACE, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@flow(name="publish-dataset", flow_run_name="{dataset}", persist_result=False)
def publish_dataset(dataset: str, force: bool = False, when_due: bool = False) -> State[Any]:
    """Pull, check and publish one dataset; its outcome is the state of the run.

    `when_due` is for schedules that move over holidays: on other days the run ends at once. So do, after an outage,
    all runs of missed nights but the first. A plan that waits for a person suspends the run, which goes on from the
    start once somebody has answered.
    """
    settings = Settings.from_environment()
    with _kept_in_bounds(settings, dataset):
        answered = approvals.take_answer(settings)
        if when_due and not answered and not pipeline.is_due_now(settings, dataset):
            return Completed(name="NotDue", message="the contract's calendar names another day")
        if not answered and was_made_up_for():
            return Completed(name="NotDue", message="a run that began after this one's moment has done its work")
        try:
            record = publish_one(dataset, force=force)
        except RunInProgress as error:
            return Cancelled(message=error.message)
        plan = waiting_plan(record)
        approvals.withdraw_questions(plan)
    if plan:
        approvals.ask(settings, plan)
    return state_of(record)
