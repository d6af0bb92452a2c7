"""Classes of columns: what a contract says about the people behind each field, and what is done before publication."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from vidkryto.catalogue.model import Block


class ClassName(StrEnum):
    """The six classes. A field without one blocks its resource."""

    OPEN = "open"
    """Says nothing about a person."""
    IDENTIFIER = "identifier"
    """Names a person by itself: tax number, passport, phone, e-mail, full name."""
    QUASI = "quasi"
    """Names a person together with others: age, sex, street."""
    SENSITIVE = "sensitive"
    """What must not be learnt about a person: health, benefit, displacement, veteran status."""
    GEO = "geo"
    """A place: coordinates or geometry, checked against the polygons of the deny list."""
    FREE_TEXT = "free_text"
    """Words typed by a person; every cell is searched."""


LONG_NAMES = {
    "direct identifier": ClassName.IDENTIFIER,
    "quasi identifier": ClassName.QUASI,
    "geographic": ClassName.GEO,
    "geographical": ClassName.GEO,
    "free text": ClassName.FREE_TEXT,
}
"""The names of the statistical literature, accepted beside the short ones; hyphen, underscore and space are equal."""

OPENNESS = (
    ClassName.IDENTIFIER,
    ClassName.SENSITIVE,
    ClassName.FREE_TEXT,
    ClassName.QUASI,
    ClassName.GEO,
    ClassName.OPEN,
)
"""From the most closed to the most open; a step to the right needs two people, a reason and an expiry."""


class Action(StrEnum):
    """What happens to the values of a column before publication."""

    KEEP = "keep"
    DROP = "drop"
    HASH = "hash"
    MASK = "mask"
    BLOCK = "block"


DEFAULT_ACTIONS = {
    ClassName.OPEN: Action.KEEP,
    ClassName.IDENTIFIER: Action.DROP,
    ClassName.QUASI: Action.KEEP,
    ClassName.SENSITIVE: Action.DROP,
    ClassName.GEO: Action.KEEP,
    ClassName.FREE_TEXT: Action.BLOCK,
}
"""What a bare class means: the safe choice."""

ALLOWED_ACTIONS = {
    ClassName.OPEN: frozenset({Action.KEEP, Action.DROP}),
    ClassName.IDENTIFIER: frozenset({Action.DROP, Action.HASH}),
    ClassName.QUASI: frozenset({Action.KEEP, Action.DROP, Action.HASH}),
    ClassName.SENSITIVE: frozenset({Action.KEEP, Action.DROP}),
    ClassName.GEO: frozenset({Action.KEEP, Action.DROP}),
    ClassName.FREE_TEXT: frozenset({Action.BLOCK, Action.MASK, Action.DROP}),
}


def _class_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    plain = re.sub(r"[\s_-]+", " ", value.strip().casefold())
    return LONG_NAMES.get(plain) or plain.replace(" ", "_")


def _metres(value: Any) -> Any:
    """`250`, `"250 m"` and `"0.5 km"` as metres."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(m|м|km|км)?\s*", value)):
        return float(match[1]) * (1000 if match[2] in ("km", "км") else 1)
    return value


def _days(value: Any) -> Any:
    """`30` and `"30d"` as days."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+)\s*(?:d|д|days?|дн\w*)?\s*", value)):
        return int(match[1])
    return value


def _one_way(ways: Generalise) -> Generalise:
    if sum(bool(way) for way in (ways.age_band, ways.date, ways.address, ways.groups)) != 1:
        raise ValueError("generalise wants exactly one of age_band, date, address, groups")
    return ways


class DatePart(StrEnum):
    """To what a date is generalised."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class AddressPart(StrEnum):
    """To what an address is generalised."""

    STREET = "street"
    SETTLEMENT = "settlement"


class Generalise(Block):
    """Replace a value by a wider one; exactly one of the ways."""

    age_band: int | None = Field(default=None, ge=2, le=50)
    """Width of age bands in years: 10 gives `30-39`. Of a date of birth the age today is taken."""
    date: DatePart | None = None
    """`2024-03-05` becomes `2024-03`, `2024-Q1` or `2024`."""
    address: AddressPart | None = None
    """`вул. Соборна, 24, кв. 15` becomes `вул. Соборна`."""
    groups: Mapping[str, tuple[str, ...]] | None = None
    """New value → the values it stands for; a value that stands nowhere becomes `Інше`."""


class Snap(Block):
    """Move a point to the middle of a grid cell; the coordinate's true decimals do not survive."""

    grid: Annotated[float, BeforeValidator(_metres), Field(ge=10, le=50_000)]
    """Size of a grid cell in metres."""
    pair: str = Field(alias="with")
    """The field that holds the other coordinate; it is snapped together with this one."""
    people: bool = False
    """The points are homes or whereabouts of people: a cell with too few addresses is left empty."""
    addresses: int = Field(default=8, ge=2)
    """How many different addresses must share a cell of people (data.police.uk: 8)."""


class TopCode(Block):
    """Replace everything above a limit by one label, so that the extreme person does not stand out."""

    above: float
    label: str = ""
    """What stands instead; without it `> limit`."""


class ColumnClass(Block):
    """The class of one column, written as a bare word (`open`) or with what is done to it."""

    name: Annotated[ClassName, BeforeValidator(_class_name)] = Field(alias="class")
    action: Action | None = None
    """Without it the safe default of the class: identifier and sensitive drop, free text blocks."""
    generalise: Annotated[Generalise, AfterValidator(_one_way)] | None = None
    round: float | None = Field(default=None, gt=0)
    """Round numbers to the nearest multiple of this."""
    top_code: TopCode | None = None
    snap: Snap | None = None
    delay: Annotated[int, BeforeValidator(_days), Field(ge=1, le=3650)] | None = None
    """Withhold rows whose date in this column is younger than so many days."""

    @model_validator(mode="before")
    @classmethod
    def _bare_word(cls, value: Any) -> Any:
        return {"class": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _sensible(self) -> ColumnClass:
        if self.action and self.action not in ALLOWED_ACTIONS[self.name]:
            allowed = ", ".join(sorted(ALLOWED_ACTIONS[self.name]))
            raise ValueError(
                f"a column of class {self.name.value} cannot be {self.action.value}; wanted one of {allowed}"
            )
        if self.snap and self.name is not ClassName.GEO:
            raise ValueError(f"snap is for columns of class geo, not {self.name.value}")
        ways = [way for way in (self.generalise, self.round, self.top_code, self.snap) if way is not None]
        if len(ways) > 1:
            raise ValueError("wanted at most one of generalise, round, top_code, snap")
        if ways and self.action in (Action.DROP, Action.HASH, Action.MASK):
            raise ValueError(f"action {self.action.value} leaves nothing to transform; remove one of the two")
        if ways and self.name in (ClassName.IDENTIFIER, ClassName.FREE_TEXT):
            raise ValueError(f"a column of class {self.name.value} cannot be transformed; class it quasi, or drop it")
        return self

    @property
    def transformed(self) -> bool:
        """Whether the published value differs from the one in the export."""
        return any(way is not None for way in (self.generalise, self.round, self.top_code, self.snap))

    @property
    def effective_action(self) -> Action:
        """The declared action, or the safe default of the class; a declared transformation keeps the column."""
        if self.action:
            return self.action
        return Action.KEEP if self.transformed else DEFAULT_ACTIONS[self.name]

    @property
    def protected(self) -> bool:
        """Whether a value of the export may never be quoted in a finding, a log or a report."""
        return (
            self.name not in (ClassName.OPEN, ClassName.GEO) or self.transformed or self.effective_action is Action.DROP
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """In an editor both spellings are right: the bare word and the block."""
        block = handler(core)
        words = [name.value for name in ClassName] + [name.replace(" ", "-") for name in LONG_NAMES]
        return {"anyOf": [{"type": "string", "enum": words}, block]}


class Cells(Block):
    """A table of counts of people: which numbers are hidden, and how well."""

    counts: str
    """The field with the number of people."""
    over: tuple[str, ...] = Field(min_length=1)
    """The fields that say who is counted: district, age, sex."""
    total: str = "Всього"
    """The word that marks a total row in a field of `over`."""
    threshold: int = Field(default=10, ge=2)
    """Counts from 1 up to this, not included, are hidden (ONS: 10)."""
    width: int = Field(default=5, ge=1)
    """An attacker who knows every margin may not narrow a hidden number to an interval below this width."""
    running_total: bool = False
    """The numbers only grow: the difference from an earlier release is itself a count of people."""
    releases: int = Field(default=12, ge=1, le=400)
    """So many earlier releases of the table the attacker has kept and compares with today's."""


class DisclosureRules(Block):
    """The block `publication.disclosure`: thresholds of the statistics."""

    k: int = Field(default=5, ge=1)
    """At least so many rows share each combination of quasi-identifiers."""
    l: int = Field(default=2, ge=1)  # noqa: E741 - l-diversity has this name in the literature
    """At least so many different sensitive values in each of these groups."""
    cells: Cells | None = None


def cells_loosened(before: Cells, after: Cells | None) -> bool:
    """Whether fewer numbers are hidden, or less well, than before."""
    if after is None or (before.running_total and not after.running_total):
        return True
    lower = (after.threshold < before.threshold, after.width < before.width, after.releases < before.releases)
    return any(lower) or len(after.over) < len(before.over)


def strictest(before: DisclosureRules, after: DisclosureRules) -> DisclosureRules:
    """Of each threshold the one that publishes less; counts that other rules hide now stay those of before."""
    cells = after.cells
    if before.cells and (cells is None or cells.counts != before.cells.counts or cells_loosened(before.cells, cells)):
        cells = before.cells
    return DisclosureRules(k=max(before.k, after.k), l=max(before.l, after.l), cells=cells)


def towards_open(before: ColumnClass, after: ColumnClass) -> bool:
    """Whether the change publishes more than before: a more open class, or a weaker action or transformation."""
    if OPENNESS.index(after.name) > OPENNESS.index(before.name):
        return True
    strength = (Action.KEEP, Action.MASK, Action.HASH, Action.BLOCK, Action.DROP)
    if strength.index(after.effective_action) < strength.index(before.effective_action):
        return True
    if after.effective_action in (Action.DROP, Action.BLOCK):
        return False
    if (before.delay or 0) > (after.delay or 0):
        return True
    return before.transformed and _ways(before) != _ways(after)


def _ways(column: ColumnClass) -> tuple[object, ...]:
    return column.generalise, column.round, column.top_code, column.snap
