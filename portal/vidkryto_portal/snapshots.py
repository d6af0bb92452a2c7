"""Snapshots: a state of the portal kept beside it and put back in a moment, while CKAN keeps running."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from vidkryto_portal.configuration import State
from vidkryto_portal.errors import LocalPortalError
from vidkryto_portal.lock import only_one
from vidkryto_portal.places import Home
from vidkryto_portal.portal import Machine
from vidkryto_portal.postgres import DATABASES
from vidkryto_portal.search.index import Index

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


def take(home: Home, name: str = "clean") -> None:
    """Keep databases, search index and uploaded files as they are now; a snapshot of that name is replaced."""
    _check(name)
    with only_one(home, "snapshot"):
        machine = _machine(home)
        machine.postgres.drop(_spare(database, name) for database in DATABASES)
        machine.postgres.copy((database, _kept(database, name)) for database in DATABASES)
        folder = home.snapshots / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        Index(home.index).save(folder / "index.sqlite")
        _copy(home.storage, folder / "storage")


def restore(home: Home, name: str = "clean") -> None:
    """Put a snapshot back. Raises LocalPortalError when there is none of that name or the portal is down.

    CKAN keeps running; requests under way fail, as their connections are cut.
    """
    _check(name)
    folder = home.snapshots / name
    if not (folder / "index.sqlite").exists():
        raise LocalPortalError(f"there is no snapshot named {name}", remedy=f"Take one: snapshot take {name}")
    with only_one(home, "restore"):
        machine = _machine(home)
        there = machine.postgres.databases()
        spare = [database for database in DATABASES if _spare(database, name) in there]
        machine.postgres.copy((_kept(database, name), database) for database in DATABASES if database not in spare)
        machine.postgres.put((_spare(database, name), database) for database in spare)
        Index(home.index).load(folder / "index.sqlite")
        machine.valkey.forget_everything()
        shutil.rmtree(home.storage)
        _copy(folder / "storage", home.storage)


def prepare(home: Home, name: str = "clean") -> None:
    """Copy a snapshot's databases ahead of time, so that the next `restore` only gives the copies their names."""
    _check(name)
    machine = _machine(home)
    there = machine.postgres.databases()
    wanted = [database for database in DATABASES if _spare(database, name) not in there]
    machine.postgres.copy((_kept(database, name), _spare(database, name)) for database in wanted)


def _kept(database: str, name: str) -> str:
    return f"{database}@{name}"


def _spare(database: str, name: str) -> str:
    return f"{database}+{name}"


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise LocalPortalError(
            f"{name!r} is not a name of a snapshot", remedy="Use a-z, 0-9 and _, up to 31 characters."
        )


def _machine(home: Home) -> Machine:
    state = State.read(home) if home.root.is_dir() else None
    machine = Machine.of(home, state) if state else None
    if machine is None or not all(machine.running().values()):
        raise LocalPortalError("the portal is down", remedy="Start it: vidkryto portal up")
    return machine


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True)
