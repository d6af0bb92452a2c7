"""Mutated files through pull, read and validate: a clear answer for each, whatever the bytes; see campaign.py."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tests.fuzz.campaign import fuzz
from tests.fuzz.corpus import corpus
from tests.fuzz.mutate import mutated
from tests.fuzz.worker import through_the_stages

SEEDS = corpus()
OTHERS = tuple(seed.content for group in SEEDS.values() for seed in group)
FEW, MANY = 20, 2000
ANSWERS = {"valid", "invalid", "refused: ReadError", "refused: SourceError", "refused: ExportMissing"}
FOUND = {
    "ods": (567, 2605, 6698, 7502),
    "xls": (8, 92, 820),
    "parquet": (169, 620, 1025, 93621),
    "shp": (3, 24, 25, 46, 126, 130, 229, 41594),
    "dbf": (9000191,),
    "zip": (34, 238, 1423),
    "jsonl": (1049,),
    "xlsx": (465, 1011, 84205),
}
"""Numbers of files that once crashed the reader, killed its process or held it for ever."""


def through(kind: str, number: int, folder: Path) -> str:
    """What becomes of the file of this number, in this process."""
    place = number % len(SEEDS[kind])
    seed = SEEDS[kind][place]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return through_the_stages(kind, place, seed, mutated(seed.content, number, OTHERS, f"835:{kind}"), folder)


@pytest.mark.parametrize("kind", SEEDS)
def test_the_seeds_themselves_are_read(kind: str, tmp_path: Path) -> None:
    """Fuzzing begins from files that come through, else it would only test the front door."""
    for place, seed in enumerate(SEEDS[kind]):
        assert through_the_stages(kind, place, seed, seed.content, tmp_path) in ("valid", "invalid"), seed.file


@pytest.mark.parametrize("kind", SEEDS)
def test_a_few_mutated_files_get_an_answer(kind: str, tmp_path: Path) -> None:
    """Valid, with findings, or refused with one error made on purpose; never another exception."""
    assert {through(kind, number, tmp_path) for number in range(FEW)} <= ANSWERS


@pytest.mark.parametrize(("kind", "number"), [(kind, number) for kind, numbers in FOUND.items() for number in numbers])
@pytest.mark.timeout(60)
def test_what_fuzzing_found_is_answered(kind: str, number: int, tmp_path: Path) -> None:
    """Each file that once broke something, by its number."""
    assert through(kind, number, tmp_path) in ANSWERS


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", SEEDS)
def test_many_mutated_files_neither_crash_nor_hang_nor_swell(kind: str) -> None:
    """In a watched process with limits of processor time and memory, as the campaign of 100,000 runs them."""
    outcome = fuzz(kind, MANY if kind != "xls" else MANY // 10, "835", first=200_000)
    assert outcome.found == []
    assert set(outcome.became) <= ANSWERS
