"""The Table Schema that goes out with the data."""

from __future__ import annotations

from vidkryto.pipeline.stages import published_schema


def test_fields_of_a_foreign_key_are_looked_up_by() -> None:
    """One field or several, named as text or as a list; dropped ones are not named at all."""
    schema = {
        "fields": [{"name": name, "type": "string"} for name in ("id", "street", "house", "owner", "note")],
        "primaryKey": "id",
        "foreignKeys": [
            {"fields": "owner", "reference": {"resource": "owners", "fields": "id"}},
            {"fields": ["street", "house"], "reference": {"resource": "houses", "fields": ["street", "house"]}},
        ],
    }
    out = published_schema(schema, ["id", "street", "house", "note"], {})
    assert {field["name"]: field.get("indexed") for field in out["fields"]} == {
        "id": None, "street": True, "house": True, "note": None,
    }  # fmt: skip
    assert "foreignKeys" not in out
    assert out["primaryKey"] == ["id"]
