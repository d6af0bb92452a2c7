"""Repairs of letters: stray spaces, control characters, look-alike letters, apostrophes, dashes."""

from __future__ import annotations

import re
import unicodedata

STRAY_SPACES = (
    r"^\s|\s$|\s\s|[\t\n\r\x0b\x0c\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
)
CONTROLS = r"[\x00-\x08\x0e-\x1f\x7f-\x{84}\x{86}-\x{9f}\x{ad}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}\x{feff}]"
MIXED = r"[A-Za-z]\p{Cyrillic}|\p{Cyrillic}[A-Za-z]|[A-Za-z]['’ʼ`-]\p{Cyrillic}|\p{Cyrillic}['’ʼ`-][A-Za-z]"
CYRILLIC_LOOKALIKES = r"\p{Cyrillic}"
APOSTROPHES = r"\pL['’`´‘′]\pL"
DASHES = r"[‐‑‒–—−]"

_LATIN = "ABCEHIKMOPTXYaceiopxyÏï"
_CYRILLIC = "АВСЕНІКМОРТХУасеіорхуЇї"
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`-][^\W\d_]+)*")
_PART = re.compile(r"[^\W\d_]+")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’`´‘′](?=[^\W\d_])")
_DASH = re.compile(DASHES)


def without_stray_spaces(text: str) -> str:
    """No space at the ends, one ordinary space between words; line breaks, NBSP and U+2028 are spaces too."""
    return " ".join(text.split())


def without_controls(text: str) -> str:
    """No control, zero-width or direction characters and no soft hyphens."""
    return _CONTROL.sub("", text)


def to_cyrillic(text: str) -> str:
    """Latin look-alikes inside Cyrillic words become Cyrillic; a word with any other Latin letter stays."""
    return _WORD.sub(lambda word: _part_to_cyrillic(word[0]), text)


def _part_to_cyrillic(word: str) -> str:
    own = [letter for letter in word if _is_cyrillic(letter)]
    foreign = [letter for letter in word if (letter.isascii() and letter.isalpha()) or letter in "Ïï"]
    if not own or not foreign or any(letter not in _LATIN for letter in foreign):
        return word
    if all(letter in _CYRILLIC for letter in own) and len(own) <= len(foreign):
        return word  # «ТЕC»: nothing tells which alphabet was meant
    return word.translate(_TO_CYRILLIC)


def to_latin(text: str) -> str:
    """Cyrillic look-alikes in a code become Latin; a code with any other Cyrillic letter stays."""
    changed = text.translate(_TO_LATIN)
    return changed if changed.isascii() else text


def one_apostrophe(text: str) -> str:
    """Every sign used as an apostrophe between two letters becomes ʼ (U+02BC, the letter apostrophe of Unicode)."""
    return _APOSTROPHE.sub("ʼ", text)


def one_dash(text: str) -> str:
    """Every dash and minus sign becomes a hyphen-minus."""
    return _DASH.sub("-", text)


def folded(text: str) -> str:
    """A spelling for comparing: case, spaces at the ends and repeated spaces ignored."""
    return " ".join(text.split()).casefold()


def _is_cyrillic(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("CYRILLIC")
