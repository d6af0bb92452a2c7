"""Serve the report site on loopback: plain files, nothing else, no listing of folders."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class ReportHandler(SimpleHTTPRequestHandler):
    """Files of the site with strict headers."""

    def end_headers(self) -> None:
        """Add the headers that keep a browser from doing more than showing the page."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: Any) -> None:  # noqa: ARG002  # signature of the standard library
        """A folder without an index page is not shown."""
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: who reads which page is nobody's business."""


def serve(folder: Path, port: int) -> None:
    """Serve `folder` at 127.0.0.1:`port` until the process ends."""
    ThreadingHTTPServer(("127.0.0.1", port), partial(ReportHandler, directory=str(folder))).serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
