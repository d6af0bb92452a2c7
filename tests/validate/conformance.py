"""The shared conformance cases, and how our answer to one is compared with the recorded one."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from frictionless import Resource

from vidkryto.validate import Validation, validate_resource

SHARED = Path(__file__).resolve().parents[3] / "shared" / "conformance"


def cases() -> Iterator[dict[str, Any]]:
    """All cases in the order of the file."""
    with gzip.open(SHARED / "cases.jsonl.gz", "rt", encoding="utf-8", errors="surrogatepass") as file:
        for line in file:
            yield json.loads(line)


def resource_of(case: dict[str, Any]) -> Any:
    """The resource of a case, as the recorded run made it."""
    path = SHARED / case["path"]
    descriptor: dict[str, Any] = {"name": "t", "path": path.name}
    for name in ("schema", "dialect", "encoding"):
        if case["options"].get(name) is not None:
            descriptor[name] = copy.deepcopy(case["options"][name])
    return Resource.from_descriptor(descriptor, basepath=str(path.parent))


def answer(case: dict[str, Any]) -> Validation:
    """Our answer to a case."""
    return validate_resource(resource_of(case), limit_errors=case["options"].get("limit", 0), extensions=False)


def recorded(case: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What frictionless reported: type, row, field number, field, note."""
    names = ("type", "row", "fieldNumber", "field", "note")
    return [tuple(finding.get(name) for name in names) for finding in case["findings"]]


def ours(validation: Validation) -> list[tuple[Any, ...]]:
    """What we report, in the same form."""
    table = validation.findings
    names = ("type", "row", "field_number", "field", "note")
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))
