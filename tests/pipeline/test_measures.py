"""The measures of protected columns: no page, record, history or graph holds a value of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalogue import CONTRACT, write_catalogue
from vidkryto.catalogue import load_dataset
from vidkryto.pipeline import new_job, publish_dataset, stages
from vidkryto.pipeline.describe import describe
from vidkryto.pipeline.judging import judge_quality
from vidkryto.record import Ledger, SigningKey
from vidkryto.report import build_site
from vidkryto.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
CANARIES = {"opened": "1987-11-23", "rnokpp": "3184710691", "people": "73194625"}
"""A date, and numbers of which one cell is filled."""


def _contract(**disclosure: Any) -> dict[str, Any]:
    contract = deepcopy(CONTRACT)
    fields = contract["resources"][0]["schema"]["fields"]
    fields += [{"name": name, "type": "integer", "title": name} for name in ("rnokpp", "people")]
    contract["publication"]["columns"] |= {"opened": "sensitive", "rnokpp": "identifier", "people": "open"}
    contract["publication"]["disclosure"] = disclosure
    del contract["publication"]["columns"]["label"]  # unclassed: withheld, before any portal is asked
    return contract


def _city(root: Path, contract: dict[str, Any]) -> tuple[Path, Settings]:
    folder = write_catalogue(root, contract)
    (folder / "exports" / "stops.csv").write_text(
        "uid,label,lat,lon,opened,rnokpp,people\n"
        f"1,Ринок,49.4201,26.9801,{CANARIES['opened']},{CANARIES['rnokpp']},{CANARIES['people']}\n"
        "2,Вокзал,49.4012,27.0011,1961-01-02,,\n",
        encoding="utf-8",
    )
    home = root / "state"
    home.mkdir()
    SigningKey.generate("vidkryto-test/measures").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    return folder, Settings(root=root, home=home)


def _written(root: Path) -> Iterator[Path]:
    """Every file of ours: not the exports, nor the archive that keeps them as they came."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and "exports" not in path.parts and "objects" not in path.parts:
            yield path


def test_no_measure_of_a_protected_column_is_written_anywhere(tmp_path: Path) -> None:
    """A run that is withheld leaves a record, pages in both editions, JSON twins and a graph; none holds a canary."""
    cells = {"counts": "people", "over": ["label"], "threshold": 10}
    folder, settings = _city(tmp_path, _contract(cells=cells))
    record = publish_dataset(new_job(load_dataset(folder), settings))
    assert record.outcome == "Withheld"
    measured = {metric.name for metric in record.metrics}
    assert {"fill.opened", "fill.rnokpp", "fill.people", "newest.opened", "mean.lat"} & measured == {
        "fill.opened", "fill.rnokpp", "fill.people", "mean.lat",
    }  # fmt: skip
    for edition in ("internal", "public"):
        build_site(settings.home, [describe(load_dataset(folder))], edition=edition)
        written = list(_written(tmp_path))
        assert {"run.json", "index.html", "quality.ttl"} <= {path.name for path in written}
        for path in written:
            text = path.read_bytes()
            assert [name for name, value in CANARIES.items() if value.encode() in text] == [], path


def test_a_column_without_protection_keeps_its_measures(tmp_path: Path) -> None:
    """Numbers and dates that are open are measured as ever, and a count whose small cells are not hidden too."""
    folder, settings = _city(tmp_path, _contract())
    job = new_job(load_dataset(folder), settings)
    tables = judge_quality(job, stages.validate_tables(job, stages.read_exports(job, stages.pull_exports(job))))
    assert {"mean.people", "sum.people", "mean.lat", "sum.lon"} <= set(tables.metrics["stops"])
