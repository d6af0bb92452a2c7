"""Judge expectations of a large table in DuckDB, with the verdicts that Great Expectations would give.

What is not written here (regular expressions, distributions, identifiers) goes to Great Expectations with the
columns that it names and no others, so memory stays bounded by a few columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from vidkryto.quality import great
from vidkryto.quality.great import ROW
from vidkryto.quality.metrics import quoted
from vidkryto.quality.result import SHOWN, Result
from vidkryto.quality.suite import Expectation

Arguments = Mapping[str, Any]


def judge(
    name: str, table: pa.Table, rows: pa.Array, suite: tuple[Expectation, ...], values: Mapping[str, Any]
) -> list[Result]:
    """The results in the order of the suite. Raises ContractError as Great Expectations' engine does."""
    with duckdb.connect() as connection:
        connection.register("judged", table.append_column(ROW, rows))
        return [_one(connection, name, table, rows, item, values) for item in suite]


def _one(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: pa.Table,
    rows: pa.Array,
    item: Expectation,
    values: Mapping[str, Any],
) -> Result:
    great.build(item, 0, table.column_names)  # a slip in the suite is told, however large the table
    arguments = item.resolved(values)
    column = str(arguments.get("column", ""))
    kind = table.schema.field(column).type if column else None
    if item.type in AGGREGATES and set(arguments) <= BOUNDS and _fits(item.type, kind):
        return _aggregate(connection, AGGREGATES[item.type].format(c=_expression(column, kind)), arguments, kind)
    if (condition := _condition(item.type, column, kind, arguments)) is not None:
        return _cells(connection, item.type, _expression(column, kind), *condition, arguments)
    needed = [field for field in table.column_names if _named(field, arguments)] or table.column_names[:1]
    return great.judge(name, table.select(needed), rows, (item,), values)[0]


BOUNDS = {"column", "min_value", "max_value", "strict_min", "strict_max", "value"}
AGGREGATES = {
    "expect_table_row_count_to_be_between": "count(*)",
    "expect_table_row_count_to_equal": "count(*)",
    "expect_column_max_to_be_between": "max({c})",
    "expect_column_min_to_be_between": "min({c})",
    "expect_column_mean_to_be_between": "avg({c}::double)",
    "expect_column_sum_to_be_between": "coalesce(sum({c}), 0)",
    "expect_column_unique_value_count_to_be_between": "count(distinct {c})",
    "expect_column_proportion_of_non_null_values_to_be_between": "count({c}) / count(*)",
}
NUMBERS_ONLY = {"expect_column_mean_to_be_between", "expect_column_sum_to_be_between"}
ANY_TYPE = {
    "expect_column_unique_value_count_to_be_between",
    "expect_column_proportion_of_non_null_values_to_be_between",
}


def _fits(expectation: str, kind: pa.DataType | None) -> bool:
    """Whether the column's type is one whose values compare alike in both engines."""
    if kind is None or expectation in ANY_TYPE:
        return True
    return _is_number(kind) or (_is_moment(kind) and expectation not in NUMBERS_ONLY)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None))


def _expression(column: str, kind: pa.DataType | None) -> str:
    """The column as the frame of the other engine holds it: decimals as floats, dates as timestamps."""
    if kind is None:
        return ""
    cast = "::double" if pa.types.is_decimal(kind) else "::timestamp" if pa.types.is_date(kind) else ""
    return quoted(column) + cast


def _aggregate(connection: duckdb.DuckDBPyConnection, sql: str, arguments: Arguments, kind: Any) -> Result:
    (observed,) = connection.execute(f"select {sql} from judged").fetchone() or (None,)
    if "value" in arguments:
        return Result(observed == arguments["value"], observed)
    if observed is None or observed != observed:
        return Result(False)
    low, high = (_bound(arguments.get(name), kind) for name in ("min_value", "max_value"))
    above = low is None or (observed > low if arguments.get("strict_min") else observed >= low)
    below = high is None or (observed < high if arguments.get("strict_max") else observed <= high)
    return Result(above and below, observed.isoformat() if isinstance(observed, datetime) else observed)


def _bound(value: Any, kind: Any) -> Any:
    """A bound as it compares with the column: moments are written as text in a suite."""
    moment = kind is not None and _is_moment(kind) and isinstance(value, str)
    return datetime.fromisoformat(value) if moment else value


def _condition(expectation: str, column: str, kind: Any, arguments: Arguments) -> tuple[str, list[Any]] | None:
    """The condition under which a cell with a value does not fit, and its bound values; None where none is written."""
    maker = CONDITIONS.get(expectation)
    if maker is None or kind is None or not set(arguments) <= {*BOUNDS, "value_set", "mostly"}:
        return None
    return maker(_expression(column, kind), kind, arguments)


def _outside(column: str, kind: Any, arguments: Arguments) -> tuple[str, list[Any]] | None:
    if not (_is_number(kind) or _is_moment(kind)):
        return None
    parts, bound = [], []
    for name, sign in (("min_value", "<"), ("max_value", ">")):
        if (value := _bound(arguments.get(name), kind)) is not None:
            parts.append(f"{column} {sign}{'=' if arguments.get(f'strict_{name[:3]}') else ''} ?")
            bound.append(value)
    return " or ".join(parts) or "false", bound


def _member(negated: str) -> Callable[[str, Any, Arguments], tuple[str, list[Any]] | None]:
    def condition(column: str, kind: Any, arguments: Arguments) -> tuple[str, list[Any]] | None:
        values = list(arguments.get("value_set") or [])
        wanted = str if pa.types.is_string(kind) or pa.types.is_large_string(kind) else int
        if not values or not all(type(value) is wanted for value in values) or not _is_word_or_whole(kind):
            return None
        return f"{negated} list_contains(?, {column})", [values]

    return condition


def _is_word_or_whole(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind))


CONDITIONS: Mapping[str, Callable[[str, Any, Arguments], tuple[str, list[Any]] | None]] = {
    "expect_column_values_to_be_between": _outside,
    "expect_column_values_to_be_in_set": _member("not"),
    "expect_column_values_to_not_be_in_set": _member(""),
    "expect_column_values_to_not_be_null": lambda column, _kind, _arguments: (f"{column} is null", []),
    "expect_column_values_to_be_null": lambda column, _kind, _arguments: (f"{column} is not null", []),
    "expect_column_values_to_be_unique": lambda column, _kind, _arguments: (
        f"{column} in (select {column} from judged where {column} is not null group by 1 having count(*) > 1)",
        [],
    ),
}
OVER_ALL = {"expect_column_values_to_not_be_null", "expect_column_values_to_be_null"}
"""Expectations that look at empty cells too."""


def _cells(
    connection: duckdb.DuckDBPyConnection,
    expectation: str,
    column: str,
    condition: str,
    bound: list[Any],
    arguments: Arguments,
) -> Result:
    where = f"({condition})" if expectation in OVER_ALL else f"{column} is not null and ({condition})"
    of = "count(*)" if expectation in OVER_ALL else f"count({column})"
    counted = connection.execute(f"select count(*) filter (where {where}), {of} from judged", bound).fetchone()
    unexpected, looked_at = counted or (0, 0)
    rows = connection.execute(f"select {ROW} from judged where {where} limit {SHOWN}", bound).fetchall()
    fitting = (looked_at - unexpected) / looked_at if looked_at else 1.0
    success = unexpected == 0 or fitting >= float(arguments.get("mostly", 1))
    return Result(success, unexpected, unexpected, tuple(sorted(int(row) for (row,) in rows)))


def _named(field: str, arguments: Arguments) -> bool:
    return any(field == value or (isinstance(value, list | tuple) and field in value) for value in arguments.values())
