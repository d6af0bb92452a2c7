"""The checks at the end of a source: hash, size, number of fields and rows, where its descriptor tells them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from frictionless import errors, helpers

CHUNK = 1 << 20


def file_stats(path: Path) -> dict[str, Any]:
    """Size and hashes of a file, as frictionless' reports show them."""
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            md5.update(chunk)
            sha256.update(chunk)
            size += len(chunk)
    return {"md5": md5.hexdigest(), "sha256": sha256.hexdigest(), "bytes": size}


def end_errors(resource: Any, path: Path, fields: int, rows: int) -> list[Any]:
    """frictionless' errors where the source is not what its descriptor says."""
    found = []
    if resource.hash:
        algorithm, expected = helpers.parse_resource_hash_v1(resource.hash)
        actual = file_stats(path).get(algorithm) if algorithm in ("md5", "sha256") else None
        if actual and actual != expected:
            found.append(errors.HashCountError(note=difference(expected, actual)))
    counted = (
        (resource.bytes, path.stat().st_size, errors.ByteCountError),
        (resource.fields, fields, errors.FieldCountError),
        (resource.rows, rows, errors.RowCountError),
    )
    found += [kind(note=difference(wanted, actual)) for wanted, actual, kind in counted if wanted and wanted != actual]
    return found


def difference(expected: Any, actual: Any) -> str:
    """frictionless' words for a difference."""
    return f'expected is "{expected}" and actual is "{actual}"'
