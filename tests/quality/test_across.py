"""Expectations across rows, columns, tables and releases."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from vidkryto.errors import ContractError
from vidkryto.findings import Finding, Severity
from vidkryto.quality import Suite, Surroundings, check_quality
from vidkryto.quality.rehearse import problems_of_suite

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX

BUDGET = pa.table(
    {
        "month": ["1", "1", "1", "2", "2", "3"],
        "fund": ["C", "S", "T", "C", "T", "C"],
        "amount": ["10.10", "0.90", "11.00", "5.00", "5.01", "4.00"],
    }
)
PUPILS = pa.table({"school": ["a", "b", "c"], "boys": [10, 20, None], "girls": [5, 5, 5], "pupils": [15, 26, 9]})
CLASSES = pa.table({"school": ["a", "a", "b", "d"], "size": [7, 8, 26, 3]})


def rows(table: pa.Table, first: int = 6) -> pa.Array:
    """The officer's rows: data begins in row 6."""
    return pa.array(range(first, first + table.num_rows))


def found(kind: str, at: Surroundings, resource: str = "", **kwargs: Any) -> tuple[Finding, ...]:
    """The findings of one expectation."""
    suite = Suite.model_validate({"expectations": [{"type": kind, "resource": resource, "kwargs": kwargs}]})
    return check_quality(at, suite.expectations, {}).findings


def budget(**changes: Any) -> Surroundings:
    """The budget without its totals, as it is released, and with them, as it came."""
    released = BUDGET.filter(pa.compute.not_equal(BUDGET["fund"], "T"))
    return Surroundings({"b": released}, {"b": rows(released)}, {"b": (BUDGET, rows(BUDGET))}, **changes)


TOTAL = {"columns": ["amount"], "category": "fund", "total": "T", "parts": ["C", "S"], "by": ["month"]}


def test_a_total_that_is_not_the_sum_of_its_parts_is_named_by_its_row() -> None:
    """FUND_TYP T = C + S; the total row is looked at although the release leaves it out."""
    (finding,) = found("expect_parts_to_sum_to_total", budget(), **TOTAL)
    assert (finding.rows, finding.count, finding.wanted) == ((10, 11), 2, "fund T = C + S")


def test_a_tolerance_lets_rounding_pass() -> None:
    """A cent is no defect where the contract says so; a missing total still is one."""
    (finding,) = found("expect_parts_to_sum_to_total", budget(), **TOTAL, tolerance=0.01)
    assert finding.rows == (11,)


def test_a_column_that_is_not_the_sum_of_others_is_named_by_its_row() -> None:
    """boys + girls = pupils; a row with an empty part is passed over."""
    at = Surroundings({"p": PUPILS}, {"p": rows(PUPILS)})
    (finding,) = found("expect_columns_to_sum_to_column", at, parts=["boys", "girls"], total="pupils")
    assert (finding.rows, finding.wanted) == ((7,), "pupils = boys + girls")


def test_sums_of_two_tables_are_compared_group_by_group() -> None:
    """Schools a and b agree with their classes, c has none, d is no school."""
    at = Surroundings({"p": PUPILS, "c": CLASSES}, {"p": rows(PUPILS), "c": rows(CLASSES)})
    arguments = {"column": "pupils", "other": "c", "other_column": "size", "by": ["school"]}
    (finding,) = found("expect_sum_to_equal_other_table", at, "p", **arguments)
    assert (finding.count, finding.rows) == (2, (8,))


def test_keys_that_vanished_are_counted() -> None:
    """Two of four are gone; half is the bound at which that passes."""
    before = {"p": pa.table({"school": ["a", "b", "x", "y"]})}
    at = Surroundings({"p": PUPILS}, {"p": rows(PUPILS)}, keys={"p": ("school",)}, before=before)
    (finding,) = found("expect_keys_of_last_release_to_remain", at)
    assert (finding.found, finding.wanted, finding.count) == ("2", "≤ 0", 2)
    assert found("expect_keys_of_last_release_to_remain", at, share=0.5) == ()
    first = Surroundings({"p": PUPILS}, {"p": rows(PUPILS)}, keys={"p": ("school",)})
    assert found("expect_keys_of_last_release_to_remain", first) == ()


def test_keys_that_cannot_be_compared_do_not_pass_in_silence() -> None:
    """A table without a key holds the release back; a key that changed, or is protected, is told."""
    at = Surroundings({"p": PUPILS}, {"p": rows(PUPILS)})
    (finding,) = found("expect_keys_of_last_release_to_remain", at)
    assert (finding.code, finding.severity) == ("expectation-not-run", Severity.ERROR)
    at = Surroundings({"p": PUPILS}, {"p": rows(PUPILS)}, keys={"p": ("school",)}, uncomparable=frozenset({"p"}))
    (finding,) = found("expect_keys_of_last_release_to_remain", at)
    assert (finding.code, finding.severity) == ("expectation-not-run", Severity.WARNING)


def test_a_total_and_parts_that_are_spelt_otherwise_do_not_pass_in_silence() -> None:
    """Latin letters in the suite, Cyrillic ones that look alike in the export: nothing was compared."""
    other = BUDGET.set_column(1, "fund", pa.array(["С", "Ѕ", "Т", "С", "Т", "С"]))
    at = Surroundings({"b": other}, {"b": rows(other)})
    (finding,) = found("expect_parts_to_sum_to_total", at, **TOTAL)
    assert (finding.code, finding.severity) == ("expectation-not-run", Severity.ERROR)
    empty = BUDGET.slice(0, 0)
    assert found("expect_parts_to_sum_to_total", Surroundings({"b": empty}, {"b": rows(empty)}), **TOTAL) == ()


def test_a_query_may_look_at_every_table() -> None:
    """What it finds is a finding; __row is the row in the file; tables have the names of their resources."""
    at = Surroundings({"p": PUPILS, "my-classes": CLASSES}, {"p": rows(PUPILS), "my-classes": rows(CLASSES)})
    query = 'select __row from "my-classes" where school not in (select school from p)'
    (finding,) = found("expect_query_to_find_nothing", at, "my-classes", query=query)
    assert (finding.rows, finding.found) == ((9,), "1")


def test_a_query_that_fails_over_the_data_quotes_no_cell() -> None:
    """Only the kind of the failure is told: the library's words hold the cell."""
    table = pa.table({"school": ["F20.0 параноїдна шизофренія"]})
    at = Surroundings({"p": table}, {"p": rows(table)})
    with pytest.raises(ContractError, match="cannot be run: ConversionException") as caught:
        found("expect_query_to_find_nothing", at, "p", query="select school::int from p")
    assert "F20" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "kwargs", "text"),
    [
        ("expect_parts_to_sum_to_total", {**TOTAL, "totl": "T"}, "totl"),
        ("expect_parts_to_sum_to_total", {**TOTAL, "by": ["mont"]}, "not there"),
        ("expect_query_to_find_nothing", {"query": "select * from nowhere"}, "cannot be run"),
        ("expect_query_to_find_nothing", {"query": "select * from read_csv('/etc/passwd')"}, "cannot be run"),
        ("expect_query_to_find_nothing", {"query": "install httpfs"}, "cannot be run"),
    ],
)
def test_a_slip_in_the_arguments_fails_loudly(kind: str, kwargs: dict[str, Any], text: str) -> None:
    """Nothing passes because it could not be asked; and a query reaches no file."""
    with pytest.raises(ContractError, match=text):
        found(kind, budget(), **kwargs)


def test_a_suite_is_tried_before_there_is_data() -> None:
    """Type, arguments, columns, tables, queries and keys: each slip is told once, what is right is not."""
    schemas = {"p": {"fields": [{"name": "school", "type": "string"}, {"name": "boys", "type": "integer"}]}}
    slips: list[dict[str, Any]] = [
        {"type": "expect_column_values_to_be_in_sett", "kwargs": {"column": "school"}},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "scool"}},
        {"type": "expect_columns_to_sum_to_column", "kwargs": {"parts": ["boys"], "total": "pupils"}},
        {"type": "expect_query_to_find_nothing", "kwargs": {"query": "select nothing from p"}},
        {"type": "expect_keys_of_last_release_to_remain"},
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "school"}, "resource": "q"},
    ]
    right = [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "school"}},
        {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": {"parameter": "rows_low"}}},
        {"type": "expect_query_to_find_nothing", "kwargs": {"query": "select __row from p where boys < 0"}},
    ]
    problems = list(problems_of_suite(Suite.model_validate({"expectations": slips, "first": right}), schemas, {}))
    assert len(problems) == len(slips)
    told = ("in_sett", "scool", "pupils", "nothing", "needs a key of p", "names no table: q")
    assert all(word in problem for word, problem in zip(told, problems, strict=True)), problems


def test_a_new_table_takes_the_memory_of_the_others_from_nobody() -> None:
    """A table without a release is judged by `first`; the others keep what compares them with their last release."""
    kind = "expect_table_row_count_to_be_between"
    memory = {"min_value": {"parameter": "rows_low"}}
    suite = Suite.model_validate(
        {
            "expectations": [{"type": kind, "resource": name, "kwargs": memory} for name in ("old", "new")],
            "first": [{"type": kind, "resource": name, "kwargs": {"min_value": 1}} for name in ("old", "new")],
        }
    )
    applied = [(item.resource, bool(item.wanted_parameters())) for item in suite.for_release({"old": (1,), "new": ()})]
    assert applied == [("new", False), ("old", True)]
