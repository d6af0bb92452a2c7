"""The search stand-in over HTTP: who may ask, what is too much, and what a crash leaves."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_portal import FOLDER

PASSWORD = "a password of this test"


@dataclass
class Search:
    """A running search server."""

    index: Path
    process: subprocess.Popen[bytes]
    port: int

    def ask(self, path: str, body: bytes | None = None, password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
        """Status and JSON of one request."""
        token = base64.b64encode(f"ckan:{password}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body, {"Authorization": f"Basic {token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def start(index: Path) -> Search:
    """A server on a free port, answering."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        descriptor = bound.fileno()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vidkryto_portal.search", str(index)],
            env={**os.environ, "PYTHONPATH": str(FOLDER), "VIDKRYTO_SEARCH_PASSWORD": PASSWORD,
                 "VIDKRYTO_PORTAL_FD": str(descriptor)},
            pass_fds=(descriptor,),
        )  # fmt: skip
        search = Search(index, process, bound.getsockname()[1])
    for _ in range(200):
        try:
            if search.ask("/health")[0] == 200:
                return search
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the search did not start")


@pytest.fixture
def search(tmp_path: Path) -> Iterator[Search]:
    """A server with an empty index."""
    search = start(tmp_path / "index.sqlite")
    yield search
    search.process.terminate()
    assert search.process.wait(timeout=10) == 0


def docs(*names: str) -> bytes:
    """Documents as pysolr sends them."""
    return json.dumps([{"index_id": name, "id": name, "name": name} for name in names]).encode()


def count(search: Search) -> int:
    """How many documents there are."""
    return int(search.ask("/solr/ckan/select/?q=*:*&rows=0")[1]["response"]["numFound"])


def test_only_the_portal_may_ask(search: Search) -> None:
    """Without the password there is no answer: the index also holds what is private."""
    assert search.ask("/solr/ckan/select/?q=*:*", password="wrong")[0] == 401
    assert search.ask("/solr/ckan/update/", docs("a"), password="")[0] == 401
    assert search.ask("/solr/ckan/schema?wt=schema.xml", password="wrong")[0] == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/solr/ckan/select/?q=a:(", None, 400),
        ("/solr/ckan/select/?" + "&".join(["q=a"] * 3000), None, 400),
        ("/solr/ckan/update/", b"{", 400),
        ("/solr/ckan/update/", b"\xff\xfe", 400),
        ("/solr/ckan/update/", b"[" * 100_000, 400),
        ("/solr/ckan/update/", b"<delete><query>a:(</query></delete>", 400),
        ("/solr/ckan/update/", b'<!DOCTYPE a [<!ENTITY b "c">]><add>&b;</add>', 400),
        ("/solr/ckan/update/", b"<delete>", 400),
        ("/solr/ckan/terms/", None, 404),
        ("/solr/other/select/", None, 404),
    ],
)
def test_a_bad_request_is_told_as_solr_tells_it(search: Search, path: str, body: bytes | None, status: int) -> None:
    """The answer is JSON with error.msg, which pysolr and CKAN show; the server goes on."""
    code, answer = search.ask(path, body)
    assert (code, answer["error"]["code"]) == (status, status)
    assert answer["error"]["msg"]
    assert count(search) == 0


def test_a_request_beyond_the_limit_is_refused_unread(search: Search) -> None:
    """The size is checked before the body is read."""
    with socket.create_connection(("127.0.0.1", search.port)) as connection:
        token = base64.b64encode(f"ckan:{PASSWORD}".encode()).decode()
        connection.sendall(
            f"POST /solr/ckan/update/ HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {token}\r\n"
            f"Content-Length: {10**10}\r\n\r\n".encode()
        )
        connection.settimeout(5)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_what_was_acknowledged_survives_kill_9(search: Search) -> None:
    """Documents are on disk before the answer is sent; the next start finds every one of them."""
    acknowledged = 0
    for number in range(30):
        assert search.ask("/solr/ckan/update/?commit=true", docs(f"d{number}"))[0] == 200
        acknowledged += 1
    search.process.send_signal(signal.SIGKILL)
    search.process.wait(timeout=10)
    again = start(search.index)
    try:
        assert count(again) == acknowledged
    finally:
        again.process.terminate()
        again.process.wait(timeout=10)
    search.process = start(search.index).process  # for the fixture to stop


def test_deleting_by_query_key_and_xml(search: Search) -> None:
    """All forms pysolr uses."""
    search.ask("/solr/ckan/update/", docs("a", "b", "c", "d"))
    search.ask("/solr/ckan/update/", b"<delete><id>a</id></delete>")
    search.ask("/solr/ckan/update/", b'{"delete": {"query": "name:b"}}')
    search.ask("/solr/ckan/update/", b'{"delete": ["c"]}')
    assert count(search) == 1
    assert search.ask("/solr/ckan/update/", b"<commit/>")[0] == 200
