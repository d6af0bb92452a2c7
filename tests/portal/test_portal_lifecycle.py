"""The local portal's life: starting, starting twice, moving, being killed, and ending."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from vidkryto_portal import lock, places, ports, processes

from tests.support.local_portal import FOLDER, portal_python


@dataclass(frozen=True)
class Portal:
    """A home, and the command line of the portal for it."""

    home: Path

    def command(self, *arguments: str) -> list[str]:
        """One command, to be run."""
        return [str(portal_python()), "-P", "-m", "vidkryto_portal", *arguments, "--home", str(self.home)]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command, run to its end."""
        environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
        return subprocess.run(
            self.command(*arguments), env=environment, capture_output=True, text=True, check=False, timeout=240
        )

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """One command, begun."""
        environment = {**os.environ, "PYTHONPATH": str(FOLDER)}
        return subprocess.Popen(
            self.command(*arguments), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def status(self) -> dict[str, Any]:
        """What the portal says of itself."""
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def ask(self, action: str, **values: Any) -> Any:
        """One action with the editor's token."""
        url = (self.home / "url").read_text(encoding="utf-8").strip()
        token = (self.home / "editor.token").read_text(encoding="utf-8").strip()
        headers = {"Content-Type": "application/json", "Authorization": token}
        request = urllib.request.Request(f"{url}/api/3/action/{action}", json.dumps(values).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["result"]


@pytest.fixture(scope="module")
def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.fixture(scope="module")
def portal(free_port: int) -> Iterator[Portal]:
    """A portal in a folder whose name has spaces, Ukrainian letters and more than a socket's path may have."""
    with tempfile.TemporaryDirectory(prefix="vidkryto portal ", ignore_cleanup_errors=True) as folder:
        portal = Portal(Path(folder) / "місцевий портал із довгою назвою" / ("х" * 40))
        started = portal.run("up", "--port", str(free_port), "--throwaway")
        assert started.returncode == 0, started.stderr
        try:
            portal.ask("package_create", name="kept", title="Збережене", owner_org="khmelnytskyi")
            yield portal
        finally:
            portal.run("reset")


def test_up_again_changes_nothing(portal: Portal, free_port: int) -> None:
    """The same programs run on; the answer is the same."""
    before = portal.status()
    again = portal.run("up", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == before
    assert before["url"] == f"http://127.0.0.1:{free_port}"
    assert (portal.home / "url").read_text(encoding="utf-8") == before["url"] + "\n"


def test_another_port_is_refused_while_it_is_up(portal: Portal) -> None:
    """Moving means stopping first; nothing is touched."""
    moved = portal.run("up", "--port", "1", "--json")
    assert moved.returncode == 2
    assert "already up on port" in json.loads(moved.stdout)["error"]
    assert portal.status()["state"] == "up"


def test_a_restart_keeps_the_data(portal: Portal) -> None:
    """Databases, index, users and tokens are there again; the address is the same."""
    token = (portal.home / "editor.token").read_text(encoding="utf-8")
    before = portal.status()
    assert portal.run("down").returncode == 0
    assert portal.status()["state"] == "down"
    assert not (portal.home / "url").exists()
    assert not any(living(pid) for pid in before["programs"].values())
    assert portal.run("up").returncode == 0
    assert portal.ask("package_search", q="збережене")["count"] == 1
    assert portal.status()["url"] == before["url"]
    assert (portal.home / "editor.token").read_text(encoding="utf-8") == token


def living(pid: int) -> bool:
    """Is there a process, other than a zombie, with this pid?"""
    return processes.Record.of(pid) is not None


def test_after_kill_9_of_everything_the_next_up_recovers(portal: Portal) -> None:
    """Nothing that was acknowledged is lost, and no leftover file stands in the way."""
    portal.ask("datastore_create", resource={"package_id": "kept"}, records=[{"a": 1}, {"a": 2}])
    for pid in portal.status()["programs"].values():
        os.kill(pid, signal.SIGKILL)
    assert portal.status()["state"] == "down"
    recovered = portal.run("up")
    assert recovered.returncode == 0, recovered.stderr
    resource = portal.ask("package_show", id="kept")["resources"][0]["id"]
    assert portal.ask("datastore_search", resource_id=resource)["total"] == 2
    portal.ask("package_patch", id="kept", resources=[])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["search", "valkey", "postgres", "web"])
def test_one_killed_program_is_started_again(portal: Portal, name: str) -> None:
    """`status` tells that one is missing, `up` mends it."""
    os.kill(portal.status()["programs"][name], signal.SIGKILL)
    broken = portal.status()
    assert (broken["state"], broken["programs"][name]) == ("partly", None)
    mended = portal.run("up")
    assert mended.returncode == 0, mended.stderr
    assert portal.ask("package_search", q="збережене")["count"] == 1


def test_records_that_name_a_strangers_process_fool_nobody(portal: Portal) -> None:
    """A pid may have been given to another program: it is not taken for ours, and above all not stopped."""
    stranger = subprocess.Popen(["sleep", "300"])
    try:
        assert portal.run("down").returncode == 0
        record = processes.Record.of(stranger.pid)
        assert record is not None
        stale = {"pid": stranger.pid, "started": record.started - 5, "boot": record.boot}
        for name in ("web", "search", "valkey"):
            (portal.home / "run" / f"{name}.json").write_text(json.dumps(stale), encoding="utf-8")
        data = Path(json.loads((portal.home / "portal.json").read_text(encoding="utf-8"))["database"])
        (data / "postmaster.pid").write_text(f"{stranger.pid}\n{data}\n", encoding="utf-8")
        assert portal.status()["state"] == "down"
        started = portal.run("up")
        assert started.returncode == 0, started.stderr
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_zombie_is_not_alive() -> None:
    """A process that ended but was not collected still has its pid; it counts as gone."""
    child = subprocess.Popen(["true"])
    time.sleep(0.3)
    assert Path(f"/proc/{child.pid}").exists()
    assert processes.Record.of(child.pid) is None
    child.wait()


def test_a_taken_port_is_named_with_its_owner_and_nothing_starts(tmp_path: Path) -> None:
    """Exit code 2; the message names port, program and way out."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = Portal(tmp_path / "home").run("up", "--port", str(port))
        assert refused.returncode == 2
        assert f"port {port} is taken by" in refused.stderr
        assert f"(process {os.getpid()})" in refused.stderr
        assert "--port" in refused.stderr
    assert Portal(tmp_path / "home").status()["state"] == "down"
    assert not (tmp_path / "home" / "portal.json").exists()


def test_a_port_taken_on_all_addresses_is_noticed() -> None:
    """A program on 0.0.0.0 owns the port on loopback too."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ports.LocalPortalError, match=f"port {port} is taken"):
            ports.reserve(port)


def test_of_two_ups_at_once_one_says_that_the_other_is_at_work(portal: Portal) -> None:
    """The lock is the kernel's: it goes with its holder, however that ends."""
    assert portal.run("down").returncode == 0
    both = [portal.begin("up"), portal.begin("up")]
    outcomes = sorted((process.communicate(timeout=240)[1], process.returncode) for process in both)
    codes = sorted(code for _, code in outcomes)
    assert codes == [0, 2], outcomes
    assert any("busy: `up`" in text for text, code in outcomes if code == 2)
    assert portal.status()["state"] == "up"


@pytest.mark.parametrize("left", [b"", b"`down` (process 4194304)\n"], ids=["nothing", "a killed holder's name"])
def test_the_name_of_a_holder_that_took_the_lock_just_now_is_waited_for(tmp_path: Path, left: bytes) -> None:
    """Between taking the lock and writing the name there is a moment; what stands there then is of no holder."""
    home = places.Home(tmp_path)
    with (tmp_path / "lock").open("w+b", buffering=0) as held:
        held.write(left)
        fcntl.flock(held, fcntl.LOCK_EX)
        writing = threading.Timer(0.3, os.pwrite, (held.fileno(), b"`up` (process %d)\n".ljust(40) % os.getpid(), 0))
        writing.start()
        with pytest.raises(ports.LocalPortalError, match="busy: `up`"), lock.only_one(home, "down"):
            pass
        writing.join()
    with lock.only_one(home, "down"):
        assert (tmp_path / "lock").read_text(encoding="utf-8").startswith("`down`")
    assert (tmp_path / "lock").read_bytes() == b""


@pytest.mark.slow
def test_an_interrupted_start_leaves_nothing_running_and_the_next_one_works(portal: Portal) -> None:
    """Ctrl-C while CKAN starts."""
    assert portal.run("down").returncode == 0
    begun = portal.begin("up")
    time.sleep(1.0)
    begun.send_signal(signal.SIGINT)
    begun.communicate(timeout=60)
    if begun.returncode != 0:  # on a fast machine it may have been up already
        assert begun.returncode == 2
        assert portal.status()["state"] == "down"
    assert portal.run("up").returncode == 0


@pytest.mark.slow
def test_a_first_start_that_was_cut_off_is_begun_anew() -> None:
    """Killed between the database and the users, the next `up` makes everything from nothing."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        portal = Portal(Path(folder) / "home")
        begun = portal.begin("up", "--port", "0", "--throwaway")
        deadline = time.monotonic() + 60
        while "first start" not in (begun.stderr.readline() if begun.stderr else "") and time.monotonic() < deadline:
            pass
        time.sleep(1.5)
        begun.kill()
        begun.communicate(timeout=60)
        try:
            started = portal.run("up")
            assert started.returncode == 0, started.stderr
            assert portal.ask("organization_show", id="khmelnytskyi")["name"] == "khmelnytskyi"
        finally:
            portal.run("reset")


def test_a_damaged_state_is_told_and_reset_mends_it(tmp_path: Path) -> None:
    """The message says what to do, and doing it helps."""
    portal = Portal(tmp_path / "home")
    portal.home.mkdir()
    (portal.home / "portal.json").write_text("{", encoding="utf-8")
    refused = portal.run("status")
    assert refused.returncode == 2
    assert "reset" in refused.stderr
    assert portal.run("reset").returncode == 0
    assert portal.status()["state"] == "down"


def test_a_folder_that_cannot_be_written_is_told() -> None:
    """One message, exit code 2, no traceback."""
    refused = Portal(Path("/proc/none")).run("up")
    assert refused.returncode == 2
    assert "cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_down_status_and_reset_without_a_portal(tmp_path: Path) -> None:
    """Nothing to do is no error, and nothing is left behind."""
    portal = Portal(tmp_path / "none")
    for command in ("down", "status", "reset"):
        assert portal.run(command).returncode == 0
    assert not portal.home.exists()


def test_reset_wipes_everything() -> None:
    """Data, secrets and sockets are gone, also those outside the home; nothing of it runs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = places.Home.at(Path(folder) / "home")
        portal = Portal(home.root)
        assert portal.run("up", "--port", "0", "--throwaway").returncode == 0
        state = json.loads(home.state.read_text(encoding="utf-8"))
        pids = portal.status()["programs"].values()
        assert portal.run("reset").returncode == 0
        assert [entry.name for entry in home.root.iterdir()] == ["lock"]
        assert not Path(state["database"]).exists()
        assert not places.socket_folder(home).exists()
        assert not any(living(pid) for pid in pids)


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    """Neither `up` nor `reset` touches a folder that is not a portal's; what a user put beside one stays."""
    (tmp_path / "thesis.odt").write_text("years of work", encoding="utf-8")
    before = tmp_path.stat().st_mode
    for command in ("up", "reset"):
        refused = Portal(tmp_path).run(command)
        assert (refused.returncode, "other things" in refused.stderr) == (2, True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.odt"]
    assert tmp_path.stat().st_mode == before
    (tmp_path / "portal.json").write_text("{}", encoding="utf-8")
    assert Portal(tmp_path).run("reset").returncode == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["lock", "thesis.odt"]
