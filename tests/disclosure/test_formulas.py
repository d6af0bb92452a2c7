"""ASVS 5.0, 1.2.10: a cell that a spreadsheet would run is told; nothing is changed silently."""

from __future__ import annotations

import pyarrow as pa
import pytest

from vidkryto.disclosure import excel_safe
from vidkryto.disclosure.formulas import formula_cells

RUN = [
    "=1+1",
    '=HYPERLINK("http://x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\x00=1",
    " =1+1",
    "\u00a0=1",
    "＝1+1",
    "＠SUM(A1)",
    "+SUM(A1)",
    "-SUM(A1)",
    "+38 (067) 123-45-67",
    "+1+1",
    "-1-1",
]
SHOWN = [
    "-5",
    "+5",
    "-5,5",
    "+380671234567",
    "-",
    "--",
    "----------",
    "—",
    "- пункт переліку",
    "a=b",
    "1-2",
    "",
    "№ 5",
    "-1.5e-3",
    "-12 345,67",
]


@pytest.mark.parametrize("text", RUN)
def test_asvs_1_2_10_a_formula_is_seen(text: str) -> None:
    """Signs = + - @, tab, carriage return and NUL, their full-width twins, and blanks before them."""
    assert formula_cells(pa.array([text])).to_pylist() == [True]


@pytest.mark.parametrize("text", SHOWN)
def test_asvs_1_2_10_what_a_spreadsheet_only_shows_is_let_through(text: str) -> None:
    """Signed numbers, phones in E.164 form, dashes for nothing, items of a list."""
    assert formula_cells(pa.array([text])).to_pylist() == [False]


def test_the_excel_safe_twin_quotes_formulas_and_nothing_else() -> None:
    """A second file on request; the table itself is untouched."""
    table = pa.table({"label": ["=1+1", "Школа", "-5"], "n": [1, 2, 3]})
    assert excel_safe(table).to_pydict() == {"label": ["'=1+1", "Школа", "-5"], "n": [1, 2, 3]}
    assert table.column("label")[0].as_py() == "=1+1"
