"""Judge expectations with Great Expectations over a pandas frame.

Each expectation is built through its class and counted: a dictionary with an unknown type would be
dropped in silence (docs/explanation/quality.md).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from vidkryto.errors import ContractError
from vidkryto.quality.result import SHOWN, Result
from vidkryto.quality.suite import Expectation

ROW = "__row"
_SEVERITIES = {"error": "critical", "warning": "warning", "note": "info"}


def judge(
    name: str,
    table: pa.Table,
    rows: pa.Array,
    suite: tuple[Expectation, ...],
    values: Mapping[str, Any],
    *,
    docs: Path | None = None,
) -> list[Result]:
    """The results in the order of the suite. With `docs`, Data Docs of this run are built in that folder.

    Raises ContractError for an expectation that does not exist or does not fit.
    """
    frame = _frame(table, rows)
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral", project_config=_config(docs))
    batch = (
        context.data_sources.add_pandas("pipeline")
        .add_dataframe_asset(name)
        .add_batch_definition_whole_dataframe("all")
    )
    built = gx.ExpectationSuite(name=name)
    for number, item in enumerate(suite):
        built.add_expectation(build(item, number, list(frame.columns)))
    if len(built.expectations) != len(suite):
        raise ContractError(
            f"expectations.yaml: {len(suite)} expectations are written for {name}, {len(built.expectations)} differ",
            remedy="Two of them are equal: remove one.",
        )
    definition = gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(built))
    options = {"result_format": "SUMMARY", "unexpected_index_column_names": [ROW]}
    kept = context.validation_definitions.add(definition)
    given = {"batch_parameters": {"dataframe": frame}, "expectation_parameters": dict(values)}
    if docs is None:
        outcome = kept.run(**given, result_format=options)
    else:
        checkpoint = gx.Checkpoint(name=name, validation_definitions=[kept], result_format=options)
        outcome = next(iter(context.checkpoints.add(checkpoint).run(**given).run_results.values()))
        context.build_data_docs()
    results = sorted(
        (result.to_json_dict() for result in outcome.results),
        key=lambda result: result["expectation_config"]["meta"]["number"],
    )
    return [_result(result) for result in results]


def _config(docs: Path | None) -> Any:
    """A context in memory; with `docs`, results and pages lie in that folder."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    if docs is not None:

        def store(folder: str) -> dict[str, str]:
            return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs / folder)}

        config.stores["validation_results_store"] = {
            "class_name": "ValidationResultsStore",
            "store_backend": store("validations"),
        }
        config.data_docs_sites = {
            "vidkryto": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": store("site"),
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
        }
    return config


def _frame(table: pa.Table, rows: pa.Array) -> pd.DataFrame:
    """A pandas frame for Great Expectations: decimals as floats, dates as timestamps, and the officer's row."""
    for number, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(pa.float64()))
        elif pa.types.is_date(field.type):
            table = table.set_column(number, field.name, table.column(number).cast(pa.timestamp("s")))
    frame: pd.DataFrame = table.append_column(ROW, rows).to_pandas()
    return frame


def build(item: Expectation, number: int, columns: Sequence[str]) -> Any:
    """The expectation as an instance of its class. Raises ContractError where type, column or arguments are wrong."""
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from pydantic.v1 import ValidationError

    from vidkryto.quality import identifiers  # noqa: F401  # registers the expectations for Ukrainian identifiers

    column = item.kwargs.get("column")
    if isinstance(column, str) and column not in columns:
        raise ContractError(
            f"expectations.yaml: {item.type} names the column {column!r}, which the table does not have",
            remedy=f"The columns are {[name for name in columns if name != ROW]}.",
        )
    try:
        return ExpectationConfiguration(
            type=item.type,
            kwargs=item.arguments(),
            severity=_SEVERITIES[item.severity],
            meta={"number": number, "notes": {"format": "markdown", "content": list(item.notes.values())}},
        ).to_domain_obj()
    except GreatExpectationsError as error:
        raise ContractError(f"expectations.yaml: {error}", remedy="Check the spelling of `type`.") from None
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        raise ContractError(f"expectations.yaml: {item.type}: {problems}", remedy="Check `kwargs`.") from None


def _result(told: Mapping[str, Any]) -> Result:
    values = told.get("result") or {}
    indexes = values.get("partial_unexpected_index_list") or []
    return Result(
        success=bool(told["success"]),
        observed=values.get("observed_value", values.get("unexpected_count")),
        unexpected=int(values.get("unexpected_count") or 0),
        rows=tuple(sorted(int(entry[ROW]) for entry in indexes)[:SHOWN]),
        raised=_raised(told["exception_info"]),
    )


def _raised(info: Mapping[str, Any]) -> bool:
    """Whether something was raised: told for the whole expectation, or under the name of each metric that failed."""
    parts = [info, *(part for part in info.values() if isinstance(part, Mapping))]
    return any(part.get("raised_exception", False) for part in parts)
