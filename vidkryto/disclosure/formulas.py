"""Formula cells: text that a spreadsheet would run instead of showing (OWASP ASVS 5.0, requirement 1.2.10)."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = r"^[\s\x{a0}\x{feff}]*[=@＝＠]|^[\t\r\x00]|^[\s\x{a0}\x{feff}]*[+＋]|^[\s\x{a0}\x{feff}]*[-－][^\s\x{a0}-]"
"""A spreadsheet takes a cell for a formula by its first sign; full-width twins of the signs count in some of them."""

_HARMLESS = (
    r"^\+[1-9][0-9]{6,14}$"  # a phone in E.164 form
    r"|^\s*[+-][0-9][0-9 \x{a0}]*([.,][0-9]+)?([eE][+-]?[0-9]+)?\s*%?$"  # a signed number computes to itself
    r"|^[-–—+]+$"  # a placeholder for "nothing"
)


def formula_cells(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """A mask of the cells that a spreadsheet would take for a formula.

    Let through: a phone in E.164 form, a signed number, a row of dashes, a dash before a space (a list item).
    """
    looks = pc.match_substring_regex(column, _FORMULA)
    return pc.fill_null(pc.and_not(looks, pc.match_substring_regex(column, _HARMLESS)), False)


def excel_safe(columns: pa.Table) -> pa.Table:
    """The Excel-safe twin of a table: an apostrophe before each formula cell, nothing else changed.

    For a second file beside the honest one, on request; the published CSV itself is never altered silently.
    """
    changed = columns
    for place, name in enumerate(columns.column_names):
        column = columns.column(place)
        if not pa.types.is_string(column.type) and not pa.types.is_large_string(column.type):
            continue
        mask = formula_cells(column)
        if pc.any(mask).as_py():
            quoted = pc.binary_join_element_wise("'", column, "")
            changed = changed.set_column(place, name, pc.if_else(mask, quoted, column))
    return changed
