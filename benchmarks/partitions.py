"""A partitioned dataset on one process, one and two Dask workers: seconds from pull to release, and equal bytes.

python benchmarks/partitions.py FOLDER [--rows 10000000]   FOLDER holds routes/*/segments.csv; without it only the
generated table is measured. Needs a quiet machine; ratios are what counts.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.catalogue import CONTRACT, make_dataset
from vidkryto.clock import told_by
from vidkryto.pipeline import new_job, stages
from vidkryto.pipeline.job import Each, one_by_one
from vidkryto.pipeline.remember import utc
from vidkryto.settings import Settings

NOW = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)
PARTS = 20
SEGMENTS = {
    "vehicle": "string",
    "chunk": "integer",
    "direction": "integer",
    "stop_id": "integer",
    "fraction": "number",
    "start_datetime": "datetime",
    "transactions": "integer",
    "group": "string",
    "route": "string",
}


def contract(name: str, types: dict[str, str], source: dict[str, Any], reading: dict[str, Any]) -> dict[str, Any]:
    """A contract of one table of these fields."""
    made = copy.deepcopy(CONTRACT)
    schema = {"fields": [{"name": field, "type": type_} for field, type_ in types.items()]}
    for item in schema["fields"]:
        if item["type"] == "datetime":
            item["format"] = "%Y-%m-%d %H:%M:%S"
    made |= {"name": name}
    made["resources"][0] |= {"schema": schema, "source": {**source, "pick": "all", "settle": 0}, "reading": reading}
    made["publication"]["columns"] = dict.fromkeys(types, "open")
    return made


def generated(folder: Path, rows: int) -> None:
    """Twenty files of invented measurements with a key that runs through all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    each = rows // PARTS
    for part in range(PARTS):
        with (folder / f"part_{part:02}.csv").open("w", encoding="utf-8") as stream:
            stream.write("uid,sensor,value,measured\n")
            for number in range(part * each, (part + 1) * each):
                stream.write(f"{number},s{number % 997},{number % 1000 / 10},2026-01-{1 + number % 28:02}\n")


def release(root: Path, made: dict[str, Any], exports: Path, each: Each) -> tuple[float, dict[str, bytes]]:
    """Seconds from pull to release, and the hashes of its files."""
    dataset = make_dataset(root, made)
    (dataset.folder / "exports").rmdir()
    (dataset.folder / "exports").symlink_to(exports, target_is_directory=True)
    with told_by(lambda: NOW):
        job = new_job(dataset, Settings(root, root / "state"), each=each)
        started = time.perf_counter()
        pulled = stages.pull_exports(job)
        tables = stages.validate_tables(job, stages.read_exports(job, pulled))
        if not tables.complete:
            raise SystemExit(f"not valid: {tables.findings[:3]}")
        made_release = stages.make_release(job, stages.guard_disclosure(job, tables, NOW.date()), utc(pulled.newest))
        seconds = time.perf_counter() - started
    return seconds, {file.name: file.sha256.encode() for file in made_release.files}


def on_dask(workers: int) -> AbstractContextManager[Any]:
    """A cluster of so many processes on loopback; for none, nothing."""
    if not workers:
        return nullcontext()
    from distributed import Client

    return Client(n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")


def measure(title: str, made: dict[str, Any], exports: Path) -> None:
    """One line for each number of workers; ends when the bytes differ."""
    alone, first = 0.0, None
    for workers in (0, 1, 2):
        with tempfile.TemporaryDirectory() as folder, on_dask(workers) as client:

            def apart(function: Callable[[Any], Any], items: Sequence[Any], client: Any = client) -> list[Any]:
                outcomes: list[Any] = client.gather(client.map(function, items, pure=False))
                return outcomes

            if client is not None:
                client.gather([client.submit(__import__, "vidkryto.pipeline.partitions") for _ in range(workers)])
            seconds, hashes = release(Path(folder), made, exports, apart if workers else one_by_one)
        first = first or hashes
        alone = alone or seconds
        same = "equal bytes" if hashes == first else "BYTES DIFFER"
        print(f"{title}: {workers or 'no'} workers {seconds:.1f} s, {alone / seconds:.2f} of one process, {same}")
        if hashes != first:
            raise SystemExit(1)


def main() -> None:
    """Measure both datasets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args()
    if given.folder:
        reading = {
            "nulls": ["NA"],
            "file_into": {"route": "routes/([^/]+)/"},
            "fields": {"fraction": {"scientific": True}},
        }
        source = {"folder": "exports", "pattern": "routes/*/segments.csv"}
        measure("segments of a day's buses", contract("segments", SEGMENTS, source, reading), given.folder.absolute())
    with tempfile.TemporaryDirectory() as folder:
        generated(Path(folder), given.rows)
        types = {"uid": "integer", "sensor": "string", "value": "number", "measured": "date"}
        made = contract("measurements", types, {"folder": "exports", "pattern": "*.csv"}, {})
        made["resources"][0]["schema"]["primaryKey"] = ["uid"]
        made["publication"]["key"] = ["uid"]
        measure(f"{given.rows} generated rows", made, Path(folder))


if __name__ == "__main__":
    main()
