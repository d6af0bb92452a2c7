"""The difference told from two files is the one that comparing all rows gives, or none is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.plan.test_rows import AMOUNT, COLUMNS, written
from vidkryto.plan import delta as module
from vidkryto.plan.columns import Column
from vidkryto.plan.delta import delta
from vidkryto.plan.rows import compared

LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from('",;\'\t\x0b\x85')
CELL = st.none() | st.text(LETTERS, min_size=1, max_size=6)
ROWS = st.dictionaries(st.sampled_from("абвгґдеєж"), st.tuples(CELL, AMOUNT), min_size=1, max_size=8)
HEADER = ["id", "a", "n"]


def told(
    wanted: Path, shown: Path, rows: tuple[int, int], columns: tuple[Column, ...] = COLUMNS
) -> tuple[int, int, int] | None:
    """Rows added, changed and removed, as told from the files."""
    with delta(wanted, shown, columns, ("id",), rows) as found:
        return found.counts if found is not None else None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ROWS, after=ROWS)
def test_the_difference_is_that_of_the_full_comparison(
    tmp_path: Path, before: dict[str, tuple[str | None, str | None]], after: dict[str, tuple[str | None, str | None]]
) -> None:
    """Counts, samples, the rows to write as JSON and the keys of those that go; whatever stands in the cells."""
    old, new = (written(tmp_path, HEADER, [[key, *cells] for key, cells in rows.items()]) for rows in (before, after))
    with (
        delta(new, old, COLUMNS, ("id",), (len(after), len(before))) as found,
        compared(new, old, COLUMNS, ("id",)) as full,
    ):
        assert found is not None
        assert found.change() == full.change()
        assert list(found.packed("added", 9, 9999)) == list(full.packed("added", 9, 9999))
        assert list(found.packed("changed", 9, 9999)) == list(full.packed("changed", 9, 9999))
        assert [row["id"] for row in found.keys_removed()] == [key for key in before if key not in after]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([["1", "два\nрядки", "1"]], [["1", "два\nрядки", "2"]]),
        ([["1", "два\rрядки", "1"]], [["1", "два\rрядки", "2"]]),
        ([["1", "а", "1"]], [["1", "а", "1"], ["1", "а", "1"]]),
        ([["1", "а", "1"]], [["1", "а", "1"], ["2", "а", "не число"]]),
        ([["1", "а\x1fб", "1"]], [["1", "а\x1fб", "2"]]),
    ],
    ids=["a line end in a cell", "a carriage return in a cell", "a line twice", "no number", "the separator"],
)
def test_what_lines_cannot_tell_is_left_to_the_full_comparison(
    tmp_path: Path, before: list[list[str | None]], after: list[list[str | None]]
) -> None:
    """None is told; the full comparison reads it, or says what is wrong and in which row."""
    old, new = written(tmp_path, HEADER, before), written(tmp_path, HEADER, after)
    assert told(new, old, (len(after), len(before))) is None


def test_other_columns_another_number_of_rows_and_no_key_are_left_to_it_too(tmp_path: Path) -> None:
    """The file must be the one that was published, with the table's columns."""
    old, new = written(tmp_path, HEADER, [["1", "а", "1"]]), written(tmp_path, HEADER, [["1", "а", "2"]])
    assert told(new, old, (1, 1)) == (0, 1, 0)
    assert told(new, old, (1, 2)) is None
    assert told(written(tmp_path, ["id", "n", "a"], [["1", "1", "а"]]), old, (1, 1)) is None
    with delta(new, old, COLUMNS, (), (1, 1)) as found:
        assert found is None


def test_a_difference_that_is_large_is_left_to_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By lines, on either side, or by bytes."""
    few = written(tmp_path, HEADER, [["1", "а", "1"]])
    many = written(tmp_path, HEADER, [[str(n), "а", "1"] for n in range(9)])
    assert told(many, few, (9, 1)) == (8, 0, 0)
    monkeypatch.setattr(module, "MOST", 7)
    module._differing.cache_clear()
    assert told(many, few, (9, 1)) is None
    assert told(few, many, (1, 9)) is None
    monkeypatch.setattr(module, "MOST", 9)
    monkeypatch.setattr(module, "MOST_BYTES", 20)
    module._differing.cache_clear()
    assert told(many, few, (9, 1)) is None
