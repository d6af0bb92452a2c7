"""Croissant 1.0 of a release, which is schema.org's Dataset too: for search engines and for machine learning.

http://mlcommons.org/croissant/1.0 . Made from the release alone, with the addresses at which its files are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidkryto.release.value import Release, ReleaseTable

CONTEXT: dict[str, Any] = {
    "@language": "uk",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context of the specification, as it prescribes it; its language is that of our titles."""

TYPES = {
    "integer": "sc:Integer",
    "year": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
"""Types of Table Schema to those of Croissant; any other is text."""


def croissant_of(release: Release, page: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """The document. `page` is the dataset's address, `addresses` tells by file name where the bytes are."""
    words = release.metadata
    publisher = words["publisher"]
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": words["title"]["uk"],
        "alternateName": words["title"].get("en", ""),
        "description": words["description"]["uk"] or words["title"]["uk"],
        "url": page,
        "identifier": release.dataset,
        "version": release.version,
        "keywords": list(words["keywords"]),
        "license": [item["path"] for item in words["licenses"] if item.get("path")],
        "datePublished": release.created,
        "dateModified": release.created,
        "temporalCoverage": "/".join(words.get("temporal", ())),
        "spatialCoverage": words.get("spatial", ""),
        "inLanguage": "uk",
        "isAccessibleForFree": True,
        "isLiveDataset": True,
        "citeAs": f"{publisher['title']['uk']}. {words['title']['uk']}. {release.version}. {page}",
        "creator": {
            "@type": "sc:Organization",
            "name": publisher["title"]["uk"],
            "identifier": publisher["edrpou"],
            "url": publisher.get("homepage", ""),
        },
        "distribution": [_file(table, addresses) for table in release.tables],
        "recordSet": [_records(table) for table in release.tables],
    }
    document["publisher"] = document["creator"]
    return {key: value for key, value in document.items() if value not in ("", [])}


def _file(table: ReleaseTable, addresses: Mapping[str, str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": table.csv.name,
        "name": table.csv.name,
        "description": table.csv.title.get("uk", table.csv.name),
        "contentUrl": addresses[table.csv.name],
        "contentSize": f"{table.csv.bytes} B",
        "encodingFormat": "text/csv",
        "sha256": table.csv.sha256,
    }


def _records(table: ReleaseTable) -> dict[str, Any]:
    records: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": table.resource,
        "name": table.resource,
        "description": table.csv.title.get("uk", table.resource),
        "field": [_field(table, field) for field in table.schema["fields"]],
    }
    if table.key:
        records["key"] = [{"@id": f"{table.resource}/{name}"} for name in table.key]
    return records


def _field(table: ReleaseTable, field: Mapping[str, Any]) -> dict[str, Any]:
    name = field["name"]
    return {
        "@type": "cr:Field",
        "@id": f"{table.resource}/{name}",
        "name": name,
        "description": field.get("description") or field.get("title") or name,
        "dataType": TYPES.get(field.get("type", "string"), "sc:Text"),
        "source": {"fileObject": {"@id": table.csv.name}, "extract": {"column": name}},
    }
