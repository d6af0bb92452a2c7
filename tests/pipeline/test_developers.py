"""What a developer meets: RDF with full marks, a page whose every sample runs, OpenAPI, a client that gets all rows."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from openapi_spec_validator import validate
from rdflib import DCTERMS, Graph, Literal, URIRef

from tests.pipeline.conftest import APPROVER, EXPORT, READING, City
from tests.support.catalogue import CONTRACT
from tests.support.samples import RUNNERS, missing, run_sample
from vidkryto.catalogue import load_dataset
from vidkryto.pipeline.describe import describe
from vidkryto.report import build_site
from vidkryto.report.kept_scores import keep_scores
from vidkryto.report.score import FULL, score_datasets

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning"
)  # raised inside GX and rdflib
NAME = "developers-city"
CLIENT = Path(__file__).parents[2] / "docs" / "examples" / "client.py"


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city with one dataset, published."""
    contract = copy.deepcopy(CONTRACT)
    contract["resources"][0]["reading"] = READING
    contract["resources"][0]["source"]["settle"] = 0
    city = make_city(NAME, contract)
    city.export(EXPORT)
    assert city.run(approval=APPROVER).outcome in ("Published", "Unchanged")
    return city


def page(city: City) -> dict[str, Any]:
    """The twin of the developer page, after building the site."""
    build_site(city.settings.home, [describe(load_dataset(city.folder))])
    twin = city.settings.home / "site" / "datasets" / NAME / "developers.json"
    facts: dict[str, Any] = json.loads(twin.read_text(encoding="utf-8"))
    return facts


def test_what_a_developer_meets(city: City) -> None:
    """The page names alias, columns and examples; OpenAPI is valid; samples and client give rows; RDF scores 405."""
    facts = page(city)
    (table,) = facts["tables"]
    assert table["rows"] == 3
    assert [column["name"] for column in table["columns"]][:2] == ["uid", "label"]
    assert facts["releases"][0]["kind"] == "first"
    site = city.settings.home / "site"
    described = json.loads((site / "datasets" / NAME / "openapi.json").read_text(encoding="utf-8"))
    validate(described)
    assert list(described["components"]["schemas"]) == [table["alias"]]
    for folder in (site, site / "en"):
        html = (folder / "datasets" / NAME / "developers.html").read_text(encoding="utf-8")
        assert table["alias"] in html
        assert "openapi.json" in html
        assert "developers.html" in (folder / "datasets" / NAME / "index.html").read_text(encoding="utf-8")
    assert [call["language"] for call in table["calls"]] == list(RUNNERS)
    for call in table["calls"]:
        if not missing(call["language"]):
            assert "1" in run_sample(call["language"], call["code"])
    client = [sys.executable, "-I", str(CLIENT), city.settings.ckan_url, table["alias"], "uid"]
    ended = subprocess.run(client, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ended.stdout)["uid"] == 1
    assert ended.stderr == "3 rows\n"
    rdf_of_the_portal_scores_full_marks(city)


@pytest.mark.skipif(bool(missing("r")), reason=missing("r") or "R is here")
def test_the_sample_in_r_runs(city: City) -> None:
    """R reads the table with what it brings along; where R is missing, this test says so."""
    (table,) = page(city)["tables"]
    (code,) = [call["code"] for call in table["calls"] if call["language"] == "r"]
    assert "3" in run_sample("r", code)


def rdf_of_the_portal_scores_full_marks(city: City) -> None:
    """ckanext-dcat's Turtle of the dataset, by its live addresses: 405 points, both languages, the report shows it."""
    address = f"{city.settings.ckan_url}/dataset/{NAME}"
    answer = requests.get(f"{address}.ttl", timeout=60)
    assert answer.ok, answer.text
    graph = Graph().parse(data=answer.text, format="turtle")
    titles = {text.language for text in graph.objects(URIRef(address), DCTERMS.title) if isinstance(text, Literal)}
    assert titles == {"uk", "en"}
    scores = score_datasets(graph, lambda url: requests.get(url, timeout=60).status_code)
    (score,) = scores
    assert score.violations == ()
    assert [lost.rule.name for lost in score.lost] == []
    assert score.points == FULL
    keep_scores(city.settings.home, scores, "2026-11-25T04:00:00Z")
    build_site(city.settings.home, [describe(load_dataset(city.folder))])
    site = city.settings.home / "site"
    assert json.loads((site / "index.json").read_text(encoding="utf-8"))["datasets"][0]["score"] == FULL
    assert f'id="{NAME}"' in (site / "en" / "score.html").read_text(encoding="utf-8")


def test_quotes_in_a_value_stay_one_word() -> None:
    """An apostrophe in a key's value ends no string of any language."""
    from vidkryto.report.calls import calls_of

    calls = calls_of("http://127.0.0.1:1", "table", {"street": 'вул. Кам\'янецька "$(id)" `id`'})
    curl = next(call.code for call in calls if call.language == "curl")
    assert subprocess.run(["sh", "-n", "-c", curl], check=False).returncode == 0
    words = subprocess.run(
        ["sh", "-c", f"curl() {{ for word; do printf '%s\\n' \"$word\"; done; }}\n{curl}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    filters = next(line for line in words.splitlines() if line.startswith("filters="))
    assert json.loads(urllib.parse.unquote(filters.removeprefix("filters="))) == {
        "street": 'вул. Кам\'янецька "$(id)" `id`'
    }
