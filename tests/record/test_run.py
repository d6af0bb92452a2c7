"""What must hold for the record of a run."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from vidkryto.errors import StateError
from vidkryto.findings import Finding, Place
from vidkryto.record.run import Evidence, RunRecord, Task


def test_a_record_reads_back_equal(tmp_path: Path, record: RunRecord) -> None:
    """Every part survives the way through JSON."""
    assert RunRecord.load(record.save(tmp_path)) == record


def test_the_digest_does_not_depend_on_the_evidence_added_afterwards(tmp_path: Path, record: RunRecord) -> None:
    """The ledger fixes the digest before the record can name its ledger entry."""
    later = dataclasses.replace(record, evidence=Evidence(17, "city.example/ledger\n18\n…"))
    assert RunRecord.load(later.save(tmp_path)).digest() == record.digest()
    assert dataclasses.replace(record, outcome="Withheld").digest() != record.digest()


@pytest.mark.parametrize(
    "change",
    [{"colour": "red"}, {"outcome": "Perhaps"}, {"run_id": 7}, {"tasks": [{"code": "x"}]}, {"title": None}],
)
def test_a_file_that_is_no_record_is_told_apart(tmp_path: Path, record: RunRecord, change: dict[str, object]) -> None:
    """Unknown keys, foreign words and lacking parts are a StateError that names the file."""
    file = record.save(tmp_path)
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
