"""What must hold for `vidkryto audit` as a person meets it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from vidkryto.cli.audit import app
from vidkryto.record import Ledger
from vidkryto.record.run import PublishedFile, ReceiptRecord, RunRecord


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own: state folder and key by environment."""
    monkeypatch.setenv("VIDKRYTO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VIDKRYTO_AUDIT_KEY", str(tmp_path / "safe" / "audit.key"))
    monkeypatch.setenv("VIDKRYTO_LANGUAGE", "en")
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_a_ledger_is_created_once_and_then_left_alone(folder: Path) -> None:
    """`init` prints the public key; a second `init` refuses; with --if-absent it is content."""
    code, public, _ = run("init", "--origin", "city.example/ledger")
    assert code == 0
    assert public.startswith("city.example/ledger+")
    assert (folder / "safe" / "audit.key").stat().st_mode & 0o777 == 0o600
    code, _, said = run("init")
    assert (code, "left alone" in said) == (2, True)
    assert run("init", "--if-absent")[:2] == (0, public)


def test_a_key_inside_a_repository_is_refused(folder: Path) -> None:
    """Except for a rehearsal, which says so in the ledger's name."""
    (folder / "repository" / ".git").mkdir(parents=True)
    key = str(folder / "repository" / "audit.key")
    code, _, said = run("init", "--key", key)
    assert (code, "inside the repository" in said) == (2, True)
    code, public, _ = run("init", "--key", key, "--practice")
    assert (code, public.startswith("vidkryto-practice/")) == (0, True)


def test_verify_speaks_with_its_exit_code(folder: Path) -> None:
    """2 before there is a ledger, 0 when it holds, 1 when it was touched; JSON on demand."""
    assert run("verify")[0] == 2
    run("init")
    assert run("verify", "--lang", "uk")[1].splitlines()[-1] == "ЖУРНАЛ ДІЙСНИЙ"
    ledger = Ledger.open(folder / "home")
    ledger.append("intent", "stops", {"run": "r1"})
    ledger.file.write_bytes(ledger.file.read_bytes().replace(b'"r1"', b'"r2"'))
    code, said, _ = run("verify", "--json")
    assert (code, json.loads(said)["good"]) == (1, False)


def test_an_auditors_copy_shows_a_rollback(folder: Path) -> None:
    """The printed checkpoint, kept, is all an auditor needs."""
    run("init")
    ledger = Ledger.open(folder / "home")
    before = ledger.file.read_bytes(), ledger.checkpoint_file.read_bytes()
    ledger.append("result", "stops", {"run": "r1", "outcome": "Withheld"})
    (folder / "kept").write_text(run("checkpoint")[1], encoding="utf-8")
    assert run("verify", "--against", str(folder / "kept"))[0] == 0
    ledger.file.write_bytes(before[0])
    ledger.checkpoint_file.write_bytes(before[1])
    assert run("verify")[0] == 0
    code, said, _ = run("verify", "--against", str(folder / "kept"))
    assert (code, "history was cut or rolled back" in said) == (1, True)


def test_a_second_office_cosigns(folder: Path) -> None:
    """The cosigned checkpoint lies with the office and beside the ledger."""
    run("init")
    kept = folder / "office"
    code, file, _ = run("cosign", "--key", str(folder / "o.key"), "--kept", str(kept), "--name", "audit.example/office")
    assert code == 0
    assert Path(file.strip()).read_text(encoding="utf-8").count("\n— ") == 2
    assert "✓ cosigned/0000000001.checkpoint" in run("verify")[1]


def test_the_key_is_handed_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `rotate` the new key signs, and the ledger still holds."""
    run("init")
    assert run("rotate", "--new-key", str(folder / "safe" / "two"), "--reason", "yearly change")[0] == 0
    monkeypatch.setenv("VIDKRYTO_AUDIT_KEY", str(folder / "safe" / "two"))
    Ledger.open(folder / "home").append("intent", "stops", {"run": "r1"})
    assert run("verify")[0] == 0


def test_entries_are_listed_and_shown_with_their_proof(folder: Path) -> None:
    """Newest first, by dataset; one entry in full with a C2SP tlog-proof."""
    run("init")
    ledger = Ledger.open(folder / "home")
    ledger.append("result", "stops", {"run": "r1", "outcome": "Published"})
    ledger.append("result", "parks", {"run": "r2", "outcome": "Withheld"})
    assert [line.split()[0] for line in run("log")[1].splitlines()] == ["2", "1", "0"]
    assert [json.loads(line)["body"]["run"] for line in run("log", "stops", "--json")[1].splitlines()] == ["r1"]
    assert "c2sp.org/tlog-proof@v1\nindex 2\n" in run("show", "2")[1]
    assert run("show", "9")[0] == 2


def test_evidence_is_exported(folder: Path) -> None:
    """A folder with the verifier in it."""
    run("init")
    Ledger.open(folder / "home").append("intent", "stops", {"run": "r1"})
    code, said, warned = run("export", "stops", "--to", str(folder / "pack"))
    assert (code, said.strip(), "guard it" in warned) == (0, str(folder / "pack"), True)
    assert (folder / "pack" / "verifier.py").is_file()


class _Quiet(SimpleHTTPRequestHandler):
    """A web server that writes no log."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def web(folder: Path) -> Iterator[str]:
    """A portal that gives out the files of a folder, on loopback."""
    (folder / "web").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder / "web")))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_portal_is_compared_with_the_ledger(folder: Path, web: str, record: RunRecord) -> None:
    """Equal bytes are ✓; changed, missing, unaddressed files are ✗ and exit code 1; after a restore the restored
    release counts; of a withdrawn dataset nothing may be given out."""
    run("init")
    ledger = Ledger.open(folder / "home")
    (folder / "web" / "stops.csv").write_bytes(b"uid\n1\n")
    sha256 = hashlib.sha256(b"uid\n1\n").hexdigest()
    published = PublishedFile("stops.csv", f"{web}/stops.csv", sha256, 6)
    ran = replace(record, receipt=ReceiptRecord(web, "p1", (published,)))
    ran.save(folder / "home")
    files = [{"id": "r1", "name": "stops.csv", "sha256": sha256, "bytes": 6}]
    body = {
        "run": ran.run_id,
        "outcome": "Published",
        "record": ran.digest(),
        "portal": {"package": "p1", "resources": files},
    }
    ledger.append("result", ran.dataset, body)
    code, said, _ = run("verify", "--portal")
    assert (code, said.splitlines()[-1].startswith("✓ public-transport-stops stops.csv")) == (0, True)
    (folder / "web" / "stops.csv").write_bytes(b"uid\n2\n")
    code, said, _ = run("verify", "--portal")
    assert (code, said.splitlines()[-1].startswith("✗ public-transport-stops stops.csv")) == (1, True)
    (folder / "web" / "stops.csv").unlink()
    assert run("verify", "--portal")[0] == 1
    by = {"who": "data-office-1", "role": "Відділ даних", "reason": "Помилка"}
    manifest = {
        "dataset": ran.dataset, "version": "1.1.0", "created": "", "contract_sha256": "", "previous": "",
        "metadata": {}, "tables": [],
        "files": [{"name": "stops.csv", "role": "table", "format": "CSV", "media_type": "text/csv", "bytes": 6,
                   "sha256": hashlib.sha256(b"uid\n0\n").hexdigest()}],
    }  # fmt: skip
    content = json.dumps(manifest).encode()
    release = {"version": "1.1.0", "sha256": hashlib.sha256(content).hexdigest()}
    ledger.append("restore", ran.dataset, {**by, "release": release})
    (folder / "web" / "stops.csv").write_bytes(b"uid\n0\n")
    code, said, _ = run("verify", "--portal")
    assert (code, "the restored release 1.1.0 cannot be read" in said) == (1, True)
    restored = folder / "home" / "releases" / ran.dataset / f"1.1.0-{release['sha256'][:12]}"
    restored.mkdir(parents=True)
    (restored / "release.json").write_bytes(content)
    assert run("verify", "--portal")[0] == 0
    (folder / "web" / "stops.csv").write_bytes(b"uid\n1\n")
    assert run("verify", "--portal")[0] == 1
    (restored / "release.json").write_bytes(content.replace(b"uid", b"UID") + b" ")
    assert "is not the one in the ledger" in run("verify", "--portal")[1]
    ledger.append("withdrawal", ran.dataset, by)
    code, said, _ = run("verify", "--portal")
    assert (code, "withdrawn, and still given out" in said) == (1, True)
    (folder / "web" / "stops.csv").unlink()
    assert run("verify", "--portal")[0] == 0
    more = [*files, {"id": "r2", "name": "more.csv", "sha256": sha256, "bytes": 6}]
    ledger.append("result", ran.dataset, {**body, "portal": {"package": "p1", "resources": more}})
    (folder / "web" / "stops.csv").write_bytes(b"uid\n1\n")
    code, said, _ = run("verify", "--portal")
    assert (code, "has no address of it" in said) == (1, True)
