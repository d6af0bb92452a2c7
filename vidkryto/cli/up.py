"""`vidkryto up`: the whole of the nightly work on this machine, with one command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto import clock
from vidkryto.cli import prefect_here, processes
from vidkryto.cli.common import people, say, settings
from vidkryto.cli.keeper import Chore, Keeper, Program, keep
from vidkryto.cli.lost_runs import Ask, close_lost

if TYPE_CHECKING:
    from vidkryto.settings import Settings

PORT = 4200
REPORT_PORT = 5156
TIME_LIMIT = 900.0
"""Seconds after which a command of ours, such as a sync, is taken for hung."""
ALERTS_EVERY = 900.0
"""Seconds between two times that people are told what is new."""
PAUSES_EVERY = 60.0
"""Seconds between two times that the server is asked what people have paused."""
SERVER_PATIENCE = 180.0
"""Seconds for Prefect's server: its first start makes its database, and a laden machine takes long."""
UNIT = """\
[Unit]
Description=Vidkryto: publishes the city's open data
After=network-online.target
Wants=network-online.target
AssertPathExists={home}/ledger/entries.jsonl

[Service]
Type=exec
User={user}
WorkingDirectory={root}
EnvironmentFile=-/etc/vidkryto/environment
Environment="VIDKRYTO_ROOT={root}" "VIDKRYTO_HOME={home}"
ExecStart="{program}" up --port {port} --report-port {report_port} --limit {limit}
Restart=on-failure
RestartSec=10
TimeoutStopSec=90
KillMode=mixed
UMask=0077
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=full

[Install]
WantedBy=multi-user.target
"""
Port = Annotated[int, typer.Option("--port", help="Port of Prefect's server and pages on 127.0.0.1.")]
ReportPort = Annotated[int, typer.Option("--report-port", help="Port of the report on 127.0.0.1.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Datasets published at the same time.")]


def up(
    port: Port = PORT,
    report_port: ReportPort = REPORT_PORT,
    limit: Limit = 2,
    background: Annotated[bool, typer.Option("--background", help="Return when all is up; `stop` ends it.")] = False,
    unit: Annotated[
        bool, typer.Option("--unit", help="Print a systemd unit for this folder, and start nothing.")
    ] = False,
) -> None:
    """Run everything that publishes by schedule: Prefect's server, deployments, a worker, the report. Ctrl-C ends it.

    Contracts that change are deployed, a program that ends is started again, and the report is built anew after each
    run. Without VIDKRYTO_CKAN_URL the local portal is started and looked after too; it stays up until `vidkryto stop`.

    Example: vidkryto up --background
    """
    chosen = settings()
    if unit:
        typer.echo(_unit(chosen, port, report_port, limit), nl=False)
        return
    _refuse_second(chosen, port, report_port)
    if background:
        _in_background(chosen, port, report_port, limit)
        return
    _need_a_ledger(chosen)
    processes.remember_this("keeper", chosen.home / "up")
    local = not chosen.ckan_url or chosen.ckan_url == _local(chosen.home)
    if local:
        from vidkryto.cli import portal

        code, _ = portal.run("up")
        if code:
            raise typer.Exit(code)
    with _until_told() as wanted:
        _run(settings(), port, report_port, limit, wanted, local=local)


def _run(chosen: Settings, port: int, report_port: int, limit: int, wanted: Callable[[], bool], *, local: bool) -> None:
    from vidkryto.errors import StateError
    from vidkryto.record.run import LAST_KEPT

    home = chosen.home
    url = f"http://127.0.0.1:{port}/api"
    environment = {
        **prefect_here.shared_environment(os.environ),
        **prefect_here.server_environment(home, url),
        "VIDKRYTO_ROOT": str(chosen.root),
        "VIDKRYTO_HOME": str(home),
    }
    keeper = Keeper(home / "up", chosen.root, environment, _tell)
    python = sys.executable
    login = prefect_here.password(home)
    address = home / "report" / "url"
    try:
        prefect = (python, "-m", "prefect")
        serve = (*prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port))
        database = prefect_here.database_environment(os.environ)
        keeper.start(
            Program("prefect-server", serve, lambda: prefect_here.ready(port, login), SERVER_PATIENCE, database)
        )
        (prefect_here.folder(home) / "url").write_text(url + "\n", encoding="utf-8")
        contracts = Changes(lambda: _deployed_from(chosen))
        runs = Changes(lambda: _touched(home / LAST_KEPT))
        contracts.seen()
        try:
            _sync(keeper, wanted)
        except StateError:  # told; the chore does it again
            contracts.forget()
        _command(keeper, wanted, "report")
        runs.seen()
        worker = (*prefect, "worker", "start", "--pool", "vidkryto", "--type", "process", "--limit", str(limit))
        keeper.start(Program("prefect-worker", worker, lambda: True))
        site = (python, "-m", "vidkryto.cli.serve", str(home / "site"), str(report_port))
        keeper.start(Program("report-server", site, lambda: processes.answers(report_port)))
        address.parent.mkdir(parents=True, exist_ok=True)
        address.write_text(f"http://127.0.0.1:{report_port}/", encoding="utf-8")
        people().print(_where(chosen, port, report_port), markup=False)

        def ask(method: str, path: str, body: object) -> tuple[int, Any]:
            return prefect_here.ask(port, login, method, path, body)

        chores = _chores(chosen, keeper, wanted, contracts, runs, ask)
        if local:
            chores.append(Chore("portal", 30.0, lambda: True, _look_after_the_portal))
        (home / "up" / "ready").touch()
        keep(keeper, chores, wanted)
    finally:
        for file in (home / "up" / "ready", prefect_here.folder(home) / "url", address):
            file.unlink(missing_ok=True)
        keeper.stop()
        (home / "up" / "keeper.json").unlink(missing_ok=True)
    people().print(say("Everything has stopped; the next `vidkryto up` goes on where this one ended."))


def _chores(
    chosen: Settings, keeper: Keeper, wanted: Callable[[], bool], contracts: Changes, runs: Changes, ask: Ask
) -> list[Chore]:
    """What is done again and again beside the programs, wherever the portal runs."""

    def report() -> None:
        _command(keeper, wanted, "report")

    def tell() -> None:
        _command(keeper, wanted, "alerts", "send")

    return [
        Chore("pauses", PAUSES_EVERY, lambda: True, lambda: _note_pauses(chosen, ask)),
        Chore("report", 2.0, runs.seen, report),
        Chore("deployments sync", 10.0, contracts.seen, lambda: _sync(keeper, wanted)),
        _alerts(chosen, tell),
        Chore("lost runs", 15.0, lambda: True, lambda: close_lost(ask, _tell)),
    ]


def _alerts(chosen: Settings, send: Callable[[], None]) -> Chore:
    """Telling people, whether or not server and worker run: the deployment does it too, and tells nothing twice."""
    from vidkryto.catalogue.deployments import ALERTS_FILE

    return Chore("alerts send", ALERTS_EVERY, lambda: (chosen.root / ALERTS_FILE).is_file(), send)


def _note_pauses(chosen: Settings, ask: Ask) -> None:
    """Keep what people have paused in Prefect's pages. A server that does not answer is asked again the next time."""
    from vidkryto.catalogue.deployments import pauses
    from vidkryto.pipeline.promised import note_pauses

    def page(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        status, answer = ask("POST", "/deployments/filter", body)
        if status != 200:
            raise OSError(f"answer {status}")
        found: list[dict[str, Any]] = answer
        return found

    with suppress(OSError):
        note_pauses(chosen, pauses(page))


class Changes:
    """Says whether something changed since it was last asked."""

    def __init__(self, state: Callable[[], object]) -> None:
        self._state = state
        self._last: object = None

    def seen(self) -> bool:
        """Whether the state differs from the one seen before."""
        now = self._state()
        changed = now != self._last
        self._last = now
        return changed

    def forget(self) -> None:
        """Take the state for one never seen, so that whatever it is now counts as a change."""
        self._last = None


def _deployed_from(chosen: Settings) -> object:
    """What the deployments are made from, as it is now: the contracts, and whether and how people are told."""
    from vidkryto.catalogue.deployments import ALERTS_FILE

    return _newest(chosen.datasets, "*.yaml"), _touched(chosen.root / ALERTS_FILE)


def _newest(folder: Path, pattern: str) -> tuple[int, int]:
    """How many files of a pattern there are, and when the newest changed."""
    times = [file.stat().st_mtime_ns for file in folder.rglob(pattern) if file.is_file()]
    return len(times), max(times, default=0)


def _touched(file: Path) -> int:
    """When a file last changed, in nanoseconds; 0 where there is none."""
    return file.stat().st_mtime_ns if file.is_file() else 0


def _sync(keeper: Keeper, wanted: Callable[[], bool]) -> None:
    """Bring the deployments in line. Raises StateError when that failed, but not for contracts that do not load."""
    from vidkryto.cli.deployments import NOT_ALL
    from vidkryto.errors import StateError

    code = _command(keeper, wanted, "deployments", "sync")
    if code not in (0, NOT_ALL):
        raise StateError(f"deployments sync ended with {code}", remedy="See commands.log in the folder of the logs.")


def _command(keeper: Keeper, wanted: Callable[[], bool], *arguments: str) -> int:
    """Run a command of ours; its exit code. What it says goes to the log beside the programs', an error to people too.

    The programs are looked after meanwhile. One that takes longer than TIME_LIMIT is ended, and so is one under way
    when all is to end.
    """
    name = " ".join(arguments)
    with subprocess.Popen(
        [sys.executable, "-m", "vidkryto.cli", *arguments],
        cwd=keeper.folder,
        env=dict(keeper.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        limit = time.monotonic() + TIME_LIMIT
        while True:
            try:
                _, told = process.communicate(timeout=1.0)
                break
            except subprocess.TimeoutExpired:
                if not wanted() or time.monotonic() > limit:
                    process.kill()
                    told = ""
                    break
                keeper.look()
    with (keeper.home / "commands.log").open("a", encoding="utf-8") as log:
        log.write(f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {name}: {process.returncode}\n{told}")
    if process.returncode:
        people().print(told.strip(), markup=False)
    _tell(name, "done" if process.returncode == 0 else "failed")
    return process.returncode


def _look_after_the_portal() -> None:
    """Start what of the local portal has ended; what runs stays as it is."""
    from vidkryto.cli import portal

    code, told = portal.run("status", "--json", capture=True)
    if code or json.loads(told)["state"] == "up":
        return
    _tell("portal", "ended")
    code, _ = portal.run("up", capture=True)
    _tell("portal", "not started" if code else "started")


def _tell(name: str, event: str) -> None:
    with suppress(OSError):  # what is told may go to a file on a full disk
        people().print(f"{clock.now().astimezone():%H:%M:%S} {name}: {say(event)}", markup=False)


def _where(chosen: Settings, port: int, report_port: int) -> str:
    lines = {
        "Portal": f"{chosen.ckan_url}/dataset",
        "Report": f"http://127.0.0.1:{report_port}/",
        "Runs, schedules, approvals": f"http://127.0.0.1:{port}/",
    }
    told = "\n".join(f"{say(words)}: {place}" for words, place in lines.items())
    login = say("Prefect's pages ask for the line in {file}, which only you can read.", file=_login_file(chosen))
    return f"{told}\n{login}"


def _login_file(chosen: Settings) -> Path:
    file = prefect_here.folder(chosen.home) / "auth"
    return file.relative_to(chosen.root) if file.is_relative_to(chosen.root) else file


def _unit(chosen: Settings, port: int, report_port: int, limit: int) -> str:
    """A systemd unit that runs this very program on this very folder."""
    import getpass

    program = Path(sys.executable).with_name("vidkryto")
    places = {"root": chosen.root, "home": chosen.home, "program": program}
    return UNIT.format(
        user=getpass.getuser(),
        **{name: str(path).replace("%", "%%") for name, path in places.items()},  # systemd's own sign for a variable
        port=port,
        report_port=report_port,
        limit=limit,
    )


def _refuse_second(chosen: Settings, port: int, report_port: int) -> None:
    from vidkryto.alerts.oversight import DOWN_FILE
    from vidkryto.errors import StateError

    if processes.find("keeper", chosen.home / "up"):
        raise StateError("`vidkryto up` runs already on this state folder", remedy="End it first: vidkryto stop")
    for name in ("prefect-worker", "prefect-server", "report-server"):  # left behind by one that was killed
        processes.stop(name, chosen.home / "up")
    for left in ("ready", DOWN_FILE):
        (chosen.home / "up" / left).unlink(missing_ok=True)
    processes.stop("server", chosen.home / "report")  # the demo's
    processes.refuse_taken(port, "End that program, or choose another port: vidkryto up --port 4300")
    processes.refuse_taken(report_port, "End that program, or choose another port: vidkryto up --report-port 5256")


def _need_a_ledger(chosen: Settings) -> None:
    from vidkryto.errors import StateError

    if not (chosen.home / "ledger" / "entries.jsonl").is_file():
        raise StateError(
            "there is no ledger yet, and nothing is published without one",
            remedy="Create it and its key: vidkryto audit init",
        )


def _local(home: Path) -> str:
    """The address of the local portal, if one was ever up."""
    file = home / "portal" / "url"
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def _in_background(chosen: Settings, port: int, report_port: int, limit: int) -> None:
    """Start this command again, detached, and wait until all is up."""
    options = ("--port", str(port), "--report-port", str(report_port), "--limit", str(limit))
    processes.start(
        "up",
        chosen.home / "up",
        (sys.executable, "-m", "vidkryto.cli", "up", *options),
        lambda: (chosen.home / "up" / "ready").is_file(),
        folder=chosen.root,
        patience=SERVER_PATIENCE * 2,
    )
    people().print(_where(settings(), port, report_port), markup=False)
    people().print(say("All of it runs on in the background; `vidkryto stop` ends it."))


@contextmanager
def _until_told() -> Iterator[Callable[[], bool]]:
    """A question that is answered with no once this process was asked to end."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: not ended.is_set()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
