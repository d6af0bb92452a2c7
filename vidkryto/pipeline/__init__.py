"""The pipeline: one dataset from export to receipt, the same for the command line and for the flows."""

from vidkryto.pipeline.drive import direct, publish_dataset
from vidkryto.pipeline.job import Approver, Job, new_job

__all__ = ["Approver", "Job", "direct", "new_job", "publish_dataset"]
