"""k-anonymity and l-diversity of rows over the declared quasi-identifiers (Sweeney 2002; Machanavajjhala 2007)."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Anonymity:
    """How well a row hides among others."""

    k: int
    """Rows in the smallest group that shares all quasi-identifiers; 0 without quasi-identifiers."""
    l: int | None  # noqa: E741 - l-diversity has this name in the literature
    """Different sensitive values in the least diverse group; None without sensitive columns."""
    groups: int
    small_groups: int
    """Groups with fewer rows than wanted."""
    small_rows: int
    """Rows in these groups."""
    uniform_groups: int
    """Groups with fewer different sensitive values than wanted."""
    risk: float
    """The mean chance that a row picked by an attacker who knows the quasi-identifiers is the right one."""


NOTHING = Anonymity(k=0, l=None, groups=0, small_groups=0, small_rows=0, uniform_groups=0, risk=0.0)


def anonymity(columns: pa.Table, quasi: tuple[str, ...], sensitive: tuple[str, ...], *, k: int, l: int) -> Anonymity:  # noqa: E741
    """Measure the groups of rows that share all `quasi` columns. An empty cell is a value like another."""
    if not quasi or not columns.num_rows:
        return NOTHING
    chosen = columns.select([*quasi, *sensitive])
    wanted = [([], "count_all"), *((name, "count_distinct") for name in sensitive)]
    groups = chosen.group_by(list(quasi)).aggregate(wanted)
    sizes = groups.column("count_all")
    small = pc.less(sizes, k)
    diversity = _diversity(groups, sensitive)
    return Anonymity(
        k=pc.min(sizes).as_py(),
        l=None if diversity is None else pc.min(diversity).as_py(),
        groups=groups.num_rows,
        small_groups=int(pc.sum(small).as_py() or 0),
        small_rows=int(pc.sum(sizes.filter(small)).as_py() or 0),
        uniform_groups=0 if diversity is None else int(pc.sum(pc.less(diversity, l)).as_py() or 0),
        risk=groups.num_rows / columns.num_rows,
    )


def _diversity(groups: pa.Table, sensitive: tuple[str, ...]) -> pa.ChunkedArray | None:
    """The least number of different values over the sensitive columns, for each group."""
    if not sensitive:
        return None
    counts = [groups.column(f"{name}_count_distinct") for name in sensitive]
    return pc.min_element_wise(*counts)
