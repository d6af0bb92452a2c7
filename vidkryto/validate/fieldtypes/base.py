"""What a field type tells the validator: which texts it accepts outright, and how accepted cells compare.

An acceptance is *sound*, not complete: a text that it accepts is accepted by frictionless' reader of the same field
without a note, and is not missing. Everything else is read by frictionless itself, once for each distinct text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import pyarrow as pa
from frictionless import Field

from vidkryto.validate.arrays import Mask, both
from vidkryto.validate.textcolumn import TextColumn

Shape = Callable[[TextColumn], Mask | None]
"""Which cells have the form of the type; None for all of them."""
NumberTest = Callable[[Any], Mask]
"""Which numbers of an Arrow array pass."""
KeyKind = Literal["integer", "decimal", "text"]
"""How accepted cells are compared by keys: as 64-bit integers, as numbers of at most 15 digits, or as text."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The test of one field over a whole column.

    `cheap` tells that the test costs less than finding the distinct texts of the column.
    """

    shape: Shape
    missing: tuple[str, ...] = ()
    tests: tuple[Shape, ...] = ()
    numbers: Any = None
    number_tests: tuple[NumberTest, ...] = ()
    key: KeyKind | None = None
    cheap: bool = False

    def accepted(self, column: TextColumn) -> Mask | None:
        """Which cells are certainly valid and not missing; None for all of them."""
        mask = self.shape(column)
        if self.missing:
            mask = both(mask, ~column.among(list(self.missing)))
        for test in self.tests:
            mask = both(mask, test(column))
        if self.number_tests:
            values = column.numbers(mask, self.numbers)
            for number_test in self.number_tests:
                mask = both(mask, number_test(values))
        return None if mask is not None and mask.all() else mask


@dataclass(slots=True)
class Draft:
    """An acceptance in the making; constraints add to it."""

    shape: Shape
    key: KeyKind | None
    numbers: Any = None
    cheap: bool = False
    tests: list[Shape] = field(default_factory=list)
    number_tests: list[NumberTest] = field(default_factory=list)


class FieldType:
    """One Table Schema type. A subclass in a file of this folder, with its `name`, is all that a type needs."""

    name: ClassVar[str]
    """The `type` of Table Schema."""

    def draft(self, field: Field) -> Draft | None:
        """The form of accepted cells of this field; None when only frictionless' reader can tell."""
        del field
        return None

    def constrain(self, draft: Draft, field: Field, name: str, value: Any) -> bool:
        """Add the constraint `name` to `draft`. False when it cannot be tested in columns."""
        del draft, field, name, value
        return False

    def arrow_type(self, field: Field) -> Any:
        """The Arrow type of the values of a valid column; None when they are kept as canonical text."""
        del field
        return None

    def write(self, value: Any, field: Field) -> str:
        """The canonical Table Schema text of a value that frictionless read."""
        del field
        return str(value)

    def is_canonical(self, column: TextColumn, field: Field) -> bool:
        """Whether every accepted cell of `column` already is its own canonical text."""
        del column, field
        return False


REGISTRY: dict[str, FieldType] = {}


def register(kind: type[FieldType]) -> type[FieldType]:
    """Make a field type known under its name; used as a class decorator."""
    REGISTRY[kind.name] = kind()
    return kind


def missing_values(field: Field) -> list[str]:
    """The missing values that frictionless applies to `field`: its own, else the schema's."""
    if not field.has_defined("missing_values") and field.schema:
        return list(field.schema.missing_values)
    return list(field.missing_values)


def constraints(field: Field) -> dict[str, Any]:
    """The constraints that frictionless' reader of `field` checks."""
    return {
        name: field.constraints[name] for name in field.supported_constraints if field.constraints.get(name) is not None
    }


def acceptance(field: Field, categories: frozenset[Any] | None = None) -> Acceptance | None:
    """The acceptance of `field` with all its constraints, and with its categories where they are checked; None when
    its cells must all be read by frictionless."""
    kind = REGISTRY.get(field.type)
    draft = kind.draft(field) if kind else None
    if kind is None or draft is None:
        return None
    for name, value in constraints(field).items():
        if name != "required" and not kind.constrain(draft, field, name, value):
            return None
    if categories is not None and not kind.constrain(draft, field, "enum", list(categories)):
        return None
    return Acceptance(
        shape=draft.shape,
        missing=missing_among(draft.shape, tuple(missing_values(field))),
        tests=tuple(draft.tests),
        numbers=draft.numbers,
        number_tests=tuple(draft.number_tests),
        key=draft.key,
        cheap=draft.cheap,
    )


@lru_cache(maxsize=1024)
def missing_among(shape: Shape, values: tuple[str, ...]) -> tuple[str, ...]:
    """The missing values that the form of a type would accept, and that must be left to the reader."""
    if not values:
        return ()
    accepted = shape(TextColumn(pa.array(values, pa.string())))
    return tuple(value for position, value in enumerate(values) if accepted is None or accepted[position])
