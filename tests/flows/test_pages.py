"""Prefect's own pages, as `vidkryto up` serves them: an officer's browser asks nobody outside this machine."""

from __future__ import annotations

import base64
import functools
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.flows.test_flows import ROOT, contract
from tests.support.browser import hosts, outside, visit
from tests.support.catalogue import write_catalogue
from tests.support.prefect_server import free_address, running
from vidkryto.cli import prefect_here

NAME = "pages-stops"
PAGES = {
    "dashboard": "Flow Runs",
    "runs": NAME,
    "flows": "publish-dataset",
    "deployments": NAME,
    "work-pools": "vidkryto",
    "blocks": "Add a block",
    "variables": "Add a variable",
    "automations": "Create an automation",
    "events": "prefect.deployment.created",
    "concurrency-limits": "vidkryto-portal",
    "settings": "Server Settings",
}
"""The pages of the menu, and words that stand on each once it has asked the server."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Pages:
    """A running server: its pages, its password, a deployment and a run to look at."""

    url: str
    password: str
    deployment: str
    run: str


@pytest.fixture(scope="module")
def pages(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    """A server with the settings of `up`, a dataset deployed, a run planned."""
    assert chromium, "without a browser the server is not started"
    folder = tmp_path_factory.mktemp("pages")
    city, home = folder / "city", folder / "city" / ".vidkryto"
    write_catalogue(city, contract(NAME))
    (city / "flows").symlink_to(ROOT / "flows")
    url = free_address()
    here = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        **prefect_here.server_environment(home, url),
        "PYTHONPATH": f"{city}{os.pathsep}{ROOT}",
        "VIDKRYTO_ROOT": str(city),
        "VIDKRYTO_HOME": str(home),
    }
    login = here["PREFECT_API_AUTH_STRING"]
    with running(folder, here):
        sync = [sys.executable, "-m", "vidkryto.cli", "deployments", "sync"]
        subprocess.run(sync, cwd=city, env=here, check=True, timeout=120)
        asking = requests.Session()
        asking.auth = tuple(login.split(":"))
        with asking:
            deployment = asking.get(f"{url}/deployments/name/publish-dataset/{NAME}", timeout=30).json()["id"]
            run = asking.post(f"{url}/deployments/{deployment}/create_flow_run", json={}, timeout=30).json()["id"]
        yield Pages(url.removesuffix("/api"), login, deployment, run)


def test_whoever_is_not_logged_in_sees_the_login_and_asks_nobody_outside(
    pages: Pages, modules: Path, chromium: str, tmp_path: Path
) -> None:
    """Every page leads to the login; whose words are all the server tells."""
    addresses = dict.fromkeys([pages.url, *(f"{pages.url}/{name}" for name in ("login", *PAGES))], "Login")
    words = visit(modules, chromium, tmp_path / "log.json", addresses, {})
    assert outside(tmp_path / "log.json") == set()
    for address in addresses:
        assert "Login" in words[address], address
        assert NAME not in words[address], address


def test_an_officers_browser_asks_nobody_outside(pages: Pages, modules: Path, chromium: str, tmp_path: Path) -> None:
    """Each page of the menu, one of a deployment and one of a run are drawn from this machine alone."""
    wanted = {f"{pages.url}/{name}": words for name, words in PAGES.items()}
    wanted |= {f"{pages.url}/deployments/deployment/{pages.deployment}": "managed:vidkryto"}
    wanted |= {f"{pages.url}/runs/flow-run/{pages.run}": NAME}
    stored = {"prefect-password": base64.b64encode(pages.password.encode()).decode()}
    words = visit(modules, chromium, tmp_path / "log.json", wanted, stored)
    assert outside(tmp_path / "log.json") == set()
    for address, text in wanted.items():
        assert text in words[address], (address, words[address])


def test_the_second_edition_that_tells_a_company_outside_is_a_notice(
    pages: Pages, modules: Path, chromium: str, tmp_path: Path
) -> None:
    """The dashboard offers it, so an officer may press the button; left as it is, it asks amplitude.com."""
    wanted = dict.fromkeys((f"{pages.url}/v2", f"{pages.url}/v2/dashboard"), "is switched off")
    wanted |= {pages.url: "Flow Runs"}
    stored = {"prefect-password": base64.b64encode(pages.password.encode()).decode()}
    words = visit(modules, chromium, tmp_path / "log.json", wanted, stored)
    assert outside(tmp_path / "log.json") == set()
    for address, text in wanted.items():
        assert text in words[address], (address, words[address])
    chosen = {"Cookie": "prefect_ui_version=v2", "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    answer = requests.get(pages.url, headers=chosen, timeout=30)
    assert "is switched off" in answer.text, "the edition that the browser had chosen before"


@pytest.mark.parametrize(
    "page",
    [
        '<img src="http://outside.example/x">',
        '<link rel="stylesheet" href="https://outside.example/x.css">',
        '<script>fetch("https://outside.example/x", {mode: "no-cors"})</script>',
        '<script>new WebSocket("wss://outside.example/x")</script>',
        '<link rel="preconnect" href="https://outside.example">',
    ],
)
def test_a_page_that_asks_outside_is_found(page: str, modules: Path, chromium: str, tmp_path: Path) -> None:
    """The same function sees an image, a style, a script's request, a socket and a mere connection."""
    (tmp_path / "index.html").write_text(f"<!doctype html><title>x</title><p>Words</p>{page}", encoding="utf-8")
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/index.html"
        words = visit(modules, chromium, tmp_path / "log.json", {address: "Words"}, {})
        server.shutdown()
    assert words == {address: "Words"}
    assert "127.0.0.1" in hosts(tmp_path / "log.json")
    assert "outside.example" in outside(tmp_path / "log.json")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A folder's files, without a line for each."""

    def log_message(self, *_told: object) -> None:
        """Nothing."""
