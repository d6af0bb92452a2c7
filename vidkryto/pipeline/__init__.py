"""The pipeline: one dataset from export to receipt, the same for the command line and for the flows."""

from vidkryto.pipeline.drive import direct, publish_dataset
from vidkryto.pipeline.due import due_datasets, is_due_now
from vidkryto.pipeline.job import Approver, Job, new_job
from vidkryto.pipeline.look_after import drift_of, watched_datasets
from vidkryto.pipeline.remember import last_run, last_started, ledger_of

__all__ = [
    "Approver",
    "Job",
    "direct",
    "drift_of",
    "due_datasets",
    "is_due_now",
    "last_run",
    "last_started",
    "ledger_of",
    "new_job",
    "publish_dataset",
    "watched_datasets",
]
