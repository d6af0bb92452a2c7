"""Bands from our own history: seasonal, from everything, or fixed, and they say which."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from vidkryto.catalogue import Bands
from vidkryto.catalogue.contract import Adapt, Frequency
from vidkryto.findings import Severity
from vidkryto.quality import Measurement, Suite, Surroundings, check_quality, parameters

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

NOW = dt.datetime(2026, 7, 5, 9, tzinfo=dt.UTC)
ADAPT = Bands(adapt=Adapt(runs=3, width=4))


def monthly(years: int, july: int, other: int) -> list[Measurement]:
    """A dataset that is larger every July, a little different each year."""
    return [
        Measurement(
            f"r{year}{month}",
            f"{year}-{month:02}-05T04:00:00Z",
            "t",
            {"rows": (july if month == 7 else other) + year - 2026},
        )
        for year in range(2026 - years, 2026)
        for month in range(1, 13)
    ]


def band(
    history: list[Measurement], bands: Bands = ADAPT, frequency: Frequency = Frequency.MONTHLY
) -> tuple[object, ...]:
    """Bounds, kind and number of runs of the row band."""
    given = parameters(history, bands, NOW, frequency=frequency)
    found = given.bands["rows_low"]
    return given.values["rows_low"], given.values["rows_high"], found.kind, found.runs


def test_enough_runs_of_the_same_month_make_the_band() -> None:
    """July is compared with July: 1000, 999 … with a spread of about one and a half rows, at least one per cent."""
    assert band(monthly(5, july=1000, other=100)) == (987, 1007, "season", 5)


def test_too_few_of_the_month_use_the_whole_history() -> None:
    """Two Julys of the three wanted: the median and spread of all 24 runs."""
    assert band(monthly(2, july=100, other=100)) == (95, 102, "all", 24)


def test_too_short_a_history_leaves_the_fixed_band_and_says_so() -> None:
    """Two runs of the three wanted: the contract's 20 per cent around the last one."""
    history = monthly(1, july=100, other=100)[:2]
    assert band(history) == (79, 119, "fixed", 2)
    told = parameters(history, ADAPT, NOW).bands["rows_low"]
    assert told.told("uk") == "сталі межі навколо попереднього випуску; в історії дані 2 запусків, а треба 3"
    assert told.told("en") == "fixed band around the last release; the history has 2 runs of the 3 wanted"


def test_without_adapt_the_band_is_fixed() -> None:
    """A long history changes nothing where the contract does not say so."""
    assert band(monthly(5, july=1000, other=100), Bands())[2:] == ("fixed", 0)


def test_the_season_of_a_daily_dataset_is_the_day_of_the_week() -> None:
    """Sundays are compared with Sundays."""
    days = [dt.date(2026, 5, 3) + dt.timedelta(days=number) for number in range(60)]
    history = [
        Measurement(f"r{day}", f"{day}T04:00:00Z", "t", {"rows": 50 if day.weekday() == 6 else 500}) for day in days
    ]
    assert band(history, frequency=Frequency.DAILY) == (49, 51, "season", 9)


def test_one_wild_run_does_not_widen_the_band() -> None:
    """Median and spread, not mean and deviation: a broken month of the past is no excuse for the next one."""
    history = monthly(6, july=1000, other=1000)
    history[6] = Measurement("wild", history[6].at, "t", {"rows": 90_000})
    low, high, _, _ = band(history)
    assert (low, high) == (987, 1008)


def test_finding_and_note_say_which_band_was_used() -> None:
    """The rule names the band and the runs; a band that holds is told as a note."""
    suite = Suite.model_validate(
        {
            "expectations": [
                {
                    "type": "expect_table_row_count_to_be_between",
                    "kwargs": {"min_value": {"parameter": "rows_low"}, "max_value": {"parameter": "rows_high"}},
                    "notes": {"uk": "Кількість рядків.", "en": "Number of rows."},
                }
            ]
        }
    )
    given = parameters(monthly(5, july=1000, other=100), ADAPT, NOW, frequency=Frequency.MONTHLY)
    table = pa.table({"a": list(range(100))})
    at = Surroundings({"t": table}, {"t": pa.array(range(2, 102))})
    note, failed = check_quality(at, suite.expectations, {"t": given}).findings
    assert (note.code, note.severity) == ("band-used", Severity.NOTE)
    assert note.message("uk") == "Кількість рядків: межі 987 – 1007; медіана й розкид 5 запусків тієї самої пори."
    assert failed.message("en") == (
        "Number of rows (median and spread of 5 runs of the same season): found 100, wanted 987 – 1007."
    )


def test_a_fill_band_has_no_upper_end_and_a_mean_band_both() -> None:
    """Fuller is never worse."""
    history = [
        Measurement(f"r{n}", f"2026-{n:02}-05T00:00:00Z", "t", {"rows": 9, "fill.a": 0.9, "mean.a": 10.0 + n % 2})
        for n in range(1, 7)
    ]
    values = parameters(history, ADAPT, NOW, frequency=Frequency.MONTHLY).values
    assert values["fill_low_a"] == pytest.approx(0.891)
    assert "fill_high_a" not in values
    assert values["mean_low_a"] == pytest.approx(10.5 - 4 * 1.4826 * 0.5)
    assert values["mean_high_a"] == pytest.approx(10.5 + 4 * 1.4826 * 0.5)
