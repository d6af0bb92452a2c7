"""Measurements of a table, and the values a suite takes from the last one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from vidkryto.catalogue.contract import Bands, Frequency
from vidkryto.quality.bands import Band, as_parameters, bands_of
from vidkryto.quality.history import Measurement

MOST_CATEGORIES = 50
"""A column of words with more values than this is no column of categories; its shares are not kept."""

OF_PROTECTED = ("fill", "distinct")
"""What is measured of a column whose values may not be told."""

Metrics = Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a suite may name as `{parameter: …}`, and the band behind each bound."""

    values: Mapping[str, Any] = field(default_factory=dict)
    bands: Mapping[str, Band] = field(default_factory=dict)


def measure(table: pa.Table, *, protected: frozenset[str] = frozenset()) -> dict[str, float | int | str]:
    """Metrics of a typed table: rows; for each column fill (share of rows with a value) and distinct
    (count); for numbers mean and sum; for dates newest (ISO). Names are `fill.label`, `mean.amount`.

    For words of few kinds also `shares.COLUMN`: the share of each kind as JSON.
    Of a `protected` column only fill and distinct: the newest date is the value of a cell, and a sum or a mean is one
    too where few cells are filled.
    """
    wanted: list[tuple[str, str]] = [("rows", "count(*)")]
    words = []
    for item in table.schema:
        column = quoted(item.name)
        wanted.append((f"fill.{item.name}", f"count({column}) / greatest(count(*), 1)"))
        hidden = item.name in protected
        if not hidden and pa.types.is_temporal(item.type) and not pa.types.is_time(item.type):
            wanted.append((f"newest.{item.name}", f"max({column})::varchar"))
        if not hidden and _is_number(item.type):
            wanted.append((f"mean.{item.name}", f"avg({column}::double)"))
            wanted.append((f"sum.{item.name}", f"sum({column}::double)"))
        elif pa.types.is_string(item.type) or pa.types.is_large_string(item.type):
            wanted.append((f"distinct.{item.name}", f"count(distinct {column})"))
            words.append(item.name)
    with duckdb.connect() as connection:
        connection.register("measured", table)
        row = connection.execute("select " + ", ".join(sql for _, sql in wanted) + " from measured").fetchone() or ()
        values = zip((name for name, _ in wanted), row, strict=True)
        found = {n: round(value, 9) if isinstance(value, float) else value for n, value in values if value is not None}
        for name in words:
            if name not in protected and 0 < int(found[f"distinct.{name}"]) <= MOST_CATEGORIES:
                found[f"shares.{name}"] = _shares(connection, quoted(name))
    return found


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _shares(connection: duckdb.DuckDBPyConnection, column: str) -> str:
    rows = connection.execute(
        f"select {column}, count(*) from measured where {column} is not null group by 1 order by 1"
    ).fetchall()
    total = sum(count for _, count in rows)
    return json.dumps({value: round(count / total, 9) for value, count in rows}, ensure_ascii=False)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def parameters(
    history: Sequence[Measurement],
    bands: Bands,
    now: datetime,
    *,
    frequency: Frequency = Frequency.IRREGULAR,
    protected: frozenset[str] = frozenset(),
) -> Parameters:
    """The values a suite may name, from the history of one table, oldest first.

    rows_last, rows_low, rows_high; fill_low_<column>; mean_low_<column>, mean_high_<column>;
    distinct_last_<column>; sum_last_<column>; newest_last_<column>; shares_last_<column>; and fresh_after, the
    ISO time before which the newest date counts as late. Of a `protected` column only what `measure` tells of one, also
    where it was measured before it was protected.
    """
    if history and protected:
        history = (*history[:-1], replace(history[-1], metrics=_told(history[-1].metrics, protected)))
    learnt = as_parameters(bands_of(history, bands, frequency, now))
    values: dict[str, Any] = {name: value for name, (value, _) in learnt.items()}
    for name, value in history[-1].metrics.items() if history else ():
        kind, _, column = name.partition(".")
        if kind == "rows":
            values["rows_last"] = value
        elif kind == "shares":
            shares = json.loads(str(value))
            values[f"shares_last_{column}"] = {"values": list(shares), "weights": list(shares.values())}
        elif kind in ("distinct", "sum", "newest"):
            values[f"{kind}_last_{column}"] = value
    if bands.freshness:
        values["fresh_after"] = (
            (now.astimezone(UTC) - age(bands.freshness)).replace(tzinfo=None).isoformat(timespec="seconds")
        )
    return Parameters(values, {name: band for name, (_, band) in learnt.items()})


def _told(metrics: Metrics, protected: frozenset[str]) -> Metrics:
    """The metrics without those that tell values of protected columns."""
    names = {name: name.partition(".") for name in metrics}
    return {
        name: metrics[name]
        for name, (kind, _, column) in names.items()
        if column not in protected or kind in OF_PROTECTED
    }


def age(text: str) -> timedelta:
    """A duration of the contract: 40d or 36h."""
    number = int(text[:-1])
    return timedelta(days=number) if text.endswith("d") else timedelta(hours=number)
