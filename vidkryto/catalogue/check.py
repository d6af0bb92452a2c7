"""What a contract must hold beyond its form: keys, classes and names agree with the schema."""

from __future__ import annotations

from collections.abc import Iterator

from vidkryto.catalogue.load import Dataset, did_you_mean


def problems_of(dataset: Dataset) -> Iterator[str]:
    """Every contradiction between a contract and its schemas, in words; nothing when there is none."""
    fields = {name: [field["name"] for field in schema["fields"]] for name, schema in dataset.schemas.items()}
    for name, names in fields.items():
        for repeated in sorted({field for field in names if names.count(field) > 1}):
            yield f"schema of {name}: the field {repeated} stands twice"
        for field in dataset.key_of[name]:
            if field not in names:
                yield f"key of {name}: there is no field {field!r}{did_you_mean(field, names)}"
    known = {field for names in fields.values() for field in names} | {
        f"{name}.{field}" for name, names in fields.items() for field in names
    }
    for column in dataset.contract.publication.columns:
        if column not in known:
            yield f"publication.columns: there is no field {column!r}{did_you_mean(column, known)}"
    for name, names in fields.items():
        unclassed = [field for field in names if not _classed(dataset, name, field)]
        if unclassed:
            yield f"publication.columns: {name} has fields without a class, which blocks: {', '.join(unclassed)}"
    if len(dataset.contract.resources) > 1 and dataset.contract.publication.key:
        yield "publication.key is for datasets of one table; give each schema its primaryKey"


def _classed(dataset: Dataset, resource: str, field: str) -> bool:
    columns = dataset.contract.publication.columns
    return field in columns or f"{resource}.{field}" in columns
