"""Portal-neutral metadata in the words of CKAN, of ckanext-dcat's default profile, and of data.gov.ua's passport."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from vidkryto.catalogue.contract import Frequency
from vidkryto.catalogue.passport import FREQUENCY, LANGUAGE
from vidkryto.plan.live import SHA256, Capabilities
from vidkryto.plan.names import resource_id
from vidkryto.plan.notes import NOTICE, version_notes
from vidkryto.release import codes
from vidkryto.release.codes import AUTHORITY
from vidkryto.release.value import Release, ReleaseFile

APOSTROPHES = re.compile("['’`]")
"""In a tag CKAN takes letters only: the Ukrainian apostrophe is then written as the letter U+02BC."""
SHA256_ALGORITHM = "https://spdx.org/rdf/terms/#checksumAlgorithm_sha256"
"""With https and a slash, as the shape of the EU vocabularies wants it."""

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
    "uri", "identifier", "language", "frequency", "theme", "access_rights", "spatial_uri", "spatial_text", "katottg",
    "temporal_start", "temporal_end", "modified", "version_notes", "contact_name", "contact_email", "publisher_name",
    "publisher_uri", "publisher_url", "publisher_type", "publisher_identifier", "publisherIdentifier", "provenance",
    "hvd_category", "applicable_legislation", "title_en", "notes_en", "publisher_name_en", "department",
    "department_en", "department_edrpou", "mandate", "purpose", "purpose_of_collecting_information",
    "update_frequency", "version_notes_en", *NOTICE, "vidkryto_contract_sha256",
)  # fmt: skip
"""All extras that are ours to set and to remove; any other is left as it stands."""


def package_fields(release: Release, portal: Capabilities) -> dict[str, Any]:
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
        "extras": _extras(release, portal),
    }


def _page(release: Release, portal: Capabilities) -> str:
    return f"{portal.public}/dataset/{release.dataset}"


def _extras(release: Release, portal: Capabilities) -> dict[str, str]:
    words = release.metadata
    department, contact, theme = words.get("department", {}), words.get("contact", {}), words.get("theme")
    extras = {
        "uri": _page(release, portal),
        "identifier": release.dataset,
        "theme": f"{AUTHORITY}/data-theme/{theme}" if theme else "",
        "access_rights": f"{AUTHORITY}/access-right/{codes.ACCESS[words.get('access', 'open')]}",
        "modified": words.get("modified", ""),
        "contact_name": contact.get("name", ""),
        "contact_email": contact.get("email", ""),
        "hvd_category": words.get("high_value", ""),
        "applicable_legislation": codes.HIGH_VALUE_LAW if words.get("high_value") else "",
        "title_en": _in(words, "title", "en"),
        "notes_en": _in(words, "description", "en"),
        "department": _in(department, "title", "uk"),
        "department_en": _in(department, "title", "en"),
        "department_edrpou": department.get("edrpou", ""),
        "mandate": words.get("mandate", ""),
        "version_notes": version_notes(release, "uk"),
        "version_notes_en": version_notes(release, "en"),
        "vidkryto_contract_sha256": release.contract_sha256,
        **_publisher(words.get("publisher", {})),
        **_space_and_time(release),
        **_passport(words),
    }
    return {key: str(value) for key, value in sorted(extras.items()) if value}


def _publisher(publisher: Mapping[str, Any]) -> dict[str, str]:
    """The publisher; its code stands under the name of ckanext-dcat and under that of the national portal."""
    edrpou = str(publisher.get("edrpou", ""))
    return {
        "publisher_name": _in(publisher, "title", "uk"),
        "publisher_name_en": _in(publisher, "title", "en"),
        "publisher_uri": codes.publisher_uri(edrpou) if edrpou else "",
        "publisher_url": str(publisher.get("homepage", "")),
        "publisher_type": codes.LOCAL_AUTHORITY,
        "publisher_identifier": edrpou,
        "publisherIdentifier": edrpou,
    }


def _space_and_time(release: Release) -> dict[str, str]:
    """Where and when. Data without any date are those of the day of the release."""
    words = release.metadata
    territory, day = str(words.get("spatial", "")), release.created[:10]
    first, last = list(words.get("temporal", ())) or [day, day]
    frequency = str(words.get("frequency", ""))
    return {
        "spatial_uri": codes.PLACES.get(territory, codes.COUNTRY),
        "spatial_text": f"КАТОТТГ {territory}" if territory else "Україна",
        "katottg": territory,
        "temporal_start": first,
        "temporal_end": last,
        "frequency": f"{AUTHORITY}/frequency/{codes.FREQUENCIES.get(frequency, 'UNKNOWN')}" if frequency else "",
    }


def _passport(words: Mapping[str, Any]) -> dict[str, str]:
    """The passport of data.gov.ua: what its harvester looks for, under its names and in its codes.

    Its keywords are the package's tags: CKAN refuses an extra of the name `tag_string`.
    """
    frequency = str(words.get("frequency", ""))
    return {
        "purpose_of_collecting_information": str(words.get("purpose", "")),
        "update_frequency": FREQUENCY[Frequency(frequency)][0] if frequency else "",
        "language": LANGUAGE,
    }


def resource_fields(release: Release, file: ReleaseFile, portal: Capabilities) -> dict[str, Any]:
    """The fields of a file's resource.

    `hash` is left to xloader where it runs: it skips a load when that field equals the file's MD5 and
    overwrites ours. Our own field holds the sha256 in any case.
    """
    address = f"{_page(release, portal)}/resource/{resource_id(release.dataset, file.name)}"
    fields = {
        "uri": address,
        "access_url": address,
        "download_url": f"{address}/download/{file.name}",
        "name": file.title.get("uk") or file.name,
        "name_en": file.title.get("en", ""),
        "description": file.description.get("uk", "") or _table_text(release, file, "uk"),
        "description_en": file.description.get("en", "") or _table_text(release, file, "en"),
        "format": file.format,
        "mimetype": file.media_type,
        "license": _licence(release),
        "rights": codes.RIGHTS["uk"],
        "rights_en": codes.RIGHTS["en"],
        "language": f"{AUTHORITY}/language/UKR",
        "availability": f"{AUTHORITY}/planned-availability/STABLE",
        "conforms_to": "https://datapackage.org/standard/data-package/" if file.role == "descriptor" else "",
        "vidkryto_role": file.role,
        "vidkryto_name": file.name,
        SHA256: file.sha256,
    }
    if file.role == "table":  # in the words of ckanext-validation; a release holds no table that failed
        fields |= {"validation_status": "success", "validation_timestamp": release.created}
    if release.metadata.get("high_value"):
        fields |= {"applicable_legislation": codes.HIGH_VALUE_LAW}
        fields |= {"access_services": _services(release, portal)} if file.role == "table" else {}
    if not portal.loaders:
        fields |= {"hash": file.sha256, "hash_algorithm": SHA256_ALGORITHM}
    return {key: value for key, value in fields.items() if value}


def _licence(release: Release) -> str:
    """The licence as the EU's list names it, or the address of its text."""
    first: Mapping[str, Any] = next(iter(release.metadata.get("licenses", ())), {})
    name = str(first.get("name", ""))
    return f"{AUTHORITY}/licence/{codes.LICENCES[name]}" if name in codes.LICENCES else license_of(release)[1]


def _services(release: Release, portal: Capabilities) -> str:
    """The service that answers queries of the tables: Regulation (EU) 2023/138 wants one of high-value datasets."""
    api = f"{portal.public}/api/3/action/datastore_search"
    words, licence = release.metadata, _licence(release)
    service = {
        "uri": api,
        "title": "Запити до таблиць",
        "title_en": "Queries of the tables",
        "endpoint_url": [api],
        "endpoint_description": f"{portal.public}/api/3/action/help_show?name=datastore_search",
        "documentation": f"{portal.public}/api/3/action/help_show?name=datastore_search",
        "serves_dataset": [_page(release, portal)],
        "license": licence,
        "applicable_legislation": [codes.HIGH_VALUE_LAW],
        "contact": {"name": _in(words.get("publisher", {}), "title", "uk"), "email": words["contact"]["email"]},
    }
    return json.dumps([service], ensure_ascii=False, sort_keys=True)


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
