"""A table in partitions: one process against Dask with one and two workers, and whether the releases are equal.

    python benchmarks/partitions.py [EXPORTS] [--rows 10000000] [--parts 20]

EXPORTS is a folder with transport/zhytomyr_2018-08-10: a day of a city's buses in 46 files. The other table is
generated. Each run is a process of its own, from the exports to the finished release; CPU is that of the process and
of its workers. The cluster's start is told apart: a catalogue pays it once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))  # flows

SEED = 46
BUSES = "transport/zhytomyr_2018-08-10"
ROUTE = {"nulls": ["NA"], "file_into": {"route": "routes/([^/]+)/"}}
DATES = {"dates": ["рррр-мм-дд гг:хх:сс"]}
WAYS = ("one process", "1 worker", "2 workers")
NOW = datetime(2026, 11, 25, 4, 30, tzinfo=UTC)


def table(name: str, pattern: str, fields: dict[str, str], reading: dict[str, Any], key: Sequence[str] = ()) -> Any:
    """One resource of a contract."""
    schema: dict[str, Any] = {"fields": [{"name": field, "type": kind} for field, kind in fields.items()]}
    if key:
        schema["primaryKey"] = list(key)
    source = {"folder": "exports", "pattern": pattern, "pick": "all", "settle": 0}
    return {"name": name, "path": f"{name}.csv", "schema": schema, "source": source, "reading": reading}


def buses() -> list[Any]:
    """The four tables that the 46 files are."""
    moments = {"start_datetime": "datetime", "end_datetime": "datetime"}
    return [
        table(
            "segments",
            "routes/*/segments.csv",
            {
                "vehicle": "string", "chunk": "integer", "direction": "integer", "stop_id": "integer",
                "fraction": "number", "start_datetime": "datetime", "transactions": "integer", "group": "string",
                "route": "string",
            },
            {**ROUTE, "fields": {"fraction": {"scientific": True}, "start_datetime": DATES}},
        ),
        table(
            "transactions",
            "routes/*/transactions.csv",
            {
                "datetime": "datetime", "vehicle": "string", "kind": "integer", "lon": "number", "lat": "number",
                "on_route": "integer", "route": "string",
            },
            {**ROUTE, "fields": {"datetime": DATES}},
        ),
        table(
            "gps",
            "gps_periods.csv",
            {"vehicle": "string", "chunk": "integer", **moments},
            {"fields": dict.fromkeys(moments, DATES)},
        ),
        table(
            "out",
            "out_periods.csv",
            {"vehicle": "string", "route": "string", "chunk": "integer", **moments},
            {"fields": dict.fromkeys(moments, DATES)},
        ),
    ]  # fmt: skip


def generated(pattern: str) -> list[Any]:
    """A table of fares with a key across its partitions."""
    fields = {"uid": "integer", "day": "date", "route": "string", "stop": "integer", "fare": "number"}
    return [table("fares", pattern, fields, {}, key=["uid"])]


def generate(folder: Path, rows: int, parts: int) -> None:
    """Write the partitions of the generated table."""
    chance = np.random.default_rng(SEED)
    routes = pa.array([f"Маршрут {number}" for number in range(1, 61)])
    each = rows // parts
    for part in range(parts):
        columns = {
            "uid": pa.array(np.arange(part * each, (part + 1) * each)),
            "day": pa.array(chance.integers(20_000, 20_365, each).astype("int32"), pa.date32()),
            "route": routes.take(pa.array(chance.integers(0, 60, each))),
            "stop": pa.array(chance.integers(1, 900, each)),
            "fare": pa.array(np.round(chance.uniform(4, 25, each), 2)),
        }
        pc.write_csv(pa.table(columns), folder / f"part_{part:03}.csv")


def generate_workbooks(folder: Path, rows: int, parts: int) -> None:
    """The same columns in workbooks, as a department sends a month."""
    from openpyxl import Workbook

    chance = np.random.default_rng(SEED)
    each = rows // parts
    for part in range(parts):
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Поїздки")
        sheet.append(["uid", "day", "route", "stop", "fare"])
        stops, cents = chance.integers(1, 900, each).tolist(), chance.integers(400, 2500, each).tolist()
        for place, (stop, fare) in enumerate(zip(stops, cents, strict=True)):
            day, route = f"2026-05-{place % 28 + 1:02}", f"Маршрут {place % 60}"
            sheet.append([part * each + place, day, route, stop, fare / 100])
        book.save(folder / f"part_{part:03}.xlsx")


def city(root: Path, name: str, resources: list[Any], exports: Path) -> None:
    """A city with one dataset whose exports are those of `exports`."""
    folder = root / "datasets" / "transport" / name
    folder.mkdir(parents=True)
    (folder / "exports").symlink_to(exports, target_is_directory=True)
    contact = {"name": "Відділ даних", "email": "data@city.example"}
    who = {"title": "Місто", "edrpou": "33332218", "contact": contact}
    files = {
        folder.parents[1] / "city.yaml": {
            **who, "name": "city", "organization": "city", "katottg": "UA68040470010096613",
        },
        folder.parent / "department.yaml": {**who, "name": "transport"},
        folder / "dataset.yaml": {
            "name": name,
            "title": "Поїздки",
            "description": "Вимір швидкості.",
            "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
            "keywords": ["транспорт"],
            "resources": resources,
            "publication": {
                "frequency": "daily",
                "theme": "TRAN",
                "columns": {
                    f"{one['name']}.{field['name']}": "geo" if field["name"] in ("lat", "lon") else "open"
                    for one in resources
                    for field in one["schema"]["fields"]
                },
            },
        },
    }  # fmt: skip
    for path, content in files.items():
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


def import_the_work() -> None:
    """Import in a worker what it will need, as a worker that has run before has."""
    from vidkryto.pipeline.partitions import check_partition

    assert callable(check_partition)


@contextmanager
def way(name: str) -> Iterator[Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]]:
    """How the partitions are worked on."""
    from vidkryto.pipeline.job import one_by_one

    if name == WAYS[0]:
        yield one_by_one
        return
    from distributed import Client, LocalCluster

    from flows.scale import local

    with LocalCluster(**local(int(name[0]))) as cluster, Client(cluster) as client:
        client.wait_for_workers(int(name[0]))
        client.run(import_the_work)
        yield lambda function, items: client.gather(client.map(function, items, pure=False))


def run(root: Path, name: str, how: str) -> None:
    """From exports to a release in this process; prints what it took and what came out."""
    from vidkryto.catalogue import find_dataset
    from vidkryto.clock import told_by
    from vidkryto.pipeline import new_job, stages
    from vidkryto.pipeline.remember import utc
    from vidkryto.settings import Settings

    with tempfile.TemporaryDirectory(dir=root) as state, told_by(lambda: NOW):
        settings = Settings(root, Path(state))
        began = time.perf_counter()
        with way(how) as each:
            ready = time.perf_counter()
            job = new_job(find_dataset(settings.datasets, name), settings, each=each)
            pulled = stages.pull_exports(job)
            tables = stages.validate_tables(job, stages.read_exports(job, pulled))
            checked = time.perf_counter()
            release = stages.make_release(job, stages.guard_disclosure(job, tables, NOW.date()), utc(pulled.newest))
            ended = time.perf_counter()
        if release is None or not tables.complete:
            sys.exit("no release was made: " + "; ".join(one.message("en") for one in job.findings[:5]))
        hashes = {path.name: _sha256(path) for path in sorted(release.folder.iterdir())}
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    told = {
        "start": ready - began,
        "checked": checked - ready,
        "wall": ended - ready,
        "cpu": own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime,
        "memory": own.ru_maxrss >> 10,
        "hashes": hashes,
    }
    print(json.dumps(told))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


HEADER = (
    "| table | way | cluster's start, s | to the checked table, s | to the release, s | ratio | CPU, s "
    "| peak memory of the first process | files equal |\n|---|---|---|---|---|---|---|---|---|"
)


def compare(root: Path, name: str, label: str) -> Iterator[str]:
    """One line for each way."""
    first: dict[str, Any] = {}
    for how in WAYS:
        command = [sys.executable, __file__, "--worker", how, "--root", str(root), "--dataset", name]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr[-3000:])
        told = json.loads(done.stdout.splitlines()[-1])
        first = first or told
        same = sum(told["hashes"].get(file) == sha256 for file, sha256 in first["hashes"].items())
        yield (
            f"| {label} | {how} | {told['start']:.1f} | {told['checked']:.1f} | {told['wall']:.1f} "
            f"| {first['wall'] / told['wall']:.2f}× | {told['cpu']:.1f} | {told['memory']:,} MB "
            f"| {same} of {len(first['hashes'])} |"
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exports", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--parts", type=int, default=20)
    parser.add_argument("--workbook-rows", type=int, default=480_000)
    for hidden in ("--worker", "--dataset"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        run(given.root, given.dataset, given.worker)
        return
    print(f"Seed {SEED}; {os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[1]:.1f}.\n")
    print(HEADER, flush=True)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        if given.exports:
            city(root / "buses", "bus-day", buses(), (given.exports / BUSES).resolve())
            for line in compare(root / "buses", "bus-day", "a day of buses, 46 files, 4 tables"):
                print(line, flush=True)
        (root / "books").mkdir()
        generate_workbooks(root / "books", given.workbook_rows, 12)
        city(root / "months", "months", generated("part_*.xlsx"), root / "books")
        for line in compare(root / "months", "months", f"generated, {given.workbook_rows:,} rows, 12 workbooks"):
            print(line, flush=True)
        (root / "parts").mkdir()
        generate(root / "parts", given.rows, given.parts)
        city(root / "fares", "fares", generated("part_*.csv"), root / "parts")
        for line in compare(root / "fares", "fares", f"generated, {given.rows:,} rows, {given.parts} files"):
            print(line, flush=True)


if __name__ == "__main__":
    main()
