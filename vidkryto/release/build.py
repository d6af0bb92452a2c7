"""Build a release: data files, what changed, the reports, the data package descriptor, checksums."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.archive import sha256_of
from vidkryto.catalogue.load import Dataset
from vidkryto.disclosure import excel_safe
from vidkryto.release.changes import ClosedRows, write_changes
from vidkryto.release.csvw import csvw_metadata
from vidkryto.release.descriptor import descriptor_of, metadata_of
from vidkryto.release.files import coordinates, sorted_by_key, write_csv, write_geojson, write_parquet
from vidkryto.release.store import MANIFEST, Releases, load_release, manifest_bytes, manifest_of
from vidkryto.release.validation_page import validation_page
from vidkryto.release.value import Release, ReleaseFile, ReleaseTable, Role
from vidkryto.release.version import Change, change_of_schema, next_version

DESCRIPTOR = "datapackage.json"
ORDER: tuple[Change, ...] = ("major", "minor", "patch")
FORMATS = {
    ".csv": ("CSV", "text/csv"),
    ".parquet": ("PARQUET", "application/vnd.apache.parquet"),
    ".geojson": ("GeoJSON", "application/geo+json"),
    ".json": ("JSON", "application/json"),
    ".html": ("HTML", "text/html"),
}


@dataclass(frozen=True, slots=True)
class ReadyTable:
    """A table that passed every check, in both its forms, with the schema of its published columns."""

    canonical: pa.Table
    """Text in the canonical form of Table Schema."""
    typed: pa.Table
    schema: Mapping[str, Any]
    key: tuple[str, ...]
    report: Mapping[str, Any]
    """The validation report in the format of frictionless."""
    closed: frozenset[str] = frozenset()
    """Columns whose class shows less than in the last release: its cells are not repeated in a list of changes."""
    public: frozenset[str] = frozenset()
    """Columns whose personal values are published by a recorded decision."""
    denied: ClosedRows | None = None
    """What a deny list closes here; None without one."""


def build_release(
    dataset: Dataset, tables: Mapping[str, ReadyTable], *, created: str, releases: Releases
) -> Release | None:
    """Write a new release beside the earlier ones and return it; None when it would equal the published one.

    `created` is the time the newest export was pulled (UTC, ISO 8601): the same exports under the same
    rules give the same bytes whenever they are built. The folder appears in one step, complete.
    """
    previous = releases.published()
    building = releases.folder / f".building-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        written = [_write_table(dataset, name, ready, building) for name, ready in tables.items()]
        plain = tuple(table for table, _ in written)
        change, changes, plain = _compare(previous, plain, building, tables)
        version = next_version(previous.version if previous else "", change or "patch")
        metadata = metadata_of(dataset, created=created, version=version, temporal=_temporal(tables))
        if change is None and previous is not None and _same_words(previous.metadata, metadata):
            return None
        files = tuple(file for table, others in written for file in (table.csv, *others)) + changes
        release = Release(
            dataset=dataset.name,
            version=version,
            folder=building,
            sha256="",
            created=created,
            contract_sha256=dataset.sha256,
            metadata=metadata,
            files=(*files, _write_descriptor(dataset.name, metadata, created, plain, files, building)),
            tables=plain,
            previous=previous.version if previous else "",
        )
        return _seal(release, releases)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _write_descriptor(
    name: str,
    metadata: Mapping[str, Any],
    created: str,
    tables: tuple[ReleaseTable, ...],
    files: tuple[ReleaseFile, ...],
    folder: Path,
) -> ReleaseFile:
    data = {table.csv.name for table in tables}
    others = tuple(file for file in files if file.name not in data)
    descriptor = descriptor_of(metadata, name, created, tables, others)
    path = folder / DESCRIPTOR
    path.write_text(json.dumps(descriptor, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return release_file(path, "descriptor", {"uk": "Опис пакета даних", "en": "Data package descriptor"})


def _seal(release: Release, releases: Releases) -> Release:
    """Write manifest and checksums, then move the folder to its final name, which its hash is part of."""
    (release.folder / MANIFEST).write_bytes(manifest_bytes(manifest_of(release)))
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in sorted(release.files, key=lambda item: item.name))
    (release.folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
    target = releases.folder / f"{release.version}-{sha256_of(release.folder / MANIFEST)[:12]}"
    if not target.exists():
        release.folder.rename(target)
    return load_release(target)


def release_file(path: Path, role: Role, title: Mapping[str, str], *, resource: str = "") -> ReleaseFile:
    """A file of the release with its size, hash and format."""
    format_, media_type = FORMATS[path.suffix]
    return ReleaseFile(
        name=path.name,
        path=path,
        role=role,
        format=format_,
        media_type=media_type,
        bytes=path.stat().st_size,
        sha256=sha256_of(path),
        resource=resource,
        title=title,
    )


def _write_table(
    dataset: Dataset, name: str, ready: ReadyTable, folder: Path
) -> tuple[ReleaseTable, tuple[ReleaseFile, ...]]:
    resource = dataset.resource(name)
    stem = resource.path.removesuffix(".csv")
    canonical, typed = sorted_by_key(ready.canonical, ready.typed, ready.key)
    title = {
        "uk": resource.title or dataset.contract.title,
        "en": _english(resource) or dataset.contract.title_in("en"),
    }
    write_csv(canonical, folder / resource.path)
    write_parquet(typed, folder / f"{stem}.parquet")
    csv = release_file(folder / resource.path, "table", title, resource=name)
    parquet = release_file(folder / f"{stem}.parquet", "columns", _suffixed(title, "Parquet"), resource=name)
    others = [parquet]
    if pair := coordinates(dict(ready.schema)):
        write_geojson(canonical, folder / f"{stem}.geojson", *pair)
        others.append(release_file(folder / f"{stem}.geojson", "geojson", _suffixed(title, "GeoJSON"), resource=name))
    if dataset.contract.publication.excel_safe:
        write_csv(excel_safe(canonical), folder / f"{stem}-excel.csv", mark=True)
        words = {"uk": f"{title['uk']} (CSV для електронних таблиць)", "en": f"{title['en']} (CSV for spreadsheets)"}
        others.append(release_file(folder / f"{stem}-excel.csv", "excel", words, resource=name))
    others += _write_reports(stem, title, ready, csv, canonical.num_rows)
    table = ReleaseTable(
        resource=name,
        csv=csv,
        parquet=parquet,
        schema=ready.schema,
        key=ready.key,
        rows=canonical.num_rows,
        labels={field["name"]: _labels(field) for field in ready.schema["fields"]},
        discreet=bool(ready.denied and ready.denied.count),
    )
    described = folder / f"{resource.path}-metadata.json"
    described.write_bytes(csvw_metadata(table))
    others.append(release_file(described, "metadata", _suffixed(title, "CSVW"), resource=name))
    return table, tuple(others)


def _write_reports(
    stem: str, title: Mapping[str, str], ready: ReadyTable, csv: ReleaseFile, rows: int
) -> list[ReleaseFile]:
    """The validation report of a table: for programs in the format of frictionless, for people as a page."""
    words = {"uk": f"{title['uk']}: звіт про перевірку", "en": f"{title['en']}: validation report"}
    report, page = csv.path.with_name(f"{stem}-validation.json"), csv.path.with_name(f"{stem}-validation.html")
    report.write_text(json.dumps(ready.report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    text = validation_page(
        titles=title,
        report=ready.report,
        schema=ready.schema,
        key=ready.key,
        rows=rows,
        file=csv.name,
        sha256=csv.sha256,
        twin=report.name,
    )
    page.write_text(text, encoding="utf-8")
    return [
        release_file(report, "report", words, resource=csv.resource),
        release_file(page, "report", _suffixed(words, "HTML"), resource=csv.resource),
    ]


def _english(resource: Any) -> str:
    return resource.translations["en"].title if "en" in resource.translations else ""


def _suffixed(title: Mapping[str, str], suffix: str) -> dict[str, str]:
    return {language: f"{text} ({suffix})" for language, text in title.items()}


def _labels(field: Mapping[str, Any]) -> dict[str, str]:
    english = field.get("translations", {}).get("en", {}).get("title", "")
    return {"uk": field.get("title") or field["name"], "en": english or field["name"]}


def _compare(
    previous: Release | None, tables: Sequence[ReleaseTable], folder: Path, ready: Mapping[str, ReadyTable]
) -> tuple[Change | None, tuple[ReleaseFile, ...], tuple[ReleaseTable, ...]]:
    """The gravest change against the published release, a file of changed rows for each table, and the tables."""
    if previous is None:
        return "major", (), tuple(tables)
    before = {table.resource: table for table in previous.tables}
    changes: set[Change | None] = {"major"} if set(before) - {table.resource for table in tables} else set()
    files, discreet = [], set()
    for table in tables:
        old = before.get(table.resource)
        if old is None:
            changes.add("minor")
            continue
        changes.add(change_of_schema(old.schema, table.schema))
        if old.schema != table.schema:
            changes.add("patch")
        if old.csv.sha256 != table.csv.sha256:
            changes.add("minor")
            path = folder / f"{table.csv.name.removesuffix('.csv')}-changes.csv"
            mine = ready[table.resource]
            changed = write_changes(old, table, path, closed=mine.closed, public=mine.public, denied=mine.denied)
            if changed.hidden:
                discreet.add(table.resource)
            title = {"uk": f"{table.csv.title['uk']}: зміни", "en": f"{table.csv.title['en']}: changes"}
            files.append(release_file(path, "changes", title, resource=table.resource))
    marked = tuple(replace(table, discreet=True) if table.resource in discreet else table for table in tables)
    return next((change for change in ORDER if change in changes), None), tuple(files), marked


def _same_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two descriptions differ in nothing but the version and the time."""
    ignored = ("version", "modified")
    old, new = ({key: value for key, value in words.items() if key not in ignored} for words in (before, after))
    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _temporal(tables: Mapping[str, ReadyTable]) -> tuple[str, str] | None:
    """The first and last date in any date column of the tables."""
    bounds = []
    for ready in tables.values():
        for field in ready.typed.schema:
            if pa.types.is_date(field.type):
                low_high = pc.min_max(ready.typed.column(field.name)).as_py()
                bounds += [value for value in low_high.values() if value is not None]
    return (min(bounds).isoformat(), max(bounds).isoformat()) if bounds else None
