"""The samples are invented, labelled, the same every time, and go through the pipeline up to a release."""

import hashlib
from pathlib import Path

import pytest

from vidkryto.catalogue import Dataset, load_all, load_dataset
from vidkryto.catalogue.check import problems_of
from vidkryto.pipeline import judging, new_job, stages
from vidkryto.quality.suite import load_suite
from vidkryto.settings import Settings
from vidkryto_samples.city import check_digit, edrpou, generator
from vidkryto_samples.registry import SAMPLES, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

ROOT = Path(__file__).parents[2]
DATASETS = ROOT / "datasets"
EXPORTS = sorted({file.suffix for name in SAMPLES for file in (DATASETS / name / "exports").iterdir()})


def all_datasets() -> tuple[Dataset, ...]:
    """Every dataset of the repository."""
    datasets, errors = load_all(DATASETS)
    assert not errors, "\n".join(map(str, errors))
    return datasets


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_sample_is_the_same_byte_for_byte(name: str, tmp_path: Path) -> None:
    """The generator writes what is committed; otherwise run `python -m vidkryto_samples`."""
    for file, _ in write(tmp_path, [name]):
        made, committed = tmp_path / file, DATASETS / file
        assert hashlib.sha256(made.read_bytes()).hexdigest() == hashlib.sha256(committed.read_bytes()).hexdigest()
        assert "zrazok" in made.name
    assert "вигадані" in (tmp_path / name / "README.md").read_text("utf-8")


def test_samples_come_in_at_least_eight_formats() -> None:
    """Departments hand over what their programs make; the demonstration shows many of these."""
    assert len(EXPORTS) >= 8, EXPORTS


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_dataset_with_a_sample_says_so(name: str) -> None:
    """Nobody may take an invented table for the city's: the contract marks it as a sample."""
    dataset = load_dataset(DATASETS / name)
    assert dataset.contract.publication.sample
    assert list(problems_of(dataset)) == []
    suite = load_suite(dataset.folder)
    assert suite.first
    assert suite.expectations


def test_the_catalogue_accounts_for_all_73_mandated_datasets() -> None:
    """Resolution 835 asks a city for 57 datasets of its own (annexes 18 to 74) and 16 of every publisher (2 to 17)."""
    mandates = [dataset.contract.publication.mandate for dataset in all_datasets()]
    numbers = sorted(int(mandate.removeprefix("835/")) for mandate in mandates if mandate)
    assert numbers == list(range(2, 75))


def test_at_least_twenty_datasets_run() -> None:
    """Planned datasets have no source and are not run; the others number at least twenty."""
    assert sum(dataset.contract.publication.status == "active" for dataset in all_datasets()) >= 20


def test_every_dataset_speaks_english_too() -> None:
    """Title and description have an English translation, also of planned datasets and of each table."""
    silent = [
        dataset.name
        for dataset in all_datasets()
        if dataset.contract.title_in("en") == dataset.contract.title
        or dataset.contract.description_in("en") == dataset.contract.description
        or any("en" not in resource.translations for resource in dataset.contract.resources)
    ]
    assert not silent


def test_invented_codes_have_a_right_check_digit_and_a_free_prefix() -> None:
    """An invented EDRPOU code begins with 99 or 0999 and passes the check digit, so that checks have work to do."""
    from stdnum.ua import edrpou as checker

    random = generator("test")
    codes = [edrpou(random, zero=number % 2 == 0) for number in range(400)]
    assert all(checker.is_valid(code) for code in codes)
    assert all(code.startswith(("99", "0999")) for code in codes)
    assert check_digit("3235998") == "8"


def through(name: str, home: Path) -> list[str]:
    """Codes of the errors of a dataset on its way to a release; the release must be built when there is none."""
    job = new_job(load_dataset(DATASETS / name), Settings(root=ROOT, home=home))
    exports = stages.pull_exports(job)
    tables = judging.judge_quality(job, stages.validate_tables(job, stages.read_exports(job, exports)))
    tables = stages.guard_disclosure(job, tables, exports.newest.date())
    errors = [finding.message("en") for finding in tables.findings if finding.severity.value == "error"]
    if not errors:
        assert stages.make_release(job, tables, "2026-11-23T00:00:00Z") is not None
    return errors


QUICK = (
    "transport/public-transport-stops",
    "education/schools",
    "finance/budget-execution",
    "administration/dataset-register",
)


@pytest.mark.parametrize("name", QUICK)
def test_a_sample_becomes_a_release(name: str, tmp_path: Path) -> None:
    """The first three datasets and the register go from export to release without an error."""
    assert through(name, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SAMPLES) - set(QUICK)))
def test_every_sample_becomes_a_release(name: str, tmp_path: Path) -> None:
    """All other samples too."""
    assert through(name, tmp_path) == []
