"""SIGKILL of every program in turn during a night under `vidkryto up`: the next morning's state is right."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest
import requests
import yaml

from tests.alerts.conftest import Hook, hook  # noqa: F401  # a fixture
from tests.flows.test_flows import ROOT, contract
from tests.flows.test_up import Up, until
from tests.pipeline.conftest import EXPORT
from tests.support.catalogue import write_catalogue
from tests.support.local_portal import LocalPortal
from tests.support.postgres import complete_binaries, for_prefect
from vidkryto.catalogue.deployments import ALERTS_FILE
from vidkryto.plan.live import LOCK
from vidkryto.plan.make import anchor_id
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.verifier import verify

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
NAMES = tuple(f"kills-{number}" for number in range(1, 5))
NEVER = "0 3 29 2 *"
TILL_MORNING = 1200.0
"""Seconds; a run that a killed worker had only claimed is looked after five minutes later."""
ALL = ("SCHEDULED", "PENDING", "RUNNING", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "PAUSED")
OPEN = ("PENDING", "RUNNING", "CANCELLING")
CHAT = {"name": "chat", "kind": "webhook", "form": "mattermost", "url_variable": "VIDKRYTO_TEST_HOOK", "language": "en"}
DATABASE = "PostgreSQL of Prefect"
RUN = "a run of the night"
PROGRAMS = ("prefect-server", "prefect-worker", "portal: web", "portal: postgres", "portal: search", "portal: valkey")


class Night(Up):
    """A city with a local portal of its own, which `vidkryto up` looks after."""

    def __init__(self, city: Path) -> None:
        super().__init__(city, LocalPortal("", city, "", "", "", None))  # type: ignore[arg-type]
        for name in ("VIDKRYTO_CKAN_URL", "VIDKRYTO_CKAN_TOKEN"):
            del self.environment[name]

    def portal(self) -> dict[str, Any]:
        """`vidkryto portal status --json`."""
        values: dict[str, Any] = json.loads(self.run("portal", "status", "--json").stdout)
        return values

    def kill_any(self, program: str) -> None:
        """SIGKILL for a program of ours or of the portal, or for the process of a run."""
        where, _, name = program.partition(": ")
        if program == RUN:
            os.kill(int(self.of_datasets("RUNNING")[0]["infrastructure_pid"]), signal.SIGKILL)
        elif name:
            os.kill(self.portal()["programs"][name], signal.SIGKILL)
        else:
            self.kill(where)

    def under_way(self) -> int:
        """How many runs of datasets go on; none while nobody answers."""
        return len(_asked(lambda: self.of_datasets("RUNNING")) or ())

    def of_datasets(self, *states: str) -> list[dict[str, Any]]:
        """The runs of datasets in these states."""
        return [run for run in self.runs(*states) if "dataset" in run["parameters"]]

    def told(self, chat: Hook) -> list[str]:
        """What people were told by this morning, and that is asked twice: each cause once."""
        for _ in range(2):
            done = self.run("alerts", "send")
            assert done.returncode == 0, done.stderr
        messages = [post["text"].split("\n", 1)[1].strip() for post in chat.posts]
        titles = [cause.split("\n")[0] for message in messages for cause in message.split("\n\n")]
        causes = [re.sub(r"\d+", "#", title) for title in titles]
        assert len(set(causes)) == len(causes), titles
        return titles

    def hand_over(self, version: int) -> None:
        """Every department brings a new export."""
        for name in NAMES:
            folder = self.city / "datasets" / "transport" / name / "exports"
            (folder / "stops.csv").write_bytes(EXPORT.replace("Ринок", f"Ринок {version}").encode("cp1251"))

    def due_once(self) -> None:
        """Every dataset is due once, in the minute after next, and not again for a year."""
        soon = datetime.now(ZoneInfo("Europe/Kyiv")) + timedelta(minutes=2)
        for name in NAMES:
            write_catalogue(self.city, contract(name, cron=f"{soon.minute} {soon.hour} {soon.day} {soon.month} *"))
        done = self.run("deployments", "sync")
        assert done.returncode == 0, done.stderr

    def shown(self, url: str) -> dict[str, str]:
        """What the portal shows of each dataset: the label of its first stop, and its lock."""
        found = {}
        for name in NAMES:
            alias = f"testove_{name.replace('-', '_')}_stops"
            rows = _action(url, "datastore_search", resource_id=alias, filters={"uid": 2})["records"]
            page = _action(url, "package_show", id=name)
            (anchor,) = (entry for entry in page["resources"] if entry["id"] == anchor_id(name))
            found[name] = f"{rows[0]['label']}, {anchor[LOCK].split(' ')[0]}"
        return found


def _action(url: str, action: str, **data: Any) -> Any:
    answer = requests.post(f"{url}/api/3/action/{action}", json=data, timeout=30)
    answer.raise_for_status()
    return answer.json()["result"]


@pytest.fixture
def make_night(tmp_path: Path) -> Iterator[Callable[..., Night]]:
    """Four datasets with a schedule, and a portal of their own."""
    made: list[Night] = []

    def make(cron: str, **environment: str) -> Night:
        city = tmp_path / "city"
        for name in NAMES:
            write_catalogue(city, contract(name, cron=cron))
        (city / "flows").symlink_to(ROOT / "flows")
        home = city / ".vidkryto"
        SigningKey.generate("vidkryto-test/kills").save(home / "practice.key")
        Ledger.create(home, key=home / "practice.key")
        night = Night(city)
        night.environment |= environment
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        made.append(night)
        done = night.run("portal", "up", "--port", str(port))
        assert done.returncode == 0, done.stderr
        return night

    yield make
    for night in made:
        night.run("stop")


def test_whatever_is_killed_the_next_minutes_are_right(
    make_night: Callable[..., Night], capsys: pytest.CaptureFixture[str]
) -> None:
    """Due every minute: after each kill every dataset shows its newest export, no lock is left, the ledger holds."""
    night = make_night("* * * * *")
    url = night.portal()["url"]
    night.hand_over(0)
    night.start()
    until(lambda: _shows(night, url, 0), "the first night did not end")
    table = ["| killed | while runs went on | minutes until all was right |", "|---|---|---|"]
    for version, program in enumerate(PROGRAMS, start=1):
        night.hand_over(version)
        until(lambda: _asked(lambda: night.runs("RUNNING")), "no run began")
        going = len(_asked(lambda: night.runs("RUNNING")) or ())
        night.kill_any(program)
        began = time.monotonic()
        until(lambda version=version: _shows(night, url, version), f"not right after {program} was killed")
        table.append(f"| {program} | {going} | {(time.monotonic() - began) / 60:.1f} |")
    with capsys.disabled():
        print("\n" + "\n".join(table))
    assert night.run("stop").returncode == 0
    _the_ledger_holds(night)


def test_a_night_of_one_run_each_survives_any_kill(
    make_night: Callable[..., Night],
    tmp_path: Path,
    hook: Hook,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Due once a night, no other run comes to mend it: in the morning all is published, and no run is left open.

    Nobody holds a lock, the ledger can be verified, and nobody was told anything twice.

    Prefect's data lie in PostgreSQL where the machine has all of it, and that is killed as well.
    """
    place = complete_binaries()
    folder = tmp_path / "postgres"
    folder.mkdir()
    restarted: list[subprocess.Popen[bytes]] = []
    with ExitStack() as stack:
        stack.callback(lambda: [process.wait(60) for process in restarted])  # once the database was stopped
        database = stack.enter_context(for_prefect(place, folder)) if place else ""
        connection = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database} if place else {}
        night = make_night(NEVER, VIDKRYTO_TEST_HOOK=hook.url, **connection)
        chosen = {"quiet": None, "routes": [CHAT]}
        (night.city / ALERTS_FILE).write_text(yaml.safe_dump(chosen), encoding="utf-8")
        url = night.portal()["url"]
        night.start()
        head = "| killed | while runs went on | minutes until all was right | runs of the night | people are told |"
        table, before_told = [head, "|---|---|---|---|---|"], 0
        for version, program in enumerate((*PROGRAMS[:4], *((DATABASE,) if place else ()), *PROGRAMS[4:], RUN)):
            night.hand_over(version)
            before = {run["id"] for run in until(lambda: _asked(lambda: [{"id": ""}, *night.runs(*ALL)]), "no server")}
            night.due_once()
            going = until(night.under_way, f"no run began in the night of {program}")
            if program == DATABASE and place:
                restarted.append(kill_and_restart(place, folder))
            else:
                night.kill_any(program)
            began = time.monotonic()
            wrong, open_ = f"not right after {program} was killed", f"runs are open after {program} was killed"
            until(lambda version=version: _shows(night, url, version), wrong, TILL_MORNING)
            took = time.monotonic() - began
            until(lambda: _asked(lambda: [night.of_datasets(*OPEN)]) == [[]], open_, TILL_MORNING)
            ours = [run for run in night.of_datasets(*ALL) if run["id"] not in before]
            states = Counter(run["state"]["name"] for run in ours)
            ended = ", ".join(f"{count} {name}" for name, count in sorted(states.items()) if name != "Scheduled")
            verified = night.run("audit", "verify")
            assert verified.returncode == 0, verified.stderr
            told = night.told(hook)
            said = "; ".join(told[before_told:]) or "nothing"
            table.append(f"| {program} | {going} | {took / 60:.1f} | {ended} | {said} |")
            before_told = len(told)
            with capsys.disabled():
                print("\n" + "\n".join(table))
        until(lambda: _asked(lambda: [night.runs(*OPEN)]) == [[]], "runs are left open", TILL_MORNING)
        assert night.run("stop").returncode == 0
        _the_ledger_holds(night)


def kill_and_restart(place: Path, folder: Path) -> subprocess.Popen[bytes]:
    """SIGKILL for PostgreSQL and all it started; somebody (systemd, on a server) starts it again after a while."""
    number = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(number)
    options = postmaster.cmdline()[1:]
    user = postmaster.username()
    for process in (postmaster, *postmaster.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    postmaster.wait(30)
    time.sleep(10)
    log = folder / "log"
    with log.open("ab") as stream:
        command = [str(place / "postgres"), *options]
        return subprocess.Popen(command, user=user, stdout=stream, stderr=stream, cwd="/", start_new_session=True)


def _shows(night: Night, url: str, version: int) -> bool:
    """Whether the portal shows this version of every dataset, and nobody holds a lock."""
    return bool(_asked(lambda: set(night.shown(url).values())) == {f"Ринок {version}, free"})


def _asked(question: Callable[[], Any]) -> Any:
    """The answer, or nothing while somebody is down."""
    try:
        return question()
    except (requests.RequestException, KeyError, IndexError, ValueError):
        return None


def _the_ledger_holds(night: Night) -> None:
    """Each version was published once; every run that began has its result, or was cut off by a kill."""
    home = night.home
    assert verify(home / "ledger", objects=home / "objects", runs=home / "runs").good
    entries = list(Ledger.open(home).entries())
    published = Counter(entry.dataset for entry in entries if entry.body.get("outcome") == "Published")
    assert set(published) == set(NAMES)
    assert all(count <= len(PROGRAMS) + 2 for count in published.values()), published
    last = {entry.dataset: entry.body["outcome"] for entry in entries if entry.kind == "result"}
    assert set(last.values()) <= {"Published", "Unchanged"}, last
