"""Programs that are kept running, and what `vidkryto up` says before it starts any."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.alerts.conftest import Office
from tests.support.catalogue import write_catalogue
from vidkryto.cli import keeper as keeper_module
from vidkryto.cli import prefect_here, processes, up
from vidkryto.cli.app import app
from vidkryto.cli.deployments import NOT_ALL
from vidkryto.cli.keeper import Chore, Keeper, Program, keep
from vidkryto.cli.up import Changes
from vidkryto.errors import SettingsError, StateError
from vidkryto.record.run import LAST_KEPT
from vidkryto.settings import Settings

SLEEPER = (sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(600)")
BROKEN = (sys.executable, "-c", "raise SystemExit('no database')")


@pytest.fixture
def events() -> list[tuple[str, str]]:
    """What the keeper told, in order."""
    return []


@pytest.fixture
def keeper(tmp_path: Path, events: list[tuple[str, str]]) -> Iterator[Keeper]:
    """A keeper in a folder of its own; what it keeps ends with the test."""
    made = Keeper(tmp_path / "up", tmp_path, dict(os.environ), lambda *event: events.append(event))
    yield made
    made.stop()


def _until(happened: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.05)


def test_a_program_that_is_killed_is_started_again(keeper: Keeper, events: list[tuple[str, str]]) -> None:
    """Nobody has to look after the night's programs."""
    keeper.start(Program("sleeper", SLEEPER, lambda: True))
    first = processes.find("sleeper", keeper.home)
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    _until(lambda: not first.alive())
    keeper.look()
    second = processes.find("sleeper", keeper.home)
    assert second is not None
    assert second.pid != first.pid
    assert events == [("sleeper", "started"), ("sleeper", "ended"), ("sleeper", "started")]


def test_a_program_that_keeps_ending_is_tried_less_and_less_often(
    keeper: Keeper, events: list[tuple[str, str]]
) -> None:
    """It neither stops the others nor fills the disk with its log."""
    keeper.start(Program("sleeper", SLEEPER, lambda: True))
    keeper.programs.append(Program("broken", BROKEN, lambda: False))
    for _ in range(5):
        keeper.look()
    assert [event for name, event in events if name == "broken"] == ["ended", "not started"]
    assert processes.find("sleeper", keeper.home) is not None


def test_a_program_that_does_not_stay_up_is_noted_for_the_alerts(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it does not start or ends as soon as it has; one that runs again is no longer."""
    monkeypatch.setattr("vidkryto.cli.keeper.LONGEST_PAUSE", 0.0)
    down = keeper.home / "down.json"
    keeper.programs += [
        Program("prefect-server", BROKEN, lambda: False),
        Program("prefect-worker", BROKEN, lambda: True),
    ]
    for turn in range(1, 6):
        assert not down.exists(), turn
        keeper.look()
        ended = processes.find("prefect-worker", keeper.home)
        _until(lambda ended=ended: ended is None or not ended.alive())  # type: ignore[misc]
    assert json.loads(down.read_text(encoding="utf-8")) == ["prefect-server", "prefect-worker"]
    keeper.programs = [Program(program.name, SLEEPER, lambda: True) for program in keeper.programs]
    keeper.look()
    monkeypatch.setattr("vidkryto.cli.keeper.HEALTHY", 0.0)
    keeper.look()
    assert json.loads(down.read_text(encoding="utf-8")) == []


def test_a_program_that_does_not_start_says_why(keeper: Keeper) -> None:
    """The last lines of its log are the message."""
    with pytest.raises(StateError, match="no database"):
        keeper.start(Program("broken", BROKEN, lambda: False))


def test_what_a_killed_keeper_left_is_ended_before_a_new_start(keeper: Keeper, tmp_path: Path) -> None:
    """Two workers on one pool would publish one dataset twice."""
    keeper.start(Program("sleeper", SLEEPER, lambda: True))
    left = processes.find("sleeper", keeper.home)
    assert left is not None
    following = Keeper(keeper.home, tmp_path, dict(os.environ), lambda *_: None)
    following.start(Program("sleeper", SLEEPER, lambda: True))
    assert not left.alive()
    following.stop()
    assert processes.find("sleeper", keeper.home) is None


def test_what_one_program_is_told_no_other_is(keeper: Keeper) -> None:
    """The way into Prefect's database goes to the server, and to no run of a department."""
    told = "import os, time; print(os.environ.get('PREFECT_SERVER_DATABASE_PASSWORD'), flush=True); time.sleep(600)"
    command = (sys.executable, "-c", told)
    given = {"PREFECT_SERVER_DATABASE_PASSWORD": "p", "PREFECT_API_DATABASE_CONNECTION_URL": "u", "PATH": "/bin"}
    keeper.environment = prefect_here.shared_environment(given)
    database = prefect_here.database_environment(given)
    assert keeper.environment == {"PATH": "/bin"}
    for name, environment in (("server", database), ("worker", {})):
        keeper.start(Program(name, command, _said(keeper, name), environment=environment))
    logs = [(keeper.home / f"{name}.log").read_text(encoding="utf-8") for name in ("server", "worker")]
    assert logs == ["p\n", "None\n"]


def _said(keeper: Keeper, name: str) -> Callable[[], bool]:
    """Whether a program has said something."""
    return lambda: (keeper.home / f"{name}.log").stat().st_size > 0


def test_stop_ends_a_keeper_that_nobody_waits_for_and_no_other_program(tmp_path: Path) -> None:
    """One run in the foreground by a script, or one whose starter was interrupted: its script goes on."""
    program = (
        "import subprocess, sys\n"
        "noted = 'import sys, time; from pathlib import Path; from vidkryto.cli.processes import remember_this; '"
        " 'remember_this(\"keeper\", Path(sys.argv[1])); time.sleep(600)'\n"
        "raise SystemExit(subprocess.run([sys.executable, '-c', noted, sys.argv[1]]).returncode + 100)\n"
    )
    script = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], start_new_session=True)
    try:
        _until(lambda: processes.find("keeper", tmp_path) is not None)
        assert processes.stop("keeper", tmp_path)
        assert script.wait(30) == 100 - signal.SIGTERM
    finally:
        script.kill()
        script.wait()
    assert not processes.stop("keeper", tmp_path)


def test_chores_are_done_when_needed_and_not_more_often_than_wished(keeper: Keeper) -> None:
    """A contract that changed is deployed once."""
    done: list[str] = []
    turns = iter([True, True, True, False])
    chores = [
        Chore("a", 0.0, lambda: True, lambda: done.append("each time")),
        Chore("b", 60.0, lambda: True, lambda: done.append("once")),
        Chore("c", 0.0, lambda: False, lambda: done.append("never")),
    ]
    keep(keeper, chores, lambda: next(turns), pause=0.0)
    assert done == ["each time", "once", "each time", "each time"]


def test_a_chore_that_fails_ends_nothing_and_is_done_again(keeper: Keeper, events: list[tuple[str, str]]) -> None:
    """A full disk, or a server that just restarts: the programs are kept, and the change is not forgotten."""
    disk = iter([OSError(errno.ENOSPC, "No space left on device"), RuntimeError, None])
    changed = Changes(lambda: "once")
    done: list[str] = []

    def sync() -> None:
        if error := next(disk):
            raise error
        done.append("sync")

    turns = iter([True] * 5 + [False])
    chores = [Chore("sync", 0.0, changed.seen, sync), Chore("lost runs", 0.0, lambda: True, lambda: done.append("x"))]
    keep(keeper, chores, lambda: next(turns), pause=0.0)
    assert events == [("sync (No space left on device)", "failed"), ("sync (RuntimeError)", "failed")]
    assert (done.count("sync"), done.count("x")) == (1, 5)


def test_a_chore_that_keeps_failing_is_done_less_and_less_often_and_a_change_is_tried_at_once(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that the server refuses for good does not take the machine; the mended contract does not wait."""
    seconds, done = [0.0], []
    monkeypatch.setattr(keeper_module.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(keeper_module.time, "sleep", lambda _: seconds.__setitem__(0, seconds[0] + 1))

    def sync() -> None:
        done.append(seconds[0])
        raise StateError("refused")

    chore = Chore("sync", 10.0, lambda: seconds[0] in (0.0, 120.0), sync)
    keep(keeper, [chore], lambda: seconds[0] <= 200)
    assert done == [0, 10, 30, 70, 120]


def test_a_sync_that_failed_is_owed_and_a_contract_that_does_not_load_is_no_failure(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a server that just started did not take is sent again; what an officer must mend is not."""
    keeper.home.mkdir(exist_ok=True)
    keeper.environment = dict(os.environ)
    program = keeper.home / "program"
    monkeypatch.setattr(sys, "executable", str(program))
    for code, owed in ((0, False), (NOT_ALL, False), (1, True), (2, True)):
        program.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
        program.chmod(0o755)
        with pytest.raises(StateError, match=f"ended with {code}") if owed else nullcontext():
            up._sync(keeper, lambda: True)
    changed = Changes(lambda: "once")
    assert changed.seen()
    changed.forget()
    assert changed.seen(), "the sync of the start failed, and nobody does it again"


def test_a_program_that_a_full_disk_keeps_from_starting_is_tried_later(
    keeper: Keeper, events: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log cannot be written, and the others are looked after."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    keeper.programs.append(Program("sleeper", SLEEPER, lambda: True))
    monkeypatch.setattr(processes, "start", full)
    keeper.look()
    assert events == [("sleeper", "ended"), ("sleeper", "not started")]


def test_a_command_that_hangs_is_ended_and_the_programs_are_looked_after_meanwhile(
    keeper: Keeper, events: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that waits for ever holds neither the worker nor the end of all up."""
    keeper.home.mkdir(exist_ok=True)
    keeper.environment = dict(os.environ)
    monkeypatch.setattr(sys, "executable", str(_hanging(keeper.home)))
    keeper.programs.append(Program("sleeper", SLEEPER, lambda: True))
    began = time.monotonic()
    up._command(keeper, lambda: time.monotonic() - began < 3, "report")
    assert processes.find("sleeper", keeper.home) is not None
    monkeypatch.setattr(up, "TIME_LIMIT", 0.0)
    up._command(keeper, lambda: True, "report")
    assert time.monotonic() - began < 20
    assert (keeper.home / "commands.log").read_text(encoding="utf-8").count("report: -9") == 2


def _hanging(folder: Path) -> Path:
    """A program that never ends, whatever its arguments."""
    file = folder / "hanging"
    file.write_text("#!/bin/sh\nexec /bin/sleep 600\n", encoding="utf-8")
    file.chmod(0o755)
    return file


def test_a_contract_or_the_alerts_that_change_are_deployed(tmp_path: Path) -> None:
    """A city that writes its alerts.yaml while all is up is told from then on."""
    contract = write_catalogue(tmp_path) / "dataset.yaml"
    changed = Changes(lambda: up._deployed_from(Settings(tmp_path, tmp_path / "state")))
    changed.seen()
    for file in (tmp_path / "alerts.yaml", contract):
        file.write_text("routes: []\n", encoding="utf-8")
        assert changed.seen()
        assert not changed.seen()


def test_people_are_told_by_the_keeper_itself_where_the_city_says_whom(keeper: Keeper, tmp_path: Path) -> None:
    """The deployment that tells them needs the server and the worker, whose end is to be told."""
    sent: list[str] = []
    chores = [up._alerts(Settings(tmp_path, tmp_path / "state"), lambda: sent.append("sent"))]
    for wanted in ([], ["sent"]):
        turns = iter([True, True, False])
        keep(keeper, chores, lambda turns=turns: next(turns), pause=0.0)  # type: ignore[misc]
        assert sent == wanted
        (tmp_path / "alerts.yaml").write_text("routes: []\n", encoding="utf-8")


def test_a_new_record_is_noticed_without_a_walk_over_all_runs(tmp_path: Path) -> None:
    """Records are kept for ever; one file says when the last came."""
    file = tmp_path / LAST_KEPT
    runs = Changes(lambda: up._touched(file))
    runs.seen()
    Office(Settings(tmp_path, tmp_path)).good("2026-12-01")
    assert runs.seen()
    assert not runs.seen()


def test_the_password_of_the_server_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    """It shows itself in no repr, and a file that others can read is refused."""
    first = prefect_here.password(tmp_path)
    file = tmp_path / "prefect" / "auth"
    assert file.stat().st_mode & 0o777 == 0o600
    assert prefect_here.password(tmp_path) == first
    assert first.reveal() not in repr(first)
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        prefect_here.password(tmp_path)


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small city without a ledger."""
    write_catalogue(tmp_path)
    monkeypatch.setenv("VIDKRYTO_ROOT", str(tmp_path))
    monkeypatch.setenv("VIDKRYTO_HOME", str(tmp_path / ".vidkryto"))
    monkeypatch.setenv("VIDKRYTO_CKAN_URL", "http://127.0.0.1:9")
    return tmp_path


def _free_ports() -> tuple[str, str]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1]), str(other.getsockname()[1])


def test_up_without_a_ledger_says_how_to_make_one(city: Path) -> None:
    """Nothing is started, and nothing is published without a record."""
    port, report_port = _free_ports()
    result = CliRunner().invoke(app, ["up", "--port", port, "--report-port", report_port])
    assert isinstance(result.exception, StateError)
    assert "vidkryto audit init" in result.exception.remedy
    assert not list((city / ".vidkryto").rglob("*.log"))


def test_up_on_a_port_that_is_taken_names_another(city: Path) -> None:
    """Before anything is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(app, ["up", "--port", str(taken.getsockname()[1])])
    assert isinstance(result.exception, SettingsError)
    assert "--port 4300" in result.exception.remedy


def test_the_systemd_unit_runs_this_program_on_this_folder(city: Path) -> None:
    """Printed, not installed: whoever runs the server decides where it goes."""
    result = CliRunner().invoke(app, ["up", "--unit", "--limit", "3"])
    assert result.exit_code == 0
    program = Path(sys.executable).with_name("vidkryto")
    assert f'ExecStart="{program}" up --port 4200 --report-port 5156 --limit 3' in result.stdout
    assert f'"VIDKRYTO_ROOT={city}"' in result.stdout
    before_the_service = result.stdout.partition("[Service]")[0]
    assert f"AssertPathExists={city}/.vidkryto/ledger/entries.jsonl\n" in before_the_service
