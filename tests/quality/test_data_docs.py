"""Data Docs that are read without the web."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vidkryto.catalogue import load_dataset
from vidkryto.errors import StateError
from vidkryto.pipeline import new_job
from vidkryto.pipeline.data_docs import build_data_docs
from vidkryto.quality.offline_docs import make_offline
from vidkryto.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

ROOT = Path(__file__).parents[2]
STOPS = ROOT / "datasets" / "transport" / "public-transport-stops"
FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Fetches(HTMLParser):
    """Collects what a browser would load by itself, and scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(FETCHED.get(tag, ""), "") or ""
        if tag == "script" or address.startswith(("http:", "https:", "//")):
            self.found.append(f"{tag} {address}")


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """The docs of the stops, built twice: two runs are kept."""
    job = new_job(load_dataset(STOPS), Settings(root=ROOT, home=tmp_path / "home"))
    for _ in range(2):
        index = build_data_docs(job, tmp_path / "docs", "uk")
    return index


def test_no_page_asks_the_web_for_anything(docs: Path) -> None:
    """No script, and nothing that a browser would load from elsewhere, on any page."""
    pages = sorted(docs.parent.rglob("*.html"))
    assert len(pages) >= 4
    for page in pages:
        seen = Fetches()
        seen.feed(page.read_text(encoding="utf-8"))
        assert seen.found == [], page
    for sheet in docs.parent.rglob("*.css"):
        assert "http" not in sheet.read_text(encoding="utf-8"), sheet


def test_the_index_lists_the_runs_with_links_that_lead_somewhere(docs: Path) -> None:
    """Newest first, each with its verdict."""
    text = docs.read_text(encoding="utf-8")
    links = [part.split('"')[0] for part in text.split('href="')[1:]]
    assert len(links) == 2
    assert all((docs.parent / link).is_file() for link in links)
    assert "усі перевірки виконано" in text
    assert "expect_column_values_to_be_between" in _words(docs.parent / links[0]) or "must be" in _words(
        docs.parent / links[0]
    )


def test_a_page_that_would_ask_the_web_is_refused(tmp_path: Path) -> None:
    """A tag that the rewriting does not know ends with an error, not with a page that calls home."""
    (tmp_path / "x.html").write_text("<html><head></head><script src='https://evil.example/x'>", encoding="utf-8")
    with pytest.raises(StateError, match="ask the web"):
        make_offline(tmp_path)


@pytest.mark.slow
def test_a_browser_makes_no_request_but_to_the_pages_own_server(docs: Path, tmp_path: Path) -> None:
    """Chromium, behind a proxy that counts: the page loads, the proxy hears nothing."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("left out: no Chromium on this machine")
    heard: list[str] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(403)

        do_CONNECT = do_GET  # noqa: N815  # the name the library calls

        def log_message(self, *_: object) -> None:
            """Quiet."""

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    page = next((docs.parent / "stops" / "site" / "validations").rglob("*.html"))
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--proxy-server=127.0.0.1:{proxy.server_port}", f"--user-data-dir={tmp_path / 'profile'}"]
    dumped = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120)
    proxy.shutdown()
    proxy.server_close()
    assert "stops" in dumped.stdout
    assert [path for path in heard if "google" not in path and "gvt1" not in path] == []


def _words(page: Path) -> str:
    return page.read_text(encoding="utf-8")
