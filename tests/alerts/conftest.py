"""A city with records of runs, a real SMTP server and a real HTTP server on loopback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.support.catalogue import write_catalogue
from vidkryto.record.run import Department, Promise, RunRecord, SnapshotRecord, Task, Text
from vidkryto.settings import Settings

NOON = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
"""A Wednesday, 12:00 in Kyiv."""


@dataclass
class Office:
    """A city of one dataset in a temporary folder."""

    settings: Settings
    number: int = 0

    def ran(self, outcome: str, started: datetime = NOON, **parts: Any) -> RunRecord:
        """Keep the record of a run, as the pipeline does."""
        self.number += 1
        record = RunRecord(
            run_id=f"{started:%Y%m%dT%H%M%S}-{self.number:06}",
            dataset="stops",
            title=Text("Зупинки", "Stops"),
            department=Department(Text("Управління транспорту", "Transport department")),
            started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            finished=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            outcome=outcome,  # type: ignore[arg-type]  # one of the literals
            **parts,
        )
        record.save(self.settings.home)
        return record

    def withheld(self, export: str = "a", started: datetime = NOON) -> RunRecord:
        """A run whose export lacks a value that must be there."""
        return self.ran(
            "Withheld",
            started,
            reason=Text("Порожня клітинка (усього помилок: 1)", "Empty cell (errors in all: 1)"),
            tasks=(Task("missing-label", "error", "stops", "stops.csv", field="label", row=3),),
            snapshots=(SnapshotRecord("stops", "stops.csv", export * 64, 10, "2026-11-25T10:00:00Z"),),
        )

    def good(self, due: str, started: datetime = NOON) -> RunRecord:
        """A good run that promises the next export for a day."""
        return self.ran("Published", started, promise=Promise("monthly", "2026-10-25", due))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """The city, with nothing run yet."""
    write_catalogue(tmp_path)
    return Office(Settings(tmp_path, tmp_path / "state", report_url="https://report.example"))


@dataclass
class Mailbox:
    """What a real SMTP server received."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        """Keep the mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 kept"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """An SMTP server on loopback."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Hook:
    """What a real HTTP server was posted; `answer` is the status it gives."""

    url: str = ""
    answer: int = 200
    posts: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """An HTTP server on loopback."""
    kept = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            kept.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(kept.answer)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_port}/hook/secret-part"
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
