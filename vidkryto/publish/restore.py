"""Restore: an earlier release becomes a new one, with its file, table, dictionary and metadata together."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vidkryto import clock
from vidkryto.archive import sha256_of
from vidkryto.errors import PlanError
from vidkryto.release import Release, Releases, load_release
from vidkryto.release.build import release_file
from vidkryto.release.changes import ClosedRows, write_changes
from vidkryto.release.store import MANIFEST, manifest_bytes, manifest_of
from vidkryto.release.value import ReleaseFile
from vidkryto.release.version import Change, change_of_schema, next_version

DESCRIPTOR = "datapackage.json"


def restored_release(releases: Releases, version: str, denied: Mapping[str, ClosedRows] | None = None) -> Release:
    """A new release with the content of `version`; its number follows the published one's.

    Versions never go back: readers who saw 2.0.0 get the content of 1.3.0 as 3.0.0 or 2.1.0, by what
    changes for them. Lists of changed rows are made anew, against what is published, without the rows that `denied`
    closes by resource. Raises PlanError when there is no such release or its files are damaged.
    """
    old, latest = releases.find(version), releases.published()
    if old is None:
        known = ", ".join(release.version for release in releases.all()) or "none"
        raise PlanError(f"there is no release {version}; releases kept: {known}", remedy="Name one of them with --to.")
    for file in old.files:
        if not file.path.is_file() or sha256_of(file.path) != file.sha256:
            raise PlanError(
                f"the file {file.name} of release {version} is missing or damaged",
                remedy="Restore the folder of releases from a backup, or choose another version.",
            )
    return _written(old, latest or old, releases, denied or {})


def _written(old: Release, latest: Release, releases: Releases, denied: Mapping[str, ClosedRows]) -> Release:
    version = next_version(latest.version, _change(latest, old))
    now = clock.now().isoformat(timespec="seconds")
    building = releases.folder / f".restoring-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        files = tuple(_copied(file, old, version, now, building) for file in old.files if file.role != "changes")
        changes, discreet = _changes(latest, old, building, denied)
        files += changes
        by_name = {file.name: file for file in files}
        tables = tuple(
            replace(
                table,
                csv=by_name[table.csv.name],
                parquet=by_name[table.parquet.name] if table.parquet else None,
                discreet=table.discreet or table.resource in discreet,
            )
            for table in old.tables
        )
        metadata = {**old.metadata, "version": version, "modified": now}
        release = replace(
            old, version=version, folder=building, sha256="", created=now, metadata=metadata, files=files,
            tables=tables, previous=latest.version,
        )  # fmt: skip
        (building / MANIFEST).write_bytes(manifest_bytes(manifest_of(release)))
        target = releases.folder / f"{version}-{sha256_of(building / MANIFEST)[:12]}"
        building.rename(target)
        return load_release(target)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _copied(file: ReleaseFile, old: Release, version: str, now: str, folder: Path) -> ReleaseFile:
    target = folder / file.name
    if file.name != DESCRIPTOR:
        shutil.copyfile(file.path, target)
        return replace(file, path=target)
    descriptor = {**json.loads(file.path.read_text(encoding="utf-8")), "version": version, "created": now}
    dropped = {item.name for item in old.files if item.role == "changes"}
    if "resources" in descriptor:
        descriptor["resources"] = [item for item in descriptor["resources"] if item.get("path") not in dropped]
    target.write_text(json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return replace(file, path=target, bytes=target.stat().st_size, sha256=sha256_of(target))


def _changes(
    latest: Release, old: Release, folder: Path, denied: Mapping[str, ClosedRows]
) -> tuple[tuple[ReleaseFile, ...], set[str]]:
    """What going back changes row by row, for those who follow the changes; and tables with rows left out of it."""
    before = {table.resource: table for table in latest.tables}
    files, discreet = [], set()
    for table in old.tables:
        there = before.get(table.resource)
        if there is not None and there.csv.sha256 != table.csv.sha256:
            path = folder / f"{table.csv.name.removesuffix('.csv')}-changes.csv"
            if write_changes(there, table, path, denied=denied.get(table.resource)).hidden:
                discreet.add(table.resource)
            title = table.csv.title
            titles = {"uk": f"{title.get('uk', '')}: зміни", "en": f"{title.get('en', '')}: changes"}
            files.append(release_file(path, "changes", titles, resource=table.resource))
    return tuple(files), discreet


def _change(latest: Release, old: Release) -> Change:
    """What going back means for readers of the latest release."""
    schemas = {table.resource: table.schema for table in latest.tables}
    kinds = {change_of_schema(schemas[t.resource], t.schema) for t in old.tables if t.resource in schemas}
    lost = set(schemas) - {table.resource for table in old.tables}
    return "major" if lost or "major" in kinds else "minor"
