"""Real servers on loopback: a web server that misbehaves on request, SFTP, FTP, SMB and S3."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from vidkryto.archive import Archive
from vidkryto.catalogue.source import Source
from vidkryto.pull import Snapshot, pull

Puller = Callable[..., tuple[Snapshot, ...]]


@pytest.fixture
def puller(tmp_path: Path) -> Puller:
    """A function from the YAML of a source to snapshots; the contract's folder is `tmp_path`."""

    def run(source: dict[str, Any], **more: Any) -> tuple[Snapshot, ...]:
        block: Source = TypeAdapter(Source).validate_python(source)
        more.setdefault("environment", {})
        return pull(block, folder=tmp_path, archive=Archive(tmp_path / "objects"), resource="stops", **more)

    return run


def send(
    body: bytes,
    *,
    status: int = 200,
    cut: int | None = None,
    length: int | None = None,
    pause: float = 0,
    **headers: str,
) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer: `cut` closes after so many bytes, `length` lies about the length, `pause` waits between bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        try:
            for byte in [body[:cut]] if not pause else [body[i : i + 1] for i in range(len(body))]:
                handler.wfile.write(byte)
                handler.wfile.flush()
                time.sleep(pause)
        except OSError:
            return
        handler.close_connection = cut is not None or length is not None or bool(pause)

    return answer


def send_range(body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that honours Range."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        part = f"bytes {start}-{len(body) - 1}/{len(body)}"
        send(body[start:], status=206, Content_Range=part, **headers)(handler)

    return answer


@dataclass
class Web:
    """A web server: the answers in turn for each path, and the requests it saw."""

    url: str
    answers: dict[str, list[Callable[[BaseHTTPRequestHandler], None]]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    send = staticmethod(send)
    send_range = staticmethod(send_range)

    def give(self, path: str, *answers: Callable[[BaseHTTPRequestHandler], None]) -> str:
        """Answer `path` with these in turn, the last one for ever; returns the address."""
        self.answers[path] = list(answers)
        return self.url + path


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.seen.append((self.path, dict(self.headers)))
            turns = server.answers.get(self.path.split("?")[0])
            if not turns:
                send(b"", status=404)(self)
                return
            (turns.pop(0) if len(turns) > 1 else turns[0])(self)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Web(f"http://127.0.0.1:{http.server_port}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    http.shutdown()
    http.server_close()
    thread.join(5)
