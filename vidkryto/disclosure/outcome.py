"""What goes into the gate from the last release, and what comes out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pyarrow as pa

from vidkryto.catalogue.classes import OPENNESS, ColumnClass, DisclosureRules, strictest, towards_open
from vidkryto.disclosure.counts import CountTable
from vidkryto.findings import Finding, Severity
from vidkryto.read.table import HEADERS


@dataclass(frozen=True, slots=True)
class Previous:
    """What earlier releases said: classes and rules, and the published counts of all that are remembered."""

    classes: Mapping[str, ColumnClass] = field(default_factory=dict)
    cells: CountTable | None = None
    earlier: tuple[CountTable, ...] = ()
    """Published counts of the releases before the last one, newest first."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers under which each field ever stood, joined as `read` joins them."""
    rules: DisclosureRules | None = None
    """The thresholds; None where a release kept none."""

    @property
    def releases(self) -> tuple[CountTable, ...]:
        """Published counts, newest first."""
        return (*([self.cells] if self.cells else []), *self.earlier)

    def fields_of(self, name: str, header: str) -> tuple[str, ...]:
        """The fields that were this column: that of its name, and those that stood under one of its headers.

        So neither another name in the contract nor a release without the field makes a column a new one.
        """
        mine = _headers(header)
        return (name, *(other for other, told in self.headers.items() if other != name and mine & _headers(told)))

    def closed(self, name: str, header: str, declared: ColumnClass) -> ColumnClass | None:
        """The most closed class of the column against which the declared one is a step towards open; None without."""
        before = [self.classes[one] for one in self.fields_of(name, header) if one in self.classes]
        steps = [one for one in before if towards_open(one, declared)]
        return min(steps, key=lambda one: OPENNESS.index(one.name), default=None)

    def lasting(
        self, classes: Mapping[str, ColumnClass], headers: Mapping[str, str], rules: DisclosureRules
    ) -> Previous:
        """What the next release is compared with; its counts are those of this one.

        A class or a rule that moved towards open went out by an exception, which ends: the closed one stays, so that
        the day after its end the step is told again. So does the class of a field that is not published for a time.
        """
        kept = {name: self.closed(name, headers.get(name, ""), one) or one for name, one in classes.items()}
        stood = {
            name: HEADERS.join(dict.fromkeys([*filter(None, self.headers.get(name, "").split(HEADERS)), header]))
            for name, header in headers.items()
        }
        strict = strictest(self.rules, rules) if self.rules else rules
        return replace(self, classes={**self.classes, **kept}, headers={**self.headers, **stood}, rules=strict)

    def followed_by(self, cells: CountTable | None, remembered: int) -> tuple[CountTable, ...]:
        """What is `earlier` once `cells` are published; a release that says the same as the next one adds nothing."""
        kept: list[CountTable] = []
        newer = cells.values if cells else None
        for table in self.releases:
            if table.values != newer:
                kept.append(table)
            newer = table.values
        return tuple(kept[: max(remembered - 1, 0)])

    def to_json(self) -> str:
        """What the next release needs to know; all of it is public."""
        written = {
            name: one.model_dump(mode="json", by_alias=True, exclude_none=True) for name, one in self.classes.items()
        }
        return json.dumps(
            {
                "classes": written,
                "cells": self.cells.to_json() if self.cells else None,
                "earlier": [table.to_json() for table in self.earlier],
                "headers": dict(self.headers),
                "rules": self.rules.model_dump(mode="json") if self.rules else None,
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> Previous:
        """What `to_json` wrote."""
        stored = json.loads(text)
        classes = {name: ColumnClass.model_validate(one) for name, one in stored["classes"].items()}
        cells = CountTable.from_json(stored["cells"]) if stored["cells"] else None
        rules = DisclosureRules.model_validate(stored["rules"]) if stored.get("rules") else None
        earlier = tuple(map(CountTable.from_json, stored.get("earlier", ())))
        return cls(classes, cells, earlier, stored.get("headers", {}), rules)


def _headers(text: str) -> set[str]:
    """The headers in a joined text, for comparing; `#3` names a place and no column."""
    told = (" ".join(one.split()).casefold() for one in text.split(HEADERS))
    return {one for one in told if one and not one.startswith("#")}


@dataclass(frozen=True, slots=True)
class ResidualRisk:
    """What remains when everything declared is done; each number is about the published columns."""

    k: int = 0
    """Rows in the smallest group over the quasi-identifiers; 0 without quasi-identifiers."""
    l: int | None = None  # noqa: E741 - l-diversity has this name in the literature
    reidentification: float = 0.0
    """Mean chance to pick the right row of a person whose quasi-identifiers are known."""
    hidden_cells: int = 0
    narrowest_interval: int | None = None
    """Width of the narrowest interval the attacker derives for a hidden count."""
    excepted_cells: int = 0
    """Cells that contradict their class and are published by a recorded decision."""

    def measures(self) -> dict[str, int | float]:
        """The numbers that say something about this table; without people in it only the excepted cells do."""
        told: dict[str, int | float | None] = {
            "k": self.k or None,
            "l": self.l,
            "reidentification": self.reidentification if self.k else None,
            "hidden_cells": self.hidden_cells or None,
            "narrowest_interval": self.narrowest_interval,
            "excepted_cells": self.excepted_cells,
        }
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be published of one resource. When blocked, `columns` and `rows` are empty: nothing is left to leak."""

    columns: pa.Table = field(repr=False)
    rows: pa.Array = field(repr=False)
    findings: tuple[Finding, ...]
    residual_risk: ResidualRisk
    protected: frozenset[str] = field(repr=False)
    """Fields whose values of the export may never be quoted."""
    evidence: Mapping[str, Any]
    """Counts without values, ready for JSON: for the ledger and the report."""
    cells: CountTable | None = field(default=None, repr=False)
    """The published counts: pass them to the next linked resource, keep them for the next release."""
    withheld: pa.Table | None = field(default=None, repr=False)
    """The rows that a deny list closes, as read: what leaves a published table with them is told nowhere."""

    due: date | None = None
    """The first day on which a row that is delayed may go out."""

    @property
    def blocked(self) -> bool:
        """Whether an error stops the publication."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)
