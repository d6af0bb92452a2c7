"""Headless Chromium for tests, what drives it from node, and what its log says it asked the network for."""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

MODULES = ("axe-core@4.14.1", "puppeteer-core@24.43.1")
ERRAND = "https://www.google.com/async/folae?"
"""Asked by Chromium 150 itself whatever the page, and by none of its switches to be kept from it."""
VISIT = Path(__file__).with_name("visit.cjs")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser on this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found or not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("left out: chromium, node and npm are not all installed here")
    return found


@pytest.fixture(scope="session")
def modules(chromium: str) -> Path:
    """axe-core and puppeteer-core, fetched once into a temporary folder; neither is part of the project."""
    assert chromium
    folder = Path(os.environ.get("VIDKRYTO_AXE") or Path(tempfile.gettempdir()) / f"vidkryto-axe-{os.getuid()}")
    if not (folder / "node_modules" / "axe-core").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), *MODULES]
        environment = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
        if done.returncode:
            pytest.skip("left out: axe-core and puppeteer-core could not be fetched with npm")
    return folder / "node_modules"


def visit(modules: Path, chromium: str, log: Path, pages: dict[str, str], stored: dict[str, str]) -> dict[str, str]:
    """Open pages one after another, `stored` in their local storage, and wait for the words that each should show.

    Returns the words that each shows; writes the log of all that was asked of the network.
    """
    command = ["node", str(VISIT), str(modules), chromium, str(log), json.dumps(stored), json.dumps(pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    words: dict[str, str] = json.loads(done.stdout)
    return words


def hosts(log: Path) -> set[str]:
    """Every host of Chromium's log: of requests, of names looked up, of connections opened, of packets sent.

    But for its own errand: the host of that, unless something else there was asked too, and who looked up the name.
    """
    told = json.loads(log.read_text(encoding="utf-8"))
    kinds = {number: name for name, number in told["constants"]["logEventTypes"].items()}
    peers: dict[int, str] = {}
    found: set[str] = set()
    addresses = {str((event.get("params") or {}).get("url", "")) for event in told["events"]}
    other = {_host(url) for url in addresses if not url.startswith(ERRAND)}
    own = {_host(url) for url in addresses if url.startswith(ERRAND)} - other
    for event in told["events"]:
        kind, socket = kinds[event["type"]], event["source"]["id"]
        given = event.get("params") or {}
        if kind == "UDP_CONNECT" and "address" in given:
            peers[socket] = given["address"]  # asks nobody: so Chromium learns which way a packet would go
        elif kind == "UDP_BYTES_SENT":
            peer = str(given.get("address") or peers.get(socket, "an unknown peer"))
            found.update([] if own and peer.endswith(":53") else [peer])
        else:
            found.update(_named(kind, given))
    return {_host(place) for place in found} - own


def _named(kind: str, given: dict[str, Any]) -> Iterator[str]:
    """The places that an event names."""
    if urlsplit(str(given.get("url", ""))).scheme in ("http", "https", "ws", "wss"):
        yield given["url"]
    if kind == "HOST_RESOLVER_MANAGER_REQUEST" and "host" in given:
        yield given["host"]
    if kind == "DNS_TRANSACTION" and "hostname" in given:
        yield given["hostname"]
    if kind == "SOCKET_POOL_CONNECT_JOB_CREATED":
        yield str(given["group_id"]).split(" ")[0].removeprefix("pm/").removeprefix("ssl/")
    if kind.startswith("TCP_CONNECT"):
        yield from given.get("address_list", ())


def _host(place: str) -> str:
    """The host of an address, with or without scheme and port."""
    return urlsplit(place if "://" in place else f"//{place}").hostname or place


def outside(log: Path) -> set[str]:
    """The hosts of the log that are not this machine."""
    return {host for host in hosts(log) if host != "localhost" and not _is_loopback(host)}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
