"""The outcome of a validation: findings as an Arrow table; frictionless' report is made of them on request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.validate.arrays import TEXT
from vidkryto.validate.found import ENCODED, FINDINGS

Engine = Literal["columnar", "frictionless"]
RowCells = Callable[[Sequence[int]], Mapping[int, Sequence[str]]]
"""The cells of some rows, by row number."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a frictionless report says of the source beside its errors, and how to look at rows again."""

    name: str = "memory"
    type: str = "table"
    place: str = "<memory>"
    labels: tuple[str, ...] = ()
    fields: int | None = None
    cells: RowCells | None = None
    """None when the errors are at hand as objects."""
    stats: Callable[[], Mapping[str, Any]] = dict
    """Size and hashes of the source."""
    foreign: tuple[Any, ...] = ()
    schema_fields: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Validation:
    """Findings on one table, in frictionless' order.

    `engine` tells who read the rows: "columnar" is this package, "frictionless" means that the source lies outside
    the proven ground, for the `reason` given. `stopped` tells that `limit_errors` was reached: there may be more.
    """

    findings: Any
    rows: int
    engine: Engine = "columnar"
    reason: str = ""
    stopped: bool = False
    limit: int = 0
    seconds: float = 0.0
    warnings: tuple[str, ...] = ()
    head: tuple[Any, ...] = field(default=(), repr=False)
    """frictionless' errors on the source and its header, which come first in `findings`."""
    tail: tuple[Any, ...] = field(default=(), repr=False)
    """frictionless' errors on the whole source, which come last."""
    origin: Origin = field(default_factory=Origin, repr=False)
    places: Any = field(default=None, repr=False)
    """Where the rows of findings stand in the source, when that is not what `row` says."""
    told: Any = field(default=None, repr=False)
    """The report itself where frictionless made it."""

    @property
    def valid(self) -> bool:
        """Whether nothing was found."""
        return len(self.findings) == 0

    def report(self) -> Any:
        """The same as a frictionless Report object; the rows with findings are looked up again for their cells."""
        from vidkryto.validate.report import make_report

        return make_report(self)

    def report_descriptor(self) -> dict[str, Any]:
        """The report as JSON would hold it."""
        descriptor: dict[str, Any] = self.report().to_descriptor()
        return descriptor


def table_of_errors(errors: Iterable[Any]) -> Any:
    """The findings table of frictionless' error objects."""
    rows = list(errors)
    if not rows:
        return FINDINGS.empty_table()
    columns = {
        "type": [error.type for error in rows],
        "row": [getattr(error, "row_number", None) for error in rows],
        "field_number": [getattr(error, "field_number", None) for error in rows],
        "field": [getattr(error, "field_name", None) for error in rows],
        "note": [error.note for error in rows],
        "cell": [cell_of(error) for error in rows],
    }
    plain = {
        name: pa.array(values, TEXT if FINDINGS.field(name).type == ENCODED else FINDINGS.field(name).type)
        for name, values in columns.items()
    }
    arrays = [
        pc.dictionary_encode(array) if FINDINGS.field(name).type == ENCODED else array for name, array in plain.items()
    ]
    return pa.Table.from_arrays(arrays, schema=FINDINGS)


def cell_of(error: Any) -> str | None:
    """The text of the cell or label of an error object; null for the cell that a short row lacks."""
    if hasattr(error, "cell"):
        inside = error.field_number <= len(error.cells) or error.type in ("missing-cell", "unique-error")
        return str(error.cell) if inside else None
    label = getattr(error, "label", None)
    return None if label is None else str(label)


def joined_tables(*tables: Any) -> Any:
    """One findings table of several."""
    kept = [table for table in tables if len(table)]
    if not kept:
        return FINDINGS.empty_table()
    if len(kept) == 1:
        return kept[0].cast(FINDINGS) if kept[0].schema != FINDINGS else kept[0]
    return pa.concat_tables([table.cast(FINDINGS) for table in kept]).unify_dictionaries()
