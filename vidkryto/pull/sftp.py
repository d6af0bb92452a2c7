"""SFTP that checks the server's key: fsspec's own class takes any key it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import paramiko
from fsspec.implementations.sftp import SFTPFileSystem


class CheckedSftp(SFTPFileSystem):  # type: ignore[misc]  # fsspec is untyped
    """fsspec's SFTP, but an unknown host key is refused."""

    cachable = False

    def __init__(self, host: str, known_hosts: Path | None, **arguments: Any) -> None:
        self._known_hosts = known_hosts
        super().__init__(host, **arguments)

    def _connect(self) -> None:
        self.client = paramiko.SSHClient()
        if self._known_hosts:
            self.client.load_host_keys(str(self._known_hosts))
        else:
            self.client.load_system_host_keys()
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
        self.client.connect(self.host, **self.ssh_kwargs)
        self.ftp = self.client.open_sftp()


def open_sftp(
    host: str, port: int, user: str, password: str, key: str, known_hosts: Path | None, timeout: float
) -> CheckedSftp:
    """A connection with password or key file; no agent and no other key of the user's is tried."""
    return CheckedSftp(
        host,
        known_hosts,
        port=port,
        username=user or None,
        password=password or None,
        key_filename=key or None,
        timeout=timeout,
        banner_timeout=timeout,
        auth_timeout=timeout,
        allow_agent=False,
        look_for_keys=False,
    )
