"""One function for every source: fetch what the contract describes and keep it in the archive."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vidkryto import clock
from vidkryto.archive import Archive
from vidkryto.catalogue.source import FolderSource, LedgerSource, RemoteSource, Source, SqlSource, WebSource
from vidkryto.pull.fetched import Each, Fetched, one_by_one
from vidkryto.pull.snapshot import Snapshot


def pull(
    source: Source,
    *,
    folder: Path,
    archive: Archive,
    resource: str,
    environment: Mapping[str, str] | None = None,
    previous: tuple[Snapshot, ...] = (),
    each: Each = one_by_one,
) -> tuple[Snapshot, ...]:
    """The exports that `source` describes, kept in `archive`; several when the contract picks all as partitions.

    `folder` is the folder of the contract, named as the dataset; `environment` holds the secrets that the contract
    names (default: os.environ); `previous` are the snapshots of the last run, for a conditional request. `each` takes,
    hashes and archives many files; in another process it is that one's environment which holds the secrets. The ledger,
    where it is the source, lies beside the archive.
    Raises ExportMissing when the source answers and the export is not there, SourceError for any technical reason.
    The work happens in a temporary folder beside the archive, so a failed pull leaves nothing behind.
    """
    archive.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=archive.root) as work:
        fetched = _fetch(source, folder, resource, environment, previous, archive, Path(work), each)
        unpack = None if isinstance(source, (SqlSource, LedgerSource)) else source.unpack
        if unpack:
            from vidkryto.pull.unpack import members

            for item in fetched:
                archive.put(item.path)  # the archive itself is the export and stays as evidence
            fetched = [member for item in fetched for member in members(item, unpack, Path(work), resource)]
        hashes = each(archive.put, [item.path for item in fetched])
        return tuple(_kept(item, sha256, archive, resource) for item, sha256 in zip(fetched, hashes, strict=True))


def _fetch(
    source: Source,
    folder: Path,
    resource: str,
    environment: Mapping[str, str] | None,
    previous: tuple[Snapshot, ...],
    archive: Archive,
    work: Path,
    each: Each,
) -> list[Fetched]:
    """Imports stay inside: a folder needs neither requests nor SQLAlchemy."""
    secrets = os.environ if environment is None else environment
    if isinstance(source, FolderSource):
        from vidkryto.pull.folder import fetch_folder

        return fetch_folder(source, folder, resource, work, each)
    if isinstance(source, WebSource):
        from vidkryto.pull.web import fetch_web

        return fetch_web(source, resource, secrets, previous, work)
    if isinstance(source, RemoteSource):
        from vidkryto.pull.remote import fetch_remote

        return fetch_remote(source, folder, resource, environment, work, each)
    if isinstance(source, LedgerSource):
        from vidkryto.pull.ledger import fetch_ledger

        return fetch_ledger(source, folder.name, archive.root.parent / "ledger", work)
    from vidkryto.pull.sql import fetch_sql

    return fetch_sql(source, resource, secrets, work)


def _kept(item: Fetched, sha256: str, archive: Archive, resource: str) -> Snapshot:
    return Snapshot(
        resource=resource,
        file=item.file,
        path=archive.path(sha256),
        sha256=sha256,
        size=item.path.stat().st_size,
        pulled_at=clock.now(),
        origin=item.origin,
        etag=item.etag,
        modified=item.modified,
    )
