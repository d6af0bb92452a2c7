"""A run that waits for a person: suspended with a form, and resumed by its answer or by `vidkryto approve`."""

from __future__ import annotations

from typing import Any, Literal, cast
from uuid import UUID

import httpx
from prefect import suspend_flow_run
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectHTTPStatusError
from prefect.input import RunInput
from prefect.logging import get_run_logger
from prefect.runtime import deployment
from prefect.runtime import flow_run as running
from prefect.states import Cancelled
from pydantic import Field

from vidkryto.catalogue.deployments import OWNER
from vidkryto.errors import VidkrytoError
from vidkryto.pipeline import Approver
from vidkryto.pipeline.approving import approvals_of, decide
from vidkryto.publish.approvals import Approval
from vidkryto.settings import Settings

YES, NO = "погодити / approve", "відмовити / refuse"
PAUSED = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED])))


class Answer(RunInput):
    """The form: who decides what about the plan above, and why. It all goes into the ledger."""

    decision: Literal["погодити / approve", "відмовити / refuse"] = Field(title="Рішення / Decision")
    who: str = Field(
        title="Обліковий запис / Account",
        description="data-office-2; не ім'я людини / never a person's name",
        pattern=r"^[a-z][a-z0-9_-]{0,99}$",
    )
    office: str = Field(title="Підрозділ / Office", min_length=2, max_length=200)
    reason: str = Field(title="Чому / Reason", min_length=3, max_length=300)


def take_answer(settings: Settings) -> bool:
    """Record the answer given to the form of this run, if it was suspended before; whether it was.

    `vidkryto approve` has recorded its own already. An answer that the ledger refuses is told in the log, and the
    run, whose plan then still waits, asks again.
    """
    if running.run_count < 2 or not running.id:
        return False
    with get_client(sync_client=True) as client:
        states = client.read_flow_run_states(UUID(running.id))
    asked = [state for state in states if state.type is StateType.PAUSED]
    if not asked:
        return False
    details = asked[-1].state_details
    plan = (details.pause_key or "").partition("-")[0]
    try:
        answer = cast("Answer", Answer.load(cast("Any", details.run_input_keyset), UUID(running.id)))
        by = Approver(answer.who, answer.office, answer.reason)
        decision: Literal["approved", "refused"] = "approved" if answer.decision == YES else "refused"
        store = approvals_of(settings)
        said = store.said(plan)
        if said is None or (said.who, said.reason, said.decision) != (by.who, by.reason, decision):
            decide(store, settings, plan, by, decision=decision)
    except (VidkrytoError, PrefectHTTPStatusError, ValueError, KeyError) as error:
        words = error.told() if isinstance(error, VidkrytoError) else type(error).__name__
        get_run_logger().error("The answer could not be recorded, so the question is put again: %s", words)
    return True


def ask(settings: Settings, plan: str) -> None:
    """Suspend this run until somebody answers about `plan`: no process and no place of the worker is held.

    Does not return where it suspends. A run without deployment cannot wait, and two runs do not ask the same.
    """
    if not running.id or not deployment.id:
        return
    others = _waiting_runs(deployment.id)
    if any(_plan_of(other) == plan for other in others):
        get_run_logger().info("An earlier run waits for the answer about plan %s already.", plan[:12])
        return
    store = approvals_of(settings)
    form = Answer.with_initial_data(description=store.text(plan, settings.language))
    suspend_flow_run(wait_for_input=form, key=f"{plan}-{running.run_count}")


def withdraw_questions(plan: str = "") -> None:
    """Cancel earlier runs of this deployment that wait for an answer about another plan: it is not asked any more."""
    if not running.id or not deployment.id:
        return
    with get_client(sync_client=True) as client:
        for other in _waiting_runs(deployment.id):
            if _plan_of(other) != plan:
                reason = "the dataset has moved on, and the plan this run asked about is no longer the plan"
                client.set_flow_run_state(other.id, Cancelled(message=reason), force=True)


def resume(approval: Approval) -> int:
    """Let the runs that wait for this decision go on; how many there were (none when no server answers)."""
    form = {
        "decision": YES if approval.decision == "approved" else NO,
        "who": approval.who,
        "office": approval.role,
        "reason": approval.reason,
    }
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[OWNER]))
    try:
        with get_client(sync_client=True) as client:
            waiting = [run for run in _paused(client, ours) if _plan_of(run) == approval.plan]
            for run in waiting:
                client.resume_flow_run(run.id, run_input=form)
    except httpx.HTTPError:  # the decision is recorded, and the next run goes by it
        return 0
    return len(waiting)


def _waiting_runs(deployment: str) -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        found = _paused(client, DeploymentFilter(id=DeploymentFilterId(any_=[UUID(deployment)])))
    return [run for run in found if str(run.id) != running.id]


def _paused(client: SyncPrefectClient, deployments: DeploymentFilter) -> list[FlowRun]:
    return client.read_flow_runs(flow_run_filter=PAUSED, deployment_filter=deployments)


def _plan_of(run: FlowRun) -> str:
    key = run.state.state_details.pause_key if run.state else None
    return (key or "").partition("-")[0]
