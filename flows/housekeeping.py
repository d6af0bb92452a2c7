"""The flow that tidies up: releases and exports older than the contracts' rules go, with a tombstone in the ledger."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.whereabouts import say_where
from vidkryto.keeping.gc import collect, garbage
from vidkryto.settings import Settings


@flow(name="housekeeping", persist_result=False)
def tidy() -> State[Any]:
    """Do what `vidkryto gc` does, on the state folder of the worker that runs this; the table says what went and why.

    Paths in the table are those within the state folder or the shared store: names of datasets, versions and hashes.
    """
    say_where()
    settings = Settings.from_environment()
    found = garbage(settings)
    rows = [{"place": item.place, "path": item.path, "bytes": item.bytes, "rule": item.rule} for item in found]
    create_table_artifact(key="housekeeping", table=rows)
    freed = collect(settings, found) if found else 0
    return Completed(message=f"{len(found)} things removed, {freed / (1 << 20):.1f} MiB freed")
