"""The flow that catches up: whatever should have run by now, and has not, gets a run of its own deployment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed

from flows.deployments import keep_pauses
from flows.whereabouts import say_where
from vidkryto import clock
from vidkryto.pipeline import due_datasets
from vidkryto.settings import Settings

GRACE = timedelta(minutes=30)
"""For so long a scheduled moment is left to Prefect's own run, which a busy worker may begin late."""


@flow(name="catch-up", persist_result=False)
def catch_up() -> State[Any]:
    """Start a run for each dataset that is due, unless one waits or goes on already, or an officer paused it.

    Each has its own run, so that limits, approvals and one dataset's trouble are as on any other night.
    """
    say_where()
    settings, now = Settings.from_environment(), clock.now()
    started = []
    with get_client(sync_client=True) as client:
        keep_pauses(client, settings)
        for dataset in due_datasets(settings, now - GRACE):
            try:
                deployment = client.read_deployment_by_name(f"publish-dataset/{dataset.name}")
            except ObjectNotFound:
                continue  # a contract that was not synced yet
            paused = deployment.paused or not any(schedule.active for schedule in deployment.schedules)
            if not paused and not client.read_flow_runs(flow_run_filter=_waiting(deployment.id, now), limit=1):
                client.create_flow_run_from_deployment(deployment.id, tags=["catch-up"])
                started.append(dataset.name)
    return Completed(message=f"started: {', '.join(started)}" if started else "nothing was left undone")


def _waiting(deployment: UUID, now: datetime) -> FlowRunFilter:
    """Runs of a deployment that should have begun and have not ended."""
    open_states = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
    return FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=open_states)),
        expected_start_time=FlowRunFilterExpectedStartTime.model_validate({"before_": now}),
    )
