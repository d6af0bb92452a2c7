"""A partitioned table comes out byte for byte the same, whether one process or several workers read it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalogue import CONTRACT, SCHEMA, make_dataset
from vidkryto.clock import told_by
from vidkryto.pipeline import new_job, partitions, stages
from vidkryto.pipeline.job import Each, Tables, one_by_one
from vidkryto.pipeline.remember import utc
from vidkryto.release import Release
from vidkryto.settings import Settings

NOW = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)
HEAD = "uid;label;lat;lon;opened\n"


def made(
    root: Path, exports: dict[str, str], each: Each, schema: dict[str, Any] = SCHEMA
) -> tuple[Tables, Release | None]:
    """The tables, and the release where they are valid, of a city whose table has these partitions."""
    contract = copy.deepcopy(CONTRACT)
    contract["resources"][0]["schema"] = schema
    contract["resources"][0]["source"] = {"folder": "exports", "pattern": "*.csv", "pick": "all", "settle": 0}
    dataset = make_dataset(root, contract)
    for name, text in exports.items():
        (dataset.folder / "exports" / name).write_text(HEAD + text, encoding="utf-8")
    with told_by(lambda: NOW):
        job = new_job(dataset, Settings(root, root / "state"), each=each)
        pulled = stages.pull_exports(job)
        tables = stages.validate_tables(job, stages.read_exports(job, pulled))
        if not tables.complete:
            return tables, None
        return tables, stages.make_release(job, stages.guard_disclosure(job, tables, NOW.date()), utc(pulled.newest))


@pytest.fixture(scope="module")
def workers() -> Any:
    """Two processes, as a Dask cluster would have them: everything sent to them is pickled."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:

        def each(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
            return list(pool.map(function, items))

        yield each


GOOD = {f"part_{number:02}.csv": f"{number};Зупинка {number};49.4{number};26.9{number};\n" for number in range(9)}


def test_releases_are_byte_identical(tmp_path: Path, workers: Each) -> None:
    """Every file of the release, its report and its manifest."""
    _, alone = made(tmp_path / "one", GOOD, one_by_one)
    tables, together = made(tmp_path / "two", GOOD, workers)
    assert alone is not None
    assert together is not None
    assert tables.apart == {"stops"}
    names = sorted(path.name for path in alone.folder.iterdir())
    assert names == sorted(path.name for path in together.folder.iterdir())
    assert "stops.csv" in names
    assert {name: (alone.folder / name).read_bytes() for name in names} == {
        name: (together.folder / name).read_bytes() for name in names
    }


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a key that stands in another partition", "3;Ще одна;49.5;26.5;\n"),
        ("a cell of another type", "99;Ще одна;не число;26.5;\n"),
        ("a short row", "99;Ще одна\n"),
        ("an empty partition", ""),
    ],
)
def test_findings_are_the_same(what: str, text: str, tmp_path: Path, workers: Each) -> None:
    """Whatever is wrong is told with the same words, places and order."""
    exports = {**GOOD, "part_99.csv": text}
    alone, _ = made(tmp_path / "one", exports, one_by_one)
    together, _ = made(tmp_path / "two", exports, workers)
    assert alone.findings == together.findings, what
    assert alone.reports == together.reports


def test_the_keys_of_a_schema_are_all_rules_over_rows() -> None:
    """A rule that were forgotten here would let a duplicate through."""
    schema = {
        "fields": [{"name": "a"}, {"name": "b", "constraints": {"unique": True, "required": True}}, {"name": "c"}],
        "primaryKey": "a",
        "uniqueKeys": [["b", "c"]],
        "foreignKeys": [{"fields": ["d"], "reference": {"resource": "", "fields": "a"}}],
    }
    assert partitions.keyed_fields(schema) == {"a", "b", "c", "d"}
    assert partitions.of_rows(schema)["fields"][1]["constraints"] == {"required": True}
    assert not set(partitions.of_rows(schema)) & set(partitions.ACROSS)
