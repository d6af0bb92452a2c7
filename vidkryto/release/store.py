"""Releases on disk: `releases/<dataset>/<version>-<hash>/`, and which one was published last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vidkryto.archive import written_atomically
from vidkryto.errors import StateError
from vidkryto.release.value import Release, ReleaseFile, ReleaseTable

MANIFEST = "release.json"
PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Releases:
    """All releases of one dataset."""

    folder: Path

    def published(self) -> Release | None:
        """The release that was published last; None before the first publication."""
        pointer = self.folder / PUBLISHED
        return load_release(self.folder / pointer.read_text(encoding="utf-8").strip()) if pointer.is_file() else None

    def mark_published(self, release: Release) -> None:
        """Remember that this release is what the portal shows now."""
        with written_atomically(self.folder / PUBLISHED) as part:
            part.write_text(release.folder.name + "\n", encoding="utf-8")

    def all(self) -> tuple[Release, ...]:
        """Every release kept, oldest first."""
        found = (load_release(file.parent) for file in self.folder.glob(f"*/{MANIFEST}"))
        return tuple(sorted(found, key=_age))

    def find(self, version: str) -> Release | None:
        """The newest release of that version."""
        return next((release for release in reversed(self.all()) if release.version == version), None)


def _age(release: Release) -> tuple[str, tuple[int, ...]]:
    """The older the earlier: of one export the versions follow each other by number, 1.10.0 after 1.9.0."""
    return release.created, tuple(int(part) for part in release.version.split(".") if part.isdigit())


def manifest_of(release: Release) -> dict[str, Any]:
    """The release as JSON: paths are names relative to its folder, and its own hash is left out."""

    def file(item: ReleaseFile) -> dict[str, Any]:
        return {
            key: dict(value) if isinstance(value, Mapping) else value
            for key, value in asdict(item).items()
            if key != "path"
        }

    return {
        "dataset": release.dataset,
        "version": release.version,
        "created": release.created,
        "contract_sha256": release.contract_sha256,
        "previous": release.previous,
        "metadata": dict(release.metadata),
        "files": [file(item) for item in release.files],
        "tables": [
            {
                "resource": table.resource,
                "csv": table.csv.name,
                "parquet": table.parquet.name if table.parquet else None,
                "schema": dict(table.schema),
                "key": list(table.key),
                "rows": table.rows,
                "labels": {name: dict(texts) for name, texts in table.labels.items()},
                **({"discreet": True} if table.discreet else {}),
            }
            for table in release.tables
        ],
    }


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The one form of a manifest whose hash is the release's."""
    return json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def load_release(folder: Path) -> Release:
    """The release of a folder. Raises StateError when its manifest is missing or damaged."""
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest = json.loads(content)
        files = {entry["name"]: ReleaseFile(path=folder / entry["name"], **entry) for entry in manifest["files"]}
        tables = tuple(
            ReleaseTable(
                resource=entry["resource"],
                csv=files[entry["csv"]],
                parquet=files[entry["parquet"]] if entry["parquet"] else None,
                schema=entry["schema"],
                key=tuple(entry["key"]),
                rows=entry["rows"],
                labels=entry["labels"],
                discreet=entry.get("discreet", False),
            )
            for entry in manifest["tables"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"the release {folder.parent.name}/{folder.name} cannot be read: {error}",
            remedy="Restore it from a backup of VIDKRYTO_HOME, or remove the folder and run the dataset again.",
        ) from None
    return Release(
        dataset=manifest["dataset"],
        version=manifest["version"],
        folder=folder,
        sha256=hashlib.sha256(content).hexdigest(),
        created=manifest["created"],
        contract_sha256=manifest["contract_sha256"],
        metadata=manifest["metadata"],
        files=tuple(files.values()),
        tables=tables,
        previous=manifest["previous"],
    )
