"""What one expectation gave, whichever engine judged it, and the finding it becomes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from vidkryto.findings import Finding, Place, Severity
from vidkryto.quality.bands import Band
from vidkryto.quality.metrics import Parameters
from vidkryto.quality.suite import Expectation

SHOWN = 20
"""Rows named in a finding."""


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict: what was observed, how many cells or rows do not fit, and the first rows in the officer's file."""

    success: bool
    observed: Any = None
    unexpected: int = 0
    rows: tuple[int, ...] = ()
    wanted: str = ""
    """What was wanted, where the arguments do not say it."""
    raised: bool = False
    """It could not be run."""
    uncompared: bool = False
    """What it would be compared with has another form now: told, but no reason to hold the release back."""


def to_finding(
    item: Expectation, result: Result, place: Place, given: Parameters, protected: frozenset[str]
) -> Finding:
    """A failed result as a finding; values of `protected` columns are not in it."""
    column = str(item.kwargs.get("column", ""))
    unjudged = result.raised or result.uncompared
    hidden = column in protected or unjudged
    rows = tuple(sorted(result.rows)[:SHOWN])
    band = next((given.bands[name] for name in sorted(item.wanted_parameters()) if name in given.bands), None)
    return Finding(
        code="expectation-not-run" if unjudged else "expectation-failed",
        place=Place(place.resource, place.file, row=rows[0] if rows else None, field=column),
        found=None if hidden else shown(result.observed),
        wanted=result.wanted or _wanted(item.resolved(given.values)),
        count=result.unexpected or 1,
        rows=rows,
        details={
            "rule_uk": _rule(item, band, "uk"),
            "rule_en": _rule(item, band, "en"),
            "expectation": item.type,
        },
        override=Severity.WARNING if result.uncompared else None if result.raised else Severity(item.severity),
    )


def band_note(item: Expectation, place: Place, given: Parameters) -> Finding | None:
    """A note that says which band an expectation used, where the contract lets bands adapt to the history."""
    bands = [given.bands[name] for name in sorted(item.wanted_parameters()) if name in given.bands]
    if not bands or not bands[0].wanted:
        return None
    return Finding(
        "band-used",
        Place(place.resource, place.file, field=str(item.kwargs.get("column", ""))),
        wanted=_wanted(item.resolved(given.values)),
        details={
            "rule_uk": _rule(item, None, "uk").rstrip("."),
            "rule_en": _rule(item, None, "en").rstrip("."),
            "band_uk": bands[0].told("uk"),
            "band_en": bands[0].told("en"),
        },
    )


def _rule(item: Expectation, band: Band | None, language: Any) -> str:
    """The rule in words, with the band that stands behind its bounds."""
    words = item.notes.get(language) or item.type
    return f"{words.rstrip('.')} ({band.told(language)})" if band else words


def _wanted(arguments: Mapping[str, Any]) -> str:
    """The arguments as people read them."""
    low, high = arguments.get("min_value"), arguments.get("max_value")
    if low is not None or high is not None:
        return f"{'…' if low is None else shown(low)} – {'…' if high is None else shown(high)}"
    if "partition_object" in arguments:
        return f"≤ {shown(arguments.get('threshold'))}"
    rest = {key: value for key, value in arguments.items() if key not in ("column", "column_A", "column_B")}
    return ", ".join(f"{key} {shown(value)}" for key, value in rest.items())


def shown(value: Any, width: int = 120) -> str:
    """A value in at most `width` letters; numbers to twelve digits, so that both engines say the same."""
    if isinstance(value, float) and isfinite(value):
        value = float(f"{value:.12g}")
        value = int(value) if value.is_integer() else value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= width else text[: width - 1] + "…"
