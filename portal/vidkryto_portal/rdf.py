"""An RDF profile beside those of ckanext-dcat: what CKAN's fields cannot say as they stand, two languages and codes.

CKAN wants `CSV` and `text/csv` in its fields, for its pages and for downloads; DCAT-AP wants addresses of the EU's and
of IANA's lists. English texts stand in fields of their own (`title_en`). The profile runs after `euro_dcat_ap_3` and
puts both right in the graph; it is chosen by `ckanext.dcat.rdf.profiles = euro_dcat_ap_3 vidkryto`.
"""

from __future__ import annotations

import json
from typing import Any

from ckanext.dcat.profiles.base import RDFProfile
from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, Literal, Namespace, URIRef
from rdflib.term import Node

AUTHORITY = "http://publications.europa.eu/resource/authority"
DCATAP = Namespace("http://data.europa.eu/r5r/")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
UKRAINIAN = URIRef(f"{AUTHORITY}/language/UKR")
COUNTRY = URIRef(f"{AUTHORITY}/country/UKR")
UNKNOWN_RIGHTS = URIRef("http://purl.org/adms/licencetype/UnknownIPR")
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"


class CityProfile(RDFProfile):  # type: ignore[misc]  # ckanext-dcat has no types
    """Languages, codes and the API's service, for datasets that vidkryto publishes."""

    def graph_from_catalog(self, _: dict[str, Any] | None, catalog_ref: URIRef) -> None:
        """Title and description are Ukrainian; the language is a code, the home page a document."""
        self._tag(catalog_ref, DCTERMS.title)
        self._tag(catalog_ref, DCTERMS.description)
        self._coded(catalog_ref, DCTERMS.language, UKRAINIAN, DCTERMS.LinguisticSystem)
        for page in self.g.objects(catalog_ref, FOAF.homepage):
            self.g.add((page, RDF.type, FOAF.Document))

    def graph_from_dataset(self, dataset_dict: dict[str, Any], dataset_ref: URIRef) -> None:
        """Both languages and the codes of a dataset and of its distributions."""

        def field(name: str) -> str:
            return str(self._get_dataset_value(dataset_dict, name) or "")

        self._tag(dataset_ref, DCTERMS.title, field("title_en"))
        self._tag(dataset_ref, DCTERMS.description, field("notes_en"))
        self._tag(dataset_ref, DCAT.keyword)
        self._coded(dataset_ref, DCTERMS.language, UKRAINIAN, DCTERMS.LinguisticSystem)
        self.g.add((dataset_ref, DCTERMS.spatial, COUNTRY))
        self._cards(dataset_ref)
        for publisher in list(self.g.objects(dataset_ref, DCTERMS.publisher)):
            self._tag(publisher, FOAF.name, field("publisher_name_en"))
            for page in self.g.objects(publisher, FOAF.homepage):
                self.g.add((page, RDF.type, FOAF.Document))
            self._publish_catalogs(publisher)
        resources = {resource["id"]: resource for resource in dataset_dict.get("resources", [])}
        for distribution in list(self.g.objects(dataset_ref, DCAT.distribution)):
            if resource := resources.get(str(distribution).rpartition("/")[2]):
                self._distribution(distribution, resource)
                self._services(distribution, resource, field("hvd_category"))

    def _publish_catalogs(self, publisher: Node) -> None:
        """The catalogue is that of the publisher of its first dataset; CKAN's configuration names none."""
        for catalog in list(self.g.subjects(RDF.type, DCAT.Catalog)):
            if (catalog, DCTERMS.publisher, None) not in self.g:
                self.g.add((catalog, DCTERMS.publisher, publisher))

    def _distribution(self, this: Node, resource: dict[str, Any]) -> None:
        self._tag(this, DCTERMS.title, resource.get("name_en", ""))
        self._tag(this, DCTERMS.description, resource.get("description_en", ""))
        format_, media_type = str(resource.get("format") or ""), str(resource.get("mimetype") or "")
        if format_ and "/" not in format_:
            code = format_.upper().replace("-", "_").replace(" ", "_")
            self._coded(this, DCTERMS["format"], URIRef(f"{AUTHORITY}/file-type/{code}"), DCTERMS.MediaTypeOrExtent)
        if media_type.count("/") == 1:
            self._coded(this, DCAT.mediaType, URIRef(MEDIA_TYPES + media_type), DCTERMS.MediaType)
        for licence in self.g.objects(this, DCTERMS.license):
            self.g.remove((licence, DCTERMS.type, UNKNOWN_RIGHTS))  # untrue of a licence that an address names
        for statement in self.g.objects(this, DCTERMS.rights):
            self._tag(statement, RDFS.label, resource.get("rights_en", ""))

    def _services(self, this: Node, resource: dict[str, Any], category: str) -> None:
        """English titles of the services, and the category that high-value ones bear."""
        written = resource.get("access_services") or []
        services = json.loads(written) if isinstance(written, str) else written
        by_uri = {str(service.get("uri")): service for service in services}
        for node in self.g.objects(this, DCAT.accessService):
            service = by_uri.get(str(node), {})
            self._tag(node, DCTERMS.title, service.get("title_en", ""))
            if page := service.get("documentation"):
                self.g.add((node, FOAF.page, URIRef(page)))
                self.g.add((URIRef(page), RDF.type, FOAF.Document))
            self._cards(node)
            if category:
                self.g.add((node, DCATAP.hvdCategory, URIRef(category)))

    def _cards(self, owner: Node) -> None:
        """Contacts are offices; the shapes ask for both classes aloud."""
        for card in self.g.objects(owner, DCAT.contactPoint):
            self.g.add((card, RDF.type, VCARD.Kind))
            self.g.add((card, RDF.type, VCARD.Organization))
            self._tag(card, VCARD.fn)

    def _tag(self, subject: Node, predicate: URIRef, english: str = "") -> None:
        """Say that the texts without a language are Ukrainian, and add the English one."""
        for text in list(self.g.objects(subject, predicate)):
            if isinstance(text, Literal) and not text.language:
                self.g.remove((subject, predicate, text))
                self.g.add((subject, predicate, Literal(str(text), lang="uk")))
        if english:
            self.g.add((subject, predicate, Literal(english, lang="en")))

    def _coded(self, subject: Node, predicate: URIRef, code: URIRef, kind: URIRef) -> None:
        """Put a code in place of whatever stands there."""
        self.g.set((subject, predicate, code))
        self.g.add((code, RDF.type, kind))
