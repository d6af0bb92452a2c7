"""ASVS 5.0, 14.2.1 and 16.2.5: the whole demo with planted secrets, and every byte it wrote searched for them."""

from __future__ import annotations

import base64
import os
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from vidkryto.record.keys import SigningKey

ROOT = Path(__file__).parents[2]
OWN = ("portal/editor.token", "portal/sysadmin.token", "practice.key")
"""Files that hold one secret each, with mode 0600; every other file is searched for it."""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _spellings(secret: str) -> set[bytes]:
    """The secret as it may stand in a file: plain, in an address, in Base64 at each of three offsets, in UTF-16."""
    raw = secret.encode()
    return {raw, quote(secret).encode(), raw.hex().encode(), secret.encode("utf-16-le")} | {
        base64.b64encode(b"x" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)
    }


def _watch(process: subprocess.Popen[bytes], seen: set[str], over: threading.Event) -> None:
    """Note the command line of every process below, as any user of the machine can read it."""
    while not over.wait(0.1):
        try:
            for child in psutil.Process(process.pid).children(recursive=True):
                seen.update(child.cmdline())
        except psutil.Error:
            continue


def _written(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_no_secret_is_in_any_byte_that_the_demo_writes(tmp_path: Path) -> None:
    """State, logs, portal files, the database's files, Prefect's database, report, output, command lines, temporary
    files: none of them holds a salt, a token, a deny list or a private key that has its own place elsewhere."""
    home, scratch, lists = tmp_path / "state", tmp_path / "scratch", tmp_path / "lists"
    scratch.mkdir()
    lists.mkdir()
    planted = {name: f"{name}-{secrets.token_hex(12)}" for name in ("salt", "token", "closed-object", "source-key")}
    (lists / "acts.toml").write_text(
        f'[[rule]]\nrule = "T3"\nobject_type = ["{planted["closed-object"]}"]\n', encoding="utf-8"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VIDKRYTO", "PREFECT"))}
    environment |= {
        "VIDKRYTO_ROOT": str(ROOT), "VIDKRYTO_HOME": str(home), "TMPDIR": str(scratch),
        "VIDKRYTO_SALT": planted["salt"], "VIDKRYTO_CKAN_TOKEN": planted["token"],
        "VIDKRYTO_DENY_LISTS": str(lists), "STOPS_KEY": planted["source-key"],
    }  # fmt: skip
    command = [sys.executable, "-m", "vidkryto.cli"]
    start = [*command, "demo", "--port", str(_free_port()), "--report-port", str(_free_port())]
    seen: set[str] = set()
    over = threading.Event()
    try:
        with subprocess.Popen(
            start, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            watcher = threading.Thread(target=_watch, args=(process, seen, over))
            watcher.start()
            said, _ = process.communicate()
            over.set()
            watcher.join()
        assert process.returncode == 0, said.decode()[-3000:]
    finally:
        subprocess.run([*command, "stop"], cwd=ROOT, env=environment, capture_output=True, check=False, timeout=120)
    for name in OWN:
        file = home / name
        assert file.stat().st_mode & 0o077 == 0, name
        text = file.read_text(encoding="utf-8").strip()
        planted[name] = text.splitlines()[-1] if name.endswith("key") else text
    assert SigningKey.load(home / "practice.key")
    assert len(planted) == 7
    spellings = {name: _spellings(secret) for name, secret in planted.items()}
    told = said + "\0".join(sorted(seen)).encode()
    assert [name for name, forms in spellings.items() if any(form in told for form in forms)] == []
    count, found = 0, []
    for path in _written(home, scratch):
        content = path.read_bytes()
        count += 1
        place = path.relative_to(tmp_path).as_posix()
        found += [
            (name, place)
            for name, forms in spellings.items()
            if place != f"state/{name}" and any(form in content for form in forms)
        ]
    assert found == []
    for folder in ("ledger", "runs", "releases", "site", "prefect", "portal"):
        assert any((home / folder).rglob("*")), folder
    print(f"{count} files searched for {len(planted)} secrets")
