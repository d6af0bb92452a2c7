"""Words: what a text is cut into so that a reader's spelling finds the writer's.

Follows CKAN's Solr analysis (split at marks, case changes and digits; lower case; English stems; accents dropped) and
adds what Ukrainian needs and stock CKAN lacks: one apostrophe for all its signs (пам'ять, пам’ять, памʼять), й and ї
kept as letters of their own however they are encoded, and the endings of Ukrainian nouns and adjectives dropped.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ‘`´ʹ′＇‛", "'"))
PIECE = re.compile(r"[^\W_]+(?:'[^\W\d_]+)*")
PART = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*")
CASE_CHANGE = re.compile(r"(?<=[a-zа-яіїєґ])(?=[A-ZА-ЯІЇЄҐ])")
ACCENTS = re.compile(r"(?<![\u0400-\u04ff])[\u0300-\u036f]+|[\u0300-\u0305\u0307\u0309-\u036f]+")  # й and ї keep theirs
CYRILLIC = re.compile(r"[а-яіїєґ']+")
SHORTEST_STEM = 3
_ENDINGS = (
    "ами ями ові еві єві ові ах ях ам ям ом ем єм ою ею єю ів їв ей ого ому ими іми ими ого ій их іх им ім "
    "ої ую юю яя ая ий ії ія ію єї их ість ості істю а я о е є и і ї у ю ь й"
)
UKRAINIAN_ENDINGS = tuple(sorted(_ENDINGS.split(), key=len, reverse=True))
FLEETING = re.compile(r"(?<=[а-яіїєґ]{3})[ое]к$")
POSSESSIVE = re.compile(r"'s?$")


@lru_cache(65536)
def words(text: str) -> tuple[str, ...]:
    """The words of a text as written, in lower case, for fields without stems."""
    return tuple(word.lower() for piece in _pieces(text) for word in _parts(piece))


@lru_cache(65536)
def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words."""
    return tuple(stem(word) for word in words(text))


@lru_cache(65536)
def stem(word: str) -> str:
    """The part of a lower-case word that its forms share."""
    if word.isascii():
        return _english(POSSESSIVE.sub("", word))
    return _ukrainian(word.replace("'", "")) if CYRILLIC.fullmatch(word) else word


def folded(text: str) -> str:
    """Text with one apostrophe and without accents, except where the accent makes another letter (й, ї)."""
    decomposed = unicodedata.normalize("NFKD", text.translate(APOSTROPHES))
    return unicodedata.normalize("NFC", ACCENTS.sub("", decomposed))


def _pieces(text: str) -> list[str]:
    return PIECE.findall(folded(text))


def _parts(piece: str) -> list[str]:
    return [part for whole in PART.findall(piece) for part in CASE_CHANGE.split(whole)]


def _english(word: str) -> str:
    """A light English stemmer: plurals, -ing and -ed."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("es", ""), ("s", ""), ("ing", ""), ("ed", ""), ("e", "")):
        if word.endswith(ending) and not (ending == "s" and word.endswith("ss")):
            root = word[: len(word) - len(ending)]
            return root + instead if len(root) >= SHORTEST_STEM else word
    return word


def _ukrainian(word: str) -> str:
    """A light Ukrainian stemmer: the longest ending of a noun or adjective that leaves at least three letters.

    The fleeting vowel of зупинок and будинок goes, as it does in зупинки and будинку.
    """
    if FLEETING.search(word):
        return word[:-2] + word[-1]
    for ending in UKRAINIAN_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word[: len(word) - len(ending)]
    return word
