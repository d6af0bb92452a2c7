"""No hidden count can be worked out by an attacker who knows every total, linked tables and the last release."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import product

import pyarrow as pa
import pytest

from tests.disclosure.count_tables import count_table
from vidkryto.catalogue.classes import Cells
from vidkryto.disclosure.attacker import intervals
from vidkryto.disclosure.counts import CountTable, Key, read_counts
from vidkryto.disclosure.outcome import Previous
from vidkryto.disclosure.suppression import CellsOutcome, pose, protect_cells, suppress

RULE = Cells(counts="people", over=("district", "age"), threshold=10, width=5)
STUDY = 343 / 1800
"""Information lost in the study: cells hidden of all."""


def table(lines: list[tuple[str, ...]], over: tuple[str, ...] = ("district", "age")) -> pa.Table:
    return pa.table({name: [line[place] for line in lines] for place, name in enumerate((*over, "people"))})


def attack(columns: pa.Table, published: pa.Array, rule: Cells = RULE) -> list[int]:
    """Widths of the intervals that a fresh attacker derives from what is published alone."""
    truth = read_counts(columns, rule.counts, rule.over, rule.total)
    shown = read_counts(columns.set_column(2, "people", published), rule.counts, rule.over, rule.total)
    hidden = [key for key in truth.row_of if key not in shown.row_of]
    known = pose(truth, rule).knowledge(hidden)
    return [interval.width for interval in intervals(hidden, known).values()]


def study(seeds: range) -> tuple[int, int, int, list[int]]:
    """Cells, small ones, hidden ones and the widths the attacker is left with."""
    cells = small = hidden = 0
    widths: list[int] = []
    for seed in seeds:
        columns = count_table(seed)
        outcome = protect_cells(columns, RULE)
        cells, small, hidden = cells + 60, small + outcome.evidence["small"], hidden + outcome.hidden
        widths += attack(columns, outcome.column)
    return cells, small, hidden, widths


def test_tables_like_the_study_keep_every_hidden_cell_and_lose_less() -> None:
    """0 cells recovered exactly or within the width; no more than 1.5 times the study's loss of information."""
    cells, small, hidden, widths = study(range(12))
    print(f"\n{cells} cells, {small} small, {hidden} hidden ({hidden / cells:.1%}), narrowest {min(widths)}")
    assert min(widths) >= RULE.width
    assert hidden / cells <= 1.5 * STUDY


@pytest.mark.slow
def test_two_hundred_random_tables_keep_every_hidden_cell() -> None:
    """The same over 200 tables."""
    cells, small, hidden, widths = study(range(1000, 1200))
    print(f"\n{cells} cells, {small} small, {hidden} hidden ({hidden / cells:.1%}), narrowest {min(widths)}")
    assert sum(width < RULE.width for width in widths) == 0
    assert hidden / cells <= 1.5 * STUDY


def test_without_secondary_suppression_almost_every_small_cell_is_recovered() -> None:
    """Why the audit exists: hiding the small cells alone hides nothing."""
    recovered = total = 0
    for seed in range(10):
        counted = read_counts(count_table(seed), RULE.counts, RULE.over, RULE.total)
        problem = pose(counted, RULE)
        widths = [one.width for one in intervals(problem.primary, problem.knowledge(problem.primary)).values()]
        recovered, total = recovered + widths.count(0), total + len(widths)
    assert recovered / total > 0.5


def test_the_attacker_agrees_with_trying_every_table() -> None:
    """On a 3 by 3 table every possible completion is tried: the ends are the same."""
    numbers = {"а": (3, 11, 4), "б": (4, 2, 5), "в": (12, 1, 13)}
    lines = [(row, age, str(number)) for row, line in numbers.items() for age, number in zip("123", line, strict=True)]
    counted = read_counts(table(lines), "people", ("district", "age"), "Всього")
    result = suppress(pose(counted, RULE), 2)
    hidden = sorted(key for key in result.hidden if len(key) == 2)
    assert len(hidden) >= 4
    tried = list(completions(hidden, counted.truth))
    ends = {key: (min(one[key] for one in tried), max(one[key] for one in tried)) for key in hidden}
    assert {key: (result.intervals[key].low, result.intervals[key].high) for key in hidden} == ends


def completions(hidden: list[Key], truth: Mapping[Key, int]) -> Iterator[dict[Key, int]]:
    """Every way to fill the hidden cells so that all margins hold."""
    left = {(pair,): truth[(pair,)] for key in hidden for pair in key}
    for key, number in truth.items():
        if len(key) == 2 and key not in hidden:
            left = {margin: rest - number if margin[0] in key else rest for margin, rest in left.items()}
    yield from _fill(hidden, {}, left)


def _fill(hidden: list[Key], chosen: dict[Key, int], left: dict[Key, int]) -> Iterator[dict[Key, int]]:
    if len(chosen) == len(hidden):
        if not any(left.values()):
            yield chosen
        return
    key = hidden[len(chosen)]
    for value in range(min(left[(pair,)] for pair in key) + 1):
        rest = {margin: number - value if margin[0] in key else number for margin, number in left.items()}
        yield from _fill(hidden, {**chosen, key: value}, rest)


def test_suppression_is_the_same_in_every_run_and_for_every_order_of_rows() -> None:
    """Yesterday's and today's run hide the same cells, else their difference would show them."""
    columns = count_table(5)
    turned = columns.take(pa.array(range(columns.num_rows - 1, -1, -1)))
    one, other = protect_cells(columns, RULE), protect_cells(turned, RULE)
    assert one.column.to_pylist() == protect_cells(columns, RULE).column.to_pylist()
    assert one.column.to_pylist() == other.column.to_pylist()[::-1]


def test_a_small_margin_is_hidden_like_a_cell() -> None:
    """A district with four people in all: its row total tells as much as a cell."""
    lines = [
        ("а", "1", "4"),
        ("а", "2", "0"),
        ("б", "1", "40"),
        ("б", "2", "50"),
        ("в", "1", "70"),
        ("в", "2", "80"),
        ("а", "Всього", "4"),
        ("б", "Всього", "90"),
        ("в", "Всього", "150"),
        ("Всього", "Всього", "244"),
    ]
    outcome = protect_cells(table(lines), RULE)
    assert outcome.column.to_pylist()[6] == ""
    assert outcome.evidence["unprotected"] == 0


def test_what_cannot_be_protected_is_told() -> None:
    """One district: its only number is the known total."""
    outcome = protect_cells(table([("а", "1", "4"), ("а", "2", "300")]), RULE)
    assert [problem.code for problem in outcome.problems] == ["cells-suppressed", "cells-recoverable"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([("а", "1", "4.5")], "not a whole number"),
        ([("а", "1", "-4")], "not a whole number"),
        ([("а", "1", "4"), ("а", "1", "5")], "repeated"),
        ([("а", "1", "4"), ("а", "Всього", "5")], "not the sum"),
    ],
)
def test_a_table_that_does_not_add_up_is_not_protected_but_refused(lines: list[tuple[str, ...]], words: str) -> None:
    """Wrong sums would give the attacker another system than the one audited."""
    (problem, *_) = protect_cells(table(lines), RULE).problems
    assert problem.code == "cells-not-counts"
    assert words in problem.words["reason_en"]


def test_a_linked_table_with_a_shared_margin_gives_nothing_away() -> None:
    """District by age and district by sex share the districts: both are audited in one system."""
    ages = [
        (d, a, n)
        for d, row in zip(
            "абвг", (("3", "40", "60"), ("50", "8", "70"), ("90", "35", "44"), ("61", "72", "33")), strict=True
        )
        for a, n in zip("123", row, strict=True)
    ]
    first = protect_cells(table(ages), RULE)
    sums = {d: sum(int(n) for e, _, n in ages if e == d) for d in "абвг"}
    sexes = [
        (d, s, str(n))
        for d, men in zip("абвг", (45, 60, 80, 5), strict=True)
        for s, n in (("ч", men), ("ж", sums[d] - men))
    ]
    rule = Cells(counts="people", over=("district", "sex"), threshold=10, width=5)
    second = protect_cells(table(sexes, ("district", "sex")), rule, linked=(first.published,))
    assert second.evidence["unprotected"] == 0
    assert min(second.narrowest, first.narrowest) >= 5


def test_a_table_that_counts_something_else_is_not_linked() -> None:
    """Two tables of a dataset whose totals differ share no sums: each is protected by itself."""
    first = protect_cells(count_table(1), RULE)
    alone, beside = protect_cells(count_table(2), RULE), protect_cells(count_table(2), RULE, linked=(first.published,))
    assert alone.column.equals(beside.column)


def test_yesterdays_number_hidden_today_is_told() -> None:
    """A number that the last release showed and that did not change is not hidden by emptying it today."""
    columns = count_table(3)
    whole = read_counts(columns, "people", ("district", "age"), "Всього")
    outcome = protect_cells(columns, RULE, earlier=(CountTable(whole.over, dict(whole.truth)),))
    assert outcome.problems[-1].code == "suppression-undone"
    assert outcome.problems[-1].count == outcome.hidden


def test_a_number_hidden_yesterday_stays_hidden_today() -> None:
    """With a lower threshold today, yesterday's hidden cells would come to light; nothing changed, so they stay."""
    columns = count_table(3)
    yesterday = protect_cells(columns, RULE)
    stored = CountTable.from_json(yesterday.published.to_json())
    relaxed = RULE.model_copy(update={"threshold": 3})
    today = protect_cells(columns, relaxed, earlier=(stored,))
    hidden = {place for place, value in enumerate(yesterday.column.to_pylist()) if value == ""}
    assert hidden <= {place for place, value in enumerate(today.column.to_pylist()) if value == ""}
    assert not any(problem.code == "suppression-undone" for problem in today.problems)


def test_a_running_total_hides_what_three_new_people_would_show() -> None:
    """40 yesterday, 43 today: the difference is three people."""
    before = [
        ("а", "1", "40"),
        ("а", "2", "60"),
        ("б", "1", "50"),
        ("б", "2", "70"),
        ("в", "1", "80"),
        ("в", "2", "90"),
    ]
    after = [
        ("а", "1", "43"),
        ("а", "2", "90"),
        ("б", "1", "80"),
        ("б", "2", "99"),
        ("в", "1", "120"),
        ("в", "2", "130"),
    ]
    rule = RULE.model_copy(update={"running_total": True})
    yesterday = protect_cells(table(before), rule)
    today = protect_cells(table(after), rule, earlier=(CountTable.from_json(yesterday.published.to_json()),))
    assert today.column.to_pylist()[0] == ""
    assert today.narrowest >= 5
    assert protect_cells(table(after), RULE, earlier=(yesterday.published,)).hidden == 0


def _released(tables: list[pa.Table], rule: Cells) -> tuple[Previous, list[CellsOutcome]]:
    """One release after the other, each knowing what was kept of those before, as the pipeline keeps it."""
    known, outcomes = Previous(), []
    for columns in tables:
        outcome = protect_cells(columns, rule, earlier=known.releases[: rule.releases])
        known = Previous.from_json(
            Previous({}, outcome.published, known.followed_by(outcome.published, rule.releases)).to_json()
        )
        outcomes.append(outcome)
    return known, outcomes


def test_what_the_day_before_yesterday_hid_stays_hidden_when_its_sums_are_back() -> None:
    """Yesterday's table was another one; today's is that of the day before, under a weaker threshold."""
    _, (first, _other) = _released([count_table(3), count_table(5)], RULE)
    relaxed = RULE.model_copy(update={"threshold": 3})
    known, _ = _released([count_table(3), count_table(5)], RULE)
    today = protect_cells(count_table(3), relaxed, earlier=known.releases)
    hidden = {place for place, value in enumerate(first.column.to_pylist()) if value == ""}
    assert hidden <= {place for place, value in enumerate(today.column.to_pylist()) if value == ""}
    only_yesterday = protect_cells(count_table(3), relaxed, earlier=known.releases[:1])
    assert not hidden <= {place for place, value in enumerate(only_yesterday.column.to_pylist()) if value == ""}


def _small_steps(seed: int, rule: Cells) -> int:
    """How often two of five releases of a growing table show a number that differs by a few people."""
    chance = random.Random(seed)
    counts = {(district, age): chance.randrange(10, 200) for district in "абвгґд" for age in "1234"}
    days = []
    for _ in range(5):
        days.append(table([(district, age, str(number)) for (district, age), number in counts.items()]))
        counts = {key: number + chance.choice((0, 4, 7, 12, 30)) for key, number in counts.items()}
    _, outcomes = _released(days, rule)
    shown = [[int(text) if text else None for text in one.column.to_pylist()] for one in outcomes]
    assert any(number is not None for number in shown[-1])
    return sum(
        sooner is not None and later is not None and 0 < later - sooner < rule.threshold
        for place, day in enumerate(shown)
        for after in shown[place + 1 :]
        for sooner, later in zip(day, after, strict=True)
    )


def test_no_two_releases_of_a_running_total_differ_by_a_few_people() -> None:
    """Whichever two of five somebody subtracts: yesterday minus today, and the day before minus today."""
    rule = RULE.model_copy(update={"running_total": True})
    assert [_small_steps(seed, rule) for seed in range(3)] == [0] * 3
    forgetful = rule.model_copy(update={"releases": 1})
    assert sum(_small_steps(seed, forgetful) for seed in range(3)) > 0


def test_a_release_that_says_the_same_is_remembered_once_and_the_oldest_is_forgotten() -> None:
    """The memory is as long as declared, and counts different tables."""
    tables = [protect_cells(count_table(seed), RULE).published for seed in (1, 1, 2, 3, 4)]
    known = Previous()
    for cells in tables:
        known = Previous({}, cells, known.followed_by(cells, 3))
    assert [one.values for one in known.releases] == [tables[place].values for place in (4, 3, 2)]


def test_the_stored_table_holds_no_hidden_number() -> None:
    """What is kept for the next release is what is public."""
    outcome = protect_cells(count_table(4), RULE)
    stored = CountTable.from_json(outcome.published.to_json())
    assert stored.truth == {}
    assert list(stored.values.values()).count(None) == outcome.hidden
    assert "truth" not in repr(outcome.published)


def test_three_dimensions_are_protected_too() -> None:
    """District by age by sex with every margin known."""
    lines = [
        (d, a, s, str(n))
        for (d, a, s), n in zip(
            product("абвг", "123", "жч"),
            [4, 30, 25, 41, 60, 22, 35, 7, 52, 44, 31, 28, 66, 51, 47, 3, 38, 90, 27, 33, 45, 62, 58, 71],
            strict=True,
        )
    ]
    rule = Cells(counts="people", over=("district", "age", "sex"), threshold=10, width=5)
    outcome = protect_cells(table(lines, ("district", "age", "sex")), rule)
    assert outcome.evidence["unprotected"] == 0
    assert outcome.narrowest >= 5


@pytest.mark.slow
def test_a_large_table_is_protected_in_seconds() -> None:
    """40 by 25 cells with margins: many cells are mended in one round."""
    columns = count_table(3, 40, 25)
    outcome = protect_cells(columns, RULE)
    assert outcome.evidence["unprotected"] == 0
    assert min(attack(columns, outcome.column)) >= RULE.width
