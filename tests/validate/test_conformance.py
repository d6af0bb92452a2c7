"""Every shared conformance case is answered as frictionless answered it, order included."""

import collections
import random
import warnings
from collections.abc import Iterable
from typing import Any

import pytest

from tests.validate import conformance

pytestmark = pytest.mark.skipif(
    not conformance.SHARED.is_dir(), reason="left out: the shared conformance cases are not on this machine"
)
SEED = 20261123


def compare(cases: Iterable[dict[str, Any]]) -> tuple[list[str], collections.Counter[str]]:
    """The ids of cases that differ, and how many each engine answered."""
    different, engines = [], collections.Counter[str]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # frictionless warns of deprecated options that some cases use
        for case in cases:
            validation = conformance.answer(case)
            engines[validation.engine] += 1
            if conformance.ours(validation) != conformance.recorded(case):
                different.append(case["id"])
    return different, engines


def test_a_sample_of_the_cases_is_reproduced_in_order() -> None:
    """One case in twelve, chosen by a fixed seed, so that every run of the tests sees all kinds of them."""
    every = list(conformance.cases())
    different, engines = compare(random.Random(SEED).sample(every, len(every) // 12))
    assert different == []
    assert engines["columnar"] >= 0.99 * engines.total()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_cases_are_reproduced_in_order() -> None:
    """7,481 cases without a difference, at least 99 of 100 answered in columns."""
    different, engines = compare(conformance.cases())
    assert different == []
    assert engines.total() == 7481
    assert engines["columnar"] >= 0.99 * engines.total()
