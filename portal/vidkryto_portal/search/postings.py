"""The words of all documents, in memory: field → term → document → places."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vidkryto_portal.search import schema
from vidkryto_portal.search.analysis import folded, stems, words
from vidkryto_portal.search.errors import BadRequestError
from vidkryto_portal.search.schema import Kind
from vidkryto_portal.search.values import date_term, number_term

Term = str | int
GAP = 100  # places between two values of one field, so that no phrase spans them (positionIncrementGap)


@dataclass(slots=True)
class Document:
    """One document: what was stored, and its values by field as they are searched."""

    key: str
    stored: dict[str, Any]
    values: dict[str, list[str]]
    order: int = 0


def document(raw: dict[str, Any], order: int) -> Document:
    """A document from what CKAN sent. Raises BadRequestError for what Solr would refuse too."""
    key = raw.get(schema.UNIQUE)
    if not isinstance(key, str) or not key:
        raise BadRequestError(f"Document is missing mandatory uniqueKey field: {schema.UNIQUE}")
    values: dict[str, list[str]] = {}
    for name, value in raw.items():
        values.setdefault(name, []).extend(_texts(key, name, value))
    for name in list(values):
        for target in schema.copies(name):
            values.setdefault(target, []).extend(values[name])
    stored = {name: value for name, value in raw.items() if schema.stored(name) and value is not None}
    return Document(key, stored, values, order)


def _texts(key: str, name: str, value: Any) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else [value]
    found = []
    for item in items:
        if item is None:
            continue
        if isinstance(item, (dict, list)):
            raise BadRequestError(f"ERROR: [doc={key}] field '{name}' holds a nested value, which cannot be indexed")
        found.append(str(item).lower() if isinstance(item, bool) else str(item))
    if len(found) > 1 and not schema.many(name):
        raise BadRequestError(f"ERROR: [doc={key}] multiple values encountered for non multiValued field {name}")
    return found


def terms(name: str, text: str) -> tuple[Term, ...]:
    """The terms of one value. Raises BadRequestError where the value does not fit the field."""
    match schema.kind(name):
        case Kind.TEXT:
            return stems(text)
        case Kind.WORDS:
            return words(text)
        case Kind.NGRAM:
            return (folded(text).lower(),)
        case Kind.DATE:
            return (date_term(text),)
        case Kind.NUMBER:
            return (number_term(text),)
        case Kind.NONE:
            return ()
    if len(text.encode()) > schema.LONGEST_STRING:
        raise BadRequestError(f'Document contains at least one immense term in field="{name}" (at most 32766 bytes)')
    return (text,)


@dataclass(slots=True)
class Postings:
    """All documents and where their terms are."""

    documents: dict[int, Document] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _fields: dict[str, dict[Term, dict[int, tuple[int, ...]]]] = field(default_factory=dict)
    _lengths: dict[str, dict[int, int]] = field(default_factory=dict)
    _next: int = 0

    def put(self, raw: dict[str, Any]) -> None:
        """Add a document, in place of the one with the same key."""
        self._insert(*self._prepared(raw))

    def prepare(self, raws: Iterable[dict[str, Any]]) -> None:
        """Check documents without adding them. Raises BadRequestError for the first that cannot be added."""
        for raw in raws:
            self._prepared(raw)

    def _prepared(self, raw: dict[str, Any]) -> tuple[Document, dict[str, dict[Term, list[int]]], dict[str, int]]:
        found = document(raw, self._next)
        places: dict[str, dict[Term, list[int]]] = {}
        lengths: dict[str, int] = {}
        for name, texts in found.values.items():
            spots: dict[Term, list[int]] = defaultdict(list)
            start = count = 0
            for text in texts:
                cut = terms(name, text)
                for place, term in enumerate(cut, start):
                    spots[term].append(place)
                start += len(cut) + GAP
                count += len(cut)
            if texts:
                places[name], lengths[name] = spots, count
        return found, places, lengths

    def _insert(self, found: Document, places: dict[str, dict[Term, list[int]]], lengths: dict[str, int]) -> None:
        self.remove(found.key)
        number = found.order = self._next
        self._next += 1
        self.documents[number], self._numbers[found.key] = found, number
        for name, spots in places.items():
            self._lengths.setdefault(name, {})[number] = lengths[name]
            entries = self._fields.setdefault(name, {})
            for term, where in spots.items():
                entries.setdefault(term, {})[number] = tuple(where)

    def remove(self, key: str) -> None:
        """Remove the document with this key, if there is one."""
        number = self._numbers.pop(key, None)
        if number is None:
            return
        gone = self.documents.pop(number)
        for name, texts in gone.values.items():
            self._lengths.get(name, {}).pop(number, None)
            entries = self._fields.get(name, {})
            for term in {term for text in texts for term in terms(name, text)}:
                holders = entries.get(term)
                if holders is not None:
                    holders.pop(number, None)
                    if not holders:
                        del entries[term]

    def holders(self, name: str, term: Term) -> dict[int, tuple[int, ...]]:
        """Documents that hold a term in a field, with the places."""
        return self._fields.get(name, {}).get(term, {})

    def vocabulary(self, name: str) -> Iterator[Term]:
        """All terms of a field."""
        return iter(self._fields.get(name, {}))

    def having(self, name: str) -> dict[int, int]:
        """Documents that have a field, with its length in terms."""
        return self._lengths.get(name, {})


def readable(raw: str) -> dict[str, Any]:
    """A document as it was kept."""
    found: dict[str, Any] = json.loads(raw)
    return found
