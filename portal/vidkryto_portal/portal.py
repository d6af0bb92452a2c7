"""The portal as a whole: up, down, status and reset."""

from __future__ import annotations

import json
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from vidkryto_portal import configuration, places, ports, processes
from vidkryto_portal.configuration import DEFAULT_PORT, ORGANIZATION, RESULT, State
from vidkryto_portal.errors import LocalPortalError
from vidkryto_portal.lock import only_one
from vidkryto_portal.places import DISTRIBUTION, Home, Programs
from vidkryto_portal.postgres import Postgres
from vidkryto_portal.search.index import Index
from vidkryto_portal.valkey import Valkey

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Status:
    """What runs, and where to find it."""

    state: str  # up | down | partly: some of the programs run
    home: Path
    url: str = ""
    organization: str = ORGANIZATION
    programs: dict[str, int | None] = field(default_factory=dict)
    ckan: str = ""

    def as_json(self) -> str:
        """One JSON object, for programs."""
        values = {
            "state": self.state, "home": str(self.home), "url": self.url, "organization": self.organization,
            "editor_token_file": str(self.home / "editor.token"),
            "sysadmin_token_file": str(self.home / "sysadmin.token"),
            "programs": self.programs, "ckan": self.ckan,
        }  # fmt: skip
        return json.dumps(values, ensure_ascii=False)


def quiet(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The programs of one portal, put together."""

    home: Home
    python: Path
    sockets: Path
    postgres: Postgres
    valkey: Valkey

    @classmethod
    def of(cls, home: Home, state: State) -> Machine:
        """The machine of this home. Raises LocalPortalError when the environment is missing."""
        programs = Programs.find()
        sockets = places.socket_folder(home)
        install = places.postgres_install(home, programs)
        data = places.existing_database(home, Path(state.database))
        database = Postgres(
            install, data, sockets / "postgres", home.run / "postgres.json", home.log("postgres"), state.throwaway
        )
        valkey = Valkey(programs.valkey, sockets / "valkey.sock", home.run / "valkey.json", home.log("valkey"))
        return cls(home, programs.python, sockets, database, valkey)

    def record(self, name: str) -> Path:
        """Where the record of a Python program (search, web) is."""
        return self.home.run / f"{name}.json"

    def running(self) -> dict[str, int | None]:
        """Program → pid; None for what does not run."""
        found = {name: processes.recall(self.record(name)) for name in ("web", "search", "valkey")}
        pids = {name: record.pid if record else None for name, record in found.items()}
        return {**pids, "postgres": self.postgres.pid()}

    def start_python(self, name: str, listening: socket.socket, *command: str, **environment: str) -> None:
        """Start one of our Python programs on a socket that is already bound, and remember it."""
        process = processes.start(
            [self.python, "-P", *command],
            log=self.home.log(name), folder=self.home.run, pass_fds=(listening.fileno(),),
            environment={
                "PYTHONPATH": str(DISTRIBUTION), "VIDKRYTO_PORTAL_FD": str(listening.fileno()), **environment,
            },
        )  # fmt: skip
        processes.remember(self.record(name), process.pid)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        path = "/api/3/action/status_show" if name == "web" else "/health"
        processes.wait_for(
            lambda: answers(address + path), process, name=f"the {name} server", log=self.home.log(name), seconds=180
        )

    def stop(self, name: str) -> None:
        """Stop one of our Python programs."""
        processes.end(self.record(name), self.home.run)


def answers(address: str, seconds: float = 30) -> bool:
    """Does this address answer with success? No proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=seconds) as response:
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def up(home: Home, port: int | None = None, *, throwaway: bool = False, say: Say = quiet) -> Status:
    """Start what does not run yet; a portal that is up stays as it is.

    `port` defaults to the one used last, else 5155; 0 is any free one. `throwaway` makes a new portal that trades
    safety in a power cut for speed: for tests.
    Raises LocalPortalError: port taken, another command at work, environment missing.
    """
    with only_one(home, "up"):
        before = State.read(home)
        state = before or State.new(
            DEFAULT_PORT if port is None else port, places.database_folder(home), throwaway=throwaway
        )
        machine = Machine.of(home, state)
        running = machine.running()
        if running["web"] and port not in (None, 0, state.port):
            raise LocalPortalError(
                f"this portal is already up on port {state.port}",
                remedy=f"To move it to port {port}: vidkryto portal down, then up --port {port}.",
            )
        if all(running.values()) and answers(state.url + "/api/3/action/status_show"):
            say(f"the portal is up already: {state.url}")
            return status(home)
        machine.stop("web")
        web = ports.reserve(state.port if port is None else port)
        state = state.changed(port=web.getsockname()[1])
        try:
            with web:
                return _start(machine, state, web, say)
        except BaseException:  # also an interruption: what was begun is not left half up
            stop_all(machine, quiet)
            raise


def _start(machine: Machine, state: State, web: socket.socket, say: Say) -> Status:
    """Start the programs one after the other; the web server last."""
    home = machine.home
    if not (machine.postgres.data / "PG_VERSION").exists():
        say("making the database")
        state = state.changed(ready=False)
    say("starting PostgreSQL, Valkey and the search")
    state = start_services(machine, state)
    if not state.ready:
        say("first start: making CKAN's tables, the organisation and its users (some ten seconds)")
        state = _fill(machine, state)
    say("starting CKAN")
    machine.start_python(
        "web", web, "-m", "gunicorn", "-c", "python:vidkryto_portal.gunicorn_settings", CKAN_INI=str(home.ini)
    )
    processes.write_private(home.url, state.url + "\n")
    say(f"the portal is up: {state.url}")
    return status(home)


def start_services(machine: Machine, state: State) -> State:
    """Start what CKAN needs: PostgreSQL, Valkey and the search. Returns the state with the search's port."""
    home = machine.home
    machine.stop("search")
    programs = Programs.find()
    places.own_user_name()
    places.make_socket_folder(home)
    places.make_annex(home, programs)
    places.make_install(home, programs)
    with _search_socket(state.search_port) as search:
        state = state.changed(search_port=search.getsockname()[1], database=str(machine.postgres.data)).write(home)
        _write_ini(machine, state)
        machine.postgres.create()
        machine.postgres.start()
        machine.valkey.start()
        machine.start_python(
            "search", search, "-m", "vidkryto_portal.search", str(home.index),
            VIDKRYTO_SEARCH_PASSWORD=state.search_password,
        )  # fmt: skip
    return state


def _search_socket(port: int) -> socket.socket:
    """The search's port of last time, or any other."""
    try:
        return ports.reserve(port)
    except LocalPortalError:
        return ports.reserve(0)


def _write_ini(machine: Machine, state: State) -> None:
    address = machine.postgres.address
    configuration.write_ini(
        machine.home, state, main=address("ckan", "ckan"), write=address("ckan", "datastore"),
        read=address("datastore_ro", "datastore"), redis=machine.valkey.address,
    )  # fmt: skip


def _fill(machine: Machine, state: State) -> State:
    """The first run's work, begun from nothing even where an earlier attempt was cut off."""
    home, record, log = machine.home, machine.record("first-run"), machine.home.log("first-run")
    processes.end(record, home.run)  # of an attempt that was killed: it would go on in the new databases
    machine.postgres.make_databases()
    Index(home.index).clear()
    shutil.rmtree(home.storage, ignore_errors=True)
    home.storage.mkdir(mode=0o700)
    process = processes.start(
        [machine.python, "-P", "-m", "vidkryto_portal.first_run", str(home.root)], log=log, folder=home.run,
        environment={"PYTHONPATH": str(DISTRIBUTION), "CKAN_INI": str(home.ini)},
    )  # fmt: skip
    processes.remember(record, process.pid)
    try:
        failed = process.wait()
    finally:
        processes.end(record, home.run)
    if failed:
        raise LocalPortalError(f"the first start failed:\n{processes.tail(log)}", remedy=f"The whole log: {log}")
    result = json.loads((home.run / RESULT).read_text(encoding="utf-8"))
    machine.postgres.run(result["rights"])
    return state.changed(ready=True, ckan=result["ckan"]).write(home)


def down(home: Home, *, say: Say = quiet) -> Status:
    """Stop everything; the data stays. Nothing happens where nothing runs."""
    if not home.state.exists():
        return Status("down", home.root)
    with only_one(home, "down"):
        state = State.read(home)
        if state is not None:
            stop_all(Machine.of(home, state), say)
        say("the portal is down; its data is kept")
    return status(home)


def stop_all(machine: Machine, say: Say) -> None:
    """Stop every program of this machine."""
    machine.home.url.unlink(missing_ok=True)
    if any(machine.running().values()):
        say("stopping CKAN, the search, Valkey and PostgreSQL")
    machine.stop("web")
    machine.stop("search")
    machine.valkey.stop()
    machine.postgres.stop()
    places.remove_sockets(machine.home, machine.sockets)


def status(home: Home) -> Status:
    """What runs now; changes nothing."""
    state = State.read(home) if home.root.is_dir() else None
    if state is None:
        return Status("down", home.root)
    running = Machine.of(home, state).running()
    if all(running.values()) and answers(state.url + "/api/3/action/status_show"):
        return Status("up", home.root, state.url, programs=running, ckan=state.ckan)
    return Status("partly" if any(running.values()) else "down", home.root, programs=running, ckan=state.ckan)


def reset(home: Home, *, say: Say = quiet) -> Status:
    """Stop everything and wipe all of the portal's data, secrets and settings."""
    if not home.root.is_dir():
        return Status("down", home.root)
    with only_one(home, "reset"):
        try:
            state = State.read(home)
        except LocalPortalError:  # a damaged state is a reason to begin anew, not to refuse
            state = None
        machine = Machine.of(home, state or State.new(DEFAULT_PORT, places.database_folder(home), throwaway=True))
        stop_all(machine, say)
        places.remove_annex(home, machine.postgres.data)
        home.wipe()
        say("the portal's data is wiped")
    return Status("down", home.root)
