"""Names that never change: `columns.lock.yaml` keeps for each header of an export the field it was published as."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from vidkryto.archive import written_atomically
from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ContractError
from vidkryto.findings import Finding, Place
from vidkryto.read.layout import normal

FILE = "columns.lock.yaml"
Lock = dict[str, dict[str, str]]
"""Resource to header to field."""


def load_lock(folder: Path) -> Lock:
    """The lock of a dataset; empty when there is none. Raises ContractError for a file that is no lock."""
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{FILE} cannot be read: {error}", remedy="Bring back its last version.") from error
    good = isinstance(content, dict) and all(isinstance(names, dict) for names in content.values())
    if not good:
        raise ContractError(f"{FILE} is no list of headers and fields", remedy="Bring back its last version.")
    return {str(name): {str(k): str(v) for k, v in names.items()} for name, names in content.items()}


def check_lock(lock: Lock, resource: str, reading: Reading, schema: Mapping[str, Any]) -> tuple[Finding, ...]:
    """A finding for each header that the contract now gives another field than it was published under."""
    locked = {normal(header): (header, field) for header, field in lock.get(resource, {}).items()}
    findings = []
    for header, field in names_now(reading, schema).items():
        before = locked.get(normal(header))
        if before and before[1] != field:
            place = Place(resource, column=header, field=field)
            findings.append(Finding("lock-broken", place, found=field, wanted=before[1]))
    return tuple(findings)


def extend_lock(folder: Path, resource: str, reading: Reading, schema: Mapping[str, Any]) -> bool:
    """Add headers that are not locked yet, after a first publication; True when the file changed."""
    lock = load_lock(folder)
    names = lock.setdefault(resource, {})
    known = {normal(header) for header in names}
    new = {header: field for header, field in names_now(reading, schema).items() if normal(header) not in known}
    if not new:
        return False
    names |= new
    head = "# Назви полів, під якими опубліковано стовпці. Не змінюйте: на них тримаються програми користувачів.\n"
    with written_atomically(folder / FILE) as part:
        part.write_text(head + yaml.safe_dump(lock, allow_unicode=True, sort_keys=True), encoding="utf-8")
    return True


def names_now(reading: Reading, schema: Mapping[str, Any]) -> dict[str, str]:
    """Header to field as the contract has it: declared, else the field's own title."""
    declared = dict(reading.columns)
    for item in schema.get("fields", ()):
        if item["name"] not in declared.values():
            declared.setdefault(str(item.get("title") or item["name"]), str(item["name"]))
    return declared
