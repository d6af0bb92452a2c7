"""k and l as the literature defines them, compared with a plain count."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from vidkryto.disclosure.anonymity import NOTHING, anonymity

ROWS = st.lists(
    st.tuples(st.sampled_from("абв"), st.sampled_from("12"), st.sampled_from("xyz")), min_size=1, max_size=40
)


@settings(max_examples=80, deadline=None)
@given(ROWS)
def test_k_and_l_equal_a_plain_count(rows: list[tuple[str, str, str]]) -> None:
    """Group by hand, count rows and different sensitive values."""
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(("district", "sex", "illness"))})
    groups = defaultdict(list)
    for district, sex, illness in rows:
        groups[district, sex].append(illness)
    measured = anonymity(table, ("district", "sex"), ("illness",), k=3, l=2)
    assert measured.k == min(map(len, groups.values()))
    assert measured.l == min(len(set(values)) for values in groups.values())
    assert measured.small_rows == sum(len(values) for values in groups.values() if len(values) < 3)
    assert measured.uniform_groups == sum(len(set(values)) < 2 for values in groups.values())
    assert measured.risk == len(groups) / len(rows)


def test_without_quasi_identifiers_nothing_is_measured() -> None:
    """A table without people needs no k."""
    assert anonymity(pa.table({"a": ["1"]}), (), (), k=5, l=2) == NOTHING
