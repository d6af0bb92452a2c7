"""The repository tests its own catalogue: contracts, deployments, documents agree."""

from __future__ import annotations

import ast
import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from vidkryto.catalogue import Dataset, load_all
from vidkryto.catalogue.check import problems_of
from vidkryto.catalogue.deployments import render
from vidkryto.quality import load_suite

ROOT = Path(__file__).parents[2]
DATASETS, ERRORS = load_all(ROOT / "datasets")
ACTIVE = [dataset for dataset in DATASETS if dataset.contract.publication.status == "active"]


def test_every_contract_loads() -> None:
    """Mend with: vidkryto check"""
    assert ERRORS == ()


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_a_contract_agrees_with_its_schemas(dataset: Dataset) -> None:
    """Mend with: vidkryto check NAME"""
    assert list(problems_of(dataset)) == []


@pytest.mark.parametrize("dataset", ACTIVE, ids=lambda dataset: dataset.name)
def test_an_active_dataset_has_all_that_a_run_needs(dataset: Dataset) -> None:
    """Owner, licence with its text, both languages, a schedule, and a suite that loads."""
    publication = dataset.contract.publication
    assert dataset.department.contact.email
    assert all(item.path for item in dataset.contract.licenses)
    assert publication.translations["en"].title
    assert publication.translations["en"].description
    assert publication.schedule is not None
    suite = load_suite(dataset.folder)
    assert suite.expectations or suite.first, "write expectations.yaml"


def test_prefect_yaml_is_fresh() -> None:
    """Mend with: vidkryto deployments render"""
    assert (ROOT / "prefect.yaml").read_text(encoding="utf-8") == render(DATASETS, version("prefect"))


def test_every_entrypoint_of_prefect_yaml_is_a_flow() -> None:
    """A deployment that cannot be imported fails at night."""
    document = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    for entry in document["deployments"]:
        file, _, function = entry["entrypoint"].partition(":")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        flows = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list}
        assert function in flows, entry["name"]


def test_links_between_documents_lead_somewhere() -> None:
    """A relative link in README or docs points at a file that is there."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_lock_files_hold_hashes_and_no_address() -> None:
    """What is installed is what was locked, from whatever index the machine uses."""
    for name in ("requirements.lock", "requirements-dev.lock", "portal/requirements.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        pinned = re.findall(r"^[a-z0-9][^\s=]*==\S+", text, re.MULTILINE)
        assert len(pinned) > 50, name
        assert all(block.count("--hash=sha256:") for block in re.split(r"\n(?=[a-z0-9])", text) if "==" in block), name
