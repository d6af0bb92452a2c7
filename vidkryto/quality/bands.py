"""Bands: between which values a measurement is normal, fixed by the contract or learnt from our own history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from vidkryto.catalogue.contract import Adapt, Bands, Frequency
from vidkryto.language import Language, say, say_count
from vidkryto.quality.history import Measurement

FILL_TOLERANCE = 0.05
"""By how much of all rows a column may become emptier before it is noticed."""
MEAN_TOLERANCE = 0.25
"""By which share of itself a mean may move before it is noticed."""
NORMAL = 1.4826
"""The median absolute deviation times this is the standard deviation of normally spread values."""
BY_WEEKDAY = (Frequency.CONTINUOUS, Frequency.DAILY)
CITY_TIME = ZoneInfo("Europe/Kyiv")

Kind = Literal["fixed", "all", "season"]


@dataclass(frozen=True, slots=True)
class Band:
    """Between which values a measurement is normal, and how that is known."""

    low: float
    high: float
    kind: Kind
    """fixed: around the last release by the contract; all, season: from the runs of the history, or of the season."""
    runs: int = 0
    """From how many measurements it was learnt; for a fixed band, how many there are."""
    wanted: int = 0
    """How many the contract wants before a band is learnt; 0 where it wants none."""

    def told(self, language: Language) -> str:
        """In words: which band, and from how many runs."""
        runs = say_count("{n} run", "{n} runs", self.runs, language)
        if self.kind == "season":
            return say("median and spread of {runs} of the same season", language, runs=runs)
        if self.kind == "all":
            return say("median and spread of {runs}", language, runs=runs)
        if self.wanted:
            words = "fixed band around the last release; the history has {runs} of the {wanted} wanted"
            return say(words, language, runs=runs, wanted=self.wanted)
        return say("fixed band around the last release", language)


def bands_of(history: Sequence[Measurement], bands: Bands, frequency: Frequency, now: datetime) -> dict[str, Band]:
    """A band for every measure of the last release that can have one: rows, mean.COLUMN, fill.COLUMN.

    `history` holds the measurements of one table, oldest first. Where the contract says `adapt`, the band is the
    median of the same season, k spreads (median absolute deviations) down and up; where the season has too few
    runs, of all; where there are too few of them too, the fixed band around the last release.
    """
    if not history:
        return {}
    found = {}
    for name, value in history[-1].metrics.items():
        kind = name.partition(".")[0]
        if kind in ("rows", "mean", "fill") and isinstance(value, (int, float)):
            fixed = _fixed(kind, float(value), bands)
            found[name] = _adapted(name, fixed, history, bands.adapt, frequency, now) if bands.adapt else fixed
    return found


def _fixed(kind: str, last: float, bands: Bands) -> Band:
    if kind == "fill":
        return Band(max(0.0, round(last - FILL_TOLERANCE, 6)), 1.0, "fixed")
    width = abs(last) * (bands.rows.share() if kind == "rows" else MEAN_TOLERANCE)
    band = Band(last - width, last + width, "fixed")
    return _whole(band) if kind == "rows" else band


def _adapted(
    name: str, fixed: Band, history: Sequence[Measurement], adapt: Adapt, frequency: Frequency, now: datetime
) -> Band:
    """The band learnt from the season or from everything, or the fixed one with the reason why it stays."""
    told = [item for item in history if isinstance(item.metrics.get(name), (int, float))]
    season = _season(now, frequency)
    same = [item for item in told if _season(datetime.fromisoformat(item.at), frequency) == season]
    for kind, items in (("season", same), ("all", told)):
        if len(items) >= adapt.runs:
            low, high = _around(_values(items, name), adapt.width, name)
            band = Band(low, high, "season" if kind == "season" else "all", len(items), adapt.runs)
            return _whole(band) if name == "rows" else band
    return Band(fixed.low, fixed.high, "fixed", len(told), adapt.runs)


def _around(values: Sequence[float], width: float, name: str) -> tuple[float, float]:
    """Median less and plus `width` spreads; a history that never moved still allows one per cent."""
    middle = median(values)
    spread = NORMAL * median(abs(value - middle) for value in values)
    reach = max(width * spread, 0.01 * abs(middle), 1.0 if name == "rows" else 0.0)
    if name.startswith("fill"):
        return max(0.0, middle - reach), 1.0
    return (max(0.0, middle - reach) if name == "rows" else middle - reach), middle + reach


def _values(items: Iterable[Measurement], name: str) -> list[float]:
    return [float(item.metrics[name]) for item in items]


def _season(moment: datetime, frequency: Frequency) -> int:
    """Days of the week for what comes daily, months of the year for the rest, in the city's time."""
    local = moment.astimezone(CITY_TIME)
    return local.weekday() if frequency in BY_WEEKDAY else local.month


def _whole(band: Band) -> Band:
    """Counts have whole bounds: the lower one down to zero, the higher one up."""
    return Band(int(max(0.0, band.low)), -int(-band.high // 1), band.kind, band.runs, band.wanted)


def as_parameters(bands: Mapping[str, Band]) -> dict[str, tuple[float, Band]]:
    """The bounds by the names a suite uses: rows_low, rows_high, mean_low_COLUMN, fill_low_COLUMN …"""
    found = {}
    for name, band in bands.items():
        kind, _, column = name.partition(".")
        end = f"_{column}" if column else ""
        found[f"{kind}_low{end}"] = (band.low, band)
        if kind != "fill":
            found[f"{kind}_high{end}"] = (band.high, band)
    return found
