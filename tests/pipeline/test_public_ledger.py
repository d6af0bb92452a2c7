"""What must hold for the ledger's copy on a real portal: it shows a rollback, and does not publish itself for ever."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from tests.pipeline.conftest import APPROVER, EXPORT, READING, City
from tests.support.catalogue import CONTRACT
from vidkryto.catalogue import find_dataset
from vidkryto.cli.audit import app
from vidkryto.pipeline import new_job, publish_dataset
from vidkryto.record.merkle import Frontier
from vidkryto.record.run import RunRecord

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # raised inside GX
]
ROOT = Path(__file__).parents[2]
NAME = "publication-ledger"
_numbers = count()


def contract(**publication: Any) -> dict[str, Any]:
    """The small city's contract, read as its department writes."""
    resource = {**CONTRACT["resources"][0], "reading": READING}
    return {**CONTRACT, "resources": [resource], "publication": {**CONTRACT["publication"], **publication}}


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city that publishes a dataset and, under the contract of this repository, its ledger."""
    city = make_city(f"watched-stops-{next(_numbers)}", contract(approval={"first": "required"}))
    department = Path("datasets") / "democracy"
    for part in (department / NAME, Path("schemas") / "city"):
        shutil.copytree(ROOT / part, city.root / part)
    shutil.copy(ROOT / department / "department.yaml", city.root / department)
    city.export(EXPORT)
    return city


def publish_ledger(city: City) -> RunRecord:
    """One run of the dataset that holds the ledger."""
    return publish_dataset(new_job(find_dataset(city.settings.datasets, NAME), city.settings, approval=APPROVER))


def address(record: RunRecord, file: str) -> str:
    """Where everybody can download a published file."""
    assert record.receipt is not None
    return next(item.url for item in record.receipt.resources if item.name == file)


def rows(url: str) -> list[dict[str, str]]:
    """A published table as an outsider reads it, without a token."""
    return list(csv.DictReader(io.StringIO(requests.get(url, timeout=60).content.decode("utf-8-sig"))))


def verify(city: City, *arguments: str) -> tuple[int, str]:
    """`vidkryto audit verify`: exit code and what it says."""
    result = CliRunner().invoke(app, ["verify", str(city.settings.home / "ledger"), "--lang", "en", *arguments])
    return result.exit_code, result.stdout + result.stderr


def test_outsiders_hold_what_shows_a_rewritten_ledger(city: City, tmp_path: Path) -> None:
    """The copy on the portal gives the signed root, hides what people said, and finds a rollback over HTTP."""
    shutil.copytree(city.settings.home / "ledger", tmp_path / "before" / "ledger")
    assert city.run(approval=APPROVER).outcome == "Published"
    record = publish_ledger(city)
    assert record.outcome == "Published", (record.reason, record.tasks)

    entries, checkpoints = rows(address(record, "entries.csv")), rows(address(record, "checkpoints.csv"))
    tree = Frontier()
    for row in entries:
        tree.add(bytes.fromhex(row["leaf"]))
        if row["line"]:
            assert hashlib.sha256(b"\x00" + base64.b64decode(row["line"])).hexdigest() == row["leaf"]
    assert (tree.root().hex(), str(tree.size)) == (checkpoints[-1]["root"], checkpoints[-1]["size"])
    said = {row["kind"]: json.loads(base64.b64decode(row["line"])) if row["line"] else None for row in entries}
    assert said["result"]["body"]["outcome"] == "Published"
    assert said["approval"] is None
    assert all(not row["line"] for row in entries if row["kind"] == "approval")
    assert APPROVER.reason not in requests.get(address(record, "entries.csv"), timeout=60).text

    kept = address(record, "checkpoints.csv")
    code, told = verify(city, "--against", kept)
    assert (code, f"since then ({tree.size}) the ledger has only grown" in told) == (0, True)
    ledger = city.settings.home / "ledger"
    shutil.rmtree(ledger)
    shutil.copytree(tmp_path / "before" / "ledger", ledger)
    assert verify(city)[0] == 0
    code, told = verify(city, "--against", kept)
    assert (code, "history was cut or rolled back" in told) == (1, True)


def test_its_own_publication_is_no_reason_to_publish_again(city: City) -> None:
    """Its own entries, and that a dataset was found unchanged, wait; a new release of another dataset does not."""
    city.run(approval=APPROVER)
    assert publish_ledger(city).outcome == "Published"
    assert publish_ledger(city).outcome == "Unchanged"
    assert city.run().outcome == "Unchanged"
    assert publish_ledger(city).outcome == "Unchanged"
    city.export(EXPORT.replace("Гречани", "Гречани-2"))
    assert city.run(approval=APPROVER).outcome == "Published"
    record = publish_ledger(city)
    assert record.outcome == "Published"
    points = rows(address(record, "checkpoints.csv"))
    assert len(points) == 2
    assert len(rows(address(record, "entries.csv"))) == int(points[1]["size"]) > int(points[0]["size"])
    assert verify(city, "--against", address(record, "checkpoints.csv"))[0] == 0
