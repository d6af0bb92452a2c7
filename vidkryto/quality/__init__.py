"""Quality: what a schema cannot say, judged against the last release."""

from vidkryto.quality.across import Surroundings
from vidkryto.quality.bands import Band
from vidkryto.quality.check import Quality, check_quality
from vidkryto.quality.history import History, Measurement
from vidkryto.quality.metrics import Parameters, measure, parameters
from vidkryto.quality.suite import Expectation, Suite, load_suite

__all__ = [
    "Band",
    "Expectation",
    "History",
    "Measurement",
    "Parameters",
    "Quality",
    "Suite",
    "Surroundings",
    "check_quality",
    "load_suite",
    "measure",
    "parameters",
]
