"""What each field is: CKAN 2.12's Solr schema (ckan/config/solr/schema.xml) as a table."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

NAME = "ckan-2.12"  # CKAN reads this name at its start and refuses others
UNIQUE = "index_id"
LONGEST_STRING = 32766  # bytes; Lucene refuses a longer single term


class Kind(Enum):
    """How a field is cut into terms."""

    TEXT = "words, stemmed"
    WORDS = "words as they are"
    NGRAM = "any part of the value"
    STRING = "the value itself"
    DATE = "a moment"
    NUMBER = "a whole number"
    NONE = "stored only"


_KINDS = {
    Kind.TEXT: ("title", "notes", "text", "urls", "depends_on", "dependency_of", "derives_from", "has_derivation",
                "links_to", "linked_from", "child_of", "parent_of"),
    Kind.WORDS: ("author", "author_email", "maintainer", "maintainer_email", "res_name", "res_description"),
    Kind.NGRAM: ("title_ngram", "name_ngram"),
    Kind.DATE: ("metadata_created", "metadata_modified", "indexed_ts"),
    Kind.NUMBER: ("views_total", "views_recent", "resources_accessed_total", "resources_accessed_recent"),
    Kind.NONE: ("data_dict", "validated_data_dict"),
}  # fmt: skip
_KIND_OF = {field: kind for kind, fields in _KINDS.items() for field in fields}
_STORED_NAMES = (
    "index_id id site_id title title_ngram entity_type dataset_type state name name_ngram revision_id version url "
    "ckan_url download_url notes author author_email maintainer maintainer_email license license_id tags groups "
    "organization capacity res_name res_description res_format res_url res_type metadata_created metadata_modified "
    "indexed_ts data_dict validated_data_dict _version_"
)
_STORED = frozenset(_STORED_NAMES.split())
_MANY_NAMES = (
    "tags groups permission_labels res_name res_description res_format res_url res_type text urls depends_on "
    "dependency_of derives_from has_derivation links_to linked_from child_of parent_of"
)
_MANY = frozenset(_MANY_NAMES.split())
_URLS = ("url", "ckan_url", "download_url", "res_url")
_INTO_TEXT = frozenset(
    ("name", "title", "text", "license", "notes", "tags", "groups", "organization", "res_name", "res_description",
     "maintainer", "author", *_URLS)
)  # fmt: skip


@lru_cache(4096)
def kind(field: str) -> Kind:
    """How a field is cut into terms; unknown fields are strings."""
    if field in _KIND_OF:
        return _KIND_OF[field]
    if field.endswith("_date"):
        return Kind.DATE
    return Kind.TEXT if field.startswith(("extras_", "res_extras_")) else Kind.STRING


def stored(field: str) -> bool:
    """Is the field given back?"""
    return field in _STORED or field.endswith("_date") or field.startswith(("extras_", "res_extras_", "vocab_"))


def many(field: str) -> bool:
    """May the field hold several values?"""
    return field in _MANY or field.startswith(("res_extras_", "vocab_"))


@lru_cache(4096)
def copies(field: str) -> tuple[str, ...]:
    """The fields that a field's values are also searched in (the schema's copyField rules)."""
    targets = []
    if field in _INTO_TEXT or field.startswith(("extras_", "res_extras_", "vocab_")):
        targets.append("text")
    if field in _URLS:
        targets.append("urls")
    if field in ("name", "title"):
        targets.append(f"{field}_ngram")
    return tuple(targets)
