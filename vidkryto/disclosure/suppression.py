"""Small counts hidden, and as many more as it takes that nobody works them out from the totals.

Primary suppression by a threshold, secondary suppression by a linear programme that looks for the cheapest set of
cells among which a hidden number can move by the wanted width (after Kelly, Golden and Assad 1992), then cells that
turned out unnecessary are shown again, and the attacker audits the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from vidkryto.catalogue.classes import Cells
from vidkryto.disclosure.attacker import UNBOUNDED, Interval, Knowledge, connected, intervals, narrow
from vidkryto.disclosure.counts import Counted, CountTable, Key, Relation, read_counts, sums

MOVED = 1e-6
MANY = 25
"""So many unprotected cells are mended in one round; fewer one by one, which hides a little less."""
LARGE = 400
"""Above so many hidden cells none is shown again: the audits would take minutes."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Which cells are hidden, and what the attacker still learns."""

    primary: frozenset[Key] = field(repr=False)
    hidden: frozenset[Key] = field(repr=False)
    intervals: Mapping[Key, Interval] = field(repr=False)
    unprotected: frozenset[Key] = field(repr=False)

    @property
    def narrowest(self) -> int | None:
        """Width of the narrowest interval; None when nothing is hidden or nothing limits it."""
        widths = [interval.width for interval in self.intervals.values() if interval.high < UNBOUNDED]
        return min(widths, default=None)


@dataclass(slots=True)
class Problem:
    """A system of cells and sums with what is fixed: what must be hidden, what cannot be hidden any more."""

    truth: Mapping[Key, int] = field(repr=False)
    relations: tuple[Relation, ...] = field(repr=False)
    primary: frozenset[Key] = field(repr=False)
    fixed: frozenset[Key] = field(default=frozenset(), repr=False)
    """Cells that are public already or that the attacker is taken to know; they cannot be hidden."""
    floor: Mapping[Key, int] = field(default_factory=dict, repr=False)
    """Least values the attacker knows: of a running total the last published number."""

    def knowledge(self, hidden: Iterable[Key]) -> Knowledge:
        """What the attacker knows when these cells are hidden."""
        gone = set(hidden)
        return Knowledge(
            self.relations, {key: number for key, number in self.truth.items() if key not in gone}, self.floor
        )


def suppress(problem: Problem, width: int) -> Suppression:
    """Hide the primary cells and a small set of others so that no hidden cell is narrowed below `width`."""
    hidden = set(problem.primary)
    unprotected: set[Key] = set()
    mover = _Mover(problem)
    while targets := [key for key in narrow(hidden, problem.knowledge(hidden), width) if key not in unprotected]:
        targets.sort(key=lambda key: (problem.truth[key], key))
        mended = targets if len(targets) > MANY else targets[:1]
        before = len(hidden)
        for target in mended:
            hidden |= mover.move(target, width, hidden)
        if len(hidden) == before:
            unprotected.update(mended)
    _show_again(problem, hidden, unprotected, width)
    found = intervals(hidden, problem.knowledge(hidden))
    weak = frozenset(key for key, interval in found.items() if interval.width < width)
    return Suppression(problem.primary, frozenset(hidden), found, weak)


def _show_again(problem: Problem, hidden: set[Key], unprotected: set[Key], width: int) -> None:
    """Show secondary cells, the largest numbers first, wherever all others stay protected without them."""
    if len(hidden) > LARGE:
        return
    for key in sorted(hidden - problem.primary, key=lambda key: (-problem.truth[key], key)):
        touched = next(group for group in connected(hidden, problem.relations) if key in group)
        rest = set(touched) - {key}
        if set(narrow(rest, problem.knowledge(hidden - {key}), width)) <= unprotected:
            hidden.discard(key)


class _Mover:
    """Finds the cheapest cells to hide so that a given cell can be larger by `width` than it is."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.keys = sorted(key for key in problem.truth if key not in problem.fixed)
        self.place = {key: number for number, key in enumerate(self.keys)}
        size = len(self.keys)
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        count = 0
        for relation in problem.relations:
            terms = [(self.place[key], 1.0) for key in relation.parts if key in self.place]
            if relation.total in self.place:
                terms.append((self.place[relation.total], -1.0))
            if terms:
                for column, value in terms:
                    rows += [count, count]
                    columns += [column, column + size]
                    values += [value, -value]
                count += 1
        self.balance = csr_matrix((values, (rows, columns)), shape=(count, 2 * size))
        self.down = [float(problem.truth[key] - problem.floor.get(key, 0)) for key in self.keys]

    def move(self, target: Key, width: int, hidden: set[Key]) -> set[Key]:
        """The cells that move when `target` grows by `width`; empty when it cannot."""
        size = len(self.keys)
        if target not in self.place:
            return set()
        cost = np.array([self._cost(number, key, hidden) for number, key in enumerate(self.keys)] * 2)
        bounds = [(0.0, None)] * size + [(0.0, limit) for limit in self.down]
        place = self.place[target]
        bounds[place], bounds[place + size] = (float(width), float(width)), (0.0, 0.0)
        solved = linprog(cost, A_eq=self.balance, b_eq=np.zeros(self.balance.shape[0]), bounds=bounds, method="highs")
        if solved.status != 0:
            return set()
        moved = solved.x[:size] + solved.x[size:] > MOVED
        return {key for key, one in zip(self.keys, moved, strict=True) if one}

    def _cost(self, number: int, key: Key, hidden: set[Key]) -> float:
        """Nothing for a hidden cell; about 1 for a shown one: a little more for large numbers, margins and zeros."""
        if key in hidden:
            return 0.0
        value = self.problem.truth[key]
        deepest = max(len(other) for other in self.keys)
        return (
            1.0 + 0.02 * math.log1p(value) + 2.0 * (deepest - len(key)) + (1.0 if value == 0 else 0.0) + 1e-7 * number
        )


@dataclass(frozen=True, slots=True)
class Trouble:
    """A finding to be made about the table of counts."""

    code: str
    count: int
    wanted: str | None = None
    words: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CellsOutcome:
    """What becomes of the column of counts."""

    column: pa.Array | None = field(default=None, repr=False)
    published: CountTable | None = field(default=None, repr=False)
    problems: tuple[Trouble, ...] = ()
    hidden: int = 0
    narrowest: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


_DEFECTS = {
    "not-whole": ("кількість не є цілим невід’ємним числом", "a count is not a whole number of 0 or more"),
    "repeated": ("комірка таблиці повторюється", "a cell of the table is repeated"),
    "sum": ("підсумок не дорівнює сумі частин", "a total is not the sum of its parts"),
    "unsolved": ("перевірка не знайшла розв’язку", "the audit found no solution"),
    "too-large": ("таблиця завелика для перевірки", "the table is too large to be audited"),
}


def protect_cells(
    columns: pa.Table, rule: Cells, *, linked: tuple[CountTable, ...] = (), earlier: tuple[CountTable, ...] = ()
) -> CellsOutcome:
    """Hide the small counts of a table, with linked tables and earlier releases in the attacker's hands."""
    counted = read_counts(columns, rule.counts, rule.over, rule.total)
    if counted.defects:
        return CellsOutcome(problems=tuple(_defect(name, count) for name, count in sorted(counted.defects.items())))
    problem = pose(counted, rule, linked=linked, earlier=earlier)
    try:
        result = suppress(problem, rule.width)
    except ArithmeticError:
        return CellsOutcome(problems=(_defect("unsolved", 1),))
    undone = _undone(result, earlier, counted, rule)
    troubles = _troubles(result, undone, rule)
    own = {key for key in result.hidden if key in counted.row_of}
    return CellsOutcome(
        column=_emptied(columns, rule.counts, {counted.row_of[key] for key in own}),
        published=CountTable(
            counted.over,
            {key: None if key in result.hidden else counted.truth[key] for key in counted.row_of},
            dict(counted.truth),
        ),
        problems=troubles,
        hidden=len(own),
        narrowest=result.narrowest,
        evidence={
            "cells": len(counted.row_of),
            "small": len(result.primary & own),
            "hidden": len(own),
            "narrowest_interval": result.narrowest,
            "unprotected": len(result.unprotected),
            "given_away_by_earlier_releases": undone,
            "earlier_releases": len(earlier),
        },
    )


def pose(
    counted: Counted, rule: Cells, *, linked: tuple[CountTable, ...] = (), earlier: tuple[CountTable, ...] = ()
) -> Problem:
    """The problem of a table: small cells, what linked tables show or hide, what earlier releases showed or hid.

    A margin without a row of its own is taken to be known to the attacker, unless it is small itself.
    """
    truth = dict(counted.truth)
    primary = {key for key, number in truth.items() if 0 < number < rule.threshold}
    fixed = {key for key in truth if key not in counted.row_of and key not in primary}
    all_relations = list(counted.relations)
    for table in linked:
        if any(truth[key] != number for key, number in table.truth.items() if key in truth):
            continue  # it counts something else: not even the shared totals are equal
        for key, number in table.truth.items():
            truth.setdefault(key, number)
        shown = {key for key, number in table.values.items() if number is not None}
        primary |= {key for key in table.values if key not in shown}
        fixed |= {key for key in table.truth if key in shown or (key not in counted.truth and key not in primary)}
        all_relations += [relation for relation in _relations_of(table) if relation not in all_relations]
    floor: dict[Key, int] = {}
    for table in earlier:
        primary |= _kept_hidden(counted, table)
        if rule.running_total:
            shown_then = {
                key: number
                for key, number in table.values.items()
                if number is not None and number <= truth.get(key, -1)
            }
            primary |= {key for key, number in shown_then.items() if 0 < truth[key] - number < rule.threshold}
            floor = {key: max(number, floor.get(key, 0)) for key, number in (floor | shown_then).items()}
    primary -= fixed
    return Problem(truth, tuple(all_relations), frozenset(primary), frozenset(fixed), floor)


def _relations_of(table: CountTable) -> Iterable[Relation]:
    categories = {
        name: sorted({word for key in table.truth for one, word in key if one == name}) for name in table.over
    }
    return sums(table.truth, categories)


def _kept_hidden(counted: Counted, previous: CountTable) -> set[Key]:
    """Cells hidden in an earlier release whose sums are the same today: shown today, they would undo that release."""
    changed = {
        key for key, number in previous.values.items() if number is not None and counted.truth.get(key) != number
    }
    kept: set[Key] = set()
    for relation in counted.relations:
        cells = {relation.total, *relation.parts}
        if not cells & changed:
            kept |= {key for key in cells if key in previous.values and previous.values[key] is None}
    return kept & set(counted.row_of)


def _undone(result: Suppression, earlier: tuple[CountTable, ...], counted: Counted, rule: Cells) -> int:
    """Hidden numbers that an earlier release showed and that are still the same, or the same again."""
    if rule.running_total:
        return 0
    hidden = result.hidden & counted.row_of.keys()
    return sum(any(table.values.get(key) == counted.truth[key] for table in earlier) for key in hidden)


def _troubles(result: Suppression, undone: int, rule: Cells) -> tuple[Trouble, ...]:
    troubles = []
    if result.hidden:
        words = {
            "primary": len(result.primary & result.hidden),
            "secondary": len(result.hidden - result.primary),
            "narrowest": "—" if result.narrowest is None else result.narrowest,
        }
        troubles.append(Trouble("cells-suppressed", len(result.hidden), None, words))
    if result.unprotected:
        troubles.append(Trouble("cells-recoverable", len(result.unprotected), str(rule.width)))
    if undone:
        troubles.append(Trouble("suppression-undone", undone))
    return tuple(troubles)


def _defect(name: str, count: int) -> Trouble:
    uk, en = _DEFECTS[name]
    return Trouble("cells-not-counts", count, None, {"reason_uk": uk, "reason_en": en})


def _emptied(columns: pa.Table, name: str, rows: set[int]) -> pa.Array:
    return pa.array(
        ["" if row in rows else value for row, value in enumerate(columns.column(name).to_pylist())], pa.string()
    )
