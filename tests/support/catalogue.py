"""A small catalogue for tests: one dataset of one table, made in a temporary folder."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from vidkryto.catalogue import Dataset, load_dataset
from vidkryto.release import ReadyTable

CITY = {
    "name": "testove",
    "title": "Тестова міська рада",
    "translations": {"en": {"title": "Test City Council"}},
    "organization": "khmelnytskyi",
    "edrpou": "33332218",
    "katottg": "UA68040470010096613",
    "homepage": "https://city.example",
    "contact": {"name": "Відділ даних", "email": "data@city.example"},
}
DEPARTMENT = {
    "name": "transport",
    "title": "Управління транспорту",
    "translations": {"en": {"title": "Transport department"}},
    "edrpou": "33332218",
    "contact": {"name": "Відділ транспорту", "email": "transport@city.example"},
}
SCHEMA = {
    "fields": [
        {"name": "uid", "type": "integer", "title": "Код", "translations": {"en": {"title": "Code"}}},
        {"name": "label", "type": "string", "title": "Назва"},
        {"name": "lat", "type": "number", "title": "Широта"},
        {"name": "lon", "type": "number", "title": "Довгота"},
        {"name": "opened", "type": "date", "title": "Відкрито"},
    ],
    "primaryKey": ["uid"],
    "missingValues": [""],
}
CONTRACT: dict[str, Any] = {
    "name": "stops",
    "title": "Зупинки",
    "description": "Зупинки міста.",
    "licenses": [{"name": "CC-BY-4.0", "path": "https://creativecommons.org/licenses/by/4.0/"}],
    "keywords": ["зупинки", "транспорт"],
    "resources": [
        {
            "name": "stops",
            "path": "stops.csv",
            "title": "Зупинки",
            "schema": SCHEMA,
            "source": {"folder": "exports", "pattern": "*.csv", "pick": "newest"},
        }
    ],
    "publication": {
        "translations": {"en": {"title": "Stops", "description": "Stops of the city."}},
        "frequency": "monthly",
        "schedule": {"cron": "30 4 1 * *"},
        "theme": "TRAN",
        "columns": {"uid": "open", "label": "open", "lat": "geo", "lon": "geo", "opened": "open"},
        "approval": {"first": "none", "breaking": "required"},
    },
}


def write_catalogue(root: Path, contract: dict[str, Any] | None = None) -> Path:
    """Write city, department and one contract below root/datasets; returns the dataset's folder."""
    contract = contract or CONTRACT
    folder = root / "datasets" / "transport" / contract["name"]
    (folder / "exports").mkdir(parents=True, exist_ok=True)
    for path, value in (
        (root / "datasets" / "city.yaml", CITY),
        (folder.parent / "department.yaml", DEPARTMENT),
        (folder / "dataset.yaml", contract),
    ):
        path.write_text(yaml.safe_dump(value, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def make_dataset(root: Path, contract: dict[str, Any] | None = None) -> Dataset:
    """The dataset of `write_catalogue`, loaded."""
    return load_dataset(write_catalogue(root, contract))


def ready(rows: list[tuple[Any, ...]], schema: dict[str, Any] = SCHEMA, key: tuple[str, ...] = ("uid",)) -> ReadyTable:
    """A table that passed every check, from rows of Python values."""
    types = {"integer": pa.int64(), "number": pa.float64(), "date": pa.date32(), "string": pa.string()}
    names = [field["name"] for field in schema["fields"]]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    typed = pa.table(
        {
            field["name"]: pa.array(column, types[field["type"]])
            for field, column in zip(schema["fields"], columns, strict=True)
        }
    )
    canonical = pa.table(
        {
            name: pa.array([None if v is None else str(v) for v in column], pa.string())
            for name, column in zip(names, columns, strict=True)
        }
    )
    return ReadyTable(canonical, typed, schema, key, {"valid": True})
