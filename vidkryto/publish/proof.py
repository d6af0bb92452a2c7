"""What is read back after a publication: every written file as the public gets it, every table as it was compared."""

from __future__ import annotations

import tempfile
from pathlib import Path

from vidkryto.archive import sha256_of
from vidkryto.plan.columns import columns_of
from vidkryto.plan.live import LiveDataset
from vidkryto.plan.names import resource_id
from vidkryto.plan.value import TableChange
from vidkryto.publish.load import Loaded
from vidkryto.publish.portal import Absent, AnswerLost, Portal
from vidkryto.publish.receipt import FileReceipt, TableReceipt
from vidkryto.release.value import Release

DIFFERS = "publish-download-differs"


def file_receipts(
    release: Release, live: LiveDataset, portal: Portal, written: frozenset[str]
) -> tuple[tuple[FileReceipt, ...], tuple[str, ...]]:
    """Every file of the release, and codes of what differs. Those of `written` (resource ids) are downloaded."""
    receipts = []
    for file in release.files:
        id_ = resource_id(release.dataset, file.name)
        resource = live.resource(id_)
        url = resource.text("url") if resource else ""
        modified = resource.text("last_modified") if resource else ""
        sha256 = _downloaded(url, portal) if id_ in written else file.sha256
        receipts.append(FileReceipt(id_, file.name, url, file.bytes, sha256, id_ in written, modified))
    differing = any(receipt.sha256 != file.sha256 for receipt, file in zip(receipts, release.files, strict=True))
    return tuple(receipts), (DIFFERS,) if differing else ()


def _downloaded(url: str, portal: Portal) -> str:
    """The sha256 of what anybody gets at this address; empty when nobody gets anything."""
    with tempfile.TemporaryDirectory(prefix="vidkryto-file-") as folder:
        target = Path(folder) / "file"
        try:
            portal.download(url, target, anonymous=True)
        except (Absent, AnswerLost):
            return ""
        return sha256_of(target)


def table_receipts(
    release: Release, changes: tuple[TableChange, ...], loaded: dict[str, Loaded]
) -> tuple[TableReceipt, ...]:
    """Every table with what was read back; a table that nobody had to load is as the plan found it."""
    return tuple(_table_receipt(release, change, loaded.get(change.id)) for change in changes)


def _table_receipt(release: Release, change: TableChange, loaded: Loaded | None) -> TableReceipt:
    table = next(table for table in release.tables if table.resource == change.resource)
    return TableReceipt(
        id=change.id,
        resource=change.resource,
        alias=change.alias,
        rows=loaded.digest.rows if loaded else change.after,
        sha256=loaded.digest.sha256 if loaded else change.sha256,
        route=loaded.route if loaded else "none",
        added=change.rows.added,
        changed=change.rows.changed,
        removed=change.rows.removed,
        columns=tuple((column.name, column.type) for column in columns_of(table)),
        read_back="written" if loaded and not loaded.whole else "whole",
    )
