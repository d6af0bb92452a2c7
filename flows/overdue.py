"""After an outage Prefect runs every missed night one after the other: the first makes up for all of them."""

from __future__ import annotations

from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterId,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.context import FlowRunContext
from prefect.runtime import deployment

DONE = [StateType.COMPLETED, StateType.FAILED, StateType.PAUSED]
"""How a run stands that did its work; one that was killed or cancelled did not."""


def was_made_up_for() -> bool:
    """Whether a schedule made this run, and another run of its deployment began after its moment and did its work.

    Prefect's server is asked, not the state folder: the other run may have been on another machine.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or not run.auto_scheduled or run.expected_start_time is None or not deployment.id:
        return False
    others = FlowRunFilter(
        id=FlowRunFilterId(not_any_=[run.id]),
        deployment_id=FlowRunFilterDeploymentId(any_=[UUID(deployment.id)]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=DONE)),
        start_time=FlowRunFilterStartTime.model_validate({"after_": run.expected_start_time}),
    )
    with get_client(sync_client=True) as client:
        return bool(client.read_flow_runs(flow_run_filter=others, limit=1))
