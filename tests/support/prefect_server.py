"""A Prefect server with authentication on, for as long as a test wants it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

AUTH = "officer:not-a-secret-of-anybody"
PATIENCE = 120.0


@contextmanager
def serving(folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start a server on a free port; gives the environment in which programs find it. Its log lies in `folder`."""
    url = free_address()
    here = {
        **environment,
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": url,
        "PREFECT_API_AUTH_STRING": AUTH,
        "PREFECT_SERVER_API_AUTH_STRING": AUTH,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "DO_NOT_TRACK": "1",
    }
    with running(folder, here):
        yield here


def free_address() -> str:
    """The API's address on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/api"


@contextmanager
def running(folder: Path, here: Mapping[str, str]) -> Iterator[None]:
    """A server with exactly this environment, at the PREFECT_API_URL in it. Its log lies in `folder`."""
    url, port = here["PREFECT_API_URL"], urlsplit(here["PREFECT_API_URL"]).port
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=here,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        login = here["PREFECT_API_AUTH_STRING"]
        until(lambda: _ready(url, login), f"the server did not start; see {folder / 'server.log'}")
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


def _ready(url: str, login: str) -> bool:
    try:
        return requests.get(f"{url}/ready", auth=tuple(login.split(":")), timeout=5).ok
    except requests.ConnectionError:
        return False


def until(happened: Callable[[], object], message: str, patience: float = PATIENCE) -> None:
    """Wait for it, and fail with the message when it does not come."""
    limit = time.monotonic() + patience
    while not happened():
        if time.monotonic() > limit:
            pytest.fail(message)
        time.sleep(0.5)
