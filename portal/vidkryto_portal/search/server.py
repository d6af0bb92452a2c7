"""The search over HTTP, on a loopback socket that the portal hands in; CKAN alone has the password."""

from __future__ import annotations

import base64
import hmac
import os
import signal
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from vidkryto_portal.search.index import Index
from vidkryto_portal.search.protocol import Response, failure, respond

CORE = "/solr/ckan"
LARGEST_BODY = 64 * 1024 * 1024
IDLE_SECONDS = 60


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "vidkryto-search", ""
    timeout = IDLE_SECONDS
    wbufsize = -1  # headers and body leave in one packet
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """/select, /schema, /admin/ping, /health."""
        self.answer(b"")

    def do_POST(self) -> None:
        """/select with a long query, /update."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            return self.send(failure(411, "the length of the request is missing"), close=True)
        if int(length) > LARGEST_BODY:
            return self.send(failure(413, f"the request is larger than {LARGEST_BODY} bytes"), close=True)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return self.send(failure(400, "the request ended early"), close=True)
        return self.answer(body)

    def answer(self, body: bytes) -> None:
        """Check the password, answer, and turn an unforeseen fault into a 500 that names no value."""
        parts = urlsplit(self.path)
        if parts.path == "/health":
            return self.send(Response(200, b"{}"))
        if not hmac.compare_digest(self.headers.get("Authorization", "").encode(), self.server.authorization):
            return self.send(failure(401, "this search answers its own portal only"))
        if not parts.path.startswith(CORE):
            return self.send(failure(404, f"this search has one core, {CORE}"))
        try:
            response = respond(self.server.index, parts.path.removeprefix(CORE).rstrip("/"), parts.query, body)
        except Exception as error:  # one bad request must not end the server; the log tells where it happened
            traceback.print_exc(file=sys.stderr)
            response = failure(500, f"the search failed: {type(error).__name__}")
        return self.send(response)

    def send(self, response: Response, *, close: bool = False) -> None:
        """Send a response."""
        self.send_response(response.status)
        self.send_header("Content-Type", response.kind)
        self.send_header("Content-Length", str(len(response.body)))
        if response.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="search"')
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged: queries may be anybody's words."""


class Server(ThreadingHTTPServer):
    """The server on a socket that is already bound."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, bound: socket.socket, index: Index, password: str) -> None:
        super().__init__(bound.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket, self.index = bound, index
        self.server_address = bound.getsockname()
        self.authorization = b"Basic " + base64.b64encode(f"ckan:{password}".encode())
        self.server_activate()


def main() -> None:
    """Serve the index named by the first argument until asked to stop."""
    password = os.environ.pop("VIDKRYTO_SEARCH_PASSWORD")
    bound = socket.socket(fileno=int(os.environ["VIDKRYTO_PORTAL_FD"]))
    index = Index(Path(sys.argv[1]))
    server = Server(bound, index, password)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)
    index.close()
