"""The query language: Lucene's, as far as people and CKAN use it, made into a tree.

    field:word  "a phrase"  field:(a OR b)  +must  -not  AND OR NOT && || !
    [a TO b}  wild*  w?ld  fuzzy~  "near by"~2  word^2

Not read, and refused with a reason: regular expressions, _query_ and _val_. {!local parameters} are in `local`.
The rules of AND and OR are those of Lucene's classic parser (QueryParserBase.addClause), surprises included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from vidkryto_portal.search.errors import BadRequestError

LONGEST = 100_000
DEEPEST = 40
MOST_CLAUSES = 1024


@dataclass(frozen=True, slots=True)
class Words:
    """Text to be found in a field; a phrase keeps its order within `slop`. `field` None: wherever dismax looks."""

    field: str | None
    text: str
    phrase: bool = False
    slop: int = 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """A word with * and ?; those written with a backslash stand for themselves."""

    field: str | None
    pattern: str


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """A word up to `edits` letters away."""

    field: str | None
    text: str
    edits: int


@dataclass(frozen=True, slots=True)
class Range:
    """Values between two ends; "*" is open."""

    field: str | None
    low: str
    high: str
    with_low: bool
    with_high: bool


@dataclass(frozen=True, slots=True)
class Everything:
    """*:*"""


@dataclass(frozen=True, slots=True)
class Boosted:
    """A part that counts more or less."""

    part: Node
    weight: float


@dataclass(frozen=True, slots=True)
class Combined:
    """All of `must`, at least `least` of `may`, none of `never`."""

    must: tuple[Node, ...]
    may: tuple[Node, ...]
    never: tuple[Node, ...]
    least: int


Node = Words | Pattern | Fuzzy | Range | Everything | Boosted | Combined

TOKEN = re.compile(
    r"""\s*(?:
    (?P<everything>\*:\*)
  | (?P<operator>(?:AND|OR|NOT)(?=[\s()]|$)|&&|\|\||[!+]|-(?=\S))
  | (?P<bracket>[()])
  | (?P<range>[\[{]\s*(?:"(?:\\.|[^"\\])*"|[^\s\]}"]+)\s+TO\s+(?:"(?:\\.|[^"\\])*"|[^\s\]}"]+)\s*[\]}])
  | (?P<phrase>"(?:\\.|[^"\\])*")
  | (?P<field>(?:\\.|[^\s\\+\-!():^\[\]"{}~/])(?:\\.|[^\s\\!():^\[\]"{}~/])*\s*:)
  | (?P<word>(?:\\.|[^\s\\!():^\[\]"{}~/])(?:\\.|[^\s\\():^\[\]"{}~])*)
  | (?P<boost>\^\d+(?:\.\d+)?)
  | (?P<tilde>~\d*(?:\.\d+)?)
  | (?P<regex>/)
  | (?P<end>$)
  | (?P<bad>.)
    )""",
    re.VERBOSE | re.DOTALL,
)


def parse(query: str, *, field: str | None = "text", every: bool = False) -> Node:
    """The tree of a query. `field` is searched where none is named; `every`: words without sign must all be found.

    Raises BadRequestError with the place of the fault.
    """
    if len(query) > LONGEST:
        raise BadRequestError(f"the query is longer than {LONGEST} characters")
    return _Parser(query, every).whole(field)


def unescaped(text: str) -> str:
    """Text without its backslashes."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


class _Parser:
    """One pass over the tokens, one method per rule of the grammar."""

    def __init__(self, query: str, every: bool) -> None:
        self.query, self.every = query, every
        self.tokens: list[tuple[str, str, int]] = []
        self.at, self.depth, self.clauses = 0, 0, 0
        position = 0
        while not self.tokens or self.tokens[-1][0] != "end":
            found = TOKEN.match(query, position)
            if found is None or found.lastgroup is None:  # cannot be: "bad" and "end" cover everything
                raise BadRequestError(f"Cannot parse '{query[:200]}'")
            self.tokens.append((found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            position = found.end()

    @property
    def token(self) -> tuple[str, str]:
        """Kind and text of the current token."""
        return self.tokens[self.at][:2]

    def fail(self, reason: str = "") -> NoReturn:
        """Raise what Solr would say."""
        kind, text, place = self.tokens[self.at]
        met = "the end" if kind == "end" else f"'{text[:40]}'"
        raise BadRequestError(
            f"org.apache.solr.search.SyntaxError: Cannot parse '{self.query[:200]}': "
            f"{reason or 'unexpected'} at column {place}: {met}"
        )

    def whole(self, field: str | None) -> Node:
        """The whole query."""
        node = self.combination(field)
        if self.token[0] != "end":
            self.fail()
        return node

    def combination(self, field: str | None) -> Node:
        """Clauses with their signs, up to the closing bracket or the end."""
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"brackets deeper than {DEEPEST}")
        clauses: list[tuple[str, Node]] = []
        while self.token[0] != "end" and self.token != ("bracket", ")"):
            link = self.link(first=not clauses)
            sign = self.sign()
            node = self.clause(field)
            self.clauses += 1
            if self.clauses > MOST_CLAUSES:
                raise BadRequestError(f"too many boolean clauses (at most {MOST_CLAUSES})")
            if clauses and clauses[-1][0] != "-" and (link == "AND" or (link == "OR" and self.every)):
                clauses[-1] = ("+" if link == "AND" else "", clauses[-1][1])
            if not sign and (link == "AND" or (self.every and link != "OR")):
                sign = "+"
            clauses.append((sign, node))
        self.depth -= 1
        return _combined(clauses)

    def link(self, *, first: bool) -> str:
        """AND or OR before a clause, or nothing."""
        kind, text = self.token
        if kind != "operator" or text not in ("AND", "&&", "OR", "||"):
            return ""
        if first:
            self.fail()
        self.at += 1
        return "AND" if text in ("AND", "&&") else "OR"

    def sign(self) -> str:
        """+ or - before a clause, or nothing."""
        kind, text = self.token
        if kind != "operator" or text in ("AND", "&&", "OR", "||"):
            return ""
        self.at += 1
        return "+" if text == "+" else "-"

    def clause(self, field: str | None) -> Node:
        """One clause, with a boost if there is one."""
        kind, text = self.token
        self.at += 1
        if kind == "everything":
            node: Node = Everything()
        elif kind == "field":
            name = unescaped(text[:-1].rstrip())
            if name in ("_query_", "_val_"):
                self.fail("magic fields are not supported")
            return self.clause(name)
        elif kind == "bracket" and text == "(":
            node = self.combination(field)
            if self.token != ("bracket", ")"):
                self.fail("missing )")
            self.at += 1
        elif kind == "range":
            node = _range(field, text)
        elif kind == "phrase":
            node = Words(field, unescaped(text[1:-1]), phrase=True, slop=self.tilde(0))
        elif kind == "word":
            node = self.word(field, text)
        else:
            self.at -= 1
            self.fail("regular expressions are not supported" if kind == "regex" else "")
        if self.token[0] == "boost":
            node = Boosted(node, float(self.token[1][1:]))
            self.at += 1
        return node

    def word(self, field: str | None, text: str) -> Node:
        """A word, a pattern or a fuzzy word."""
        if re.search(r"(?<!\\)(?:\\\\)*[*?]", text):
            return Pattern(field, text)
        if self.token[0] == "tilde":
            return Fuzzy(field, unescaped(text), min(2, self.tilde(2)))
        return Words(field, unescaped(text))

    def tilde(self, default: int) -> int:
        """The number after ~, if there is one."""
        kind, text = self.token
        if kind != "tilde":
            return 0
        self.at += 1
        return int(float(text[1:])) if text[1:] else default


def _combined(clauses: list[tuple[str, Node]]) -> Node:
    must, may, never = (tuple(node for sign, node in clauses if sign == wanted) for wanted in ("+", "", "-"))
    if len(clauses) == 1 and not never:
        return clauses[0][1]
    return Combined(must, may, never, 1 if may and not must else 0)


def _range(field: str | None, text: str) -> Range:
    ends = re.findall(r'"(?:\\.|[^"\\])*"|[^\s\[\]{}"]+', text, re.DOTALL)  # low, TO, high: the token's own pattern
    return Range(field, unescaped(ends[0].strip('"')), unescaped(ends[-1].strip('"')), text[0] == "[", text[-1] == "]")
