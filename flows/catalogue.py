"""The flow over the whole catalogue: every due dataset, one after the other; a broken one stops no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed

from flows.publish import publish_one
from vidkryto.errors import VidkrytoError
from vidkryto.pipeline import Approver, due_datasets
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

Told = Callable[[str, RunRecord | VidkrytoError], None]


@flow(name="publish-catalogue", persist_result=False, validate_parameters=False)
def publish_catalogue(
    names: list[str] | None = None,
    force: bool = False,
    approval: Approver | None = None,
    told: Told | None = None,
) -> State[Any]:
    """Publish the datasets named, or all that are due. `told` hears of each outcome as it comes.

    The run fails when any dataset was withheld or failed; the table artifact says which.
    """
    chosen = names if names is not None else [item.name for item in due_datasets(Settings.from_environment())]
    rows = []
    for name in chosen:
        ended: RunRecord | VidkrytoError
        try:
            ended = publish_one(name, force=force, approval=approval)
        except VidkrytoError as error:  # the record itself could not be kept; the other datasets go on
            ended = error
        if told is not None:
            told(name, ended)
        outcome = ended.outcome if isinstance(ended, RunRecord) else "Failed"
        rows.append({"dataset": name, "outcome": outcome})
    create_table_artifact(key="catalogue", table=rows)
    bad = [row["dataset"] for row in rows if row["outcome"] in ("Withheld", "Failed")]
    if bad:
        return State(type=StateType.FAILED, message=f"{len(bad)} of {len(rows)} need action: {', '.join(bad)}")
    return Completed(message=f"{len(rows)} datasets in order")
