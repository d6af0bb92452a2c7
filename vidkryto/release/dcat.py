"""DCAT-AP 3.0.1 of a release, made by us and not by a portal's extension: the same RDF wherever it is published.

https://semiceu.github.io/DCAT-AP/releases/3.0.1/ ; high-value datasets: Regulation (EU) 2023/138.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from vidkryto.release import codes
from vidkryto.release.codes import ACCESS, AUTHORITY, FREQUENCIES, LICENCES, PLACES
from vidkryto.release.value import Release, ReleaseFile

ADMS = Namespace("http://www.w3.org/ns/adms#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
CHECKSUM = URIRef("https://spdx.org/rdf/terms/#checksumAlgorithm_sha256")
"""With https and a slash, as the shape of the EU vocabularies wants it; the namespace itself has http."""

VERSION = URIRef("http://www.w3.org/ns/dcat#version")
"""DCAT 3; newer than the namespace that rdflib knows."""

HIGH_VALUE_LAW = URIRef(codes.HIGH_VALUE_LAW)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a release is found on the web."""

    portal: str
    """The portal's address without a last slash; the catalogue's own."""
    page: str
    """The dataset's page."""
    files: Mapping[str, tuple[str, str]]
    """By file name: the page of the resource, and where the bytes are. Two different addresses, or points are lost."""
    api: str = ""
    """Where the tables are queried; wanted for high-value datasets."""
    issued: str = ""
    """When the dataset was first published (ISO 8601); by default when this release was made."""


def catalogue_graph(releases: Iterable[tuple[Release, Addresses]]) -> Graph:
    """The catalogue of these releases as RDF. It is the same for the same releases and addresses.

    Raises ValueError when there is none: a catalogue without datasets says nothing.
    """
    entries = list(releases)
    if not entries:
        raise ValueError("a catalogue needs at least one release")
    graph = _empty()
    release, addresses = entries[0]
    catalogue = URIRef(f"{addresses.portal}/catalog")
    publisher = _publisher(graph, release.metadata)
    name = release.metadata["publisher"]["title"]
    graph.add((catalogue, RDF.type, DCAT.Catalog))
    _both(graph, catalogue, DCTERMS.title, {"uk": f"Відкриті дані: {name['uk']}", "en": f"Open data: {name['en']}"})
    _both(
        graph,
        catalogue,
        DCTERMS.description,
        {"uk": f"Каталог відкритих даних. {name['uk']}.", "en": f"Catalogue of open data. {name['en']}."},
    )
    graph.add((catalogue, DCTERMS.publisher, publisher))
    graph.add((catalogue, FOAF.homepage, URIRef(addresses.portal + "/")))
    graph.add((catalogue, DCTERMS.language, _code("language", "UKR")))
    graph.add((catalogue, DCTERMS.license, _code("licence", "CC_BY_4_0")))
    graph.add((catalogue, DCTERMS.modified, _moment(max(entry.created for entry, _ in entries))))
    _typed(graph, URIRef(addresses.portal + "/"), FOAF.Document)
    for entry, where in sorted(entries, key=lambda pair: pair[0].dataset):
        graph.add((catalogue, DCAT.dataset, add_dataset(graph, entry, where)))
        if where.api:
            graph.add((catalogue, DCAT.service, URIRef(where.api)))
    return graph


def add_dataset(graph: Graph, release: Release, addresses: Addresses) -> URIRef:
    """Add the triples of a dataset and its distributions to `graph`; returns the dataset's IRI."""
    words = release.metadata
    dataset = URIRef(addresses.page)
    graph.add((dataset, RDF.type, DCAT.Dataset))
    graph.add((dataset, DCTERMS.identifier, Literal(release.dataset)))
    _both(graph, dataset, DCTERMS.title, words["title"])
    _both(graph, dataset, DCTERMS.description, words["description"])
    for keyword in words["keywords"]:
        graph.add((dataset, DCAT.keyword, Literal(keyword, lang="uk")))
    graph.add((dataset, DCAT.theme, _code("data-theme", words["theme"])))
    graph.add((dataset, DCTERMS.accrualPeriodicity, _code("frequency", FREQUENCIES[words["frequency"]])))
    graph.add((dataset, DCTERMS.language, _code("language", "UKR")))
    graph.add((dataset, DCTERMS.accessRights, _code("access-right", ACCESS[words["access"]])))
    graph.add((dataset, DCTERMS.publisher, _publisher(graph, words)))
    graph.add((dataset, DCTERMS.modified, _moment(release.created)))
    graph.add((dataset, DCTERMS.issued, _moment(addresses.issued or release.created)))
    graph.add((dataset, VERSION, Literal(release.version)))
    graph.add((dataset, DCAT.landingPage, _typed(graph, URIRef(f"{addresses.page}#page"), FOAF.Document)))
    _contact(graph, dataset, words["contact"]["name"], words["contact"]["email"])
    _space_and_time(graph, dataset, release)
    if addresses.api:
        _service(graph, dataset, release, URIRef(addresses.api))
    if category := words.get("high_value"):
        _high_value(graph, dataset, category)
        if addresses.api:
            _high_value(graph, URIRef(addresses.api), category)
    for file in release.files:
        if file.name in addresses.files:
            graph.add((dataset, DCAT.distribution, _distribution(graph, release, file, addresses)))
    return dataset


def _distribution(graph: Graph, release: Release, file: ReleaseFile, addresses: Addresses) -> URIRef:
    page, bytes_ = addresses.files[file.name]
    this = URIRef(page)
    licences: list[Mapping[str, str]] = release.metadata["licenses"]
    licence = licences[0]["name"] if licences else ""
    graph.add((this, RDF.type, DCAT.Distribution))
    _both(graph, this, DCTERMS.title, file.title or {"uk": file.name})
    graph.add((this, DCAT.accessURL, URIRef(page)))
    graph.add((this, DCAT.downloadURL, URIRef(bytes_)))
    graph.add((this, DCTERMS["format"], _code("file-type", file.format.upper().replace("-", "_"))))
    graph.add((this, DCAT.mediaType, URIRef(f"http://www.iana.org/assignments/media-types/{file.media_type}")))
    if licence in LICENCES:
        graph.add((this, DCTERMS.license, _code("licence", LICENCES[licence])))
    graph.add((this, DCTERMS.rights, _rights(graph, this)))
    graph.add((this, DCAT.byteSize, Literal(file.bytes, datatype=XSD.nonNegativeInteger)))
    graph.add((this, DCTERMS.language, _code("language", "UKR")))
    graph.add((this, DCATAP.availability, _code("planned-availability", "STABLE")))
    checksum = URIRef(f"{page}#sha256")
    graph.add((this, SPDX.checksum, _typed(graph, checksum, SPDX.Checksum)))
    graph.add((checksum, SPDX.algorithm, CHECKSUM))
    graph.add((checksum, SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary)))
    if release.metadata.get("high_value"):
        graph.add((this, DCATAP.applicableLegislation, HIGH_VALUE_LAW))
        if addresses.api:
            graph.add((this, DCAT.accessService, URIRef(addresses.api)))
    return this


def _rights(graph: Graph, distribution: URIRef) -> Node:
    rights = _typed(graph, URIRef(f"{distribution}#rights"), DCTERMS.RightsStatement)
    _both(graph, rights, DCTERMS.description, codes.RIGHTS)
    return rights


def _publisher(graph: Graph, words: Mapping[str, Any]) -> URIRef:
    publisher = words["publisher"]
    this = URIRef(codes.publisher_uri(publisher["edrpou"]))
    graph.add((this, RDF.type, FOAF.Agent))
    _both(graph, this, FOAF.name, publisher["title"])
    graph.add((this, DCTERMS.identifier, Literal(publisher["edrpou"])))
    graph.add((this, DCTERMS.type, URIRef(codes.LOCAL_AUTHORITY)))
    if publisher.get("homepage"):
        graph.add((this, FOAF.homepage, _typed(graph, URIRef(publisher["homepage"]), FOAF.Document)))
    return this


def _contact(graph: Graph, owner: URIRef, name: str, email: str) -> None:
    card = _typed(graph, URIRef(f"{owner}#contact"), VCARD.Organization)
    graph.add((owner, DCAT.contactPoint, card))
    graph.add((card, RDF.type, VCARD.Kind))
    graph.add((card, VCARD.fn, Literal(name, lang="uk")))
    graph.add((card, VCARD.hasEmail, URIRef(f"mailto:{email}")))


def _space_and_time(graph: Graph, dataset: URIRef, release: Release) -> None:
    """Where and when. Data without any date are those of the day of the release."""
    words = release.metadata
    graph.add((dataset, DCTERMS.spatial, URIRef(codes.COUNTRY)))
    if place := PLACES.get(words.get("spatial", "")):
        graph.add((dataset, DCTERMS.spatial, URIRef(place)))
    first, last = words.get("temporal") or (release.created, release.created)
    period = _typed(graph, URIRef(f"{dataset}#period"), DCTERMS.PeriodOfTime)
    graph.add((dataset, DCTERMS.temporal, period))
    graph.add((period, DCAT.startDate, Literal(first[:10], datatype=XSD.date)))
    graph.add((period, DCAT.endDate, Literal(last[:10], datatype=XSD.date)))


def _high_value(graph: Graph, this: URIRef, category: str) -> None:
    """What the regulation on high-value datasets wants of a dataset and of its service."""
    graph.add((this, DCATAP.applicableLegislation, HIGH_VALUE_LAW))
    graph.add((this, DCATAP.hvdCategory, URIRef(category)))


def _service(graph: Graph, dataset: URIRef, release: Release, service: URIRef) -> None:
    """The service that answers queries of the tables; one for all datasets of a portal."""
    graph.add((service, RDF.type, DCAT.DataService))
    _both(graph, service, DCTERMS.title, {"uk": "Запити до таблиць", "en": "Queries of the tables"})
    graph.add((service, DCAT.endpointURL, service))
    graph.add((service, DCAT.endpointDescription, URIRef(f"{service}#description")))
    graph.add((service, DCAT.servesDataset, dataset))
    graph.add((service, DCTERMS.license, _code("licence", "CC_BY_4_0")))
    graph.add((service, FOAF.page, _typed(graph, URIRef(f"{service}#documentation"), FOAF.Document)))
    if (service, DCAT.contactPoint, None) not in graph:
        _contact(graph, service, release.metadata["publisher"]["title"]["uk"], release.metadata["contact"]["email"])


def _empty() -> Graph:
    graph = Graph()
    names = {"adms": ADMS, "dcatap": DCATAP, "spdx": SPDX, "vcard": VCARD, "dcat": DCAT, "dct": DCTERMS, "foaf": FOAF}
    for prefix, namespace in names.items():
        graph.bind(prefix, namespace, override=True, replace=True)
    return graph


def _both(graph: Graph, subject: Node, predicate: URIRef, texts: Mapping[str, str]) -> None:
    """The text in every language there is one in."""
    for language, text in texts.items():
        if text:
            graph.add((subject, predicate, Literal(text, lang=language)))


def _typed(graph: Graph, this: URIRef, kind: URIRef) -> URIRef:
    graph.add((this, RDF.type, kind))
    return this


def _code(table: str, code: str) -> URIRef:
    return URIRef(f"{AUTHORITY}/{table}/{code}")


def _moment(text: str) -> Literal:
    return Literal(text, datatype=XSD.dateTime if "T" in text else XSD.date)


def to_turtle(graph: Graph) -> str:
    """`catalog.ttl`, the same bytes for the same graph."""
    return str(graph.serialize(format="turtle"))


def to_jsonld(graph: Graph) -> str:
    """`dcat.jsonld`, the same bytes for the same graph: nodes and keys in order."""
    expanded = json.loads(graph.serialize(format="json-ld", auto_compact=False))
    nodes = sorted(expanded, key=lambda node: node["@id"])
    for node in nodes:
        for values in node.values():
            if isinstance(values, list):
                values.sort(key=lambda value: json.dumps(value, sort_keys=True))
    return json.dumps(nodes, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


__all__ = ["Addresses", "add_dataset", "catalogue_graph", "to_jsonld", "to_turtle"]
