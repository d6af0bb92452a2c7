"""Croissant of a release keeps the published rules: references lead somewhere, files have hash and address."""

from __future__ import annotations

from pathlib import Path

from tests.publish.releases import a_release, stop
from vidkryto.release.croissant import CONTEXT, croissant_of


def test_every_reference_leads_to_a_file_and_a_column(tmp_path: Path) -> None:
    """Fields point at a distribution that is there and at a column of the table; keys at fields; licence by address."""
    release = a_release(tmp_path, [stop(1)])
    page = "https://data.khm.example/dataset/public-transport-stops"
    told = croissant_of(release, page, {"stops.csv": f"{page}/stops.csv"})
    (file,) = told["distribution"]
    (records,) = told["recordSet"]
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert told["@context"] == CONTEXT
    assert told["license"] == ["https://creativecommons.org/licenses/by/4.0/"]
    assert file["sha256"] == release.tables[0].csv.sha256
    assert file["contentUrl"] == f"{page}/stops.csv"
    fields = {field["@id"]: field for field in records["field"]}
    assert {field["source"]["fileObject"]["@id"] for field in fields.values()} == {file["@id"]}
    assert [field["source"]["extract"]["column"] for field in fields.values()] == [
        field["name"] for field in release.tables[0].schema["fields"]
    ]
    assert [key["@id"] for key in records["key"]] == ["stops/uid"]
    assert records["key"][0]["@id"] in fields
    assert fields["stops/lat"]["dataType"] == "sc:Float"
    assert fields["stops/opened"]["dataType"] == "sc:Date"
