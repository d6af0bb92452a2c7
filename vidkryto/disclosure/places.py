"""Places that can be told: the names of files, sheets and columns, masked where the name itself holds personal data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa

from vidkryto.catalogue.classes import ClassName
from vidkryto.disclosure.detectors import BY_NAME, readable, search
from vidkryto.disclosure.exceptions import CLASS_CHANGE, FORMULA
from vidkryto.findings import Finding, Place

AT_HOME = {
    ClassName.GEO: frozenset({"coordinates"}),
    ClassName.QUASI: frozenset({"birth_date"}),
}
"""Kinds that a class may hold: a place in a column of places, a date of birth where k-anonymity is measured."""


OTHER_KINDS = {
    CLASS_CHANGE: ("зміна класу", "change of class"),
    FORMULA: ("текст, схожий на формулу", "text that looks like a formula"),
}
"""What can be decided by exception beside the kinds of the detectors."""


def safe_name(name: str) -> str:
    """A name that may be quoted: every hit in it replaced by `[приховано: kind]`."""
    name = readable(name)
    for hit in reversed(search(name)):
        name = f"{name[: hit.start]}[приховано: {BY_NAME[hit.kind].uk}]{name[hit.end :]}"
    return name


def without_people(finding: Finding) -> Finding:
    """A finding of any stage that may be kept: a person in its names of files, sheets and headers, or in its words,
    is masked.
    """
    place = finding.place
    return replace(
        finding,
        place=replace(
            place,
            file=safe_name(place.file),
            sheet=safe_name(place.sheet),
            column=safe_name(place.column),
            field=safe_name(place.field),
        ),
        found=safe_name(finding.found) if finding.found else finding.found,
        wanted=safe_name(finding.wanted) if finding.wanted else finding.wanted,
        details={name: safe_name(word) if isinstance(word, str) else word for name, word in finding.details.items()},
    )


@dataclass(frozen=True, slots=True)
class Places:
    """Where the columns of one resource stand in the officer's file."""

    resource: str
    file: str
    sheet: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Field → header as it stands in the file."""

    def of(self, name: str = "", row: int | None = None) -> Place:
        """The place of a field; names that hold personal data are masked."""
        header = self.headers.get(name, name)
        return Place(
            resource=self.resource,
            file=safe_name(self.file),
            sheet=safe_name(self.sheet),
            row=row,
            column=safe_name(header),
            field=safe_name(name),
        )

    def findings(self, fields: tuple[str, ...]) -> Iterator[Finding]:
        """A finding for each name that holds personal data: file, sheet, headers."""
        yield from self._named(self.file, "файл", "file", self.of())
        yield from self._named(self.sheet, "аркуш", "sheet", self.of())
        for number, name in enumerate(fields, start=1):
            for text in dict.fromkeys((self.headers.get(name, name), name)):
                yield from self._named(text, f"колонка № {number}", f"column {number}", self.of(name))

    @staticmethod
    def _named(text: str, what_uk: str, what_en: str, place: Place) -> Iterator[Finding]:
        for kind in dict.fromkeys(hit.kind for hit in search(text)):
            details = {"what_uk": what_uk, "what_en": what_en, **kind_words(kind)}
            yield Finding("personal-in-name", place, details=details)


def kind_words(kind: str) -> dict[str, str]:
    """The name of a kind in both languages, for the message of a finding."""
    known = BY_NAME.get(kind)
    uk, en = (known.uk, known.en) if known else OTHER_KINDS.get(kind, (kind, kind))
    return {"kind": kind, "kind_uk": uk, "kind_en": en}


def row_numbers(rows: pa.Array, positions: tuple[int, ...]) -> tuple[int, ...]:
    """The rows of the officer's file at these positions of the table."""
    return tuple(rows[position].as_py() for position in positions)
