"""Run a suite over the tables of a dataset with Great Expectations.

Each expectation is built through its class and counted: a dictionary with an unknown type would be
dropped in silence (docs/explanation/quality.md).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from vidkryto.errors import ContractError
from vidkryto.findings import Finding, Place, Severity
from vidkryto.quality.suite import Expectation

ROW = "__row"
SHOWN = 20
_SEVERITIES = {"error": "critical", "warning": "warning", "note": "info"}


@dataclass(frozen=True, slots=True)
class Quality:
    """What the suite found. `checked` expectations were run; fewer than written is an error of ours."""

    findings: tuple[Finding, ...]
    checked: int


def check_quality(
    tables: Mapping[str, pa.Table],
    rows: Mapping[str, pa.Array],
    suite: tuple[Expectation, ...],
    parameters: Mapping[str, Mapping[str, Any]],
    *,
    files: Mapping[str, str] | None = None,
    protected: frozenset[str] = frozenset(),
) -> Quality:
    """Judge typed tables, by resource name, with the expectations of a suite.

    `rows` gives for each table the row numbers in the officer's file; `parameters` for each table the
    values that `{parameter: …}` names. Values of `protected` columns are never quoted.
    Raises ContractError for an expectation that does not exist or does not fit.
    """
    if not suite:
        return Quality((), 0)
    findings: list[Finding] = []
    checked = 0
    for name, table in tables.items():
        mine = tuple(item for item in suite if (item.resource or next(iter(tables))) == name)
        if not mine:
            continue
        results = _run(name, _frame(table, rows[name]), mine, parameters.get(name, {}))
        checked += len(results)
        place = Place(resource=name, file=(files or {}).get(name, ""))
        findings += [
            _finding(item, result, place, protected)
            for item, result in zip(mine, results, strict=True)
            if not result["success"]
        ]
    strangers = {item.resource for item in suite} - set(tables) - {""}
    if strangers or checked != len(suite):
        raise ContractError(
            f"expectations.yaml: {len(suite) - checked} expectation(s) name no table: {sorted(strangers)}",
            remedy=f"The tables are {sorted(tables)}.",
        )
    return Quality(tuple(findings), checked)


def _frame(table: pa.Table, rows: pa.Array) -> pd.DataFrame:
    """A pandas frame for Great Expectations: decimals as floats, dates as timestamps, and the officer's row."""
    for number, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(pa.float64()))
        elif pa.types.is_date(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(pa.timestamp("s")))
    frame: pd.DataFrame = table.append_column(ROW, rows).to_pandas()
    return frame


def _run(
    name: str, frame: pd.DataFrame, suite: tuple[Expectation, ...], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The results as JSON-ready dictionaries, in the order of the suite."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
    batch = (
        context.data_sources.add_pandas("pipeline")
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("all")
    )
    built = gx.ExpectationSuite(name=name)
    for number, item in enumerate(suite):
        built.add_expectation(_build(item, number, frame))
    if len(built.expectations) != len(suite):
        raise ContractError(
            f"expectations.yaml: {len(suite)} expectations are written for {name}, {len(built.expectations)} differ",
            remedy="Two of them are equal: remove one.",
        )
    missing = set().union(*(item.wanted_parameters() for item in suite)) - set(values)
    if missing:
        raise ContractError(
            f"expectations.yaml: no such parameter for {name}: {sorted(missing)}",
            remedy=f"Known are: {sorted(values) or 'none yet; put it under `first:`'}.",
        )
    definition = gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(built))
    outcome = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": frame},
        expectation_parameters=dict(values),
        result_format={"result_format": "SUMMARY", "unexpected_index_column_names": [ROW]},
    )
    results = [result.to_json_dict() for result in outcome.results]
    return sorted(results, key=lambda result: result["expectation_config"]["meta"]["number"])


def _build(item: Expectation, number: int, frame: pd.DataFrame) -> Any:
    """The expectation as an instance of its class."""
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from pydantic.v1 import ValidationError

    from vidkryto.quality import identifiers  # noqa: F401  # registers the expectations for Ukrainian identifiers

    column = item.kwargs.get("column")
    if isinstance(column, str) and column not in frame.columns:
        raise ContractError(
            f"expectations.yaml: {item.type} names the column {column!r}, which the table does not have",
            remedy=f"The columns are {[name for name in frame.columns if name != ROW]}.",
        )
    try:
        return ExpectationConfiguration(
            type=item.type, kwargs=item.arguments(), severity=_SEVERITIES[item.severity], meta={"number": number}
        ).to_domain_obj()
    except GreatExpectationsError as error:
        raise ContractError(f"expectations.yaml: {error}", remedy="Check the spelling of `type`.") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise ContractError(f"expectations.yaml: {item.type}: {problems}", remedy="Check `kwargs`.") from None


def _finding(item: Expectation, result: Mapping[str, Any], place: Place, protected: frozenset[str]) -> Finding:
    column = str(item.kwargs.get("column", ""))
    config, values = result["expectation_config"]["kwargs"], result.get("result") or {}
    failed_to_run = bool(result["exception_info"].get("raised_exception", False))
    indexes = values.get("partial_unexpected_index_list") or []
    rows = tuple(sorted(int(entry[ROW]) for entry in indexes)[:SHOWN])
    observed = values.get("observed_value", values.get("unexpected_count"))
    hidden = column in protected or failed_to_run
    return Finding(
        code="expectation-not-run" if failed_to_run else "expectation-failed",
        place=Place(place.resource, place.file, row=rows[0] if rows else None, field=column),
        found=None if hidden else _short(observed),
        wanted=_wanted(config),
        count=int(values.get("unexpected_count") or 1),
        rows=rows,
        details={
            "rule_uk": item.notes.get("uk") or item.type,
            "rule_en": item.notes.get("en") or item.type,
            "expectation": item.type,
        },
        override=None if failed_to_run else Severity(item.severity),
    )


def _wanted(config: Mapping[str, Any]) -> str:
    """The arguments as people read them."""
    low, high = config.get("min_value"), config.get("max_value")
    if low is not None or high is not None:
        return f"{'…' if low is None else low} – {'…' if high is None else high}"
    rest = {key: value for key, value in config.items() if key not in ("batch_id", "column", "column_A", "column_B")}
    return ", ".join(f"{key} {_short(value)}" for key, value in rest.items())


def _short(value: Any, width: int = 120) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= width else text[: width - 1] + "…"
