"""What keeps one run from harming others: it is alone with its dataset, and it ends in time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from filelock import FileLock, Timeout

from vidkryto.catalogue import Dataset
from vidkryto.errors import RunInProgress, TimeLimitExceeded, raise_state_error
from vidkryto.pipeline.job import Job

AGAIN = 10.0
"""Seconds between two alarms: a library may have swallowed the first."""
GRACE = 120
"""Seconds beyond the time limit after which a run that even its own error cannot stop is ended with its process."""


@contextmanager
def alone(job: Job) -> Iterator[None]:
    """Hold the dataset's lock; it falls with the process that holds it. Raises RunInProgress when another does."""
    lock = FileLock(job.settings.home / "running" / f"{job.dataset.name}.lock", timeout=0)
    try:
        job.settings.home.joinpath("running").mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise RunInProgress(
            f"a run of {job.dataset.name} is in progress", remedy="Wait until it has ended; see `vidkryto calendar`."
        ) from None
    except OSError as error:
        raise_state_error(error, f"dataset {job.dataset.name}")
    try:
        yield
    finally:
        lock.release()


@contextmanager
def time_limit(job: Job) -> Iterator[None]:
    """Raise TimeLimitExceeded inside the block once the contract's time is over.

    The alarm needs the main thread, in which flows and commands run; for another, `apart` has a process of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(_signal: int, _frame: FrameType | None) -> None:
        raise too_long(job.dataset)

    before = signal.signal(signal.SIGALRM, over)
    other = signal.setitimer(signal.ITIMER_REAL, job.dataset.contract.publication.seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *other)
        signal.signal(signal.SIGALRM, before)


def too_long(dataset: Dataset) -> TimeLimitExceeded:
    """The error of a run that took longer than its contract allows."""
    return TimeLimitExceeded(
        f"the run took longer than {dataset.contract.publication.time_limit}",
        remedy="See which stage took long; raise publication.time_limit, if such a time is right.",
    )
