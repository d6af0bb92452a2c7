"""The 109 schemas of Resolution 835 hold: in the profile, in frictionless, against their own examples."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from frictionless import Resource, Schema

from vidkryto.catalogue.structures import problems

SCHEMAS = Path(__file__).parents[2] / "schemas" / "835"
FILES = sorted(SCHEMAS.glob("*.json"))


def load(file: Path) -> dict[str, Any]:
    """One schema as written."""
    return dict(json.loads(file.read_text(encoding="utf-8")))


def test_there_are_109_schemas_with_every_column() -> None:
    """The structures of January 2025 have 109 tables and 1,985 columns; none may be lost."""
    assert len(FILES) == 109
    assert sum(len(load(file)["fields"]) for file in FILES) == 1985


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_schema_holds(file: Path) -> None:
    """It keeps the v2 profile, frictionless loads it, and a table of its own examples is valid."""
    schema = load(file)
    assert problems(schema) == ()
    loaded = Schema.from_descriptor(schema)
    names = [field["name"] for field in schema["fields"]]
    examples = [field["example"] for field in schema["fields"]]
    report = Resource(data=[names, examples], schema=loaded).validate()
    assert report.valid, report.flatten(["fieldName", "note"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_schema_speaks_both_languages(file: Path) -> None:
    """Every table and column has a title and a description in Ukrainian and in English, in its own letters."""
    schema = load(file)
    for item in (schema, *schema["fields"]):
        english = item["translations"]["en"]
        assert all((item["title"], item["description"], english["title"], english["description"])), item
        assert not re.search(r"[а-яіїєґ]", english["title"].lower()), english
        assert re.search(r"[а-яіїєґ]", item["description"].lower()), item


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_schema_has_a_key_of_required_columns(file: Path) -> None:
    """Without a key there are no changes by row; a key that may be empty is none."""
    schema = load(file)
    required = {field["name"] for field in schema["fields"] if field.get("constraints", {}).get("required")}
    assert schema["primaryKey"]
    assert set(schema["primaryKey"]) <= required
    assert schema["missingValues"] == ["", "null"]
    assert schema["mandate"] == f"835/{int(file.stem.split('_')[0])}"


def test_codes_have_their_form() -> None:
    """EDRPOU, KATOTTG, telephones and postcodes are patterned wherever they stand in the stops and shelters."""
    stops = {field["name"]: field for field in load(SCHEMAS / "27_stops.json")["fields"]}
    shelters = {field["name"]: field for field in load(SCHEMAS / "72_shelters.json")["fields"]}
    appeals = {field["name"]: field for field in load(SCHEMAS / "33_appeals.json")["fields"]}
    assert stops["CATUTTC"]["constraints"]["pattern"] == "^UA[0-9]{17}$"
    assert stops["addressPostCode"]["constraints"]["pattern"] == "^[0-9]{5}$"
    assert stops["type"]["constraints"]["enum"] == [0, 1, 2]
    assert shelters["balanceHolderId"]["constraints"]["pattern"] == "^[0-9]{8}$"
    assert appeals["receivedDateTime"]["type"] == "datetime"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"fields": []}, "at least one field"),
        ({"fields": [{"name": "a", "type": "decimal"}]}, "type 'decimal' is unknown"),
        ({"fields": [{"name": "a"}, {"name": "a"}]}, "there twice"),
        ({"primaryKey": "a"}, "must be a list"),
        ({"primaryKey": ["b"]}, "which is no field"),
        ({"missingValues": "null"}, "list of strings"),
        ({"fieldsMatch": "some"}, "fieldsMatch"),
        ({"fields": [{"name": "a", "type": "date", "constraints": {"pattern": "x"}}]}, "no constraint 'pattern'"),
        ({"fields": [{"name": "a", "constraints": {"pattern": "("}}]}, "no regular expression"),
        ({"fields": [{"name": "a", "constraints": {"required": "yes"}}]}, "true or false"),
        ({"fields": [{"name": "a", "constraints": {"enum": []}}]}, "different values"),
        ({"fields": [{"name": "a", "format": "phone"}]}, "no format"),
        ({"fields": [{"name": "a", "example": 1}]}, "example must be a string"),
        ({"fields": [{"title": "x"}]}, "has no name"),
        ({"$schema": "x"}, "$schema must be"),
    ],
)
def test_the_profile_refuses(change: dict[str, Any], told: str) -> None:
    """Each rule of the profile is told in words when it is broken."""
    schema = {"$schema": "https://datapackage.org/profiles/2.0/tableschema.json", "fields": [{"name": "a"}], **change}
    assert told in "\n".join(problems(schema))


CITY = sorted((SCHEMAS.parent / "city").glob("*.json"))


@pytest.mark.parametrize("file", CITY, ids=lambda file: file.stem)
def test_a_schema_of_the_city_holds_too(file: Path) -> None:
    """The city's own schemas keep the same rules: profile, key, examples, both languages."""
    schema = load(file)
    assert problems(schema) == ()
    names = [field["name"] for field in schema["fields"]]
    examples = [field["example"] for field in schema["fields"]]
    report = Resource(data=[names, examples], schema=Schema.from_descriptor(schema)).validate()
    assert report.valid, report.flatten(["fieldName", "note"])
    required = {field["name"] for field in schema["fields"] if field.get("constraints", {}).get("required")}
    assert set(schema["primaryKey"]) <= required
    for item in (schema, *schema["fields"]):
        english = item["translations"]["en"]
        assert all((item["title"], item["description"], english["title"], english["description"])), item
