"""ASVS 5.0, 1.2.1 on the portal: what an export says stays text on the pages of a real CKAN."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.pipeline.conftest import City, make_city
from tests.pipeline.test_pipeline import ask, contract, live_rows

__all__ = ["make_city"]
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
def test_asvs_1_2_1_markup_of_an_export_is_text_on_the_portal(make_city: Callable[..., City]) -> None:
    """A cell holds a script: the rows say it literally, and no page of the dataset has it as markup."""
    city = make_city("hostile-pages", contract())
    city.export(f'uid;label;lat;lon;opened\n1;"{SCRIPT}";49,4201;26,9801;01.09.2020\n', name="<b>stops.csv")
    record = city.run()
    assert record.outcome == "Published", record.reason
    assert live_rows(city)[0]["label"] == SCRIPT
    package = ask(city, "package_show", id="hostile-pages")
    pages = [
        f"/dataset/{package['name']}",
        *(f"/dataset/{package['name']}/resource/{one['id']}" for one in package["resources"]),
    ]
    for page in pages:
        answer = requests.get(city.settings.ckan_url + page, timeout=60)
        assert answer.ok, page
        assert "<script>alert(1)" not in answer.text, page
        assert "<img src=x" not in answer.text, page


ACTS = "<img src=x onerror=\"document.title='acted'\"><svg onload=\"document.title='acted'\"></svg>"


def _after_scripts(url: str, profile: Path) -> str:
    """The page as a real browser leaves it when the portal's own scripts have run."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("left out: no chromium is installed here")
    quiet = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
    command = [browser, "--headless", "--no-sandbox", *quiet, "--disable-sync", f"--user-data-dir={profile}"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=15000", "--dump-dom", url],
        capture_output=True, text=True, check=True, timeout=180,
    )  # fmt: skip
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
def test_asvs_1_2_1_nothing_of_an_export_acts_in_a_browser(make_city: Callable[..., City], tmp_path: Path) -> None:
    """The tables of the portal are filled by scripts; a cell that would act does not, where it is shown."""
    city = make_city("hostile-browser", contract())
    cell = ACTS.replace('"', '""')
    city.export(f'uid;label;lat;lon;opened\n1;"{cell}";49,4201;26,9801;01.09.2020\n')
    record = city.run()
    assert record.outcome == "Published", record.reason
    package = ask(city, "package_show", id="hostile-browser")
    shown = False
    for one in package["resources"]:
        page = f"{city.settings.ckan_url}/dataset/{package['name']}/resource/{one['id']}"
        views = ask(city, "resource_view_list", id=one["id"])
        for url in (page, *(f"{page}/view/{view['id']}" for view in views)):
            document = _after_scripts(url, tmp_path / "profile")
            assert "<title>acted" not in document, url
            assert "<svg onload" not in document, url
            shown = shown or "&lt;svg onload" in document
    assert shown, "no page showed the cell at all"
