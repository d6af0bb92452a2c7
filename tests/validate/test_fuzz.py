"""Random, often malformed files get the verdict that frictionless gives, in its order."""

import random

import pytest

from tests.validate import fuzzing


@pytest.mark.parametrize("seed", [835, 2026])
def test_fuzzed_files_get_the_verdict_of_frictionless(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Fixed seeds, so that a failure can be repeated; large runs are made with `fuzzing.py` itself."""
    counts = fuzzing.fuzz(seed, 150)
    assert counts["different"] == 0, capsys.readouterr().out
    assert counts["many segments"] > 20


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_fresh_seeds_find_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    """A seed that was never seen before; the failure names it."""
    seed = random.SystemRandom().randrange(10**9)
    counts = fuzzing.fuzz(seed, 5000)
    assert counts["different"] == 0, f"seed {seed}\n{capsys.readouterr().out}"
