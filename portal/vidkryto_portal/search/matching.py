"""Which documents a query finds, and how well: every part of the tree becomes document → score."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vidkryto_portal.search import language, schema
from vidkryto_portal.search.analysis import folded
from vidkryto_portal.search.errors import BadRequestError
from vidkryto_portal.search.language import Boosted, Combined, Everything, Fuzzy, Node, Pattern, Range, Words
from vidkryto_portal.search.postings import Postings, Term, terms
from vidkryto_portal.search.schema import Kind
from vidkryto_portal.search.values import date_term, number_term

Scores = dict[int, float]
SATURATION, LENGTH = 1.2, 0.75  # k1 and b of BM25, Lucene's defaults
MOST_WILDCARDS = 10


@dataclass(frozen=True, slots=True)
class Weights:
    """Where words without a field are looked for (dismax): field → weight, and what the lesser fields add."""

    fields: tuple[tuple[str, float], ...]
    tie: float = 0.0


def find(node: Node, postings: Postings, weights: Weights | None = None, *, every: bool = False) -> Scores:
    """The documents a query finds, with their scores. `every`: all the words of one clause must be found.

    Raises BadRequestError for values that do not fit their field.
    """
    return _Search(postings, weights, every).scores(node)


@dataclass(frozen=True, slots=True)
class _Search:
    postings: Postings
    weights: Weights | None
    every: bool

    def scores(self, node: Node) -> Scores:
        """Score by the kind of node."""
        match node:
            case Everything():
                return dict.fromkeys(self.postings.documents, 1.0)
            case Boosted(part, weight):
                return {number: score * weight for number, score in self.scores(part).items()}
            case Combined():
                return self.combined(node)
            case Words(None) | Pattern(None) | Fuzzy(None) | Range(None):
                return self.anywhere(node)
            case Words():
                return self.words(node)
            case Pattern():
                return self.pattern(node)
            case Fuzzy(field, text, edits):
                wanted = "".join(str(term) for term in terms(str(field), text))
                return self.any_term(str(field), lambda term: _within(str(term), wanted, edits))
        return self.range(node)

    def anywhere(self, node: Words | Pattern | Fuzzy | Range) -> Scores:
        """The best field counts, the others add a little (DisjunctionMaxQuery)."""
        if self.weights is None:
            raise BadRequestError("no default field")
        best: Scores = {}
        total: Scores = {}
        for field, weight in self.weights.fields:
            for number, score in self.scores(_with_field(node, field)).items():
                best[number] = max(best.get(number, 0.0), score * weight)
                total[number] = total.get(number, 0.0) + score * weight
        return {number: score + self.weights.tie * (total[number] - score) for number, score in best.items()}

    def combined(self, node: Combined) -> Scores:
        """Boolean combination; scores add up."""
        must = [self.scores(part) for part in node.must if not _empty(part)]
        may = [self.scores(part) for part in node.may if not _empty(part)]
        never = set().union(*(self.scores(part) for part in node.never))
        if must:
            numbers = set(must[0]).intersection(*must[1:])
        elif may:
            numbers = set().union(*may)
        else:  # only exclusions: all the rest, as Solr does at the top of a query
            return {number: 1.0 for number in self.postings.documents if number not in never}
        least = min(node.least, len(may))
        return {
            number: sum(scores[number] for scores in must) + sum(scores.get(number, 0.0) for scores in may)
            for number in numbers
            if number not in never and (least <= 0 or sum(number in scores for scores in may) >= least)
        }

    def words(self, node: Words) -> Scores:
        """One text in one field."""
        field = str(node.field)
        if schema.kind(field) is Kind.NGRAM:
            part = folded(node.text).lower()
            return self.any_term(field, lambda term: part in str(term))
        wanted = terms(field, node.text)
        if not wanted:
            return {}
        found = [self.term(field, term) for term in wanted]
        numbers = set(found[0]).intersection(*found[1:])
        if node.phrase and len(wanted) > 1:
            numbers = {number for number in numbers if self.near(field, wanted, number, node.slop)}
        return {number: sum(scores[number] for scores in found) for number in numbers}

    def near(self, field: str, wanted: tuple[Term, ...], number: int, slop: int) -> bool:
        """Do the terms follow one another, with at most `slop` places of play?"""
        places = [self.postings.holders(field, term)[number] for term in wanted]
        return any(_follow(start, places[1:], slop) for start in places[0])

    def term(self, field: str, term: Term) -> Scores:
        """BM25 for words, rarity alone for whole values (omitNorms, one occurrence)."""
        holders = self.postings.holders(field, term)
        lengths = self.postings.having(field)
        rarity = math.log(1 + (len(lengths) - len(holders) + 0.5) / (len(holders) + 0.5))
        if schema.kind(field) not in (Kind.TEXT, Kind.WORDS):
            return dict.fromkeys(holders, rarity / (1 + SATURATION))
        average = sum(lengths.values()) / max(len(lengths), 1) or 1.0
        scores = {}
        for number, places in holders.items():
            often, long = len(places), lengths[number] / average
            scores[number] = rarity * often / (often + SATURATION * (1 - LENGTH + LENGTH * long))
        return scores

    def any_term(self, field: str, fits: Callable[[Term], bool]) -> Scores:
        """Documents with any term that fits; all count alike."""
        found: Scores = {}
        for term in self.postings.vocabulary(field):
            if fits(term):
                found.update(dict.fromkeys(self.postings.holders(field, term), 1.0))
        return found

    def pattern(self, node: Pattern) -> Scores:
        """A word with wildcards; * alone asks whether the field is there."""
        field = str(node.field)
        if node.pattern == "*":
            return dict.fromkeys(self.postings.having(field), 1.0)
        pieces = wildcard_pieces(node.pattern)
        if sum(piece in ("*", "?") for piece, literal in pieces if not literal) > MOST_WILDCARDS:
            raise BadRequestError(f"more than {MOST_WILDCARDS} wildcards in one word")
        if schema.kind(field) in (Kind.TEXT, Kind.WORDS, Kind.NGRAM):
            pieces = [(folded(piece).lower() if literal else piece, literal) for piece, literal in pieces]
        found = self.any_term(field, lambda term: glob(str(term), pieces))
        if not found and schema.kind(field) is Kind.TEXT:  # stems are shorter than what was written: водопроводи*
            found = self._by_written_word(field, pieces)
        return found

    def _by_written_word(self, field: str, pieces: list[tuple[str, bool]]) -> Scores:
        """A pattern against the words as written: slower, and only where no stem fits."""
        from vidkryto_portal.search.analysis import words

        return {
            number: 1.0
            for number in self.postings.having(field)
            if any(glob(word, pieces) for text in self.postings.documents[number].values[field] for word in words(text))
        }

    def range(self, node: Range) -> Scores:
        """Values between two ends, in the order of their kind."""
        field = str(node.field)
        low, high = (None if end == "*" else _end(field, end) for end in (node.low, node.high))
        if low is None and high is None:
            return dict.fromkeys(self.postings.having(field), 1.0)

        def inside(term: Term) -> bool:
            above = low is None or (term >= low if node.with_low else term > low)  # type: ignore[operator]  # one kind
            return above and (high is None or (term <= high if node.with_high else term < high))  # type: ignore[operator]  # one kind

        return self.any_term(field, inside)


def _end(field: str, text: str) -> Term:
    """One end of a range, as the field's values are kept."""
    match schema.kind(field):
        case Kind.DATE:
            return date_term(text)
        case Kind.NUMBER:
            return number_term(text)
        case Kind.TEXT | Kind.WORDS | Kind.NGRAM:
            return folded(text).lower()
    return text


def _with_field(node: Words | Pattern | Fuzzy | Range, field: str) -> Node:
    match node:
        case Words():
            return Words(field, node.text, node.phrase, node.slop)
        case Pattern():
            return Pattern(field, node.pattern)
        case Fuzzy():
            return Fuzzy(field, node.text, node.edits)
    return Range(field, node.low, node.high, node.with_low, node.with_high)


def _empty(node: Node) -> bool:
    """Is this text without any word ("-", "…")? Such a clause drops out of a query."""
    return isinstance(node, Words) and not re.search(r"\w", node.text)


def _follow(start: int, rest: Iterable[tuple[int, ...]], slop: int) -> bool:
    """Is there a place for each following term, `slop` steps of play in all?"""
    reachable = {(start, 0)}
    for places in rest:
        reachable = {
            (place, used + abs(place - before - 1))
            for before, used in reachable
            for place in places
            if used + abs(place - before - 1) <= slop
        }
    return bool(reachable)


def wildcard_pieces(pattern: str) -> list[tuple[str, bool]]:
    """The characters of a pattern, each with whether it stands for itself."""
    return [
        (text[1], True) if text[0] == "\\" and len(text) > 1 else (text, text not in "*?")
        for text in re.findall(r"\\.|.", pattern, re.DOTALL)
    ]


def glob(text: str, pieces: list[tuple[str, bool]]) -> bool:
    """Does the whole text fit? Linear in the text for each star: no pattern can make it run away."""
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        piece = pieces[place] if place < len(pieces) else None
        if piece is not None and piece != ("*", False) and (piece == ("?", False) or piece == (text[at], True)):
            at, place = at + 1, place + 1
        elif piece == ("*", False):
            star, resume = place, at
            place += 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return all(piece == ("*", False) for piece in pieces[place:])


def _within(term: str, wanted: str, edits: int) -> bool:
    """Is the edit distance (Levenshtein) at most `edits`?"""
    if abs(len(term) - len(wanted)) > edits:
        return False
    row = list(range(len(wanted) + 1))
    for count, letter in enumerate(term, 1):
        before, row[0] = row[0], count
        for column, other in enumerate(wanted, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (letter != other))
        if min(row) > edits:
            return False
    return row[-1] <= edits


def dismax(query: str) -> Node:
    """The tree of a plain reader's query: words, "phrases", + and -, as Solr's DisMaxQParser reads it.

    Nothing in it is an error but two signs at its very beginning: Solr takes them for one only after a space.
    Raises BadRequestError for those.
    """
    if re.match(r"[+-][+-]", query):
        raise BadRequestError(
            f"org.apache.solr.search.SyntaxError: Cannot parse '{query[:200]}': two signs at its start"
        )
    signs: dict[str, list[Node]] = {"+": [], "-": [], "": []}
    for sign, phrase, word in re.findall(r'(?:(?<=\s)|^)([+-]?)[+-]*(?:"([^"]*)"|([^\s"]+))|"', query):
        text = phrase or word
        if text and (phrase or re.search(r"\w", text)):
            signs[sign].append(Words(None, language.unescaped(text), phrase=bool(phrase)))
    return Combined(tuple(signs["+"]), tuple(signs[""]), tuple(signs["-"]), len(signs[""]))


def least(rule: str, count: int) -> int:
    """How many of `count` words must be found, by Solr's mm: "3", "-1", "75%", "2<-1 5<80%".

    Raises BadRequestError for anything else.
    """
    chosen = rule.strip()
    if "<" in chosen:
        above = chosen.split()
        chosen = str(count)
        for part in above:
            bound, _, value = part.partition("<")
            if not bound.isdigit():
                raise BadRequestError(f"cannot read mm: {rule[:100]}")
            if count > int(bound):
                chosen = value
    found = re.fullmatch(r"(-?)(\d+)(%?)", chosen)
    if found is None:
        raise BadRequestError(f"cannot read mm: {rule[:100]}")
    number = int(found[2]) * count // 100 if found[3] else int(found[2])
    return max(0, min(count, count - number if found[1] else number))
