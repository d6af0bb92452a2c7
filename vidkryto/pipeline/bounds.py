"""What keeps one run from harming others: it is alone with its dataset, and it ends in time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from filelock import FileLock, Timeout

from vidkryto.errors import RunInProgress, TimeLimitExceeded, raise_state_error
from vidkryto.pipeline.job import Job

AGAIN = 10.0
"""Seconds between two alarms: a library may have swallowed the first."""


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

    The alarm needs the main thread, in which flows and commands run; elsewhere there is no limit of ours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    limit = job.dataset.contract.publication

    def over(_signal: int, _frame: FrameType | None) -> None:
        raise TimeLimitExceeded(
            f"the run took longer than {limit.time_limit}",
            remedy="See which stage took long; raise publication.time_limit, if such a time is right.",
        )

    before = signal.signal(signal.SIGALRM, over)
    other = signal.setitimer(signal.ITIMER_REAL, limit.seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *other)
        signal.signal(signal.SIGALRM, before)
