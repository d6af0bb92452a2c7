"""A finding and its place in the officer's own file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from vidkryto.findings.catalogue import code as find_code
from vidkryto.language import Language


class Severity(StrEnum):
    """How much a finding matters: an error stops publication, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the officer's own file: the row is the row of the sheet or the line of the text file, from 1."""

    resource: str = ""
    file: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""
    """The header as it stands in the file."""
    field: str = ""
    """The field of the Table Schema."""


_UNSEEN = dict.fromkeys(
    (*range(9), *range(11, 32), *range(0x7F, 0xA0), 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),
    "\ufffd",
)


def visible(text: str) -> str:
    """Text of an export for a screen: signs that steer a terminal or turn the direction of writing become a mark.

    A file called `звіт<RLO>xslx.exe` would else be shown under another name (Unicode Technical Report 36, 3.3).
    """
    return text.translate(_UNSEEN)


class _Withheld(dict[str, Any]):
    """The words of a finding whose details were taken out: a dash stands where one of them is missing."""

    def __missing__(self, _name: str) -> str:
        return "—"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed.

    `found` is None when the value is protected: a protected value is never kept in a finding.
    `count` places are meant; `rows` holds the first few of them.
    `details` fills the placeholders of the code's message; `{found}`, `{wanted}`, `{count}` and the
    attributes of the place are always there.
    """

    code: str
    place: Place = Place()
    found: str | None = None
    wanted: str | None = None
    count: int = 1
    rows: tuple[int, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    override: Severity | None = None

    @property
    def severity(self) -> Severity:
        """The code's severity, unless the contract changed it for this finding."""
        return self.override or Severity(find_code(self.code).severity)

    def message(self, language: Language = "uk") -> str:
        """One sentence in `language` that says what was found and what was wanted."""
        values = {
            "found": "—" if self.found is None else self.found,
            "wanted": self.wanted or "",
            "count": self.count,
            "file": self.place.file,
            "sheet": self.place.sheet,
            "row": self.place.row or "",
            "column": self.place.column or self.place.field,
            "field": self.place.field or self.place.column,
            "resource": self.place.resource,
        }
        kept = {**values, **self.details} if self.details else _Withheld(values)
        return visible(find_code(self.code).message[language].format_map(kept))

    def remedy(self, language: Language = "uk") -> str:
        """What the officer can do about it."""
        return find_code(self.code).remedy[language]

    def without_value(self) -> Finding:
        """The same finding with nothing of the cell in it, for a protected field.

        What was wanted stays where it is a rule of the schema; what reading wanted is the repaired cell itself.
        """
        wanted = None if find_code(self.code).stage == "read" else self.wanted
        return replace(self, found=None, wanted=wanted, details={})


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The gravest severity among `findings`; None when there are none."""
    order = list(Severity)
    return min((finding.severity for finding in findings), key=order.index, default=None)
