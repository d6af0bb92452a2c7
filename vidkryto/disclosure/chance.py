"""Hits that chance alone explains: check digits that fit among amounts or among codes in groups."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def chance_among_amounts(cells: pa.Array, hits: pa.Array) -> bool:
    """Whether the hits are bare numbers in a column of amounts that reach their size anyway.

    Amounts: nearly all cells are numbers, of four lengths or more, without leading zeros. One in 27 ten-digit
    numbers passes as an RNOKPP, so among such amounts a hit says nothing; above all other amounts it does.
    """
    others = cells.filter(pc.and_(pc.invert(hits), pc.greater(pc.binary_length(cells), 0)))
    if not len(others):
        return False
    numbers = pc.match_substring_regex(others, r"^-?[0-9]+([.,][0-9]+)?(e[+-]?[0-9]+)?$")
    codes = pc.match_substring_regex(others, r"^0[0-9]")
    if pc.sum(numbers).as_py() < 0.95 * len(others) or (pc.sum(codes).as_py() or 0) > 0.01 * len(others):
        return False
    lengths = pc.binary_length(pc.replace_substring_regex(others.filter(numbers), r"[.,e].*$", ""))
    return bool(pc.count_distinct(lengths).as_py() >= 4 and pc.quantile(lengths, 0.995)[0].as_py() >= 8)


def chance_among_codes(cells: pa.Array, hits: pa.Array) -> bool:
    """Whether the hits are digits in groups among codes of that kind (`1013-0001-25`): one in 27 passes by chance."""
    filled = pc.greater(pc.binary_length(cells), 0)
    grouped = pc.match_substring_regex(cells, r"^[0-9]+(?:[ .'’/-][0-9]+)+$")
    if pc.any(pc.and_(hits, pc.invert(grouped))).as_py():
        return False
    return bool((pc.sum(grouped).as_py() or 0) >= 0.95 * (pc.sum(filled).as_py() or 1))
