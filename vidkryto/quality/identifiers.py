"""Expectations for Ukrainian identifiers, by the check digits that python-stdnum computes."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial
from stdnum import iban
from stdnum.ua import edrpou

KATOTTG = re.compile(r"UA\d{17}")


def _edrpou(value: object) -> bool:
    return isinstance(value, str) and len(value) == 8 and edrpou.is_valid(value)


def _iban(value: object) -> bool:
    return (
        isinstance(value, str)
        and value.startswith("UA")
        and len(value) == 29
        and iban.is_valid(value, check_country=False)
    )


def _katottg(value: object) -> bool:
    return isinstance(value, str) and KATOTTG.fullmatch(value) is not None


class EdrpouValues(ColumnMapMetricProvider):
    """Whether a cell is an EDRPOU code: eight digits, the last one a check digit."""

    condition_metric_name = "column_values.edrpou"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **kwargs: Any) -> pd.Series:  # noqa: ARG002, N805  # shape set by the library
        return column.map(_edrpou)


class IbanValues(ColumnMapMetricProvider):
    """Whether a cell is a Ukrainian IBAN: 29 characters with right check digits."""

    condition_metric_name = "column_values.ua_iban"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **kwargs: Any) -> pd.Series:  # noqa: ARG002, N805  # shape set by the library
        return column.map(_iban)


class KatottgValues(ColumnMapMetricProvider):
    """Whether a cell has the form of a KATOTTG code: UA and 17 digits (it has no check digit)."""

    condition_metric_name = "column_values.katottg"

    @column_condition_partial(engine=PandasExecutionEngine)
    def _pandas(cls, column: pd.Series, **kwargs: Any) -> pd.Series:  # noqa: ARG002, N805  # shape set by the library
        return column.map(_katottg)


class ExpectColumnValuesToBeEdrpou(ColumnMapExpectation):
    """Every value is an EDRPOU code with a right check digit."""

    map_metric = "column_values.edrpou"
    success_keys = ("mostly",)


class ExpectColumnValuesToBeUaIban(ColumnMapExpectation):
    """Every value is a Ukrainian IBAN with right check digits."""

    map_metric = "column_values.ua_iban"
    success_keys = ("mostly",)


class ExpectColumnValuesToBeKatottg(ColumnMapExpectation):
    """Every value has the form of a KATOTTG code."""

    map_metric = "column_values.katottg"
    success_keys = ("mostly",)
