"""How much a text looks like Ukrainian: frequencies of neighbouring letters, as a table over pairs of bytes.

The table `letters.json` counts pairs of letter classes in the official descriptions of the mandated datasets
(Resolution 835); `benchmarks/letter_pairs.py` makes it. It holds counts only, no text.
"""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

UKRAINIAN = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
RUSSIAN = "ыэъё"
COMMON_WESTERN = "áéíóúñüöäßçèàêôâîïëùãõåæøąćęłńśźżčšžřě¿¡"
TYPOGRAPHIC = "«»“”„’‘ʼ№–—…°§•·±²³\u00a0×"
CLASSES = (*UKRAINIAN, *RUSSIAN, "latin", "digit", "space", "punct", "western", "typographic", "odd", "control")
_INDEX = {name: position for position, name in enumerate(CLASSES)}

LOWER, UPPER, NEITHER = 0, 1, 2
UPPER_AFTER_LOWER = -4.0
"""Log-likelihood of a capital right after a small letter: rare in words, the rule in text read as KOI8."""
UNDEFINED = -30.0
BORROWED = 0.1
"""Share of a pair's likelihood that comes from the single letter."""


def letter_class(character: str) -> str:
    """The class of one character; letters are folded to small ones."""
    small = character.lower()
    if small in _INDEX:
        return small
    if small.isascii():
        if small.isalpha():
            return "latin"
        if small.isdigit():
            return "digit"
        if small.isspace():
            return "space"
        return "punct" if small.isprintable() else "control"
    if small in COMMON_WESTERN:
        return "western"
    if character in TYPOGRAPHIC:
        return "typographic"
    return "control" if unicodedata.category(character).startswith("C") else "odd"


@cache
def log_likelihoods() -> NDArray[np.float64]:
    """Natural logarithm of the share of each pair of classes, given its first; shape (classes, classes)."""
    counts = np.array(json.loads(files("vidkryto.read").joinpath("letters.json").read_text("utf-8")), dtype=float)
    counts = _smoothed(counts)
    _foreign(counts)
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.asarray(np.log(np.maximum(shares, 1e-6)))


def _smoothed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pairs of letters that the training texts happen to lack («хм» of Хмельницький) borrow from single letters."""
    letters = len(UKRAINIAN)
    totals = counts.sum(axis=1, keepdims=True)
    single = counts[:, :letters].sum(axis=0) / counts.sum()
    smoothed = counts + 0.02
    smoothed[:letters, :letters] += BORROWED * totals[:letters] * single
    return smoothed


def _foreign(counts: NDArray[np.float64]) -> None:
    """Give pairs a Ukrainian text lacks a fair share, so that western, Russian and typographic text can be told."""
    at = _INDEX
    western, latin, odd, control = at["western"], at["latin"], at["odd"], at["control"]
    counts[western] = 0.5
    counts[western, latin], counts[western, western], counts[western, at["space"]] = 60, 2, 15
    counts[western, at["punct"]] = 6
    counts[latin, western] = max(counts[latin].sum() * 0.03, 1)
    counts[at["space"], western] = max(counts[at["space"]].sum() * 0.002, 1)
    for letter in RUSSIAN:
        for other in UKRAINIAN:
            counts[at[letter], at[other]] += 3
            counts[at[other], at[letter]] += counts[at[other]].sum() * 0.002
    typographic = at["typographic"]
    counts[typographic] += 3
    counts[:, typographic] += counts.sum(axis=1) * 0.002
    counts[:, odd] = counts.sum(axis=1) * 2e-5
    counts[odd] = 1
    counts[:, control] = counts.sum(axis=1) * 2e-6
    counts[control] = 1


@cache
def pair_scores(encoding: str) -> NDArray[np.float32]:
    """Log-likelihood of each pair of bytes in a one-byte encoding, shape (65536,), zero for pairs of ASCII bytes.

    A byte that the encoding does not have is next to impossible, yet one damaged byte does not rule an encoding out.
    """
    text = [bytes([byte]).decode(encoding, "replace") for byte in range(256)]
    classes = np.array([_INDEX[letter_class(character)] for character in text])
    case = np.array([UPPER if c != c.lower() else LOWER if c != c.upper() else NEITHER for c in text])
    table = log_likelihoods()[classes[:, None], classes[None, :]].copy()
    table[(case[:, None] == LOWER) & (case[None, :] == UPPER)] += UPPER_AFTER_LOWER
    undefined = np.array([character == "\ufffd" for character in text])
    table[undefined, :] = UNDEFINED
    table[:, undefined] = UNDEFINED
    table[:128, :128] = 0
    return np.asarray(table.astype(np.float32).reshape(-1))
