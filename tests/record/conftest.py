"""A run with every part filled."""

from __future__ import annotations

import pytest

from vidkryto.record.run import (
    Approval,
    Department,
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


@pytest.fixture(scope="session")
def record() -> RunRecord:
    """One run of one dataset in which nothing is left out but the evidence."""
    return RunRecord(
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
        receipt=ReceiptRecord("https://data.example/dataset/stops", "p1", (PublishedFile("a.csv", "u", "c" * 64, 5),)),
        promise=Promise("monthly", "2026-11-23", "2026-12-23"),
        fingerprint=Fingerprint("d" * 64, {"stops": "e" * 64}, "f" * 64, "0.1.0"),
    )
