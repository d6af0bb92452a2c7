"""The register of datasets is made of the contracts, and the committed one is not stale."""

import csv
from pathlib import Path

from vidkryto.catalogue import load_all
from vidkryto.catalogue.offices import POST_COLUMNS, UNIT_COLUMNS, structure_csv, units_csv
from vidkryto.catalogue.register import COLUMNS, register_csv, register_rows, write_register
from vidkryto.cli.register import EXPORT, PORTAL, STRUCTURE, UNITS

DATASETS = Path(__file__).parents[2] / "datasets"


def test_the_committed_register_is_that_of_the_contracts() -> None:
    """A changed contract changes the register; otherwise run `vidkryto register`."""
    datasets, _ = load_all(DATASETS)
    assert (DATASETS / EXPORT).read_bytes() == register_csv(datasets, PORTAL)


def test_only_published_datasets_are_in_the_register() -> None:
    """A planned dataset has no page to link to."""
    datasets, _ = load_all(DATASETS)
    names = [row[0] for row in register_rows(datasets, PORTAL)]
    active = sorted(dataset.name for dataset in datasets if dataset.contract.publication.status == "active")
    assert names == active
    assert "dataset-register" in names


def test_an_unchanged_register_is_not_written_again(tmp_path: Path) -> None:
    """Writing the same content would start a run for nothing."""
    datasets, _ = load_all(DATASETS)
    file = tmp_path / "register.csv"
    assert write_register(register_csv(datasets, PORTAL), file)
    assert not write_register(register_csv(datasets, PORTAL), file)
    rows = list(csv.reader(file.read_text("utf-8").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    assert all(len(row) == len(COLUMNS) for row in rows)


def test_units_and_structure_are_those_of_the_departments() -> None:
    """A changed department.yaml changes both registers; no row names a person."""
    datasets, _ = load_all(DATASETS)
    assert (DATASETS / UNITS).read_bytes() == units_csv(datasets)
    assert (DATASETS / STRUCTURE).read_bytes() == structure_csv(datasets)
    units = list(csv.DictReader(units_csv(datasets).decode().splitlines()))
    posts = list(csv.DictReader(structure_csv(datasets).decode().splitlines()))
    assert tuple(units[0]) == UNIT_COLUMNS
    assert tuple(posts[0]) == POST_COLUMNS
    assert [unit["uid"] for unit in units] == sorted({dataset.department.name for dataset in datasets})
    assert {unit["headName"] for unit in units} == {"не вказано"}
    assert {post["unitName"] for post in posts} == {unit["name"] for unit in units}
