"""The attacker: a linear programme that derives what the published numbers say about each hidden one.

The interval audit of statistical disclosure control (Fischetti and Salazar 2000): for each hidden cell the least
and the greatest value that agree with every published number. Solved by HiGHS; the same input gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from vidkryto.disclosure.counts import Key, Relation

UNBOUNDED = 1_000_000_000
"""Stands for "no upper end": nothing published limits the number."""
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Interval:
    """Whole numbers between which the attacker can place a hidden one, ends included."""

    low: int
    high: int

    @property
    def width(self) -> int:
        """The distance between the ends; 0 is an exact recovery."""
        return self.high - self.low


@dataclass(slots=True)
class Knowledge:
    """Everything the attacker knows: published numbers, sums, and least values known beforehand."""

    relations: Sequence[Relation] = field(repr=False)
    known: Mapping[Key, int] = field(repr=False)
    floor: Mapping[Key, int] = field(default_factory=dict, repr=False)


class Attack:
    """The linear programme over one connected set of hidden cells, solved for one after the other.

    Every solution found bounds all cells at once, so most cells need no programme of their own.
    """

    def __init__(self, hidden: Sequence[Key], knowledge: Knowledge) -> None:
        self.keys = list(hidden)
        place = {key: number for number, key in enumerate(self.keys)}
        rows: list[int] = []
        columns: list[int] = []
        values: list[float] = []
        right: list[float] = []
        for relation in knowledge.relations:
            terms = [(place[key], 1.0) for key in relation.parts if key in place]
            if relation.total in place:
                terms.append((place[relation.total], -1.0))
            if not terms:
                continue
            known = sum(knowledge.known[key] for key in relation.parts if key not in place)
            rows += [len(right)] * len(terms)
            columns += [column for column, _ in terms]
            values += [value for _, value in terms]
            right.append(float((0 if relation.total in place else knowledge.known[relation.total]) - known))
        self._equal = csr_matrix((values, (rows, columns)), shape=(len(right), len(self.keys)))
        self._right = np.array(right)
        self._bounds = [(float(knowledge.floor.get(key, 0)), None) for key in self.keys]
        self._least = np.full(len(self.keys), np.inf)
        self._most = np.full(len(self.keys), -np.inf)

    def interval(self, number: int) -> Interval:
        """The exact interval of the cell at this place."""
        low = self._extreme(number, 1.0)
        high = self._extreme(number, -1.0)
        return Interval(int(np.ceil(low - ROUNDING)), UNBOUNDED if high == np.inf else int(np.floor(high + ROUNDING)))

    def at_least(self, number: int, width: int) -> bool:
        """Whether the interval is at least so wide; a cheap answer where earlier solutions suffice."""
        if self._most[number] - self._least[number] >= width - ROUNDING:
            return True
        self._extreme(number, -1.0)
        if self._most[number] - self._least[number] >= width - ROUNDING:
            return True
        self._extreme(number, 1.0)
        return bool(np.floor(self._most[number] + ROUNDING) - np.ceil(self._least[number] - ROUNDING) >= width)

    def _extreme(self, number: int, direction: float) -> float:
        aim = np.zeros(len(self.keys))
        aim[number] = direction
        solved = linprog(aim, A_eq=self._equal, b_eq=self._right, bounds=self._bounds, method="highs")
        if solved.status == 3:
            self._most[number] = np.inf
            return float(np.inf)
        if solved.status != 0:
            raise ArithmeticError(f"the programme of the attacker has no solution (status {solved.status})")
        self._least = np.minimum(self._least, solved.x)
        self._most = np.maximum(self._most, solved.x)
        return float(solved.x[number])


def connected(hidden: Iterable[Key], relations: Sequence[Relation]) -> list[list[Key]]:
    """Hidden cells in groups that share no sum with each other; each group is attacked by itself."""
    parent = {key: key for key in hidden}

    def root(key: Key) -> Key:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for relation in relations:
        tied = [key for key in (relation.total, *relation.parts) if key in parent]
        for key in tied[1:]:
            parent[root(key)] = root(tied[0])
    groups: dict[Key, list[Key]] = {}
    for key in sorted(parent):
        groups.setdefault(root(key), []).append(key)
    return [groups[key] for key in sorted(groups)]


def intervals(hidden: Iterable[Key], knowledge: Knowledge) -> dict[Key, Interval]:
    """What the attacker derives for every hidden cell."""
    found: dict[Key, Interval] = {}
    for group in connected(hidden, knowledge.relations):
        attack = Attack(group, knowledge)
        found.update({key: attack.interval(number) for number, key in enumerate(group)})
    return found


def narrow(hidden: Iterable[Key], knowledge: Knowledge, width: int) -> list[Key]:
    """The hidden cells whose interval is narrower than `width`."""
    found: list[Key] = []
    for group in connected(hidden, knowledge.relations):
        attack = Attack(group, knowledge)
        found += [key for number, key in enumerate(group) if not attack.at_least(number, width)]
    return found
