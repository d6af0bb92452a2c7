"""An ODS table measured before calamine may read it: repeated cells, rows and spaces cost a few bytes and gigabytes.

ODF 1.3, part 3: table:number-columns-repeated (19.680), table:number-rows-repeated (19.682), text:s (6.1.3).
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from xml.sax.handler import ContentHandler

from defusedxml import expatreader

MOST_ROWS, MOST_COLUMNS = 1 << 20, 1 << 14
"""Beyond these calamine stops repeating."""
_UNSEEN = ("collapse", "filter")
_FILLED = ("office:", "calcext:", "table:formula")


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the filled cells of one table reach, repeats unfolded, how many spaces are written as a number,
    which filled rows and which columns do not show (from 1), and the rows of errors and of formulas without a value.
    """

    table: str
    rows: int
    columns: int
    spaces: int
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    errors: tuple[tuple[int, str], ...] = ()
    unsaved: tuple[int, ...] = ()


def extents(archive: zipfile.ZipFile) -> list[Extent]:
    """One extent for each table of content.xml.

    The content is parsed whole: calamine never returns from one that ends inside a table (found by fuzzing).
    Raises what the parser raises for broken XML, entities and doctypes.
    """
    handler = _Extents()
    parser = expatreader.create_parser(forbid_dtd=True)
    parser.setContentHandler(handler)
    with archive.open("content.xml") as stream:
        parser.parse(stream)
    return handler.found


class _Extents(ContentHandler):
    """Keeps counts only. Empty cells and rows count when filled ones follow."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Extent] = []
        self._name = ""
        self._begin_table("")

    def _begin_table(self, name: str) -> None:
        self._name, self._row, self._rows, self._columns, self._spaces = name, 0, 0, 0, 0
        self._hidden_rows: set[int] = set()
        self._hidden_columns: set[int] = set()
        self._declared = 0
        self._errors: list[tuple[int, str]] = []
        self._unsaved: list[int] = []
        self._error: list[str] | None = None
        self._begin_row(1)

    def _begin_row(self, repeat: int) -> None:
        self._repeat, self._column, self._reach, self._hides = repeat, 0, 0, False

    def startElement(self, name: str, attrs: object) -> None:  # noqa: N802 - the parser's name
        """A cell is filled when it says a value, a type or a formula, or holds a paragraph."""
        given: dict[str, str] = dict(attrs.items())  # type: ignore[attr-defined]
        match name:
            case "table:table":
                self._begin_table(given.get("table:name", ""))
            case "table:table-row":
                self._begin_row(_number(given.get("table:number-rows-repeated"), MOST_ROWS))
                self._hides = given.get("table:visibility") in _UNSEEN
            case "table:table-column":
                first = self._declared + 1
                self._declared += _number(given.get("table:number-columns-repeated"), MOST_COLUMNS)
                if given.get("table:visibility") in _UNSEEN:
                    self._hidden_columns.update(range(first, min(self._declared, MOST_COLUMNS) + 1))
            case "table:table-cell" | "table:covered-table-cell":
                self._column += _number(given.get("table:number-columns-repeated"), MOST_COLUMNS)
                if any(key.startswith(_FILLED) for key in given):
                    self._reach = self._column
                self._error = [] if given.get("calcext:value-type") == "error" else None
                if "table:formula" in given and "office:value-type" not in given and self._error is None:
                    self._unsaved.append(self._row + 1)
            case "text:p":
                self._reach = self._column
            case "text:s":
                self._spaces += _number(given.get("text:c"), 1 << 40)

    def characters(self, content: str) -> None:
        """The word for an error, of which a few letters are enough."""
        if self._error is not None and len(self._error) < 4:
            self._error.append(content.strip()[:20])

    def endElement(self, name: str) -> None:  # noqa: N802 - the parser's name
        """A cell, a row, a table ends."""
        if name == "table:table-cell" and self._error is not None:
            self._errors.append((self._row + 1, "".join(self._error) or "?"))
            self._error = None
        elif name == "table:table-row":
            self._row += self._repeat
            if self._reach:
                if self._hides:
                    self._hidden_rows.update(range(self._row - self._repeat + 1, min(self._row, MOST_ROWS) + 1))
                self._rows = min(self._row, MOST_ROWS)
                self._columns = max(self._columns, min(self._reach, MOST_COLUMNS))
        elif name == "table:table":
            self.found.append(
                Extent(
                    self._name,
                    self._rows,
                    self._columns,
                    self._spaces,
                    frozenset(self._hidden_rows),
                    frozenset(self._hidden_columns),
                    tuple(self._errors),
                    tuple(self._unsaved),
                )
            )


def _number(text: str | None, most: int) -> int:
    """A repeat as written; what is no number counts once."""
    digits = (text or "1").strip().lstrip("+0")[:15]
    return min(int(digits), most) if digits.isascii() and digits.isdigit() else 1
