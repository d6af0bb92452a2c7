"""Quality: what a schema cannot say, judged against the last release."""

from vidkryto.quality.check import Quality, check_quality
from vidkryto.quality.history import History, Measurement
from vidkryto.quality.metrics import measure, parameters
from vidkryto.quality.suite import Expectation, Suite, load_suite

__all__ = [
    "Expectation",
    "History",
    "Measurement",
    "Quality",
    "Suite",
    "check_quality",
    "load_suite",
    "measure",
    "parameters",
]
