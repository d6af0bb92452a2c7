"""A proxy in front of a real CKAN that spoils one request in a chosen way."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

FAULTS = (
    "cut before it is sent",
    "cut in the middle",
    "cut after the last byte",
    "answer lost half way",
    "answer late",
    "duplicated",
    "500 instead",
    "502 instead",
    "502 after it was done",
    "504 after it was done",
    "429 with Retry-After",
)
LATE = 2.5
"""Seconds; more than the patience of the campaign's client."""


@dataclass
class Proxy:
    """The proxy's address, what it saw, and which request it spoils how."""

    url: str
    upstream: str
    seen: list[str] = field(default_factory=list)
    spoil: int = -1
    """The number of the request to spoil, from 0; -1 for none."""
    fault: str = ""
    refuse_writes: bool = False
    errs_on: str = ""
    """An action that is not asked, however often it is: the answer is 500, as of a portal without its search."""

    def clean(self) -> None:
        """Forget what was seen and spoil nothing."""
        self.seen.clear()
        self.spoil, self.fault = -1, ""

    def ruin(self, number: int, fault: str) -> None:
        """Spoil request `number` of those to come."""
        self.clean()
        self.spoil, self.fault = number, fault


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """A proxy on a free port of 127.0.0.1 until the block ends."""
    proxy = Proxy("", upstream)

    class Handler(_Handler):
        state = proxy

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Proxy

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number = len(self.state.seen)
        self.state.seen.append(self._name())
        if self.state.refuse_writes and self._writes():
            self._answer(403, b'{"success": false, "error": {"__type": "Authorization Error", "message": "no writes"}}')
        elif self.state.seen[-1] == self.state.errs_on:
            self._spoilt(body, "500 instead")
        elif number == self.state.spoil:
            self._spoilt(body, self.state.fault)
        else:
            self._answer(*self._forward(body))

    def _name(self) -> str:
        path = urlsplit(self.path).path
        return path.removeprefix("/api/action/") if path.startswith("/api/") else f"GET {path.split('/')[1]}"

    def _writes(self) -> bool:
        reads = ("_show", "_info", "_search", "_list", "_for_user", "GET ")
        return not any(part in self.state.seen[-1] for part in reads)

    def _spoilt(self, body: bytes, fault: str) -> None:
        match fault:
            case "cut before it is sent":
                self._cut()
            case "cut in the middle":
                self._half(body)
                self._cut()
            case "cut after the last byte":
                self._forward(body)
                self._cut()
            case "answer lost half way":
                status, answer = self._forward(body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer[: len(answer) // 2])
                self._cut()
            case "answer late":
                time.sleep(LATE)
                self._forward(body)
                self._cut()
            case "duplicated":
                first = self._forward(body)
                self._forward(body)
                self._answer(*first)
            case "500 instead" | "502 instead":
                self._answer(int(fault[:3]), b"<html>bad gateway</html>")
            case "502 after it was done" | "504 after it was done":
                self._forward(body)
                self._answer(int(fault[:3]), b"<html>gateway</html>")
            case "429 with Retry-After":
                self._answer(429, b"slow down", {"Retry-After": "0"})
            case "503 with Retry-After":
                self._answer(503, b"back soon", {"Retry-After": "3"})

    def _headers(self) -> dict[str, str]:
        left_out = ("host", "connection", "accept-encoding")
        return {name: value for name, value in self.headers.items() if name.lower() not in left_out}

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.state.upstream).netloc, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, self._headers())
            answer = connection.getresponse()
            content = answer.read().replace(self.state.upstream.encode(), self.state.url.encode())
            return answer.status, content
        finally:
            connection.close()

    def _half(self, body: bytes) -> None:
        """Send the head and half of the body to the portal, then hang up."""
        parts = urlsplit(self.state.upstream)
        head = f"{self.command} {self.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in self._headers().items())
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as upstream:
            upstream.sendall(head.encode() + b"\r\n" + body[: len(body) // 2])

    def _answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _cut(self) -> None:
        """Reset the connection, as a broken network does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.connection.close()

    def finish(self) -> None:
        """A connection that was cut has nothing left to flush."""
        try:
            super().finish()
        except (OSError, ValueError):
            return
