"""Exports on real SFTP, FTP, SMB and S3 servers on loopback."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import boto3
import paramiko
import pytest
from moto.server import ThreadedMotoServer

from vidkryto.errors import ExportMissing, SourceError
from vidkryto.pull import Each

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pyftpdlib imports asyncore, which Python 3.11 announces to remove
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import ThreadedFTPServer

Puller = Callable[..., Any]
BODY = "назва;кількість\nРинок;5\n".encode() * 20_000
NOW = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)
SECRETS = {"STOPS_USER": "officer", "STOPS_PASSWORD": "correct horse"}


@pytest.fixture
def outgoing(tmp_path: Path) -> Path:
    """The folder that the servers show."""
    folder = tmp_path / "server" / "outgoing"
    folder.mkdir(parents=True)
    (folder / "stops_2024-01.csv").write_bytes(b"old")
    (folder / "stops_2024-02.csv").write_bytes(BODY)
    (folder / "readme.txt").write_bytes(b"x")
    return folder


# --- SFTP


class _Files(paramiko.SFTPServerInterface):
    """The part of SFTP that reading needs, over a local folder."""

    root = Path()

    def _path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        if not self._path(path).is_dir():
            return paramiko.SFTP_NO_SUCH_FILE
        found = []
        for item in self._path(path).iterdir():
            attributes = paramiko.SFTPAttributes.from_stat(item.stat())
            attributes.filename = item.name
            found.append(attributes)
        return found

    def stat(self, path: str) -> Any:
        if not self._path(path).exists():
            return paramiko.SFTP_NO_SUCH_FILE
        return paramiko.SFTPAttributes.from_stat(self._path(path).stat())

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        assert not flags & 0x3, "opened for writing"
        handle = paramiko.SFTPHandle(flags)
        handle.readfile = self._path(path).open("rb")
        return handle


class _Login(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == ("officer", "correct horse")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


@dataclass
class Sftp:
    """A running SFTP server."""

    port: int
    known: str


@pytest.fixture
def sftp(outgoing: Path) -> Iterator[Sftp]:
    """An SFTP server with a fresh host key."""
    key = paramiko.ECDSAKey.generate()
    _Files.root = outgoing.parent
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    port, stop, transports = listener.getsockname()[1], threading.Event(), []

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
            transports.append(transport)
            try:
                transport.start_server(server=_Login())
            except (paramiko.SSHException, EOFError):
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield Sftp(port, f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
    stop.set()
    thread.join(5)
    for transport in transports:
        transport.close()
    listener.close()


def _sftp(server: Sftp, tmp_path: Path, known: str, **more: Any) -> dict[str, Any]:
    (tmp_path / "known_hosts").write_text(known, encoding="ascii")
    return {
        "remote": f"sftp://127.0.0.1:{server.port}/outgoing/stops_*.csv",
        "pick": "dated",
        "known_hosts": "known_hosts",
        "user_from": "STOPS_USER",
        "password_from": "STOPS_PASSWORD",
        "timeout": 5,
        "retries": 0,
        **more,
    }


def written(file: Path) -> str:
    """When a file was last written, as a snapshot says it."""
    return f"{datetime.fromtimestamp(int(file.stat().st_mtime), UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_the_latest_export_comes_from_an_sftp_server(
    sftp: Sftp, outgoing: Path, tmp_path: Path, puller: Puller
) -> None:
    """The bytes are whole; the record does not name the internal server, and says when the file was written."""
    (snapshot,) = puller(_sftp(sftp, tmp_path, sftp.known), environment=SECRETS)
    assert snapshot.path.read_bytes() == BODY
    assert (snapshot.file, snapshot.origin) == ("stops_2024-02.csv", "sftp:stops_2024-02.csv")
    assert snapshot.modified == written(outgoing / snapshot.file)


def test_an_sftp_server_with_another_key_is_refused(sftp: Sftp, tmp_path: Path, puller: Puller) -> None:
    """No password is sent to a server that is not the known one."""
    other = paramiko.ECDSAKey.generate()
    known = f"[127.0.0.1]:{sftp.port} {other.get_name()} {other.get_base64()}\n"
    with pytest.raises(SourceError, match="a key that is not known here"):
        puller(_sftp(sftp, tmp_path, known), environment=SECRETS)


def test_an_unknown_sftp_server_is_refused(sftp: Sftp, tmp_path: Path, puller: Puller) -> None:
    """There is no trust on first sight."""
    with pytest.raises(SourceError, match="a key that is not known here"):
        puller(_sftp(sftp, tmp_path, ""), environment=SECRETS)


def test_a_wrong_password_is_told_without_the_password(sftp: Sftp, tmp_path: Path, puller: Puller) -> None:
    """The remedy says what to check."""
    with pytest.raises(SourceError) as caught:
        puller(_sftp(sftp, tmp_path, sftp.known), environment={**SECRETS, "STOPS_PASSWORD": "battery staple"})
    assert "refused" in str(caught.value)
    assert "battery staple" not in str(caught.value)


# --- FTP


@pytest.fixture
def ftp(outgoing: Path) -> Iterator[int]:
    """The port of an FTP server."""
    authorizer = DummyAuthorizer()
    authorizer.add_user("officer", "correct horse", str(outgoing.parent), perm="elr")
    yield from _serving(type("Handler", (FTPHandler,), {"authorizer": authorizer, "log_prefix": ""}))


@pytest.fixture
def old_ftp(outgoing: Path) -> Iterator[int]:
    """The port of an FTP server that knows no MLSD (RFC 3659, 7): it lists files as `ls -l` does."""
    authorizer = DummyAuthorizer()
    authorizer.add_user("officer", "correct horse", str(outgoing.parent), perm="elr")
    commands = {name: what for name, what in FTPHandler.proto_cmds.items() if name not in ("MLSD", "MLST")}
    parts = {"authorizer": authorizer, "log_prefix": "", "proto_cmds": commands}
    yield from _serving(type("Handler", (FTPHandler,), parts))


def _serving(handler: type[FTPHandler]) -> Iterator[int]:
    server = ThreadedFTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"timeout": 0.1}, daemon=True)
    thread.start()
    yield server.address[1]
    server.close_all()
    thread.join(5)


def _ftp(port: int, pattern: str = "stops_*.csv") -> dict[str, Any]:
    return {
        "remote": f"ftp://127.0.0.1:{port}/outgoing/{pattern}",
        "pick": "dated",
        "user_from": "STOPS_USER",
        "password_from": "STOPS_PASSWORD",
        "timeout": 5,
        "retries": 0,
    }


def test_the_latest_export_comes_from_an_ftp_server(ftp: int, outgoing: Path, puller: Puller) -> None:
    """The bytes are whole; the server's date, which is in UTC, is understood."""
    (snapshot,) = puller(_ftp(ftp), environment=SECRETS)
    assert snapshot.path.read_bytes() == BODY
    assert snapshot.modified == written(outgoing / snapshot.file)


def test_the_newest_of_an_old_ftp_server_is_not_guessed(old_ftp: int, outgoing: Path, puller: Puller) -> None:
    """It tells no times; the date in the name, or a pattern that fits one file, does."""
    for number in (9, 10):
        (outgoing / f"routes_{number}.csv").write_bytes(BODY)
    source = {**_ftp(old_ftp, "routes_*.csv"), "pick": "newest"}
    with pytest.raises(ExportMissing, match="does not tell when they were changed") as caught:
        puller(source, environment=SECRETS)
    assert caught.value.finding.code == "export-unordered"
    assert caught.value.finding.details["names"] == "routes_10.csv, routes_9.csv"
    (snapshot,) = puller({**_ftp(old_ftp, "routes_9*.csv"), "pick": "newest"}, environment=SECRETS)
    assert (snapshot.file, snapshot.modified) == ("routes_9.csv", "")
    assert puller(_ftp(old_ftp), environment=SECRETS)[0].path.read_bytes() == BODY


def test_nothing_of_that_name_on_the_ftp_server_is_a_missing_export(ftp: int, puller: Puller) -> None:
    """The server answered: no technical failure."""
    with pytest.raises(ExportMissing):
        puller(_ftp(ftp, "routes_*.csv"), environment=SECRETS)


def test_a_wrong_ftp_password_is_refused(ftp: int, puller: Puller) -> None:
    """And not repeated in the message."""
    with pytest.raises(SourceError, match="refused") as caught:
        puller(_ftp(ftp), environment={**SECRETS, "STOPS_PASSWORD": "battery staple"})
    assert "battery" not in str(caught.value)


# --- SMB


@dataclass(frozen=True)
class Smb:
    """A running SMB server: its port and its process."""

    port: int
    process: subprocess.Popen[bytes]

    def source(self, pattern: str = "stops_*.csv", **more: Any) -> dict[str, Any]:
        """A source on the share of this server."""
        login = {"user_from": "STOPS_USER", "password_from": "STOPS_PASSWORD", "timeout": 10, "retries": 0}
        remote = f"smb://127.0.0.1:{self.port}/export/outgoing/{pattern}"
        return {"remote": remote, "pick": "dated", **login, **more}


@pytest.fixture
def smb(outgoing: Path) -> Iterator[Smb]:
    """A server with one share and one user; in a process of its own, so that it can be killed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = Path(__file__).with_name("smb_server.py")
    process = subprocess.Popen(
        [sys.executable, str(program), str(port), str(outgoing.parent), SECRETS["STOPS_USER"]],
        env={**os.environ, "SMB_PASSWORD": SECRETS["STOPS_PASSWORD"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    limit = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None, "the SMB server did not start"
        assert time.monotonic() < limit, "the SMB server does not listen"
        time.sleep(0.1)
    yield Smb(port, process)
    process.kill()
    process.wait()


def test_the_latest_export_comes_from_an_smb_share(smb: Smb, outgoing: Path, puller: Puller) -> None:
    """The bytes are whole; neither user nor password is in the record, but when the file was written."""
    (snapshot,) = puller(smb.source(), environment=SECRETS)
    assert snapshot.path.read_bytes() == BODY
    assert snapshot.modified == written(outgoing / snapshot.file)
    assert "officer" not in repr(snapshot)
    assert "correct" not in repr(snapshot)


def test_a_wrong_smb_password_is_refused_even_after_a_right_one(smb: Smb, puller: Puller) -> None:
    """A session of another contract with the same user lets nobody in; the password is not repeated."""
    puller(smb.source(), environment=SECRETS)
    with pytest.raises(SourceError, match="refused") as caught:
        puller(smb.source(), environment={**SECRETS, "STOPS_PASSWORD": "battery staple"})
    assert "battery" not in str(caught.value)


def test_nothing_of_that_name_on_the_smb_share_is_a_missing_export(smb: Smb, puller: Puller) -> None:
    """The server answered: no technical failure. A folder that is not there is the same."""
    with pytest.raises(ExportMissing):
        puller(smb.source("routes_*.csv"), environment=SECRETS)
    elsewhere = {**smb.source(), "remote": f"smb://127.0.0.1:{smb.port}/export/nowhere/*.csv"}
    with pytest.raises(ExportMissing):
        puller(elsewhere, environment=SECRETS)


def test_a_file_beyond_the_limit_is_not_taken_from_an_smb_share(smb: Smb, outgoing: Path, puller: Puller) -> None:
    """The limit of the contract holds for every source."""
    (outgoing / "stops_2024-03.csv").write_bytes(bytes(2_000_000))
    with pytest.raises(SourceError, match=r"stops_2024-03\.csv"):
        puller(smb.source(max_megabytes=1), environment=SECRETS)


def test_an_smb_server_that_dies_is_a_technical_failure(smb: Smb, puller: Puller) -> None:
    """Told in one sentence, without the address inside the city's network."""
    puller(smb.source(), environment=SECRETS)
    smb.process.kill()
    smb.process.wait()
    with pytest.raises(SourceError) as caught:
        puller(smb.source(timeout=2), environment=SECRETS)
    assert not isinstance(caught.value, ExportMissing)
    assert "127.0.0.1" not in str(caught.value)


# --- S3


@pytest.fixture
def s3() -> Iterator[str]:
    """The address of an S3 service that holds two exports."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"
    client = _client(address)
    client.create_bucket(Bucket="exports")
    client.put_object(Bucket="exports", Key="out/stops_1.csv", Body=b"old")
    time.sleep(1.1)  # S3 keeps whole seconds
    client.put_object(Bucket="exports", Key="out/stops_2.csv", Body=BODY)
    yield address
    server.stop()


def _client(address: str) -> Any:
    user, password = SECRETS.values()
    return boto3.client(
        "s3", endpoint_url=address, aws_access_key_id=user, aws_secret_access_key=password, region_name="us-east-1"
    )


def _s3(address: str) -> dict[str, Any]:
    login = {"user_from": "STOPS_USER", "password_from": "STOPS_PASSWORD", "timeout": 5, "retries": 0}
    return {"remote": "s3://exports/out/stops_*.csv", "endpoint": address, **login}


def test_the_newest_export_comes_from_an_s3_bucket(s3: str, puller: Puller) -> None:
    """The bytes are whole; the access key stays out of the record."""
    source = {**_s3(s3), "pick": "newest"}
    (snapshot,) = puller(source, environment=SECRETS)
    assert snapshot.path.read_bytes() == BODY
    assert "officer" not in repr(snapshot)
    assert abs(datetime.fromisoformat(snapshot.modified) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_bucket_that_is_not_there_is_a_missing_export(s3: str, puller: Puller) -> None:
    """Like a folder that is not there."""
    source = {**_s3(s3), "remote": "s3://nothing/out/*.csv"}
    with pytest.raises(ExportMissing):
        puller(source, environment=SECRETS)


# --- many files, taken by other processes


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Each, list[bytes]]]:
    """Two processes that have the secrets in their environment, and all that was ever sent to them."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    sent: list[bytes] = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:

        def each(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
            sent.append(pickle.dumps((function, items)))
            return list(pool.map(function, items))

        yield each, sent


@pytest.mark.parametrize("server", ["ftp", "s3"])
def test_many_files_are_taken_by_other_processes(
    server: str, request: pytest.FixtureRequest, outgoing: Path, puller: Puller, elsewhere: tuple[Each, list[bytes]]
) -> None:
    """In the order of one process, over connections of their own; no secret is sent to them."""
    bodies = {f"part_{number:02}.csv": BODY[: number + 1] for number in range(20)}
    place = request.getfixturevalue(server)
    for name, body in bodies.items():
        (outgoing / name).write_bytes(body)
        if server == "s3":
            _client(place).put_object(Bucket="exports", Key=f"out/{name}", Body=body)
    source = {**(_ftp(place) if server == "ftp" else _s3(place)), "pick": "all"}
    source["remote"] = f"{source['remote'].rpartition('/')[0]}/part_*.csv"
    each, sent = elsewhere
    here, there = puller(source, environment=None), puller(source, environment=None, each=each)
    assert [one.file for one in here] == sorted(bodies)
    assert [replace(one, pulled_at=NOW) for one in there] == [replace(one, pulled_at=NOW) for one in here]
    assert [one.path.read_bytes() for one in there] == list(bodies.values())
    assert len(sent) == 2, "once to take, once to archive"
    assert not [secret for secret in SECRETS.values() for message in sent if secret.encode() in message]


def test_a_file_that_another_process_cannot_take_is_told_as_ever(
    ftp: int, outgoing: Path, puller: Puller, elsewhere: tuple[Each, list[bytes]]
) -> None:
    """The error comes home with its remedy."""
    (outgoing / "stops_2024-01.csv").write_bytes(bytes(2_000_000))
    source = {**_ftp(ftp), "pick": "all", "max_megabytes": 1}
    with pytest.raises(SourceError, match="larger than 1 MB") as caught:
        puller(source, environment=None, each=elsewhere[0])
    assert "max_megabytes" in caught.value.remedy


# --- none of them


@pytest.mark.parametrize("scheme", ["sftp", "ftp", "smb", "s3"])
def test_a_server_that_does_not_answer_is_a_technical_failure(scheme: str, tmp_path: Path, puller: Puller) -> None:
    """Told in one sentence, without the address inside the city's network."""
    (tmp_path / "known").write_text("", encoding="ascii")
    source = {
        "remote": f"{scheme}://127.0.0.1:9/out/in/*.csv" if scheme != "s3" else "s3://exports/out/*.csv",
        "timeout": 1,
        "retries": 0,
        "known_hosts": "known",
        "endpoint": "http://127.0.0.1:9" if scheme == "s3" else "",
    }
    with pytest.raises(SourceError) as caught:
        puller(source)
    assert not isinstance(caught.value, ExportMissing)
    assert "\n  What to do: " in str(caught.value)
