"""Detectors: one value of `Kind` for each kind of personal value, and the search of a text by all of them."""

from __future__ import annotations

from vidkryto.disclosure.detectors.contacts import EMAIL, PHONE, PLATE, SECRET_IN_ADDRESS
from vidkryto.disclosure.detectors.kind import INVISIBLE, Hit, Kind, readable
from vidkryto.disclosure.detectors.names import NAME
from vidkryto.disclosure.detectors.numbers import CARD, IBAN, ID_CARD, PASSPORT, RNOKPP, UNZR, is_edrpou
from vidkryto.disclosure.detectors.people import BIRTH_DATE, COORDINATES, HOME_ADDRESS

KINDS: tuple[Kind, ...] = (
    RNOKPP,
    UNZR,
    PASSPORT,
    ID_CARD,
    IBAN,
    CARD,
    PHONE,
    EMAIL,
    SECRET_IN_ADDRESS,
    PLATE,
    NAME,
    BIRTH_DATE,
    HOME_ADDRESS,
    COORDINATES,
)
"""Every kind, in the order in which overlapping hits are told: the first wins."""

SURE_ENOUGH = 0.5
"""The least confidence that counts in a column of short values; in free text everything above 0 counts."""

BY_NAME = {kind.name: kind for kind in KINDS}


def search(text: str, *, least: float = SURE_ENOUGH, kinds: tuple[Kind, ...] = KINDS) -> tuple[Hit, ...]:
    """Every hit of every kind in `text` with at least this confidence, by place, without overlaps.

    The places are those of `readable(text)`.
    """
    text = readable(text)
    hits = [hit for kind in kinds for hit in kind.search(text) if hit.confidence >= least]
    order = {kind.name: place for place, kind in enumerate(kinds)}
    hits.sort(key=lambda hit: (hit.start, -hit.end, order[hit.kind]))
    kept: list[Hit] = []
    for hit in hits:
        if not kept or hit.start >= kept[-1].end:
            kept.append(hit)
    return tuple(kept)


__all__ = ["BY_NAME", "INVISIBLE", "KINDS", "SURE_ENOUGH", "Hit", "Kind", "is_edrpou", "readable", "search"]
