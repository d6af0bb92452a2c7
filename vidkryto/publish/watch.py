"""Watch: is the portal still as the last receipt says? Only reads."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from vidkryto.archive import sha256_of
from vidkryto.errors import PlanError
from vidkryto.findings import Finding, Place
from vidkryto.plan.columns import FORMS_OF_TYPES, Column
from vidkryto.plan.fingerprint import fingerprint
from vidkryto.plan.live import LOCK, LiveDataset, Lock
from vidkryto.plan.make import anchor_id
from vidkryto.plan.rows import digest_of
from vidkryto.publish.portal import Absent, Portal
from vidkryto.publish.receipt import FileReceipt, Receipt, TableReceipt

PROBES = 3
WORD = re.compile(r"[^\W\d_]{5,30}")


def drift(receipt: Receipt, portal: Portal) -> tuple[Finding, ...]:
    """What differs between the portal and the receipt of the last publication.

    Every file is downloaded as the public gets it, every table is read back in full.
    """
    live = portal.dataset(receipt.dataset, {table.resource: table.id for table in receipt.tables})
    if receipt.outcome == "withdrawn":
        gone = live is None or live.state != "active"
        return () if gone else (Finding("watch-withdrawn-is-back"),)
    if live is None or live.state != "active" or live.private:
        return (Finding("watch-dataset-missing"),)
    found = [
        *(finding for file in receipt.files for finding in _file(file, live, portal)),
        *(finding for table in receipt.tables for finding in _table(table, live, portal)),
        *_lock(live),
    ]
    if not found and receipt.state and fingerprint(live) != receipt.state:
        found.append(Finding("watch-metadata-differs"))
    return tuple(found)


def _file(file: FileReceipt, live: LiveDataset, portal: Portal) -> Iterator[Finding]:
    place = Place(file=file.name)
    resource = live.resource(file.id)
    if resource is None:
        yield Finding("watch-resource-missing", place)
        return
    with tempfile.TemporaryDirectory(prefix="vidkryto-watch-") as folder:
        target = Path(folder) / "file"
        try:
            portal.download(resource.text("url"), target, anonymous=True)
        except Absent:
            yield Finding("watch-download-broken", place)
            return
        if sha256_of(target) != file.sha256:
            yield Finding("watch-file-differs", place)


def _table(table: TableReceipt, live: LiveDataset, portal: Portal) -> Iterator[Finding]:
    place = Place(resource=table.resource)
    there = live.tables.get(table.id)
    if there is None:
        yield Finding("watch-table-missing", place)
        return
    if {column.name: column.type for column in there.columns} != dict(table.columns):
        yield Finding("watch-columns-differ", place)
        return
    if table.alias not in there.aliases:
        yield Finding("watch-alias-missing", place, wanted=table.alias)
    columns = tuple(Column(name, type_, FORMS_OF_TYPES.get(type_, "text"), {}, False) for name, type_ in table.columns)
    with tempfile.TemporaryDirectory(prefix="vidkryto-watch-") as folder:
        dump = Path(folder) / "live.csv"
        portal.dump(table.id, dump)
        try:
            digest = digest_of(dump, columns)
        except PlanError:
            yield Finding("watch-rows-differ", place, details={"rows": there.rows, "expected": table.rows})
            return
        if digest.sha256 != table.sha256:
            yield Finding("watch-rows-differ", place, details={"rows": digest.rows, "expected": table.rows})
        yield from _search(table, dump, digest.rows, portal)


def _search(table: TableReceipt, dump: Path, rows: int, portal: Portal) -> Iterator[Finding]:
    """Whether search gives what the rows hold: the total that clients see, and words of some rows."""
    place = Place(resource=table.resource)
    total = portal.search(table.id, limit=0)["total"]
    if total != rows:
        yield Finding("watch-total-stale", place, found=str(total), wanted=str(rows))
    stale = sum(
        portal.search(table.id, limit=0, q=word, filters={"_id": number})["total"] == 0
        for number, word in _words(dump, table)
    )
    if stale:
        yield Finding("watch-search-stale", place, count=stale)


def _words(dump: Path, table: TableReceipt) -> Iterator[tuple[int, str]]:
    """Some rows and a word that each holds: the first, and others spread over the table."""
    import csv

    texts = [name for name, type_ in table.columns if type_ == "text"]
    step = max(1, table.rows // PROBES)
    with dump.open(encoding="utf-8", newline="") as stream:
        for place, row in enumerate(csv.DictReader(stream)):
            if place % step == 0 and (word := WORD.search(" ".join(row[name] or "" for name in texts))):
                yield int(row["_id"]), word.group()


def _lock(live: LiveDataset) -> Iterator[Finding]:
    anchor = live.resource(anchor_id(live.name))
    lock = Lock.parse(anchor.text(LOCK)) if anchor else None
    if lock is not None and lock.expires < datetime.now(UTC):
        yield Finding("watch-lock-left", details={"lock": str(lock)})
