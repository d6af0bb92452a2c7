"""The flow that watches: is the portal still as the last receipts say? It reports and repairs nothing."""

from __future__ import annotations

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed

from flows.whereabouts import say_where
from vidkryto import pipeline
from vidkryto.alerts.oversight import keep_drift
from vidkryto.errors import VidkrytoError
from vidkryto.settings import Settings


@task(name="watch", cache_policy=NO_CACHE, persist_result=False)
def watch_one(dataset: str) -> list[dict[str, str]]:
    """What differs, in words, kept for the alerts; an unreachable portal is told in the same way, and not kept."""
    settings = Settings.from_environment()
    try:
        found = pipeline.drift_of(dataset)
    except VidkrytoError as error:
        return [{"dataset": dataset, "code": "failed", "message": str(error), "remedy": error.remedy}]
    keep_drift(settings, dataset, found)
    language = settings.language
    return [
        {"dataset": dataset, "code": one.code, "message": one.message(language), "remedy": one.remedy(language)}
        for one in found
    ]


@flow(name="watch-portal", persist_result=False)
def watch_portal(names: list[str] | None = None) -> State[Any]:
    """Compare the portal with the receipts of these datasets, or of all that were published."""
    say_where()
    chosen = names if names is not None else pipeline.watched_datasets()
    rows = [row for name in chosen for row in watch_one(name)]
    create_table_artifact(key="watch", table=rows)
    if rows:
        differing = sorted({row["dataset"] for row in rows})
        return State(type=StateType.FAILED, message=f"{len(differing)} of {len(chosen)} differ: {', '.join(differing)}")
    return Completed(message=f"{len(chosen)} datasets as published")
