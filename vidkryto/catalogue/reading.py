"""How an export becomes a table: the `reading` block of a resource, and the corrections beside the contract."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from vidkryto.catalogue.model import Block
from vidkryto.catalogue.spellings import EXCEL, pattern_of
from vidkryto.catalogue.units import scale_of

Format = Literal[
    "auto", "csv", "xlsx", "xls", "xlsb", "ods", "json", "jsonl", "xml", "geojson", "kml", "dbf", "shp", "parquet"
]
Cleaning = Literal["spaces", "apostrophes", "cyrillic", "latin", "controls", "dashes"]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]


def _expression(text: str) -> str:
    """A text between slashes, or the text of `file_into`, must be a regular expression that compiles."""
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {text!r} ({error})") from None
    return text


def _maybe_expression(text: str) -> str:
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        _expression(text[1:-1])
    return text


Expression = Annotated[str, AfterValidator(_expression)]
Headers = Annotated[tuple[Annotated[str, AfterValidator(_maybe_expression)], ...], BeforeValidator(_as_list)]


class Header(Block):
    """Where the names of the columns stand."""

    rows: Annotated[tuple[int, ...], BeforeValidator(_as_list)] = (1,)
    """Rows of the sheet or lines of the file, from 1; several for a header of two or three levels; [] for none."""
    join: str = " / "
    """What stands between the levels in the joined name."""
    fill: bool = True
    """Carry a name of an upper level to the right over its merged or empty neighbours."""

    @field_validator("rows")
    @classmethod
    def _rising(cls, rows: tuple[int, ...]) -> tuple[int, ...]:
        if any(row < 1 for row in rows) or list(rows) != sorted(set(rows)):
            raise ValueError("header rows count from 1 and rise")
        return rows


class Totals(Block):
    """Rows that repeat a sum of other rows and are no data."""

    words: Texts = ("Всього", "Усього", "Разом", "Загалом")
    """A total row's cell is one of these words alone, or begins with it as a whole word."""
    column: str = ""
    """The header of the column to look into; without it the first cell of the row that is not empty."""


class Footer(Block):
    """Where the data ends before the file does."""

    stop_at: Texts = ()
    """The data ends before the row whose first filled cell is, or begins as a whole word with, one of these."""
    blank_rows: int | None = Field(default=None, ge=1)
    """The data ends at so many blank rows one after another."""
    rows: int = Field(default=0, ge=0)
    """So many rows at the end of the file are notes."""


class Notes(Block):
    """Rows between the data rows that explain and are no data."""

    rows: tuple[int, ...] = ()
    """Rows of the sheet or lines of the file, from 1."""
    column_numbers: bool = False
    """Drop a row 1, 2, 3 … right under the header."""
    begin: Texts = ()
    """Rows whose first filled cell begins with one of these texts."""
    only_first: bool = False
    """Drop rows in which only one cell is filled."""


class Melt(Block):
    """A wide table, with years or months as columns, becomes a long one."""

    columns: Headers
    """Headers of the wide columns, or one regular expression between slashes: `/^20\\d\\d$/`."""
    names: Texts
    """Field that receives the header; several when the header has levels or the expression has groups."""
    value: str
    """Field that receives the cell."""
    keep_empty: bool = False
    """Keep rows whose cell is empty."""


class Split(Block):
    """A list inside a cell."""

    by: str
    """What stands between the items."""
    into: Literal["rows", "json"] = "rows"
    """rows: one row for each item; json: a JSON array in one cell."""


class Region(Block):
    """One of several tables that stand side by side in one sheet."""

    columns: str = Field(pattern=r"^[A-Za-z]{1,3}:[A-Za-z]{1,3}$")
    """Letters of the first and the last column: `A:D`."""


class FieldReading(Block):
    """How the cells of one field are brought to the form the schema wants; each change is counted."""

    nulls: Texts = ()
    """Words that mean no value here, beside those of the whole resource."""
    clean: tuple[Cleaning, ...] = ()
    drop: Texts = ()
    """Words to remove from the cell, all of one scale: грн, UAH, %, шт."""
    units: dict[str, Annotated[Decimal, Field(gt=0)]] = Field(default_factory=dict)
    """Words to remove, and by what the number before or behind them is multiplied: {грн: 1, тис. грн: 1000}."""
    decimal: Literal[",", "."] = "."
    thousands: Annotated[tuple[Literal["space", ",", ".", "'"], ...], BeforeValidator(_as_list)] = ()
    percent: Literal["number", "fraction"] | None = None
    """27 % becomes 27 (number) or 0.27 (fraction)."""
    float_artefacts: bool = False
    """2.7000000000000002 becomes 2.7."""
    scientific: bool = False
    """1e+05 becomes 100000."""
    dates: Texts = ()
    """Spellings to read as a date: дд.мм.рррр, дд.мм.рр, рррр-м-д, місяць рррр, рррр, excel …"""
    century: int = Field(default=1970, ge=1900, le=2099)
    """A year of two digits falls into the hundred years that begin here."""
    day: Literal["first", "last"] | None = None
    """The day meant by a month or a year alone; without it they stay 2024-03 or 2024."""
    digits: int | None = Field(default=None, ge=1, le=40)
    """Length of a code: a number that lost its leading zeros gets them back."""
    lost: int = Field(default=3, ge=1)
    """How many zeros a code may have lost; a shorter one is no such code (`1`, `-`) and stays as it is."""
    degrees: bool = False
    """N 50° 23’ 39\" becomes 50.394167 (decimal degrees, six places)."""
    values: dict[str, Texts] = Field(default_factory=dict)
    """The value to publish, and the spellings of it in the export."""

    @field_validator("drop")
    @classmethod
    def _one_scale(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if len({scale_of(word) for word in words}) > 1:
            raise ValueError(
                f"drop makes numbers of different scale equal: {', '.join(words)}; "
                "name their factors instead, such as units: {грн: 1, тис. грн: 1000}"
            )
        return words

    @model_validator(mode="after")
    def _two_marks(self) -> FieldReading:
        if self.decimal in self.thousands:
            raise ValueError(
                f"thousands and decimal are both {self.decimal!r}: 1{self.decimal}234 could be either; "
                "write decimal too, such as decimal: ','"
            )
        return self

    @field_validator("dates")
    @classmethod
    def _spellings(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for spelling in dates:
            if spelling.casefold() != EXCEL:
                pattern_of(spelling)
        return dates


class Reading(Block):
    """How an export becomes a table. Nothing is guessed: what is not declared here is either certain or a finding."""

    format: Format = "auto"
    encoding: str = "auto"
    """auto: decided with evidence; else the name of the encoding."""
    mixed: str = ""
    """Encoding of the lines that are not in `encoding`."""
    delimiter: str = Field(default="auto", min_length=1)
    quote: str = Field(default='"', max_length=1)
    sheet: Texts = ()
    """Sheets to read, in this order; shell patterns are allowed. Without it the workbook must have one filled sheet."""
    hidden: Literal["refuse", "read"] = "refuse"
    """Filled rows and columns that a workbook hides: refused, since nobody saw them; or read like all others."""
    sheet_into: str = ""
    """Field that receives the name of the sheet."""
    file_into: dict[str, Expression] = Field(default_factory=dict)
    """Field to a regular expression with one group, searched in the name of the export."""
    regions: tuple[Region, ...] = ()
    path: str = ""
    """JSON: keys to the list of records, separated by dots. XML: the name of the record's element."""
    header: Header = Header()
    notes: Notes = Notes()
    totals: Totals | None = None
    footer: Footer = Footer()
    columns: dict[str, str] = Field(default_factory=dict)
    """Header in the file to field of the schema; `#3` is the third column; `Бал [2]` the second of that name."""
    ignore: Headers = ()
    """Headers of columns that are not published, known and left out on purpose."""
    absent: Texts = ()
    """Fields of the schema for which the export has no column, and need not: empty, or made by the transformation."""
    ordered: bool = False
    """Report columns that changed places."""
    melt: Melt | None = None
    fill_down: Texts = ()
    """Fields whose value is given only on the first row of a block."""
    split: dict[str, Split] = Field(default_factory=dict)
    constants: dict[str, str] = Field(default_factory=dict)
    """Fields with one value in every row."""
    nulls: Texts = ()
    """Words that mean no value, in every field."""
    clean: tuple[Cleaning, ...] = ()
    """Cleaning of every field."""
    fields: dict[str, FieldReading] = Field(default_factory=dict)
    max_rows: int = Field(default=20_000_000, gt=0)
    max_columns: int = Field(default=2_000, gt=0)
    max_cell: int = Field(default=1_000_000, gt=0)
    """Characters in one cell."""

    @field_validator("header", mode="before")
    @classmethod
    def _short_header(cls, value: Any) -> Any:
        return {"rows": value} if isinstance(value, (int, list, tuple)) else value

    @field_validator("totals", mode="before")
    @classmethod
    def _short_totals(cls, value: Any) -> Any:
        return {"words": value} if isinstance(value, (str, list, tuple)) else value


class Correction(Block):
    """One known error of the source, kept as data until the department mends it."""

    resource: str
    key: dict[str, str]
    """Fields and values that name the row."""
    field: str
    was: str
    """The wrong value, guarded: when it is no longer there, the correction is stale."""
    becomes: str
    reason: str = Field(min_length=1)
    reported_to: str = ""
    until: datetime.date | None = None
    """After this day the correction is no longer applied."""

    @model_validator(mode="after")
    def _changes_something(self) -> Correction:
        if not self.key:
            raise ValueError("a correction names its row by a key")
        if self.was == self.becomes:
            raise ValueError("a correction changes something: `was` and `becomes` are equal")
        return self


class Corrections(Block):
    """The file `corrections.yaml` of a dataset."""

    corrections: tuple[Correction, ...] = ()
