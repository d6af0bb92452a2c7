"""What must hold in a real browser: accessible, self-contained, whole on a phone. Needs chromium and node."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.support.runs import published_without_portal
from vidkryto.catalogue import find_dataset
from vidkryto.pipeline import new_job
from vidkryto.pipeline.describe import describe
from vidkryto.pipeline.remember import PRACTICE_KEY
from vidkryto.record import Ledger, SigningKey
from vidkryto.report import DatasetDescription, build_site
from vidkryto.settings import Settings

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("axe.cjs")
TODAY = date(2026, 11, 23)


def look(modules: Path, chromium: str, pages: list[Path], widths: str) -> dict[str, Any]:
    """What the browser and axe-core found."""
    command = ["node", str(SCRIPT), str(modules), chromium, widths, *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def kinds(site: Path) -> list[Path]:
    """One page of each kind."""
    run = sorted((site / "datasets/public-transport-stops/runs").glob("*.html"))[-1]
    dataset = "datasets/public-transport-stops/index.html"
    names = ("index.html", dataset, "calendar.html", "ledger.html", "plan.html", "score.html")
    return [*(site / name for name in names), run]


def judge(found: dict[str, Any]) -> None:
    """No violation, no request, nothing wider than the window."""
    for visit in found["visits"]:
        assert visit["violations"] == [], (visit["page"], visit["width"])
        assert visit["requests"] == [], visit["page"]
        assert visit["overflow"] <= 0, (visit["page"], visit["width"])
        assert visit["passes"] > 25


def test_every_kind_of_page_is_accessible_on_a_phone(
    home: Path, descriptions: list[DatasetDescription], modules: Path, chromium: str
) -> None:
    """axe-core finds no violation of WCAG 2.0–2.2 A and AA; the PDF is tagged; without scripts all is there."""
    found = look(modules, chromium, kinds(build_site(home, descriptions, today=TODAY)), "390")
    judge(found)
    assert found["tagged"]
    assert found["silent"] > 500


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("language", ["uk", "en"])
@pytest.mark.parametrize("edition", ["internal", "public"])
def test_every_page_is_accessible_at_every_width_in_both_languages_and_editions(
    home: Path,
    descriptions: list[DatasetDescription],
    modules: Path,
    chromium: str,
    edition: Literal["internal", "public"],
    language: str,
    width: int,
) -> None:
    """All dataset pages and one page of each other kind; 320 is 1280 at 400 % zoom."""
    site = build_site(home, descriptions, today=TODAY, edition=edition)
    root = site if language == "uk" else site / "en"
    pages = {*kinds(root), *root.glob("datasets/*/index.html")}
    judge(look(modules, chromium, sorted(pages), str(width)))


@pytest.fixture(scope="module")
def made_for_developers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site after a release of a dataset of this repository, which no portal was asked to take."""
    home = tmp_path_factory.mktemp("made")
    SigningKey.generate("vidkryto-test/developers").save(home / PRACTICE_KEY)
    Ledger.create(home, key=home / PRACTICE_KEY)
    job = new_job(find_dataset(ROOT / "datasets", "schools"), Settings(root=ROOT, home=home))
    published_without_portal(job)
    return build_site(home, [replace(describe(job.dataset), page="https://data.example/dataset/schools")], today=TODAY)


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_pages_for_developers_are_accessible(
    made_for_developers: Path, modules: Path, chromium: str, width: int
) -> None:
    """In both languages: long calls scroll in their own boxes, and the window does not."""
    pages = sorted(made_for_developers.rglob("developers.html"))
    assert len(pages) == 2
    judge(look(modules, chromium, pages, str(width)))
