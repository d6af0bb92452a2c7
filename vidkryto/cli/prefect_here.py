"""The Prefect server of this machine: its address, its password, and the settings it and its clients run with."""

from __future__ import annotations

import base64
import http.client
import importlib.util
import json
import os
import secrets
import sys
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkryto.cli.prefect_pages import without_second_edition
from vidkryto.errors import SettingsError
from vidkryto.settings import Secret

if TYPE_CHECKING:
    from vidkryto.publish.approvals import Approval
    from vidkryto.settings import Settings

OFFICER = "officer"
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
"""Nothing asks anything outside: without these the server reports its use, and its second UI does so from the
officer's browser, whatever the server's own setting says."""

DATABASE = ("PREFECT_SERVER_DATABASE_", "PREFECT_API_DATABASE_")
"""How Prefect's settings of its database begin, passwords among them; the second is the name it had before."""


def folder(home: Path) -> Path:
    """Where address, password and Prefect's own files are kept."""
    return home / "prefect"


def password(home: Path) -> Secret:
    """`user:password` of the server, made once; the file is readable by its owner alone."""
    file = folder(home) / "auth"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{OFFICER}:{secrets.token_urlsafe(24)}\n")
    if file.stat().st_mode & 0o077:
        raise SettingsError(f"{file.name} of the Prefect server can be read by others", remedy=f"chmod 600 {file}")
    return Secret(file.read_text(encoding="utf-8").strip())


def address(home: Path) -> str:
    """The API of the server that `vidkryto up` runs; empty where none is up."""
    file = folder(home) / "url"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def client_environment(home: Path, url: str) -> dict[str, str]:
    """What a client of the server needs; the password goes to children in the environment and nowhere else."""
    return {
        "PREFECT_HOME": str(folder(home)),
        "PREFECT_API_URL": url,
        "PREFECT_API_AUTH_STRING": password(home).reveal(),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        **QUIET,
    }


def shared_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the way into Prefect's database: worker, runs and report have no business there."""
    return {name: value for name, value in environment.items() if not name.startswith(DATABASE)}


def database_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What an environment says of Prefect's database: for the server alone."""
    return {name: value for name, value in environment.items() if name.startswith(DATABASE)}


def server_environment(home: Path, url: str) -> dict[str, str]:
    """What the server and the worker need. The address at which browsers ask the server may be given.

    Runs that ended long ago leave Prefect's database (after 90 days, unless the environment says otherwise).
    """
    forget = "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"
    asked_by_browsers = "PREFECT_SERVER_UI_API_URL"
    return {
        **time_zones(home),
        **without_second_edition(folder(home)),
        forget: os.environ.get(forget, "events,flow_runs"),
        **client_environment(home, url),
        "PREFECT_SERVER_API_AUTH_STRING": password(home).reveal(),
        asked_by_browsers: os.environ.get(asked_by_browsers) or url,
        "PREFECT_WORKER_QUERY_SECONDS": "3",
        "PYTHONUNBUFFERED": "1",
    }


def time_zones(home: Path) -> dict[str, str]:
    """Where Python looks for time zones: in a folder of links to the system's, so that nobody walks through those.

    For every schedule that it reads Prefect's server asks Python for the names of all zones, and Python goes through
    every file below PYTHONTZPATH: three quarters of what an unchanged sync cost the server. Links to folders are not
    followed; the names come from the package tzdata, the rules still from the system, which keeps them up to date.
    """
    if "PYTHONTZPATH" in os.environ or importlib.util.find_spec("tzdata") is None:
        return {}
    links = folder(home).resolve() / "zoneinfo"
    links.mkdir(parents=True, exist_ok=True)
    places = [Path(place) for place in reversed(zoneinfo.TZPATH)]  # the first has the last word, as for Python itself
    for region in (found for place in places if place.is_dir() for found in place.iterdir() if found.is_dir()):
        link = links / region.name
        if not link.is_symlink() or link.readlink() != region:
            link.unlink(missing_ok=True)
            link.symlink_to(region)
    return {"PYTHONTZPATH": str(links)}


def ask(port: int, login: Secret, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """One request to the server at this port: status and answer. Raises OSError when it cannot be asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    token = base64.b64encode(login.reveal().encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    try:
        connection.request(method, f"/api{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(f"no answer of Prefect's server: {type(error).__name__}") from None
    finally:
        connection.close()


def ready(port: int, login: Secret) -> bool:
    """Whether the server at this port answers that it is ready."""
    try:
        return ask(port, login, "GET", "/ready")[0] == 200
    except OSError:
        return False


def use_if_up(home: Path, environment: Mapping[str, str] | None = None) -> None:
    """Point this process at the server that `vidkryto up` runs, unless the environment names another."""
    env = os.environ if environment is None else environment
    url = address(home)
    if url and not env.get("PREFECT_API_URL"):
        os.environ |= client_environment(home, url)


def resume_waiting(settings: Settings, approval: Approval) -> int:
    """Let runs that wait in Prefect's pages for this decision go on; how many. None without a server."""
    use_if_up(settings.home)
    if not os.environ.get("PREFECT_API_URL"):
        return 0
    sys.path.insert(0, str(settings.root))
    from flows.approval import resume

    return resume(approval)
