"""Recorded exceptions: a contradiction that two named people decided to publish, with a reason and an end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

CLASS_CHANGE = "class-change"
"""The kind of an exception that lets the class of a field move towards open."""

LONGEST_DAYS = 366
"""An exception is decided again at least once a year."""


FORMULA = "formula"
"""The kind of an exception that lets text pass which a spreadsheet would run: a name that begins with a dash."""

DEFECTS = {
    "people": ("бракує другої особи", "a second person is missing"),
    "reason": ("бракує підстави", "the reason is missing"),
    "expired": ("строк минув", "it has expired"),
    "too-long": ("строк довший за рік", "its end is more than a year away"),
    "more-cells": ("комірок більше, ніж під час рішення", "there are more cells than when it was made"),
}
"""Why a decision does not hold, in Ukrainian and English."""


@dataclass(frozen=True, slots=True)
class Exemption:
    """A decision to publish what a detector or a rule contradicts. Kept in the ledger, never in the contract.

    It covers one kind in one field (`*`: any field) of one resource, and no more cells than were seen when it
    was decided.
    """

    resource: str
    field: str
    kind: str
    reason: str
    people: tuple[str, ...]
    until: date
    cells: int | None = None

    def defect(self, today: date) -> str:
        """Why the exemption does not hold: `people`, `reason`, `expired`, `too-long`; empty when it does."""
        if len({" ".join(person.split()).casefold() for person in self.people if person.strip()}) < 2:
            return "people"
        if len(self.reason.strip()) < 10:
            return "reason"
        if self.until < today:
            return "expired"
        return "too-long" if (self.until - today).days > LONGEST_DAYS else ""

    def to_entry(self) -> dict[str, Any]:
        """The decision as it stands in the ledger; names of people are those of officers, no cell is quoted."""
        return {
            "resource": self.resource, "field": self.field, "kind": self.kind, "reason": self.reason,
            "people": list(self.people), "until": self.until.isoformat(), "cells": self.cells,
        }  # fmt: skip

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> Exemption:
        """The decision that `to_entry` wrote."""
        return cls(
            entry["resource"], entry["field"], entry["kind"], entry["reason"], tuple(entry["people"]),
            date.fromisoformat(entry["until"]), entry.get("cells"),
        )  # fmt: skip

    def names(self, resource: str, field: str, kind: str) -> bool:
        """Whether the decision is about this."""
        return self.resource == resource and self.field in (field, "*") and self.kind == kind


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the exemptions say about one contradiction."""

    covered: bool
    defect: str = ""
    """Why an exemption that names the contradiction does not cover it."""


def verdict(
    exemptions: Iterable[Exemption], resource: str, field: str, kind: str, *, cells: int, today: date
) -> Verdict:
    """Whether a valid exemption covers so many cells of this kind in this field."""
    defect = ""
    for exemption in exemptions:
        if not exemption.names(resource, field, kind):
            continue
        defect = exemption.defect(today)
        if not defect and exemption.cells is not None and cells > exemption.cells:
            defect = "more-cells"
        if not defect:
            return Verdict(covered=True)
    return Verdict(covered=False, defect=defect)
