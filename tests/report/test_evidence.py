"""What must hold for an evidence pack: taken away, it can be checked alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vidkryto.archive import Archive
from vidkryto.errors import StateError
from vidkryto.record import Ledger
from vidkryto.record.run import RunRecord
from vidkryto.report.evidence import export_evidence


@pytest.fixture
def city(tmp_path: Path, make_city: Callable[[Path], Path]) -> Path:
    """The small city, with one run whose export lies in the archive."""
    home = make_city(tmp_path)
    sha256 = Archive(home / "objects").put_bytes("uid;label\n1;Вокзал\n".encode())
    latest = RunRecord.load(sorted((home / "runs/budget-spending").rglob("run.json"))[-1])
    run = replace(latest, run_id="2026-11-23-0900", started="2026-11-23T09:00:00Z", evidence=None)
    run.save(home)
    kept = [{"name": "stops", "sha256": sha256, "bytes": 26}]
    body = {"run": run.run_id, "outcome": "Published", "record": run.digest(), "snapshots": kept}
    Ledger.open(home, key=tmp_path / "keys" / "audit.key").append("result", run.dataset, body)
    return home


def verified(pack: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The pack's own verifier, run by an isolated Python inside the pack."""
    command = [sys.executable, "-I", "verifier.py", "ledger", "--only", name]
    return subprocess.run(command, cwd=pack, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["budget-spending", "2026-11-23-0900"])
def test_a_pack_verifies_alone(city: Path, tmp_path: Path, name: str) -> None:
    """For a dataset and for a run: the verifier in the pack is content, the export is in it."""
    pack = export_evidence(city, name, tmp_path / "pack")
    done = verified(pack, name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ archived files there and unchanged: 1" in done.stdout
    assert "uid;label" in next((pack / "objects").rglob("*/*")).read_text(encoding="utf-8")


def test_a_changed_file_in_a_pack_is_found(city: Path, tmp_path: Path) -> None:
    """Whoever changes the export in the pack is found out by the pack's own verifier."""
    pack = export_evidence(city, "2026-11-23-0900", tmp_path / "pack")
    next((pack / "objects").rglob("*/*")).write_text("uid;label\n1;Ринок\n", encoding="utf-8")
    done = verified(pack, "2026-11-23-0900")
    assert done.returncode == 1
    assert "in the archive was changed" in done.stdout


def test_the_same_evidence_is_the_same_zip(city: Path, tmp_path: Path) -> None:
    """Fixed order, fixed times, no compression; and it unpacks to a pack that verifies."""
    first = export_evidence(city, "budget-spending", tmp_path / "one.zip")
    second = export_evidence(city, "budget-spending", tmp_path / "two.zip")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as pack:
        pack.extractall(tmp_path / "unpacked")
    assert verified(tmp_path / "unpacked", "budget-spending").returncode == 0


def test_an_unknown_name_is_told_and_leaves_nothing(city: Path, tmp_path: Path) -> None:
    """No half pack remains."""
    with pytest.raises(StateError, match="nothing about"):
        export_evidence(city, "no-such-dataset", tmp_path / "pack")
    assert not (tmp_path / "pack").exists()
