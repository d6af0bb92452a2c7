"""Portal-neutral metadata in the words of CKAN and of ckanext-dcat's default profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vidkryto.plan.live import SHA256
from vidkryto.plan.notes import NOTICE, version_notes
from vidkryto.release.value import Release, ReleaseFile

APOSTROPHES = re.compile("['’`]")
"""In a tag CKAN takes letters only: the Ukrainian apostrophe is then written as the letter U+02BC."""
FREQUENCIES = {
    "continuous": "CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "semiannual": "ANNUAL_2",
    "annual": "ANNUAL",
    "on-change": "IRREG",
    "irregular": "IRREG",
    "never": "NEVER",
}
"""Words of the contract → EU authority table "frequency"."""

AUTHORITY = "http://publications.europa.eu/resource/authority"
SHA256_ALGORITHM = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
LICENSES = {
    "CC-BY-4.0": ("cc-by", "https://creativecommons.org/licenses/by/4.0/"),
    "CC-BY-SA-4.0": ("cc-by-sa", "https://creativecommons.org/licenses/by-sa/4.0/"),
    "CC0-1.0": ("cc-zero", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "ODbL-1.0": ("odc-odbl", "https://opendatacommons.org/licenses/odbl/1-0/"),
    "ODC-BY-1.0": ("odc-by", "https://opendatacommons.org/licenses/by/1-0/"),
    "PDDL-1.0": ("odc-pddl", "https://opendatacommons.org/licenses/pddl/1-0/"),
}
"""Names of the Open Definition → ids of CKAN's licence list, and the addresses of the texts."""

EXTRAS = (
    "identifier", "language", "frequency", "theme", "access_rights", "spatial_uri", "temporal_start", "temporal_end",
    "modified", "version_notes", "contact_name", "contact_email", "publisher_name", "publisher_uri",
    "publisher_identifier", "provenance", "hvd_category", "applicable_legislation", "title_en", "notes_en",
    "publisher_name_en", "department", "department_en", "department_edrpou", "mandate", "purpose",
    "version_notes_en", *NOTICE, "vidkryto_contract_sha256",
)  # fmt: skip
"""All extras that are ours to set and to remove; any other is left as it stands."""


def package_fields(release: Release) -> dict[str, Any]:
    """The fields of the CKAN package: plain values, `tags` as names, `extras` as a mapping."""
    words = release.metadata
    license_id, _ = license_of(release)
    return {
        "title": _in(words, "title", "uk") or release.dataset,
        "notes": _in(words, "description", "uk"),
        "version": release.version,
        "license_id": license_id,
        "url": str(words.get("homepage") or words.get("publisher", {}).get("homepage", "")),
        "author": _in(words.get("department", {}), "title", "uk"),
        "maintainer": str(words.get("contact", {}).get("name", "")),
        "maintainer_email": str(words.get("contact", {}).get("email", "")),
        "tags": sorted({APOSTROPHES.sub("ʼ", word) for word in words.get("keywords", ())}),
        "extras": _extras(release),
    }


def _extras(release: Release) -> dict[str, str]:
    words = release.metadata
    publisher, department = words.get("publisher", {}), words.get("department", {})
    contact, temporal = words.get("contact", {}), list(words.get("temporal", ())) or ["", ""]
    theme, territory = words.get("theme"), words.get("spatial")
    frequency, restricted = str(words.get("frequency", "")), words.get("access", "open") != "open"
    extras = {
        "identifier": release.dataset,
        "language": f"{AUTHORITY}/language/UKR",
        "frequency": f"{AUTHORITY}/frequency/{FREQUENCIES.get(frequency, 'UNKNOWN')}" if frequency else "",
        "theme": f"{AUTHORITY}/data-theme/{theme}" if theme else "",
        "access_rights": f"{AUTHORITY}/access-right/{'RESTRICTED' if restricted else 'PUBLIC'}",
        "spatial_uri": f"urn:katottg:{territory}" if territory else "",
        "temporal_start": temporal[0],
        "temporal_end": temporal[1],
        "modified": words.get("modified", ""),
        "contact_name": contact.get("name", ""),
        "contact_email": contact.get("email", ""),
        "publisher_name": _in(publisher, "title", "uk"),
        "publisher_name_en": _in(publisher, "title", "en"),
        "publisher_uri": publisher.get("homepage", ""),
        "publisher_identifier": publisher.get("edrpou", ""),
        "hvd_category": words.get("high_value", ""),
        "title_en": _in(words, "title", "en"),
        "notes_en": _in(words, "description", "en"),
        "department": _in(department, "title", "uk"),
        "department_en": _in(department, "title", "en"),
        "department_edrpou": department.get("edrpou", ""),
        "mandate": words.get("mandate", ""),
        "purpose": words.get("purpose", ""),
        "version_notes": version_notes(release, "uk"),
        "version_notes_en": version_notes(release, "en"),
        "vidkryto_contract_sha256": release.contract_sha256,
    }
    return {key: str(value) for key, value in sorted(extras.items()) if value}


def resource_fields(release: Release, file: ReleaseFile, *, loaders: bool) -> dict[str, Any]:
    """The fields of a file's resource.

    `hash` is left to xloader where it runs: it skips a load when that field equals the file's MD5 and
    overwrites ours. Our own field holds the sha256 in any case.
    """
    _, license_url = license_of(release)
    fields = {
        "name": file.title.get("uk") or file.name,
        "name_en": file.title.get("en", ""),
        "description": file.description.get("uk", "") or _table_text(release, file, "uk"),
        "description_en": file.description.get("en", "") or _table_text(release, file, "en"),
        "format": file.format,
        "mimetype": file.media_type,
        "license": license_url,
        "language": f"{AUTHORITY}/language/UKR",
        "availability": f"{AUTHORITY}/planned-availability/STABLE",
        "conforms_to": "https://datapackage.org/standard/data-package/" if file.role == "descriptor" else "",
        "vidkryto_role": file.role,
        "vidkryto_name": file.name,
        SHA256: file.sha256,
    }
    if not loaders:
        fields |= {"hash": file.sha256, "hash_algorithm": SHA256_ALGORITHM}
    return {key: value for key, value in fields.items() if value}


def license_of(release: Release) -> tuple[str, str]:
    """CKAN's id of the first licence, and the address of its text."""
    first: Mapping[str, Any] = next(iter(release.metadata.get("licenses", ())), {})
    name = str(first.get("name", ""))
    id_, url = LICENSES.get(name, (name.lower(), ""))
    return id_, str(first.get("path") or url)


def _table_text(release: Release, file: ReleaseFile, language: str) -> str:
    described: Mapping[str, Any] = release.metadata.get("resources", {}).get(file.resource, {})
    return _in(described, "description", language) if file.role == "table" else ""


def _in(words: Mapping[str, Any], part: str, language: str) -> str:
    texts = words.get(part, "")
    return str(texts.get(language, "")) if isinstance(texts, Mapping) else str(texts)
