"""Solr's requests and responses, as far as pysolr and CKAN speak them; knows nothing of HTTP itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

from vidkryto_portal.search import schema
from vidkryto_portal.search.errors import BadRequestError
from vidkryto_portal.search.index import Index

MOST_PARAMETERS = 2000


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back."""

    status: int
    body: bytes
    kind: str = "application/json;charset=utf-8"


def respond(index: Index, path: str, query: str, body: bytes) -> Response:
    """Answer one request; `path` begins after the core's name."""
    try:
        if path in ("/select", "/query"):
            return _select(index, query, body)
        if path == "/update":
            return _update(index, body)
        if path == "/schema":
            return Response(200, f'<schema name="{schema.NAME}" version="1.6"/>'.encode(), "text/xml;charset=utf-8")
        if path == "/admin/ping":
            return _json(200, {"responseHeader": {"status": 0}, "status": "OK"})
    except BadRequestError as error:
        return failure(400, str(error))
    return failure(404, f"this search has no {path[:100]}")


def failure(status: int, message: str) -> Response:
    """An error as Solr tells it."""
    return _json(status, {"responseHeader": {"status": status}, "error": {"msg": message, "code": status}})


def _json(status: int, value: dict[str, Any]) -> Response:
    return Response(status, json.dumps(value, ensure_ascii=False).encode())


def _select(index: Index, query: str, body: bytes) -> Response:
    text = "&".join(part for part in (query, body.decode("utf-8", "replace")) if part)
    try:
        parameters = parse_qs(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="replace")
    except ValueError:
        raise BadRequestError(f"more than {MOST_PARAMETERS} parameters") from None
    answer = index.search(parameters)
    return _json(
        200,
        {
            "responseHeader": {"status": 0},
            "response": {
                "numFound": answer.found, "start": answer.start, "numFoundExact": True, "docs": answer.documents,
            },
            "facet_counts": {"facet_queries": {}, "facet_fields": answer.facets},
        },
    )  # fmt: skip


def _update(index: Index, body: bytes) -> Response:
    """Documents to add come as JSON, deletions and commits as XML (pysolr) or JSON."""
    text = body.decode("utf-8", "strict") if _is_text(body) else ""
    if text.lstrip().startswith("<"):
        _update_by_xml(index, text)
    elif text.strip():
        _update_by_json(index, text)
    return _json(200, {"responseHeader": {"status": 0}})


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequestError("the request is not UTF-8") from None
    return True


def _update_by_json(index: Index, text: str) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequestError("the request is not JSON") from None
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        index.add(value)
    elif isinstance(value, dict) and "delete" in value:
        _delete_by_json(index, value["delete"])
    elif not isinstance(value, dict) or set(value) - {"commit", "optimize"}:
        raise BadRequestError("wanted a list of documents, delete or commit")


def _delete_by_json(index: Index, wanted: Any) -> None:
    match wanted:
        case {"query": str(query)}:
            index.delete(query=query)
        case {"id": str(key)} | str(key):
            index.delete(keys=[key])
        case list() if all(isinstance(key, str) for key in wanted):
            index.delete(keys=wanted)
        case _:
            raise BadRequestError("delete wants a query or ids")


def _update_by_xml(index: Index, text: str) -> None:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise BadRequestError("document types are not accepted")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  # the standard library alone; entities are refused above
    except ElementTree.ParseError:
        raise BadRequestError("the request is not XML") from None
    if root.tag == "delete":
        for query in root.findall("query"):
            index.delete(query=query.text or "")
        index.delete(keys=[key.text for key in root.findall("id") if key.text])
    elif root.tag == "add":
        index.add([_document(item) for item in root.findall("doc")])
    elif root.tag not in ("commit", "optimize", "rollback"):
        raise BadRequestError(f"unknown command <{root.tag[:50]}>")


def _document(item: ElementTree.Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in item.findall("field"):
        name, value = part.get("name", ""), part.text or ""
        if name in found:
            before = found[name]
            found[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            found[name] = value
    return found
