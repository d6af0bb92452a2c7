"""Valkey, a Redis-compatible server: it listens on a private Unix socket only and keeps nothing on disk."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from vidkryto_portal import processes
from vidkryto_portal.errors import LocalPortalError


@dataclass(frozen=True, slots=True)
class Valkey:
    """One server: its program, its socket, its record and its log."""

    program: Path
    socket: Path
    record: Path
    log: Path

    @property
    def address(self) -> str:
        """The address CKAN wants."""
        return f"unix://{self.socket}?db=0"

    def start(self) -> bool:
        """Start the server unless it runs and answers; True when it was started now."""
        if processes.recall(self.record) and self.answers():
            return False
        self.stop()
        self.socket.unlink(missing_ok=True)
        process = processes.start(
            [self.program, "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700", "--save", "",
             "--appendonly", "no", "--dir", self.socket.parent],
            log=self.log, folder=self.socket.parent,
        )  # fmt: skip
        processes.remember(self.record, process.pid)
        processes.wait_for(self.answers, process, name="Valkey", log=self.log, seconds=20)
        return True

    def answers(self) -> bool:
        """Does a server answer on the socket?"""
        try:
            return self._ask("PING").startswith(b"+PONG")
        except OSError:
            return False

    def forget_everything(self) -> None:
        """Empty it: sessions, queued jobs, cached counts."""
        if not self._ask("FLUSHALL").startswith(b"+OK"):
            raise LocalPortalError("Valkey did not empty itself", remedy=f"Its log: {self.log}")

    def _ask(self, command: str) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(str(self.socket))
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(100)

    def stop(self) -> None:
        """Stop the server if it runs."""
        processes.end(self.record, self.socket.parent, seconds=5)
