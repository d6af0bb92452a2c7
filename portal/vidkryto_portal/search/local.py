"""Local parameters: {!bool must=bees}, {!term f=tags}транспорт. CKAN refuses them unless its settings name the parser.

Read: lucene, bool, field, term, prefix. Not read: parameters by reference ($name) and all other parsers.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vidkryto_portal.search.errors import BadRequestError
from vidkryto_portal.search.language import Combined, Node, Pattern, Words, unescaped

HEAD = re.compile(
    r"\s*\{!\s*(?P<type>\w+(?![\w.=]))?(?P<rest>(?:\s*[\w.]+=(?:'[^']*'|\"[^\"]*\"|[^\s}]*))*)\s*\}", re.DOTALL
)
PAIR = re.compile(r"([\w.]+)=('[^']*'|\"[^\"]*\"|[^\s}]*)")
SPECIAL = re.compile(r"[*?\\]")


def read(query: str, parse: Callable[[str, bool], Node], *, every: bool) -> Node:
    """The tree of a query that may begin with local parameters.

    `parse` reads the language inside, told whether words without a sign must all be found; q.op changes that.
    Raises BadRequestError for a parser or parameter that is not read here.
    """
    if not query.lstrip().startswith("{!"):
        return parse(query, every)
    head = HEAD.match(query)
    if head is None:
        raise BadRequestError(f"cannot read the local parameters of '{query[:100]}'")
    pairs = [(name, value.strip("'\"")) for name, value in PAIR.findall(head["rest"])]
    if any(value.startswith("$") for _, value in pairs):
        raise BadRequestError("parameters by reference are not supported by this search")
    values = dict(pairs)
    text = values.get("v", query[head.end() :])
    every = values["q.op"].upper() == "AND" if "q.op" in values else every
    match values.get("type", head["type"] or "lucene"):
        case "lucene":
            return parse(text, every)
        case "bool":
            groups = {
                wanted: tuple(read(value, parse, every=every) for name, value in pairs if name == wanted)
                for wanted in ("must", "filter", "should", "must_not")
            }
            must = groups["must"] + groups["filter"]
            return Combined(must, groups["should"], groups["must_not"], 0 if must else 1)
        case "term":
            return Words(_field(values), text, phrase=True)
        case "field":
            return Words(_field(values), unescaped(text), phrase=True)
        case "prefix":
            return Pattern(_field(values), SPECIAL.sub(r"\\\g<0>", text) + "*")
    raise BadRequestError(f"the query parser of '{query[:50]}' is not supported by this search")


def _field(values: dict[str, str]) -> str:
    if "f" not in values:
        raise BadRequestError("this query parser wants a field: f=")
    return values["f"]
