"""Ports: reserved before anything starts, and when one is taken, by whom."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from vidkryto_portal.errors import LocalPortalError

LOOPBACK = "127.0.0.1"
HIGHEST = 65535
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp


def reserve(port: int) -> socket.socket:
    """A socket bound to this port on loopback (0: any free one), to be handed to the program that will listen on it.

    Raises LocalPortalError when the port is taken.
    """
    if not 0 <= port <= HIGHEST:
        raise LocalPortalError(f"there is no port {port}", remedy=f"Choose one between 1024 and {HIGHEST} with --port.")
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            another = port + 10 if port + 10 <= HIGHEST else port - 10
            raise LocalPortalError(
                f"port {port} is taken{owner(port)}; nothing was started",
                remedy=f"Stop that program, or choose another port: vidkryto portal up --port {another}",
            ) from error
        raise LocalPortalError(
            f"port {port} cannot be used: {error.strerror}", remedy="Choose a port between 1024 and 65535 with --port."
        ) from error
    return bound


def owner(port: int) -> str:
    """ " by NAME (process PID)" for the program that listens on a port; "" where the system does not tell.

    Only the program's name is told: its arguments may hold secrets.
    """
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if any(str(handle.readlink()) in inodes for handle in (process / "fd").iterdir()):
                return f" by {(process / 'comm').read_text(encoding='utf-8').strip()} (process {process.name})"
        except OSError:  # another user's process, or it just ended
            continue
    return " by a program of another user"


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
