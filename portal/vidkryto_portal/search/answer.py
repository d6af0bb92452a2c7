"""A search answered: the query and its filters, then sorting, paging, facets and the fields to give back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vidkryto_portal.search import local, schema
from vidkryto_portal.search.errors import BadRequestError
from vidkryto_portal.search.language import Combined, Node, parse
from vidkryto_portal.search.matching import Scores, Weights, dismax, find, least
from vidkryto_portal.search.postings import Document, Postings
from vidkryto_portal.search.schema import Kind
from vidkryto_portal.search.values import date_shown, date_term

Parameters = dict[str, list[str]]
NOT_SUPPORTED = ("bf", "bq", "boost", "pf", "hl", "group", "group.field", "json.facet", "facet.query", "facet.range")
MOST_ROWS = 100_000
MAXIMUM = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found: how many, the asked page of it, and the counts."""

    found: int
    start: int
    documents: list[dict[str, Any]]
    facets: dict[str, list[str | int]] = field(default_factory=dict)


def search(postings: Postings, parameters: Parameters) -> Answer:
    """Answer one /select. Raises BadRequestError for a query, a value or an option that cannot be understood."""
    for name in NOT_SUPPORTED:
        if any(value not in ("", "false") for value in parameters.get(name, ())):
            raise BadRequestError(f"the parameter {name} is not supported by this search")
    every = _one(parameters, "q.op", "OR").upper() == "AND"
    default = _one(parameters, "df", "text")
    scores = _query(postings, parameters, every=every, default=default)
    for text in parameters.get("fq", ()):
        if text.strip():
            kept = find(_parsed(text, default, every=every), postings)
            scores = {number: score for number, score in scores.items() if number in kept}
    ordered = _sorted(postings, scores, _one(parameters, "sort", "score desc"))
    start, rows = _number(parameters, "start", 0), min(_number(parameters, "rows", 10), MOST_ROWS)
    fields = _fields(parameters)
    page = [_shown(postings.documents[number], fields, scores[number]) for number in ordered[start : start + rows]]
    return Answer(len(ordered), start, page, _facets(postings, ordered, parameters))


def matching_keys(postings: Postings, query: str) -> list[str]:
    """The keys of the documents a query finds; for deletions."""
    return [postings.documents[number].key for number in find(_parsed(query, "text", every=False), postings)]


def _query(postings: Postings, parameters: Parameters, *, every: bool, default: str) -> Scores:
    query = _one(parameters, "q", "").strip()
    kind = _one(parameters, "defType", "lucene")
    if kind not in ("lucene", "dismax", "edismax"):
        raise BadRequestError(f"Unknown query parser '{kind[:50]}'")
    if query == "*:*" or kind == "lucene":
        return find(_parsed(query, default, every=every), postings) if query else {}
    weights = _weights(parameters, default)
    node = _reader_query(query, kind)
    if isinstance(node, Combined) and node.may:
        rule = _one(parameters, "mm", "100%" if every else "0%")
        wanted = max(least(rule, len(node.may)), 0 if node.must else 1)
        node = Combined(node.must, node.may, node.never, wanted)
    return find(node, postings, weights)


def _reader_query(query: str, kind: str) -> Node:
    """dismax takes any text; edismax takes the full language and falls back to any text."""
    if kind == "edismax":
        try:
            node = parse(query, field=None)
            return node if isinstance(node, Combined) else Combined((node,), (), (), 0)
        except BadRequestError:
            pass  # edismax never fails on a reader's text: it takes it word by word
    return dismax(query)


def _parsed(query: str, default: str, *, every: bool) -> Node:
    return local.read(query, lambda text, all_words: parse(text, field=default, every=all_words), every=every)


def _weights(parameters: Parameters, default: str) -> Weights:
    fields = []
    for part in _one(parameters, "qf", default).split():
        name, _, weight = part.partition("^")
        try:
            fields.append((name, float(weight or 1)))
        except ValueError:
            raise BadRequestError(f"cannot read qf: {part[:100]}") from None
    try:
        return Weights(tuple(fields), float(_one(parameters, "tie", "0")))
    except ValueError:
        raise BadRequestError("cannot read tie") from None


def _sorted(postings: Postings, scores: Scores, rule: str) -> list[int]:
    """Documents in the asked order; equal ones in the order they were indexed."""
    ordered = sorted(scores)
    for part in reversed([part for part in re.split(r"\s*,\s*", rule.strip()) if part]):
        found = re.fullmatch(r"(\S+)\s+(asc|desc)", part, re.IGNORECASE)
        if found is None:
            raise BadRequestError(f"Can't determine a Sort Order (asc or desc) in sort spec '{rule[:100]}', pos=0")
        name, falling = found[1], found[2].lower() == "desc"
        if name == "score":
            ordered.sort(key=lambda number: scores[number], reverse=falling)
            continue
        if schema.many(name):
            raise BadRequestError(f"can not sort on multivalued field: {name}")
        present = [number for number in ordered if postings.documents[number].values.get(name)]
        absent = [number for number in ordered if not postings.documents[number].values.get(name)]
        present.sort(key=lambda number, name=name: _sort_key(postings.documents[number], name), reverse=falling)
        first = schema.kind(name) in (Kind.DATE, Kind.NUMBER) and not falling
        ordered = absent + present if first else present + absent  # sortMissingLast holds for strings
    return ordered


def _sort_key(document: Document, name: str) -> Any:
    value = document.values[name][0]
    match schema.kind(name):
        case Kind.DATE:
            return date_term(value)
        case Kind.NUMBER:
            return int(value)
        case Kind.TEXT | Kind.WORDS:
            return value.lower()
    return value


def _facets(postings: Postings, numbers: Sequence[int], parameters: Parameters) -> dict[str, list[str | int]]:
    """How often each value occurs among what was found: the most frequent first."""
    if _one(parameters, "facet", "false").lower() not in ("true", "on", "1"):
        return {}
    facets: dict[str, list[str | int]] = {}
    for name in parameters.get("facet.field", ()):
        general = _number(parameters, "facet.limit", 100, lowest=-1)
        limit = _number(parameters, f"f.{name}.facet.limit", general, lowest=-1)
        smallest = _number(parameters, "facet.mincount", 0)
        counts = Counter(
            value for number in numbers for value in set(postings.documents[number].values.get(name, ())) if value
        )
        by_count = limit > 0 if not (rule := _one(parameters, "facet.sort", "")) else rule in ("count", "true")
        top = sorted(counts.items(), key=lambda item: (-item[1] if by_count else 0, item[0]))
        kept = [item for item in top if item[1] >= smallest]
        facets[name] = [part for item in (kept if limit < 0 else kept[:limit]) for part in item]
    return facets


def _fields(parameters: Parameters) -> set[str]:
    names = {name for part in parameters.get("fl", ()) for name in re.split(r"[\s,]+", part) if name}
    return names or {"*"}


def _shown(document: Document, fields: set[str], score: float) -> dict[str, Any]:
    shown = {name: _value(name, value) for name, value in document.stored.items() if name in fields or "*" in fields}
    return {**shown, "score": score} if "score" in fields else shown


def _value(name: str, value: Any) -> Any:
    if schema.many(name):
        items = value if isinstance(value, list) else [value]
        return [item for item in items if item is not None]
    single = value[0] if isinstance(value, list) and value else value
    return date_shown(date_term(str(single))) if schema.kind(name) is Kind.DATE else single


def _one(parameters: Parameters, name: str, default: str) -> str:
    values = parameters.get(name)
    return values[-1] if values and values[-1] != "" else default


def _number(parameters: Parameters, name: str, default: int, *, lowest: int = 0) -> int:
    text = _one(parameters, name, str(default))
    if not re.fullmatch(r"-?\d{1,10}", text):
        raise BadRequestError(f'For input string: "{text[:50]}" (parameter {name})')
    number = int(text)
    if number < lowest:
        raise BadRequestError(f"'{name}' parameter cannot be negative" if lowest == 0 else f"'{name}' is {number}")
    return min(number, MAXIMUM)
