"""Every dataset of the catalogue on a real portal: full marks, no violation, every sample of every page runs."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_spec_validator import validate
from rdflib import Graph

from tests.pipeline.conftest import APPROVER
from tests.support.local_portal import LocalPortal
from tests.support.samples import RUNNERS, missing, run_sample
from vidkryto.catalogue import load_all
from vidkryto.pipeline import new_job, publish_dataset
from vidkryto.pipeline.describe import describe
from vidkryto.record import Ledger, SigningKey
from vidkryto.report import build_site
from vidkryto.report.score import FULL, score_datasets, shacl_violations
from vidkryto.settings import Secret, Settings

ROOT = Path(__file__).parents[2]
SHAPES = ROOT.parent / "shared" / "dcat-ap"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # publishes the whole catalogue first
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # raised inside GX and rdflib
]
OF_ALL = ("shapes", "range", "shapes_recommended", "mdr-vocabularies.shape", "deprecateduris")
OF_HIGH_VALUE = ("hvd-SHACL-base", "hvd-SHACL-ranges", "hvd-SHACL-full")


@dataclass(frozen=True)
class Whole:
    """The catalogue as published: its RDF on the portal and the report site."""

    names: tuple[str, ...]
    graph: Graph
    site: Path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, portal_session: LocalPortal) -> Iterator[Whole]:
    """All active datasets, published once."""
    portal_session.reset()
    home = tmp_path_factory.mktemp("home")
    key = home / "practice.key"
    SigningKey.generate("vidkryto-test/whole").save(key)
    Ledger.create(home, key=key)
    settings = Settings(ROOT, home, portal_session.url, Secret(portal_session.editor_token))
    datasets = [item for item in load_all(settings.datasets)[0] if item.contract.publication.status == "active"]
    records = {item.name: publish_dataset(new_job(item, settings, approval=APPROVER)) for item in datasets}
    assert {name: item.reason for name, item in records.items() if item.outcome != "Published"} == {}
    site = build_site(home, [describe(item) for item in datasets])
    turtle = requests.get(f"{portal_session.url}/catalog.ttl", timeout=300)
    assert turtle.ok
    yield Whole(tuple(records), Graph().parse(data=turtle.text, format="turtle"), site)
    portal_session.reset()


def test_every_dataset_scores_full_marks(whole: Whole) -> None:
    """At least 20 datasets, each 405 of 405 by the portal's RDF and the answers of its addresses."""
    scores = score_datasets(whole.graph, lambda url: requests.get(url, timeout=120).status_code)
    assert {item.dataset.rsplit("/", 1)[-1]: item.points for item in scores} == dict.fromkeys(whole.names, FULL)
    assert len(whole.names) >= 20


@pytest.mark.skipif(not SHAPES.is_dir(), reason="left out: the EU's shapes (../shared/dcat-ap) are not on this machine")
def test_the_shapes_of_the_eu_find_no_violation(whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Base, Range, Recommended, CodeLists, and HVD where marked, with every socket refused."""
    for folder, names in (("3.0.1/html/shacl", OF_ALL), ("3.0.0-hvd", OF_HIGH_VALUE)):
        for name in names:
            (tmp_path / f"{name}.ttl").write_bytes((SHAPES / folder / f"{name}.ttl").read_bytes())

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert shacl_violations(whole.graph, tmp_path) == {}


@pytest.mark.parametrize("language", RUNNERS)
def test_every_sample_of_every_page_runs(whole: Whole, language: str) -> None:
    """Each call of each table gives rows."""
    if reason := missing(language):
        pytest.skip(reason)
    for name in whole.names:
        for table in developer_page(whole, name)["tables"]:
            (code,) = [call["code"] for call in table["calls"] if call["language"] == language]
            run_sample(language, code)


def test_every_openapi_description_is_valid(whole: Whole) -> None:
    """OpenAPI 3.1 for each dataset, with a schema for each of its tables."""
    for name in whole.names:
        described = json.loads((whole.site / "datasets" / name / "openapi.json").read_text(encoding="utf-8"))
        validate(described)
        aliases = [table["alias"] for table in developer_page(whole, name)["tables"]]
        assert list(described["components"]["schemas"]) == aliases


def developer_page(whole: Whole, name: str) -> dict[str, Any]:
    """The twin of a developer page."""
    facts: dict[str, Any] = json.loads((whole.site / "datasets" / name / "developers.json").read_text(encoding="utf-8"))
    return facts
