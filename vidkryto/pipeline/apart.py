"""A run in a process of its own, for callers whose threads know no alarm: it is ended in time, whatever it hangs in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vidkryto.catalogue import Dataset, find_dataset
from vidkryto.errors import DefectError, TimeLimitExceeded, VidkrytoError
from vidkryto.pipeline.bounds import GRACE, too_long
from vidkryto.pipeline.drive import publish_dataset, record_failure
from vidkryto.pipeline.job import Job, new_job
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

PROGRAM = ("-m", "vidkryto.pipeline.apart")
"""What the process runs: the end of this module."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run in a process of its own ended: its outcome, and for a person why."""

    outcome: str
    reason: str = ""

    @classmethod
    def of(cls, record: RunRecord) -> Ended:
        """What a record says."""
        return cls(record.outcome, record.reason.en if record.reason else "")


def publish_apart(dataset: Dataset, settings: Settings, *, force: bool = False) -> Ended:
    """Publish one dataset in a process of its own, which has the environment of this one.

    Its own alarm ends it at the contract's time limit. Where it does not, the process is killed a little later; that,
    and its death by itself, is recorded as a failure. Raises VidkrytoError where that cannot be recorded.
    """
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, *PROGRAM, dataset.name, *(["--force"] if force else [])]
    environment = {**os.environ, "PYTHONPATH": path}
    limit = dataset.contract.publication.seconds + GRACE
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return _failed(dataset, settings, too_long(dataset))
    if told := _told(done.stdout):
        return told
    remedy = "See the log of the worker; the next run begins by reading the portal back."
    return _failed(dataset, settings, DefectError(f"the run's process ended with {done.returncode}", remedy=remedy))


def _told(output: bytes) -> Ended | None:
    """What the process said last; None where it died before."""
    try:
        return Ended(**json.loads(output.splitlines()[-1]))
    except (IndexError, ValueError, TypeError):
        return None


def _failed(dataset: Dataset, settings: Settings, error: TimeLimitExceeded | DefectError) -> Ended:
    error.where = dataset.name
    return Ended.of(record_failure(new_job(dataset, settings), error))


def _publish(name: str, force: bool) -> Ended:
    try:
        settings = Settings.from_environment()
        job: Job = new_job(find_dataset(settings.datasets, name), settings, force=force)
        return Ended.of(publish_dataset(job))
    except VidkrytoError as error:  # the record itself could not be kept, or a run is in progress
        return Ended("Failed", error.message)


if __name__ == "__main__":
    ended = _publish(sys.argv[1], "--force" in sys.argv[2:])
    print(json.dumps({"outcome": ended.outcome, "reason": ended.reason}), flush=True)
