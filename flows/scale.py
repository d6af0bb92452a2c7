"""Scale-out on Dask: the catalogue with a dataset on each worker, and one dataset with its partitions on workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from distributed import Client, LocalCluster
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateType
from prefect.states import Completed
from prefect_dask.task_runners import DaskTaskRunner

from flows.publish import as_task, state_of
from vidkryto import pipeline
from vidkryto.catalogue import find_dataset
from vidkryto.pipeline import due_datasets
from vidkryto.pipeline.apart import Ended, publish_apart
from vidkryto.settings import Settings


def local(workers: int) -> dict[str, Any]:
    """A cluster of so many processes on this machine, on loopback and without a dashboard."""
    return {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}


def cluster(workers: int, address: str = "") -> Any:
    """The workers of the cluster at `address`, or so many on this machine, as Prefect runs tasks on them.

    A worker has the program, VIDKRYTO_ROOT and VIDKRYTO_HOME in reach; secrets come from its own environment.
    """
    return DaskTaskRunner(address=address) if address else DaskTaskRunner(cluster_kwargs=local(workers))


@task(name="publish", cache_policy=NO_CACHE, persist_result=False, task_run_name="{dataset}")
def publish_one(dataset: str, force: bool) -> Ended:
    """One dataset, all stages in a process of its own beside the worker, which ends at the contract's time limit.

    What is broken or hangs there is an outcome, and stops no other dataset.
    """
    settings = Settings.from_environment()
    return publish_apart(find_dataset(settings.datasets, dataset), settings, force=force)


@flow(name="publish-catalogue-on-dask", persist_result=False)
def _catalogue(names: list[str], force: bool) -> State[Any]:
    started = [publish_one.submit(name, force) for name in names]
    ended = [future.result(raise_on_failure=False) for future in started]
    bad = [
        f"{name} ({_why(one)})"
        for name, one in zip(names, ended, strict=True)
        if not isinstance(one, Ended) or one.outcome in ("Withheld", "Failed")
    ]
    if bad:
        return State(type=StateType.FAILED, message=f"{len(bad)} of {len(names)} need action: {', '.join(bad)}")
    return Completed(message=f"{len(names)} datasets in order")


def _why(ended: Any) -> str:
    """What is said of a dataset that needs action; of an error that nobody foresaw its kind alone."""
    return f"{ended.outcome}: {ended.reason}" if isinstance(ended, Ended) else f"Failed: {type(ended).__name__}"


@flow(name="publish-partitions-on-dask", persist_result=False)
def _partitions(dataset: str, force: bool, scheduler: str) -> State[Any]:
    settings = Settings.from_environment()
    with Client(scheduler) as client:  # type: ignore[no-untyped-call]  # distributed has no types
        dask: Any = client  # distributed's methods have no types

        def each(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
            gathered: list[Any] = dask.gather(dask.map(function, items, pure=False))
            return gathered

        job = pipeline.new_job(find_dataset(settings.datasets, dataset), settings, force=force, each=each)
        return state_of(pipeline.publish_dataset(job, call=as_task))


def publish_catalogue(
    names: list[str] | None = None, *, workers: int = 2, address: str = "", force: bool = False
) -> State[Any]:
    """Publish the datasets named, or all that are due, a dataset on each worker."""
    chosen = names if names is not None else [item.name for item in due_datasets(Settings.from_environment())]
    run = _catalogue.with_options(task_runner=cluster(workers, address))
    return run(chosen, force, return_state=True)


def publish_partitions(dataset: str, *, workers: int = 2, address: str = "", force: bool = False) -> State[Any]:
    """Publish one dataset whose partitions are archived, read and checked on workers; its release is one."""
    if address:
        return _partitions(dataset, force, address, return_state=True)
    with LocalCluster(**local(workers)) as here:  # type: ignore[no-untyped-call]  # as above
        return _partitions(dataset, force, here.scheduler_address, return_state=True)
