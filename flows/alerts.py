"""The flow that tells people: every open cause once, on the routes of alerts.yaml, Prefect's events among them."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, StateType
from prefect.events import emit_event
from prefect.states import Completed

from flows.deployments import keep_pauses
from flows.whereabouts import say_where
from vidkryto.alerts import Cause, send_alerts
from vidkryto.settings import Settings


def emit(cause: Cause) -> None:
    """The event `vidkryto.alert.KIND`; automations choose by it. Names and words, never a value."""
    emit_event(
        event=f"vidkryto.alert.{cause.kind}",
        resource={
            "prefect.resource.id": f"vidkryto.cause.{cause.id}",
            "prefect.resource.name": cause.title.en,
            "vidkryto.department": cause.department or "office",
        },
        payload={
            "datasets": list(cause.datasets),
            "uk": cause.title.uk,
            "en": cause.title.en,
            "next": cause.next_step.en,
        },
    )


@flow(name="send-alerts", persist_result=False)
def tell() -> State[Any]:
    """Tell what was not told yet. The run fails when a route did not take its message, which is kept."""
    say_where()
    settings = Settings.from_environment()
    with get_client(sync_client=True) as client:
        keep_pauses(client, settings)
    made = send_alerts(settings, emit=emit)
    failed = [item for item in made if item.error]
    if failed:
        return State(type=StateType.FAILED, message="; ".join(item.error for item in failed))
    return Completed(message=f"{len(made)} messages")
