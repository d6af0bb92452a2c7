"""The descriptor of a release: `datapackage.json` (Data Package v2) and the portal-neutral metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidkryto.catalogue.load import Dataset
from vidkryto.release.value import ReleaseFile, ReleaseTable

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
RESOURCE_PROFILE = "https://datapackage.org/profiles/2.0/dataresource.json"
SAMPLE = {
    "uk": "УВАГА: це вигаданий зразок для показу роботи програми, а не справжні дані міста.",
    "en": "NOTE: this is an invented sample that shows how the software works, not the city's real data.",
}


def metadata_of(dataset: Dataset, *, created: str, version: str, temporal: tuple[str, str] | None) -> dict[str, Any]:
    """What a portal needs to know about the dataset, in words of no portal in particular.

    `temporal` is the first and last date found in the data, ISO 8601.
    """
    contract, publication = dataset.contract, dataset.contract.publication
    note = SAMPLE if publication.sample else {"uk": "", "en": ""}
    contact = publication.contact or dataset.department.contact
    return {
        "title": {lang: contract.title_in(lang) for lang in ("uk", "en")},
        "description": {
            lang: "\n\n".join(part for part in (contract.description_in(lang), note[lang]) if part)
            for lang in ("uk", "en")
        },
        "keywords": list(contract.keywords),
        "licenses": [item.model_dump(exclude_defaults=True) for item in contract.licenses],
        "frequency": publication.frequency.value,
        "theme": publication.theme,
        "access": publication.access.status,
        "mandate": publication.mandate,
        "purpose": publication.purpose,
        "sample": publication.sample,
        "high_value": publication.high_value,
        "spatial": publication.spatial or dataset.city.katottg,
        "temporal": list(temporal) if temporal else [],
        "modified": created,
        "version": version,
        "contact": {"name": contact.name, "email": contact.email},
        "department": {
            "name": dataset.department.name,
            "title": {lang: dataset.department.title_in(lang) for lang in ("uk", "en")},
            "edrpou": dataset.department.edrpou,
        },
        "publisher": {
            "name": dataset.city.name,
            "title": {
                "uk": dataset.city.title,
                "en": dataset.city.translations["en"].title
                if "en" in dataset.city.translations
                else dataset.city.title,
            },
            "edrpou": dataset.city.edrpou,
            "homepage": dataset.city.homepage,
            "organization": dataset.city.organization,
        },
        "resources": {
            resource.name: {
                "title": {
                    "uk": resource.title or contract.title,
                    "en": _translated(resource.translations, "title") or contract.title_in("en"),
                },
                "description": {"uk": resource.description, "en": _translated(resource.translations, "description")},
            }
            for resource in contract.resources
        },
    }


def _translated(translations: Mapping[str, Any], part: str) -> str:
    return getattr(translations["en"], part) if "en" in translations else ""


def descriptor_of(
    metadata: Mapping[str, Any],
    name: str,
    created: str,
    tables: tuple[ReleaseTable, ...],
    others: tuple[ReleaseFile, ...],
) -> dict[str, Any]:
    """`datapackage.json` of a release."""
    publisher = metadata["publisher"]
    return {
        "$schema": PROFILE,
        "name": name,
        "title": metadata["title"]["uk"],
        "description": metadata["description"]["uk"],
        "translations": {"en": {"title": metadata["title"]["en"], "description": metadata["description"]["en"]}},
        "version": metadata["version"],
        "created": created,
        "keywords": metadata["keywords"],
        "licenses": metadata["licenses"],
        "contributors": [
            {"title": publisher["title"]["uk"], "path": publisher["homepage"], "roles": ["publisher"]},
            {
                "title": metadata["department"]["title"]["uk"],
                "email": metadata["contact"]["email"],
                "roles": ["contact", "creator"],
            },
        ],
        "resources": [_table(table) for table in tables] + [_file(file) for file in others],
    }


def _table(table: ReleaseTable) -> dict[str, Any]:
    return {
        **_file(table.csv),
        "name": table.resource,
        "type": "table",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
        "rows": table.rows,
        "schema": dict(table.schema),
    }


def _file(file: ReleaseFile) -> dict[str, Any]:
    described = {
        "$schema": RESOURCE_PROFILE,
        "name": file.name.replace(".", "-"),
        "path": file.name,
        "title": file.title.get("uk", file.name),
        "description": file.description.get("uk", ""),
        "format": file.format.lower(),
        "mediatype": file.media_type,
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
    }
    return {key: value for key, value in described.items() if value != ""}
