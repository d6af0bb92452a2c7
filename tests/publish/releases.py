"""Releases made for tests: small tables under the real file names, with manifest and descriptor."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidkryto.archive import sha256_of
from vidkryto.release.store import manifest_bytes, manifest_of
from vidkryto.release.value import Release, ReleaseFile, ReleaseTable

STOPS = {
    "fields": [
        {"name": "uid", "type": "string", "title": "Код зупинки", "description": "Код у реєстрі міста",
         "translations": {"en": {"title": "Stop code", "description": "Code in the city's register"}}},
        {"name": "label", "type": "string", "title": "Назва"},
        {"name": "lat", "type": "number", "title": "Широта", "unit": "°"},
        {"name": "shelter", "type": "boolean", "title": "Павільйон"},
        {"name": "opened", "type": "date", "title": "Відкрито"},
        {"name": "checked", "type": "datetime", "title": "Перевірено"},
        {"name": "routes", "type": "array", "title": "Маршрути"},
        {"name": "platforms", "type": "integer", "title": "Платформ"},
    ]
}  # fmt: skip

LOOKED_UP = {"fields": [{**f, "indexed": True} if f["name"] in ("label", "opened", "routes") else f
                        for f in STOPS["fields"]]}  # fmt: skip
"""The same table, looked up by name and day; its list of routes cannot be, although it says so."""

METADATA: dict[str, Any] = {
    "title": {"uk": "Зупинки громадського транспорту", "en": "Public transport stops"},
    "description": {"uk": "Усі зупинки міста.", "en": "All stops of the city."},
    "keywords": ["транспорт", "зупинки"],
    "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    "frequency": "monthly",
    "theme": "TRAN",
    "access": "open",
    "mandate": "835/27",
    "spatial": "UA68040470010043512",
    "temporal": ["2020-01-01", "2026-10-31"],
    "modified": "2026-11-01T05:00:00Z",
    "contact": {"name": "Управління транспорту", "email": "transport@example.org"},
    "department": {"name": "transport", "title": {"uk": "Управління транспорту", "en": "Transport"},
                   "edrpou": "00000000"},
    "publisher": {"name": "khmelnytskyi", "title": {"uk": "Хмельницька міська рада", "en": "Khmelnytskyi City Council"},
                  "edrpou": "00000000", "homepage": "https://example.org/", "organization": "khm"},
    "resources": {},
}  # fmt: skip


def stop(number: int, **cells: Any) -> dict[str, Any]:
    """One row of the table of stops in canonical text."""
    row = {
        "uid": f"HM{number:04d}",
        "label": f"вул. Кам’янецька, {number}",
        "lat": f"49.42{number:04d}",
        "shelter": "true" if number % 2 else "false",
        "opened": f"2020-01-{number % 28 + 1:02d}",
        "checked": f"2026-10-01T10:{number % 60:02d}:00Z",
        "routes": json.dumps([number, number + 1]),
        "platforms": str(number % 4),
    }
    return {**row, **cells}


def a_release(
    folder: Path,
    rows: Sequence[Mapping[str, Any]],
    *,
    dataset: str = "public-transport-stops",
    version: str = "1.0.0",
    schema: Mapping[str, Any] = STOPS,
    key: tuple[str, ...] = ("uid",),
    resource: str = "stops",
    metadata: Mapping[str, Any] | None = None,
    extra: Mapping[str, bytes] | None = None,
    more: Mapping[str, tuple[Sequence[Mapping[str, Any]], Mapping[str, Any], tuple[str, ...]]] | None = None,
) -> Release:
    """A release of one table, or of `more`, as the release stage would leave it on disk."""
    mark = hashlib.sha256(str((rows, schema, key, more, extra, metadata)).encode()).hexdigest()[:8]
    folder = folder / f"{dataset}-{version}-{mark}"
    folder.mkdir(parents=True, exist_ok=True)
    files, tables = [], []
    for name, (table_rows, table_schema, table_key) in {resource: (rows, schema, key), **(more or {})}.items():
        names = [field["name"] for field in table_schema["fields"]]
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([row.get(field) for field in names] for row in table_rows)
        file = _file(path, "table", "CSV", "text/csv", name)
        labels = {f["name"]: {"uk": f.get("title", f["name"]),
                              "en": f.get("translations", {}).get("en", {}).get("title", f["name"])}
                  for f in table_schema["fields"]}  # fmt: skip
        files.append(file)
        tables.append(ReleaseTable(name, file, None, table_schema, table_key, len(table_rows), labels))
    for name, content in (extra or {}).items():
        path = folder / name
        path.write_bytes(content)
        if name.endswith("-changes.csv"):
            files.append(_file(path, "changes", "CSV", "text/csv", name.removesuffix("-changes.csv")))
        else:
            files.append(_file(path, "report", "JSON", "application/json", ""))
    descriptor = folder / "datapackage.json"
    descriptor.write_text(json.dumps({"name": dataset, "version": version}), encoding="utf-8")
    files.append(_file(descriptor, "descriptor", "JSON", "application/json", ""))
    release = Release(
        dataset, version, folder, "", "2026-11-01T05:00:00Z", "c" * 64, {**METADATA, **(metadata or {})},
        tuple(files), tuple(tables),
    )  # fmt: skip
    content = manifest_bytes(manifest_of(release))
    (folder / "release.json").write_bytes(content)
    return replace(release, sha256=hashlib.sha256(content).hexdigest())


def _file(path: Path, role: Any, format_: str, media_type: str, resource: str) -> ReleaseFile:
    return ReleaseFile(
        path.name, path, role, format_, media_type, path.stat().st_size, sha256_of(path), resource,
        {"uk": f"Файл {path.name}", "en": f"File {path.name}"},
    )  # fmt: skip
