"""The page for developers of a dataset: rows, columns, calls, changes, releases and limits, from its last release."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidkryto.plan.names import alias_of, resource_id
from vidkryto.release import Release, Releases
from vidkryto.release.croissant import croissant_of
from vidkryto.release.value import ReleaseTable
from vidkryto.report.calls import calls_of
from vidkryto.report.run_facts import Edition, Facts

LISTED_RELEASES = 20


def developer_facts(folder: Path, page: str, edition: Edition) -> Facts | None:
    """What the page says; None while nothing was published.

    `folder` holds the dataset's releases, `page` is the dataset's address on the portal.
    """
    releases = Releases(folder)
    release = releases.published()
    portal, slash, _ = page.partition("/dataset/")
    if release is None or not slash or not release.tables:
        return None
    words = release.metadata
    first: Mapping[str, Any] = next(iter(words.get("licenses", ())), {})
    return {
        "page": "developers",
        "edition": edition,
        "dataset": release.dataset,
        "title": _both(words["title"]),
        "description": _both(words["description"]),
        "portal": page,
        "api": f"{portal}/api/3/action/datastore_search",
        "version": release.version,
        "modified": release.created,
        "frequency": words.get("frequency", ""),
        "license": {"name": first.get("name", ""), "path": first.get("path", "")},
        "contact": {"name": words["contact"]["name"], "email": words["contact"]["email"]},
        "temporal": list(words.get("temporal", ())),
        "sample": bool(words.get("sample")),
        "tables": [_table(release, table, portal) for table in release.tables],
        "releases": [_note(item) for item in releases.all()][::-1][:LISTED_RELEASES],
    }


def croissant_document(folder: Path, page: str) -> str:
    """The Croissant description of the published release, as JSON; empty while nothing was published."""
    release = Releases(folder).published()
    if release is None:
        return ""
    portal = page.partition("/dataset/")[0]
    addresses = {file.name: _address(release, file.name, portal) for file in release.files}
    return json.dumps(croissant_of(release, page, addresses), ensure_ascii=False, indent=1) + "\n"


def _both(texts: Mapping[str, str]) -> dict[str, str]:
    return {"uk": texts.get("uk", ""), "en": texts.get("en", "") or texts.get("uk", "")}


def _table(release: Release, table: ReleaseTable, portal: str) -> Facts:
    city = str(release.metadata["publisher"]["name"])
    alias = alias_of(city, release.dataset, table.resource)
    first = _first_row(table.csv.path)
    files = {file.role: file for file in release.files if file.resource == table.resource}
    described = release.metadata.get("resources", {}).get(table.resource, {}).get("description", {})
    return {
        "resource": table.resource,
        "title": _both(table.csv.title),
        "description": _both(described),
        "rows": table.rows,
        "key": list(table.key),
        "alias": alias,
        "id": resource_id(release.dataset, table.csv.name),
        "columns": [_column(field, first) for field in table.schema["fields"]],
        "files": [
            {"name": file.name, "format": file.format, "bytes": file.bytes, "url": _address(release, file.name, portal)}
            for file in files.values()
            if file.role in ("table", "columns", "geojson")
        ],
        "changes": _address(release, f"{table.csv.name.removesuffix('.csv')}-changes.csv", portal),
        "calls": [
            {"language": call.language, "code": call.code} for call in calls_of(portal, alias, _example(table, first))
        ],
    }


def _address(release: Release, name: str, portal: str) -> str:
    return f"{portal}/dataset/{release.dataset}/resource/{resource_id(release.dataset, name)}/download/{name}"


def _first_row(file: Path) -> dict[str, str]:
    with file.open(encoding="utf-8", newline="") as stream:
        return next(csv.DictReader(stream), {})


def _example(table: ReleaseTable, first: Mapping[str, str]) -> dict[str, str]:
    """A value of each key column; without a key that of the first filled text column."""
    texts = [field["name"] for field in table.schema["fields"] if field.get("type", "string") == "string"]
    names = list(table.key) or [name for name in texts if first.get(name)][:1]
    return {name: first[name] for name in names if first.get(name)}


def _column(field: Mapping[str, Any], first: Mapping[str, str]) -> Facts:
    english: Mapping[str, str] = field.get("translations", {}).get("en", {})
    rules: Mapping[str, Any] = field.get("constraints", {})
    example = first.get(field["name"]) or field.get("example", "")
    return {
        "name": field["name"],
        "type": field.get("type", "string"),
        "format": field.get("format", "") if field.get("format") != "default" else "",
        "unit": field.get("unit", ""),
        "title": {"uk": field.get("title") or field["name"], "en": english.get("title") or field["name"]},
        "description": {"uk": field.get("description", ""), "en": english.get("description", "")},
        "required": bool(rules.get("required")),
        "values": [str(value) for value in rules.get("enum", ())],
        "example": str(example)[:80],
    }


def _note(release: Release) -> Facts:
    rows = sum(table.rows for table in release.tables)
    before = release.previous.partition(".")[0]
    kind = "first" if not release.previous else "data"
    if release.previous and release.version.partition(".")[0] != before:
        kind = "breaking"
    elif release.previous and release.version.split(".")[:2] == release.previous.split(".")[:2]:
        kind = "words"
    return {"version": release.version, "date": release.created, "rows": rows, "kind": kind}
