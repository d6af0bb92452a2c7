"""What must hold for the record of a run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from vidkryto.errors import StateError
from vidkryto.findings import Finding, Place
from vidkryto.record.run import (
    Approval,
    Department,
    Evidence,
    Exemption,
    Fingerprint,
    Metric,
    Promise,
    PublishedFile,
    ReceiptRecord,
    ReleaseRecord,
    RunRecord,
    SnapshotRecord,
    StageTime,
    TableRecord,
    Task,
    Text,
)

RECORD = RunRecord(
    run_id="2026-11-23T041500Z-4f2a",
    dataset="public-transport-stops",
    title=Text("Зупинки громадського транспорту", "Public transport stops"),
    department=Department(Text("Управління транспорту", "Transport department"), "transport@city.example"),
    started="2026-11-23T04:15:00Z",
    finished="2026-11-23T04:15:09Z",
    outcome="Published",
    reason=Text("Додано 4 зупинки", "4 stops were added"),
    release=ReleaseRecord("1.4.0", "a" * 64),
    stages=(StageTime("pull", 120), StageTime("read", 800)),
    snapshots=(SnapshotRecord("stops", "zupynky_2026-11.xlsx", "b" * 64, 81920, "2026-11-23T04:15:00Z"),),
    tables=(TableRecord("stops", 532, ("uid", "label"), {"data": 532, "header": 2, "total": 1}),),
    tasks=(Task("export-missing", "warning", "stops", rows=(3, 9), count=2, found=None, wanted="*.xlsx"),),
    metrics=(Metric("rows", "532", "stops"),),
    approvals=(Approval("approved", "data-office-1", "Начальник відділу", "перевірено", "2026-11-23T05:00:00Z"),),
    exceptions=(Exemption(("row-count-band",), "data-office-1", "Начальник відділу", "ремонт", "2027-01-31"),),
    receipt=ReceiptRecord("https://data.city.example/dataset/stops", "p1", (PublishedFile("a.csv", "u", "c" * 64, 5),)),
    promise=Promise("monthly", "2026-11-23", "2026-12-23"),
    fingerprint=Fingerprint("d" * 64, {"stops": "e" * 64}, "f" * 64, "0.1.0"),
)


def test_a_record_reads_back_equal(tmp_path: Path) -> None:
    """Every part survives the way through JSON."""
    assert RunRecord.load(RECORD.save(tmp_path)) == RECORD


def test_the_digest_does_not_depend_on_the_evidence_added_afterwards(tmp_path: Path) -> None:
    """The ledger fixes the digest before the record can name its ledger entry."""
    later = dataclasses.replace(RECORD, evidence=Evidence(17, "city.example/ledger\n18\n…"))
    assert RunRecord.load(later.save(tmp_path)).digest() == RECORD.digest()
    assert dataclasses.replace(RECORD, outcome="Withheld").digest() != RECORD.digest()


@pytest.mark.parametrize(
    "change",
    [{"colour": "red"}, {"outcome": "Perhaps"}, {"run_id": 7}, {"tasks": [{"code": "x"}]}, {"title": None}],
)
def test_a_file_that_is_no_record_is_told_apart(tmp_path: Path, change: dict[str, object]) -> None:
    """Unknown keys, foreign words and lacking parts are a StateError that names the file."""
    file = RECORD.save(tmp_path)
    file.write_text(json.dumps({**json.loads(file.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    with pytest.raises(StateError, match=r"run\.json"):
        RunRecord.load(file)


def test_a_finding_becomes_a_task_with_its_place() -> None:
    """Code, severity, place and count are kept; a fraction in the details becomes words."""
    finding = Finding(
        "export-missing", Place("stops", "a.xlsx", "Аркуш1", 7, "Назва", "label"), None, "*.xlsx", 3, (7, 8), {"s": 0.5}
    )
    task = Task.of(finding)
    assert (task.severity, task.sheet, task.row, task.rows) == ("error", "Аркуш1", 7, (7, 8))
    assert task.details == {"s": "0.5"}
