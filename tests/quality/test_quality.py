"""Quality: suites against the last release."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from vidkryto.catalogue import Bands
from vidkryto.errors import ContractError
from vidkryto.findings import Severity
from vidkryto.quality import (
    History,
    Measurement,
    Parameters,
    Suite,
    Surroundings,
    check_quality,
    load_suite,
    measure,
    parameters,
)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

TABLE = pa.table(
    {
        "code": ["33332218", "04060772", None],
        "amount": pa.array([Decimal("1.50"), Decimal("2.50"), None], pa.decimal128(12, 2)),
        "day": pa.array([dt.date(2026, 1, 1), dt.date(2026, 2, 1), dt.date(2026, 3, 1)]),
    }
)
ROWS = pa.array([5, 6, 9], pa.int64())
NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)


def judge(
    *expectations: dict[str, object], last: dict[str, float] | None = None, protected: frozenset[str] = frozenset()
):
    """The findings of a suite over TABLE, with the metrics of TABLE itself, some replaced, as the last release."""
    suite = Suite.model_validate({"expectations": list(expectations)})
    values = given({**measure(TABLE), **(last or {})})
    return check_quality(around(TABLE), suite.expectations, {"t": values}, protected=protected)


def given(metrics: dict[str, float | int | str]) -> Parameters:
    """The parameters after one release with these metrics."""
    return parameters([Measurement("r1", "2026-02-10T00:00:00Z", "t", metrics)], Bands(freshness="40d"), NOW)


def around(table: pa.Table) -> Surroundings:
    """One table, with the rows of the officer's file."""
    return Surroundings({"t": table}, {"t": ROWS})


def test_metrics_are_counts_fills_sums_and_the_newest_date() -> None:
    """Metrics of a column are named by kind and column; decimals are summed as numbers."""
    metrics = measure(TABLE)
    assert metrics["rows"] == 3
    assert metrics["fill.amount"] == pytest.approx(2 / 3)
    assert metrics["sum.amount"] == 4.0
    assert metrics["mean.amount"] == 2.0
    assert metrics["distinct.code"] == 2
    assert metrics["newest.day"] == "2026-03-01"


def test_parameters_of_an_empty_table_do_not_divide_by_zero() -> None:
    """An empty table has zero rows and zero fill."""
    metrics = measure(TABLE.slice(0, 0))
    assert metrics["rows"] == 0
    assert given(metrics).values["rows_high"] == 0


def test_a_table_as_large_as_the_last_one_passes_the_row_band() -> None:
    """The band is about change against the last release."""
    kwargs = {"min_value": {"parameter": "rows_low"}, "max_value": {"parameter": "rows_high"}}
    assert judge({"type": "expect_table_row_count_to_be_between", "kwargs": kwargs}).findings == ()


def test_a_shrunken_table_fails_the_row_band_and_says_both_numbers() -> None:
    """A drop beyond the band is an error with what was found and what was wanted."""
    kwargs = {"min_value": {"parameter": "rows_low"}, "max_value": {"parameter": "rows_high"}}
    notes = {"uk": "Кількість рядків", "en": "Number of rows"}
    (finding,) = judge(
        {"type": "expect_table_row_count_to_be_between", "kwargs": kwargs, "notes": notes}, last={"rows": 100}
    ).findings
    assert (
        finding.message("uk")
        == "Кількість рядків (сталі межі навколо попереднього випуску): знайдено 3, очікувалося 80 – 120."
    )
    assert finding.message("en") == "Number of rows (fixed band around the last release): found 3, wanted 80 – 120."
    assert finding.severity is Severity.ERROR


def test_a_failing_row_is_named_as_in_the_officers_file() -> None:
    """Row numbers are those of the sheet, not of the frame."""
    (finding,) = judge(
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "amount"}, "severity": "warning"}
    ).findings
    assert (finding.place.row, finding.rows, finding.severity) == (9, (9,), Severity.WARNING)


def test_check_digits_of_edrpou_are_checked() -> None:
    """The custom expectations for Ukrainian identifiers are known by their names."""
    assert judge({"type": "expect_column_values_to_be_edrpou", "kwargs": {"column": "code"}}).findings == ()
    wrong = TABLE.set_column(0, "code", pa.array(["33332219", "04060772", "1"]))
    suite = Suite.model_validate(
        {"expectations": [{"type": "expect_column_values_to_be_edrpou", "kwargs": {"column": "code"}}]}
    )
    (finding,) = check_quality(around(wrong), suite.expectations, {}).findings
    assert finding.rows == (5, 9)


def test_check_digits_of_iban_are_checked() -> None:
    """A right account passes; one digit changed, a foreign account and a short one are named by their rows."""
    good = "UA213223130000026007233566001"
    for cells, rows in (
        ([good] * 3, ()),
        (["UA213223130000026007233566002", good, "DE89370400440532013000"], (5, 9)),
        ([good, good[:-1], good], (6,)),
    ):
        table = TABLE.set_column(0, "code", pa.array(cells))
        suite = Suite.model_validate(
            {"expectations": [{"type": "expect_column_values_to_be_ua_iban", "kwargs": {"column": "code"}}]}
        )
        found = check_quality(around(table), suite.expectations, {}).findings
        assert [number for finding in found for number in finding.rows] == list(rows)


def test_stale_data_are_noticed_by_their_newest_date() -> None:
    """fresh_after is the contract's freshness before now."""
    expectation = {
        "type": "expect_column_max_to_be_between",
        "kwargs": {"column": "day", "min_value": {"parameter": "fresh_after"}},
    }
    assert judge(expectation).findings == ()
    old = TABLE.set_column(2, "day", pa.array([dt.date(2025, 1, 1)] * 3))
    suite = Suite.model_validate({"expectations": [expectation]})
    values = given(measure(old))
    (finding,) = check_quality(around(old), suite.expectations, {"t": values}).findings
    assert finding.found == "2025-01-01T00:00:00"


def test_the_values_of_a_protected_column_are_never_quoted() -> None:
    """A finding about a protected column has a place and a rule, and nothing of the cell."""
    expectation = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "code", "value_set": ["04060772"]}}
    (finding,) = judge(expectation, protected=frozenset({"code"})).findings
    assert finding.found is None
    assert "33332218" not in repr(finding)


@pytest.mark.parametrize(
    ("expectation", "text"),
    [
        (
            {"type": "expect_colum_values_to_be_unique", "kwargs": {"column": "code"}},
            "expect_colum_values_to_be_unique not found",
        ),
        ({"type": "expect_column_values_to_be_unique", "kwargs": {"colum": "code"}}, "colum"),
        ({"type": "expect_column_values_to_be_unique", "kwargs": {"column": "kode"}}, "names the column 'kode'"),
        (
            {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": {"parameter": "rows_lo"}}},
            "rows_lo",
        ),
        ({"type": "expect_column_values_to_be_unique", "resource": "other", "kwargs": {"column": "code"}}, "other"),
    ],
)
def test_a_misspelt_expectation_fails_loudly(expectation: dict[str, object], text: str) -> None:
    """A typing slip never removes a check in silence."""
    with pytest.raises(ContractError, match=text):
        judge(expectation)


def test_on_a_first_publication_the_suite_first_stands_in_for_what_needs_memory() -> None:
    """Expectations that compare with the last release are left out when there is none; the others stay."""
    suite = Suite.model_validate(
        {
            "first": [{"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 1}}],
            "expectations": [
                {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": {"parameter": "rows_low"}}},
                {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "code"}},
            ],
        }
    )
    assert [item.type for item in suite.for_release({"t": ()})] == [
        "expect_table_row_count_to_be_between",
        "expect_column_values_to_be_unique",
    ]
    assert len(suite.for_release({"t": ("a release",)})) == 2


def test_a_dataset_without_a_suite_has_an_empty_one(tmp_path: Path) -> None:
    """expectations.yaml may be absent."""
    assert load_suite(tmp_path) == Suite()


def test_history_keeps_one_line_a_table_and_closes_a_torn_one(tmp_path: Path) -> None:
    """After a crash in the middle of a line the memory goes on from the last whole one."""
    history = History(tmp_path / "h" / "stops.jsonl")
    assert history.last("stops") is None
    history.append((Measurement("r1", "2026-01-01T00:00:00Z", "stops", {"rows": 1}),))
    with history.file.open("a") as stream:
        stream.write('{"run": "torn')
    assert [item.run for item in history] == ["r1"]
    history.append((Measurement("r2", "2026-01-02T00:00:00Z", "stops", {"rows": 2}),))
    assert [json.loads(line)["run"] for line in history.file.read_text().splitlines()] == ["r1", "r2"]
    last = history.last("stops")
    assert last is not None
    assert last.metrics == {"rows": 2}


def test_an_expectation_that_stops_with_an_error_withholds() -> None:
    """A pattern that is none has no verdict; without one the data stay, whatever severity the suite says."""
    (finding,) = judge(
        {
            "type": "expect_column_values_to_match_regex",
            "kwargs": {"column": "code", "regex": "(["},
            "severity": "note",
        }
    ).findings
    assert (finding.code, finding.severity, finding.found) == ("expectation-not-run", Severity.ERROR, None)


def test_of_a_protected_column_only_fill_and_distinct_are_measured() -> None:
    """A newest date is the value of a cell, and of one filled cell a sum and a mean are too."""
    columns = ("code", "amount", "day")
    metrics = measure(TABLE, protected=frozenset(columns))
    assert {name: value for name, value in metrics.items() if not name.startswith("fill.")} == {
        "rows": 3,
        "distinct.code": 2,
    }
    assert {name for name in metrics if name.startswith("fill.")} == {f"fill.{name}" for name in columns}


def test_what_was_measured_before_a_column_was_protected_is_no_parameter_any_more() -> None:
    """A suite that asks for it is told why it is not there."""
    told = [Measurement("r1", "2026-02-10T00:00:00Z", "t", measure(TABLE))]
    values = parameters(told, Bands(), NOW, protected=frozenset({"day", "amount", "code"}))
    ours = {name for name in values.values if not name.startswith("rows")}
    assert ours == {"fill_low_day", "fill_low_amount", "fill_low_code", "distinct_last_code"}
    assert {name for name in values.bands if not name.startswith("rows")} == {name for name in ours if "fill" in name}
    expectation = {
        "type": "expect_column_max_to_be_between",
        "kwargs": {"column": "day", "min_value": {"parameter": "newest_last_day"}},
    }
    suite = Suite.model_validate({"expectations": [expectation]})
    with pytest.raises(ContractError, match="'day' is protected"):
        check_quality(around(TABLE), suite.expectations, {"t": values}, protected=frozenset({"day"}))
