"""No more requests at once than the settings say, whichever process sends them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vidkryto.publish.portal.gate import Gate
from vidkryto.publish.portal.transport import Patience, Transport
from vidkryto.settings import Secret

PROCESSES, THREADS, EACH = 3, 2, 4
SPAWN = multiprocessing.get_context("spawn")


class Crowd:
    """How many requests are being answered now, and the most there ever were."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = self.most = self.all = 0

    def enter(self, step: int) -> None:
        with self.lock:
            self.now += step
            self.all += step > 0
            self.most = max(self.most, self.now)


@pytest.fixture
def counted() -> Iterator[tuple[str, Crowd]]:
    """A slow server that counts."""
    crowd = Crowd()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            crowd.enter(1)
            time.sleep(0.05)
            crowd.enter(-1)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", crowd
    server.shutdown()
    server.server_close()


def ask(url: str, folder: Path, places: int) -> None:
    """Some requests from some threads."""

    def one() -> None:
        for _ in range(EACH):
            Transport(url, Secret(""), Patience(concurrent=places, places=folder)).get("x")

    threads = [threading.Thread(target=one) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("places", [1, 2])
def test_all_processes_share_the_places(counted: tuple[str, Crowd], tmp_path: Path, places: int) -> None:
    """Six threads of three processes: as many at once as there are places, and every request gets one."""
    url, crowd = counted
    processes = [SPAWN.Process(target=ask, args=(url, tmp_path / "requests", places)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert (crowd.most, crowd.all) == (places, PROCESSES * THREADS * EACH)


def hold(folder: Path, told: Path) -> None:
    """Take the only place and keep it."""
    with Gate("https://example.org", 1, folder).place():
        told.touch()
        time.sleep(600)


def test_a_killed_process_leaves_its_place(tmp_path: Path) -> None:
    """The next one need not wait for anything."""
    told = tmp_path / "told"
    process = SPAWN.Process(target=hold, args=(tmp_path / "requests", told))
    process.start()
    while not told.exists():
        time.sleep(0.02)
    taken = threading.Event()

    def wait() -> None:
        with Gate("https://example.org", 1, tmp_path / "requests").place():
            taken.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not taken.wait(0.5)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert taken.wait(10)
    waiting.join()
