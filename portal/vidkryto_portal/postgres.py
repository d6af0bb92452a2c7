"""PostgreSQL: its own programs, called directly, reachable over one private Unix socket and by one user only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vidkryto_portal import processes
from vidkryto_portal.errors import LocalPortalError
from vidkryto_portal.places import own_user_name, postgres_user

ROLES = ("postgres", "ckan", "datastore_ro")
DATABASES = ("ckan", "datastore")
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "synchronous_commit": "on",  # what CKAN was told is stored survives a kill -9 of everything
    "max_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",  # with the next: the log names errors, never the values that were written
    "log_error_verbosity": "terse",
}
IN_USE = "still in use"  # PostgreSQL's words for shared memory that processes of the same cluster hold
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "5min"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """One database cluster: where its programs, its data, its sockets and its log are."""

    install: Path
    data: Path
    sockets: Path
    record: Path
    log: Path
    throwaway: bool = False

    def address(self, role: str, database: str) -> str:
        """The address SQLAlchemy wants. There is no password: the socket's other end is known by its user id."""
        return f"postgresql://{role}@/{database}?host={self.sockets}"

    def create(self) -> bool:
        """Make the cluster if there is none; whole or not at all. True when it was made now."""
        if (self.data / "PG_VERSION").exists():
            return False
        for left in self.data.parent.glob(self.data.name + ".new-*"):  # of a start that was cut off
            shutil.rmtree(left, ignore_errors=True)
        fresh = self.data.with_name(f"{self.data.name}.new-{os.getpid()}")
        fresh.mkdir(mode=0o700, parents=True)
        if user := postgres_user():
            shutil.chown(fresh, *user)
        outcome = self._initdb(fresh, "--locale=C.UTF-8")
        if outcome.returncode and "invalid locale" in outcome.stdout:  # a system without C.UTF-8: PostgreSQL's own
            outcome = self._initdb(fresh, "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        if outcome.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise LocalPortalError(f"the database could not be made:\n{outcome.stdout.strip()}")
        fresh.rename(self.data)
        return True

    def _initdb(self, folder: Path, *locale: str) -> subprocess.CompletedProcess[str]:
        outcome: subprocess.CompletedProcess[str] = subprocess.run(
            [str(self.install / "bin" / "initdb"), "--auth=peer", "--encoding=UTF8", *locale, "--username=postgres",
             "--no-sync", "--no-instructions", "-D", str(folder)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", umask=0o077, check=False,
            env=processes.clean_environment(), **processes.as_user(postgres_user()),
        )  # fmt: skip
        return outcome

    def start(self) -> bool:
        """Start the server unless it runs; True when it was started now. Recovers by itself after a kill."""
        if self.pid() is not None:
            return False
        for patience in (True, True, False):
            self._clear_remains()
            self._write_access_rules()
            try:
                self._launch()
            except LocalPortalError as error:
                if not patience or IN_USE not in error.message:
                    raise
                time.sleep(1)  # its orphans notice within moments that their parent is gone
            else:
                break
        return True

    def _launch(self) -> None:
        settings = {**SETTINGS, **(THROWAWAY if self.throwaway else {}), "unix_socket_directories": str(self.sockets)}
        options = (f"--{name}={value}" for name, value in settings.items())
        process = processes.start(
            [self.install / "bin" / "postgres", "-D", self.data, *options],
            log=self.log, folder=Path("/"), user=postgres_user(),
        )  # fmt: skip
        processes.remember(self.record, process.pid)
        processes.wait_for(self._ready, process, name="PostgreSQL", log=self.log, seconds=120)

    def _ready(self) -> bool:
        """The server writes its state into the eighth line of postmaster.pid."""
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def pid(self) -> int | None:
        """The pid of the running server, by our own record; PostgreSQL's pid file may name a stranger or a zombie."""
        record = processes.recall(self.record)
        return record.pid if record else None

    def _clear_remains(self) -> None:
        """After a kill: end orphaned server processes of this cluster, then remove the lock files they left.

        PostgreSQL itself refuses to start when the old pid now belongs to another program or to a zombie. Should an
        orphan be left that we may not see, PostgreSQL notices it by its shared memory and refuses (IN_USE).
        """
        for pid in processes.working_in(self.data):
            processes.stop(processes.Record.of(pid), gentle=signal.SIGQUIT, seconds=5)
        for left in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)

    def _write_access_rules(self) -> None:
        """Only the user who runs the portal may connect, as any role, over the socket; nobody over the network."""
        name = '"' + own_user_name().replace('"', '""') + '"'
        rules = {
            "pg_hba.conf": "local all all peer map=portal\n",
            "pg_ident.conf": "".join(f"portal {name} {role}\n" for role in ROLES),
        }
        for file, text in rules.items():
            (self.data / file).write_text(text, encoding="utf-8")  # the file is there: its owner and mode stay

    def stop(self) -> None:
        """Stop the server: SIGINT disconnects everybody and writes everything down, which takes a moment."""
        processes.stop(processes.recall(self.record), gentle=signal.SIGINT, seconds=60)
        self.record.unlink(missing_ok=True)

    def run(self, sql: str, database: str = "postgres") -> str:
        """Run statements as the superuser, stopping at the first error; what they print, unaligned."""
        outcome = subprocess.run(
            [str(self.install / "bin" / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
             "-h", str(self.sockets), "-U", "postgres", "-d", database],
            input=sql, capture_output=True, text=True, cwd="/", check=False, env=processes.clean_environment(),
        )  # fmt: skip
        if outcome.returncode:
            raise LocalPortalError(f"the database refused: {outcome.stderr.strip()}", remedy=f"Its log: {self.log}")
        return outcome.stdout

    def make_databases(self) -> None:
        """Empty databases and roles, whatever was there before: a first start may have been cut off."""
        self.run(
            "".join(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);\n" for name in DATABASES)
            + "".join(f"DROP ROLE IF EXISTS {role};\nCREATE ROLE {role} LOGIN;\n" for role in ROLES[1:])
            + "".join(f"CREATE DATABASE {name} OWNER ckan;\n" for name in DATABASES)
        )

    def copy(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Make each second database anew as a copy of the first; whoever is connected to either is disconnected."""
        named = tuple(pairs)
        if not named:
            return
        sources = ", ".join(f"'{source}'" for source, _ in named)
        self.run(
            f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IN ({sources});\n"
            + "".join(
                f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE);\n'
                f'CREATE DATABASE "{target}" TEMPLATE "{source}" OWNER ckan STRATEGY FILE_COPY;\n'
                for source, target in named
            )
        )

    def drop(self, names: Iterable[str]) -> None:
        """Drop databases that may be there."""
        self.run("".join(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE);\n' for name in names))

    def put(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Give each first database the name of the second, which is dropped."""
        self.run(
            "".join(
                f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE);\nALTER DATABASE "{source}" RENAME TO "{target}";\n'
                for source, target in pairs
            )
        )

    def databases(self) -> set[str]:
        """The names of all databases."""
        return set(self.run("SELECT datname FROM pg_database;").splitlines())
