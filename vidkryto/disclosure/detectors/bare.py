"""Columns of given names, of surnames, or of both without a known ending: no cell is surely a person, the column is."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.disclosure.detectors import morphology
from vidkryto.disclosure.detectors.names import ALSO_WORDS

FEW_WORDS = r"^\s*\p{Lu}[\p{L}'’ʼ-]+(?: \p{Lu}[\p{L}'’ʼ-]+)?\s*$"
FEWEST = 8
"""Distinct words from which on a column is judged."""
_ONLY_SURNAME = re.compile(
    r"[а-яіїєґ'-]{2,}(?:енко|єнко|чук|щук|нюк|люк|рюк)|[a-z'-]{2,}(?:enko|ienko|chuk|niuk|nyuk|liuk)"
)
"""Endings that surnames have and names of places do not: -ський is a district, -енко is not."""


def bare_names(distinct: pa.Array) -> float:
    """How surely these distinct cells are bare names: 0.8 when the list of given names knows three of five,
    0.6 when half of them end as only surnames do, else 0.
    """
    words = [word.strip() for word in distinct.filter(pc.match_substring_regex(distinct, FEW_WORDS)).to_pylist()]
    filled = int(pc.sum(pc.greater(pc.binary_length(distinct), 0)).as_py() or 0)
    if len(words) < max(FEWEST, 0.9 * filled):
        return 0.0
    if sum(map(_is_given_name, words)) >= 0.6 * len(words):
        return 0.8
    surnames = sum(_ONLY_SURNAME.fullmatch(morphology.plain(word)) is not None for word in words)
    return 0.6 if surnames >= 0.5 * len(words) else 0.0


def _is_given_name(word: str) -> bool:
    parts = [part for part in map(morphology.plain, word.split()) if part not in ALSO_WORDS]
    return any(morphology.is_nominative(part) or morphology.is_latin_given_name(part) for part in parts)
