"""What a detector is: a kind of personal value, how it is found in text and how sure one can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import category, decimal

NOT_INSIDE_A_WORD = r"(?<![^\W_])"
"""In front of a value: no letter and no digit."""
NOT_CONTINUED = r"(?![^\W_])"
"""After a value: no letter and no digit."""


INVISIBLE = (
    r"[\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}"
    r"\x{ff10}-\x{ff19}\x{660}-\x{669}\x{6f0}-\x{6f9}]"
)
"""RE2: signs that do not show or turn the direction of text, and digits of other scripts."""


def readable(text: str) -> str:
    """The text as a person sees it: without signs that do not show, with plain digits."""
    if text.isascii():
        return text
    shown = "".join(letter for letter in text if category(letter) != "Cf")
    return "".join(str(decimal(letter)) if letter.isdecimal() and not letter.isascii() else letter for letter in shown)


_SPACES = "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_ONE_SPELLING = str.maketrans(
    dict.fromkeys(_SPACES, " ") | dict.fromkeys(_DASHES, "-") | {"\uff20": "@", "\uff0b": "+"}
)
_DIGIT_LIKE = "ОOоoЗзбІIl"
_AS_DIGITS = str.maketrans(_DIGIT_LIKE, "0000336111")
_NUMBERISH = re.compile(rf"(?<![^\W_])[\d{_DIGIT_LIKE}]{{9,13}}(?![^\W_])")
_ZERO = re.compile(r"(?<![^\W_])[ОOоo](?=\d{2}(?!\d))")
_LETTERS_ALLOWED = 3
_UUID = re.compile(
    r"(?<![^\W_])[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![^\W_])", re.IGNORECASE
)
"""A UUID (RFC 9562): its hexadecimal digits spell a plate or a phone by chance, in one of 700."""


@lru_cache(maxsize=64)
def searchable(text: str) -> str:
    """The text as detectors compare it, letter for letter as long: one kind of space and dash, digits for look-alikes,
    UUIDs blotted out.

    A letter is a digit only within a word of nine digits and more (`З18471O691`), or for the zero of a code (`O67`).
    """
    if not text.isascii():
        text = text.translate(_ONE_SPELLING)
    if text.count("-") >= 4:
        text = _UUID.sub(lambda match: "#" * len(match.group()), text)
    return _ZERO.sub("0", _NUMBERISH.sub(_digits, text))


def _digits(match: re.Match[str]) -> str:
    letters = sum(not letter.isdigit() for letter in match.group())
    return match.group().translate(_AS_DIGITS) if letters <= _LETTERS_ALLOWED else match.group()


@dataclass(frozen=True, slots=True)
class Hit:
    """Where in a text a value of a kind stands, and how surely it is one. The value itself is not kept."""

    kind: str
    start: int
    end: int
    confidence: float


Find = Callable[[str], Iterator[tuple[int, int, float]]]
"""All places of a kind in a text: start, end, confidence."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value that names or betrays a person.

    `gate` is a pattern of RE2 that lets through every text that could hold the kind: it runs over whole
    columns. `find` then judges one text. `header` are words of a column name that announce the kind,
    `shape` is what a cell under such a header looks like (RE2, whole cell).
    """

    name: str
    uk: str
    en: str
    gate: str
    find: Find
    header: re.Pattern[str] | None = None
    shape: str = ""
    number: bool = False
    """A bare number: among amounts of all lengths it comes up by chance."""
    place: bool = False
    """A place rather than a person: at home in columns of class geo."""

    def search(self, text: str) -> Iterator[Hit]:
        """Every value of this kind in `text`."""
        return (Hit(self.name, *place) for place in self.find(searchable(text)))


def by_pattern(pattern: re.Pattern[str], sure: Callable[[re.Match[str]], float] | float) -> Find:
    """A search by a pattern; the value is the matched group whose name begins with `value`, else the whole match.

    `sure` is the confidence, or a judge that sees the match with the words around it and gives 0 for "not this kind".
    """
    groups = [name for name in pattern.groupindex if name.startswith("value")]

    def find(text: str) -> Iterator[tuple[int, int, float]]:
        for match in pattern.finditer(text):
            confidence = sure if isinstance(sure, float) else sure(match)
            if confidence > 0:
                start, end = match.span(next((name for name in groups if match[name] is not None), 0))
                yield start, end, confidence

    return find


def before(match: re.Match[str], letters: int = 60) -> str:
    """The text in front of a match, in small letters."""
    return match.string[max(0, match.start() - letters) : match.start()].casefold()
