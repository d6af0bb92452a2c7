"""A large table is judged in DuckDB with the very findings that Great Expectations gives."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from vidkryto.errors import ContractError
from vidkryto.quality import Parameters, Suite, Surroundings, check_quality, columnar, great

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

EXPECTATIONS: list[dict[str, Any]] = [
    {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 100, "max_value": 120}},
    {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 41}},
    *(
        {"type": f"expect_column_{what}_to_be_between", "kwargs": {"column": column, "min_value": 3, "max_value": 4}}
        for what in ("max", "min", "mean", "sum")
        for column in ("whole", "amount", "float")
    ),
    {
        "type": "expect_column_max_to_be_between",
        "kwargs": {"column": "day", "min_value": "2026-02-01T00:00:00", "strict_min": True},
    },
    {"type": "expect_column_min_to_be_between", "kwargs": {"column": "whole", "max_value": 0, "strict_max": True}},
    {"type": "expect_column_unique_value_count_to_be_between", "kwargs": {"column": "word", "max_value": 2}},
    {
        "type": "expect_column_proportion_of_non_null_values_to_be_between",
        "kwargs": {"column": "word", "min_value": {"parameter": "fill_low_word"}},
    },
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "whole", "min_value": 1, "max_value": 7}},
    {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": "amount", "min_value": 2, "strict_min": True, "mostly": 0.7},
    },
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "day", "max_value": "2026-01-20T00:00:00"}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "word", "value_set": ["а", "б"]}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "whole", "value_set": [1, 2, 3]}},
    {"type": "expect_column_values_to_not_be_in_set", "kwargs": {"column": "word", "value_set": ["в"]}},
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "amount"}},
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "word", "mostly": 0.5}},
    {"type": "expect_column_values_to_be_null", "kwargs": {"column": "whole"}},
    {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "whole"}},
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "word", "regex": "^[аб]$"}},
    {"type": "expect_column_values_to_be_edrpou", "kwargs": {"column": "word"}},
    {"type": "expect_column_pair_values_a_to_be_greater_than_b", "kwargs": {"column_A": "whole", "column_B": "float"}},
    {
        "type": "expect_column_kl_divergence_to_be_less_than",
        "kwargs": {
            "column": "word",
            "partition_object": {"parameter": "shares_last_word"},
            "threshold": 0.01,
            "tail_weight_holdout": 0.01,
        },
    },
]
GIVEN = Parameters({"fill_low_word": 0.95, "shares_last_word": {"values": ["а", "б"], "weights": [0.5, 0.5]}})


def table(seed: int, length: int) -> pa.Table:
    """Columns of every type, with empty cells, repeated values and a few that fit nothing."""
    chance = random.Random(seed)

    def cells(make: Any) -> list[Any]:
        return [None if chance.random() < 0.15 else make() for _ in range(length)]

    return pa.table(
        {
            "whole": pa.array(cells(lambda: chance.randint(-2, 9)), pa.int64()),
            "amount": pa.array(cells(lambda: Decimal(chance.randint(0, 900)) / 100), pa.decimal128(12, 2)),
            "float": pa.array(cells(lambda: chance.uniform(-1, 9)), pa.float64()),
            "day": pa.array(cells(lambda: dt.date(2026, 1, 1) + dt.timedelta(chance.randint(0, 40))), pa.date32()),
            "word": pa.array(cells(lambda: chance.choice("абв")), pa.string()),
        }
    )


@pytest.mark.parametrize(("seed", "length"), [(1, 40), (2, 300), (3, 1)])
def test_both_engines_give_the_same_findings(seed: int, length: int) -> None:
    """Same suite, same table: every part of every finding is equal, the rows and the words too."""
    rows = pa.array([7 + number for number in range(length)], pa.int64())
    at = Surroundings({"t": table(seed, length)}, {"t": rows})
    suite = Suite.model_validate({"expectations": EXPECTATIONS}).expectations
    small, large = (
        check_quality(at, suite, {"t": GIVEN}, files={"t": "t.csv"}, protected=frozenset({"day"}), large=limit)
        for limit in (length, length - 1)
    )
    assert small.findings == large.findings
    assert small.checked == large.checked == len(EXPECTATIONS)
    assert len(small.findings) > 10


def test_what_duckdb_judges_is_not_given_to_great_expectations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first expectations, up to the regular expression, never build a frame."""
    suite = Suite.model_validate({"expectations": EXPECTATIONS}).expectations
    own = tuple(item for item in suite if item.type in {*columnar.AGGREGATES, *columnar.CONDITIONS})
    judged = table(1, 40)
    rows = pa.array(range(40))
    wanted = great.judge("t", judged, rows, own, GIVEN.values)
    monkeypatch.setattr(great, "judge", lambda *_: pytest.fail("a frame was built"))
    assert [item.success for item in columnar.judge("t", judged, rows, own, GIVEN.values)] == [
        item.success for item in wanted
    ]


def test_a_misspelt_expectation_fails_on_a_large_table_too() -> None:
    """Every expectation is built through its class, whichever engine judges it."""
    at = Surroundings({"t": table(1, 40)}, {"t": pa.array(range(40))})
    suite = Suite.model_validate({"expectations": [{"type": "expect_colum_max_to_be_between"}]}).expectations
    with pytest.raises(ContractError, match="not found"):
        check_quality(at, suite, {}, large=1)
