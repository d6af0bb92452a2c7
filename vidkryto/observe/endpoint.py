"""The endpoint /metrics on loopback, made anew at each request."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST

from vidkryto.observe.metrics import metrics
from vidkryto.settings import Settings


def metrics_server(settings: Settings, port: int) -> ThreadingHTTPServer:
    """A server on 127.0.0.1 that answers GET /metrics and nothing else; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            """The metrics."""
            if self.path != "/metrics":
                self.send_error(404)
                return
            content = metrics(settings)
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Requests of a scraper are no news."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def serve_metrics(settings: Settings, port: int) -> None:
    """Serve until the process is told to end."""
    with metrics_server(settings, port) as server:
        server.serve_forever()
