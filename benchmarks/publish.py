"""Publication against a naive ckanapi loop and xloader, in one run on one CKAN.

    VIDKRYTO_CKAN_URL=… VIDKRYTO_CKAN_TOKEN_FILE=… python benchmarks/publish.py --organization khm \
        --sysadmin-token-file FILE --rows 200000

xloader is measured where the portal runs it (with its worker). Compare figures of one run only.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ckanapi import NotFound, RemoteCKAN

from vidkryto.archive import sha256_of
from vidkryto.plan.delta import Shown
from vidkryto.plan.make import make_plan
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipt
from vidkryto.publish.staging import prepare
from vidkryto.release.store import manifest_bytes, manifest_of
from vidkryto.release.value import Release, ReleaseFile, ReleaseTable
from vidkryto.settings import Secret, Settings

TYPES = {
    "id": "integer", "date": "date", "street": "string", "building": "integer", "category": "string",
    "amount": "number", "volume_m3": "number", "is_paid": "boolean", "email": "string",
}  # fmt: skip
SQL = {"integer": "int8", "date": "date", "string": "text", "number": "numeric", "boolean": "bool"}
SCHEMA = {"fields": [{"name": name, "type": type_} for name, type_ in TYPES.items()]}
CHUNK = 5_000


def rows_of(count: int, seed: int) -> Iterator[list[str]]:
    """Rows as a utility's export has them; `seed` changes every row."""
    rng = random.Random(seed)
    for number in range(count):
        yield [
            str(number), f"20{rng.randint(10, 25)}-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}",
            f"вулиця {rng.choice(['Проскурівська', 'Кам’янецька', 'Зарічанська'])}, {rng.randint(1, 99)}",
            str(rng.randint(1, 200)), rng.choice(["вода", "тепло", "газ"]), f"{rng.randint(0, 99999) / 100:.2f}",
            f"{rng.randint(0, 99999) / 1000:.3f}", rng.choice(["true", "false"]), f"reader{number}.{seed}@example.org",
        ]  # fmt: skip


def release_of(folder: Path, dataset: str, version: str, rows: list[list[str]]) -> Release:
    """A release of one table."""
    folder = folder / f"{dataset}-{version}"
    folder.mkdir()
    path, descriptor = folder / "table.csv", folder / "datapackage.json"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(TYPES)
        writer.writerows(rows)
    descriptor.write_text(json.dumps({"version": version}), encoding="utf-8")
    files = tuple(
        ReleaseFile(p.name, p, role, format_, media, p.stat().st_size, sha256_of(p), "table" if role == "table" else "")
        for p, role, format_, media in (
            (path, "table", "CSV", "text/csv"), (descriptor, "descriptor", "JSON", "application/json"),
        )
    )  # fmt: skip
    table = ReleaseTable("table", files[0], None, SCHEMA, ("id",), len(rows))
    release = Release(dataset, version, folder, "", "2026-01-01", "0" * 64, {"title": dataset}, files, (table,))
    return replace(release, sha256=hashlib.sha256(manifest_bytes(manifest_of(release))).hexdigest())


class Times:
    """What was measured, printed as it comes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, name: str, rows: int) -> Iterator[None]:
        """Measure a block."""
        started = time.monotonic()
        yield
        taken = self.seconds[name] = time.monotonic() - started
        print(f"{name:58s} {taken:8.2f} s {rows / taken:10.0f} rows/s   load {os.getloadavg()[0]:.1f}", flush=True)

    def ratio(self, text: str, slow: str, fast: str, wanted: float) -> None:
        """Print a ratio and whether it reaches what is wanted."""
        if slow in self.seconds and fast in self.seconds:
            found = self.seconds[slow] / self.seconds[fast]
            print(f"{text:58s} {found:8.2f} x (wanted {wanted:g}) {'yes' if found >= wanted else 'NO'}", flush=True)


def naive(url: str, token: str, organization: str) -> tuple[RemoteCKAN, str]:
    """A table made the usual way."""
    remote = RemoteCKAN(url, apikey=token)
    resource = {"id": str(uuid.uuid4()), "name": "t", "url": "https://example.org/t.csv", "format": "CSV"}
    remote.call_action(
        "package_create",
        {"name": f"naive-{uuid.uuid4().hex[:8]}", "owner_org": organization, "resources": [resource]},
    )
    fields = [{"id": name, "type": SQL[type_]} for name, type_ in TYPES.items()]
    remote.call_action(
        "datastore_create", {"resource_id": resource["id"], "fields": fields, "primary_key": "id", "force": True}
    )
    return remote, resource["id"]


def loop(remote: RemoteCKAN, table: str, method: str, rows: list[list[str]]) -> None:
    """The loop that everybody writes."""
    for start in range(0, len(rows), CHUNK):
        records = [dict(zip(TYPES, row, strict=True)) for row in rows[start : start + CHUNK]]
        asked = {"resource_id": table, "method": method, "force": True, "calculate_record_count": False}
        remote.call_action("datastore_upsert", {**asked, "records": records}, requests_kwargs={"timeout": 600})


def xloader(url: str, token: str, organization: str, path: Path, rows: int) -> Callable[[], None] | None:
    """A load by xloader; None where the portal does not run it."""
    remote = RemoteCKAN(url, apikey=token)
    if "xloader" not in remote.call_action("status_show")["extensions"]:
        return None
    package = remote.call_action("package_create", {"name": f"xl-{uuid.uuid4().hex[:8]}", "owner_org": organization})

    def run() -> None:
        with path.open("rb") as stream:
            made = remote.call_action(
                "resource_create", {"package_id": package["id"], "name": "t", "format": "CSV"}, files={"upload": stream}
            )
        while True:
            time.sleep(0.2)
            try:
                info = remote.call_action("datastore_info", {"id": made["id"]})
                status = remote.call_action("xloader_status", {"resource_id": made["id"]})["status"]
            except NotFound:
                continue
            if info["meta"]["count"] == rows and status == "complete":
                return

    return run


def publish(portal: CkanPortal, release: Release, shown: Mapping[str, Shown] | None = None) -> Receipt:
    """Plan and apply."""
    plan = make_plan(release, portal, shown=shown)
    return apply(plan, release, portal, Applying(shown=shown or {}))


def main() -> None:
    """Run everything once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organization", required=True)
    parser.add_argument("--sysadmin-token-file", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--large", type=int, default=0, help="Rows of the table of which 0.1 %% changes.")
    parser.add_argument("--routes", nargs="+", default=["stock", "staging"], help="Routes of rows to measure.")
    options = parser.parse_args()
    settings = Settings.from_environment()
    url, token = settings.ckan_url, settings.ckan_token.reveal()
    portal = CkanPortal(url, settings.ckan_token, options.organization)
    sysadmin = CkanPortal(url, Secret(options.sysadmin_token_file.read_text().strip()), options.organization)
    times, count = Times(), options.rows
    print(f"{count} rows, CKAN {portal.capabilities().version}, {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="vidkryto-benchmark-") as name:
        folder = Path(name)
        first, second = (list(rows_of(count, seed)) for seed in (1, 2))
        mark = uuid.uuid4().hex[:6]
        remote, table = naive(url, token, options.organization)
        with times.of("naive loop, insert", count):
            loop(remote, table, "insert", first)
        with times.of("naive loop, upsert of every row", count):
            loop(remote, table, "upsert", second)
        for route in options.routes:
            dataset = f"bench-{route}-{mark}"
            if route == "staging":
                prepare(sysadmin, {dataset: ["table.csv"]})
            releases = [release_of(folder, dataset, f"1.{n}.0", rows) for n, rows in enumerate((first, second))]
            with times.of(f"ours ({route}), first publication, read back", count):
                publish(portal, releases[0])
            with times.of(f"ours ({route}), every row changed, read back", count):
                publish(portal, releases[1])
            written = portal.written
            with times.of(f"ours ({route}), nothing changed ({portal.written - written} writes)", count):
                publish(portal, releases[1])
            assert portal.written == written
        if load := xloader(url, token, options.organization, releases[0].tables[0].csv.path, count):
            with times.of("xloader, first load", count):
                load()
        if options.large:
            large(portal, sysadmin, times, folder, options.large, (url, token, options.organization))
    times.ratio("first load against the insert loop", "naive loop, insert", STAGED_FIRST, 2)
    times.ratio("first load against xloader", "xloader, first load", STAGED_FIRST, 0.9)
    times.ratio("all rows changed against the upsert loop", "naive loop, upsert of every row", STAGED_ALL, 4)
    times.ratio("0.1 % changed against a full reload by upsert", FULL, DELTA, 50)
    times.ratio("0.1 % changed against a first load by insert", INSERTED, DELTA, 50)


STAGED_FIRST = "ours (staging), first publication, read back"
STAGED_ALL = "ours (staging), every row changed, read back"
INSERTED, FULL = "large: naive loop, insert of every row", "large: naive loop, upsert of every row"
DELTA = "large: ours, 0.1 % changed, written rows read back"


def large(
    portal: CkanPortal, sysadmin: CkanPortal, times: Times, folder: Path, count: int, place: tuple[str, str, str]
) -> None:
    """A large table of which one row in a thousand changes."""
    dataset = f"bench-large-{uuid.uuid4().hex[:6]}"
    prepare(sysadmin, {dataset: ["table.csv"]})
    rows = list(rows_of(count, 1))
    changed = [[*row[:4], "зміна", *row[5:]] if n % 1000 == 0 else row for n, row in enumerate(rows)]
    remote, table = naive(*place)
    with times.of(INSERTED, count):
        loop(remote, table, "insert", rows)
    with times.of(FULL, count):
        loop(remote, table, "upsert", changed)
    releases = [release_of(folder, dataset, f"1.{n}.0", rows) for n, rows in enumerate((rows, changed))]
    with times.of("large: ours, first publication, read back", count):
        receipt = publish(portal, releases[0])
    shown = {"table": Shown(releases[0].tables[0].csv.path, receipt.tables[0].sha256)}
    with times.of(DELTA, count // 1000):
        receipt = publish(portal, releases[1], shown)
    assert (receipt.tables[0].changed, receipt.tables[0].read_back) == (count // 1000, "written")
    with times.of("large: ours, nothing changed, every row read", count):
        publish(portal, releases[1])


if __name__ == "__main__":
    sys.exit(main())
