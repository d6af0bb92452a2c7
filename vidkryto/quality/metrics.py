"""Measurements of a table, and the values a suite takes from the last one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import duckdb
import pyarrow as pa

from vidkryto.catalogue.contract import Bands

FILL_TOLERANCE = 0.05
"""By how much of all rows a column may become emptier before it is noticed."""
MEAN_TOLERANCE = 0.25
"""By which share of itself a mean may move before it is noticed."""

Metrics = Mapping[str, float | int | str]


def measure(table: pa.Table) -> dict[str, float | int | str]:
    """Metrics of a typed table: rows; for each column fill (share of rows with a value) and distinct
    (count); for numbers mean and sum; for dates newest (ISO). Names are `fill.label`, `mean.amount`.
    """
    wanted: list[tuple[str, str]] = [("rows", "count(*)")]
    for field in table.schema:
        column = '"' + field.name.replace('"', '""') + '"'
        wanted.append((f"fill.{field.name}", f"count({column}) / greatest(count(*), 1)"))
        if pa.types.is_temporal(field.type) and not pa.types.is_time(field.type):
            wanted.append((f"newest.{field.name}", f"max({column})::varchar"))
        if _is_number(field.type):
            wanted.append((f"mean.{field.name}", f"avg({column}::double)"))
            wanted.append((f"sum.{field.name}", f"sum({column}::double)"))
        elif pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            wanted.append((f"distinct.{field.name}", f"count(distinct {column})"))
    with duckdb.connect() as connection:
        connection.register("measured", table)
        row = connection.execute("select " + ", ".join(sql for _, sql in wanted) + " from measured").fetchone() or ()
    values = zip((name for name, _ in wanted), row, strict=True)
    return {name: round(value, 9) if isinstance(value, float) else value for name, value in values if value is not None}


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def parameters(last: Metrics, bands: Bands, now: datetime) -> dict[str, float | int | str]:
    """The values a suite may name, from the metrics of the last release.

    rows_last, rows_low, rows_high (by the contract's band); fill_low_<column>; mean_low_<column>,
    mean_high_<column>; distinct_last_<column>; sum_last_<column>; newest_last_<column>; and fresh_after,
    the ISO time before which the newest date counts as late.
    """
    share = bands.rows.share()
    values: dict[str, float | int | str] = {}
    for name, value in last.items():
        kind, _, column = name.partition(".")
        if kind == "rows" and isinstance(value, (int, float)):
            values |= {
                "rows_last": int(value),
                "rows_low": int(value * (1 - share)),
                "rows_high": -int(-value * (1 + share) // 1),
            }
        elif kind == "fill" and isinstance(value, (int, float)):
            values[f"fill_low_{column}"] = max(0.0, round(value - FILL_TOLERANCE, 6))
        elif kind == "mean" and isinstance(value, (int, float)):
            width = abs(value) * MEAN_TOLERANCE
            values |= {f"mean_low_{column}": value - width, f"mean_high_{column}": value + width}
        elif kind in ("distinct", "sum", "newest"):
            values[f"{kind}_last_{column}"] = value
    if bands.freshness:
        values["fresh_after"] = (
            (now.astimezone(UTC) - age(bands.freshness)).replace(tzinfo=None).isoformat(timespec="seconds")
        )
    return values


def age(text: str) -> timedelta:
    """A duration of the contract: 40d or 36h."""
    number = int(text[:-1])
    return timedelta(days=number) if text.endswith("d") else timedelta(hours=number)


def newest_date(metrics: Metrics) -> date | None:
    """The newest date in any column of a table, None where it has none."""
    values = [str(value)[:10] for name, value in metrics.items() if name.startswith("newest.")]
    return max((date.fromisoformat(value) for value in values), default=None)
