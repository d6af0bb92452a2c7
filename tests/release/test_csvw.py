"""CSVW metadata of a published table say the same as its Table Schema."""

import json
from pathlib import Path

from vidkryto.release import ReleaseFile, ReleaseTable
from vidkryto.release.csvw import csvw_metadata

SCHEMA = {
    "fields": [
        {
            "name": "code",
            "type": "string",
            "title": "Код",
            "description": "Код зупинки.",
            "constraints": {"required": True, "pattern": "^[0-9]{4}$"},
            "translations": {"en": {"title": "Code"}},
        },
        {"name": "page", "type": "string", "format": "uri"},
        {"name": "lat", "type": "number", "constraints": {"minimum": 44.0, "maximum": 52.5}},
        {"name": "month", "type": "yearmonth"},
        {"name": "place", "type": "geojson"},
    ],
}


def test_columns_types_and_key_are_told() -> None:
    """Labels are in both languages, a pattern becomes a format, an unknown type a string, the key stays the key."""
    file = ReleaseFile("stops.csv", Path("stops.csv"), "table", "CSV", "text/csv", 1, "0" * 64, title={"uk": "Зупинки"})
    table = ReleaseTable("stops", file, None, SCHEMA, ("code",), 1)
    told = json.loads(csvw_metadata(table))
    assert told["url"] == "stops.csv"
    assert told["dc:title"] == [{"@value": "Зупинки", "@language": "uk"}]
    assert told["tableSchema"]["primaryKey"] == ["code"]
    assert told["tableSchema"]["columns"] == [
        {
            "name": "code",
            "titles": "code",
            "rdfs:label": [{"@value": "Код", "@language": "uk"}, {"@value": "Code", "@language": "en"}],
            "dc:description": "Код зупинки.",
            "datatype": {"base": "string", "format": "^[0-9]{4}$"},
            "required": True,
        },
        {"name": "page", "titles": "page", "datatype": {"base": "anyURI"}},
        {"name": "lat", "titles": "lat", "datatype": {"base": "decimal", "minimum": 44.0, "maximum": 52.5}},
        {"name": "month", "titles": "month", "datatype": {"base": "gYearMonth"}},
        {"name": "place", "titles": "place", "datatype": {"base": "string"}},
    ]
