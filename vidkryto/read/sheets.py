"""Workbooks (XLSX, XLSM, XLSB, XLS, ODS) as grids: calamine reads the cells, the limits are checked before it may."""

from __future__ import annotations

import datetime
import fnmatch
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine as calamine

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.grid import Grid
from vidkryto.read.probe import BINARY, probe
from vidkryto.read.workbook_scan import SheetFacts, column_letters, scan

EXACT = 1e15
"""Excel keeps 15 digits; a longer whole number has lost digits before it reached us."""


def read_workbook(path: Path, kind: str, reading: Reading, place: Place) -> tuple[Grid, ...]:
    """One grid for each sheet of the reading.

    Raises ReadError when the workbook is damaged, protected by a password or larger than the limits, when a declared
    sheet is missing, or when several sheets are filled and none is declared.
    """
    facts = scan(path, kind, reading, place)
    if kind in BINARY:
        probe(path, kind, place)
    try:
        return _read(path, facts, reading, place)
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError) as error:
        raise damaged(place, error) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the Rust binding; no Exception, and not exported by it
            raise damaged(place, type(error)("the parser gave up")) from None
        raise


def _read(path: Path, facts: dict[str, SheetFacts], reading: Reading, place: Place) -> tuple[Grid, ...]:
    try:
        workbook = calamine.load_workbook(str(path))
    except calamine.PasswordError:
        raise ReadError(
            f"{place.file} is protected by a password",
            (Finding("workbook-protected", place),),
            remedy="Save a copy without a password and export that.",
        ) from None
    except OSError as error:
        raise damaged(place, error) from error
    with workbook:
        sheets = _wanted(workbook, reading, place)
        unseen = {
            item.name
            for item in workbook.sheets_metadata
            if reading.hidden == "refuse" and item.visible != calamine.SheetVisibleEnum.Visible
        }
        return tuple(
            _grid(sheet, facts.get(sheet.name), reading, place, hidden=sheet.name in unseen) for sheet in sheets
        )


def damaged(place: Place, error: BaseException) -> ReadError:
    """The one error for a workbook that cannot be opened."""
    return ReadError(
        f"{place.file} cannot be opened as a workbook: {str(error)[:200]}",
        (Finding("workbook-damaged", place),),
        remedy="Open it in the office program, save it again as XLSX and export that.",
    )


def _wanted(workbook: Any, reading: Reading, place: Place) -> list[Any]:
    """The sheets to read, in the order of the reading."""
    names: list[str] = list(workbook.sheet_names)
    if reading.sheet:
        chosen: list[str] = []
        for pattern in reading.sheet:
            exact = [name for name in names if name.strip() == pattern.strip()]
            hits = exact or [name for name in names if fnmatch.fnmatchcase(name.casefold(), pattern.casefold())]
            if not hits:
                raise _no_sheet(place, pattern, names)
            chosen += [name for name in hits if name not in chosen]
        return [workbook.get_sheet_by_name(name) for name in chosen]
    filled = [sheet for sheet in map(workbook.get_sheet_by_name, names) if sheet.end is not None]
    if len(filled) == 1:
        return filled
    if not filled:
        raise ReadError(
            f"{place.file} has no filled sheet", (Finding("file-empty", place),), remedy="Export the table again."
        )
    listed = ", ".join(sheet.name for sheet in filled)
    raise ReadError(
        f"{place.file} has {len(filled)} filled sheets and the contract names none: {listed}",
        (Finding("sheet-undeclared", place, details={"sheets": listed}),),
        remedy="Write `sheet: NAME` into the block `reading`.",
    )


def _no_sheet(place: Place, pattern: str, names: list[str]) -> ReadError:
    import difflib

    near = difflib.get_close_matches(pattern, names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ReadError(
        f"{place.file} has no sheet {pattern!r}{hint}",
        (Finding("sheet-missing", place, wanted=pattern, details={"sheets": ", ".join(names)}),),
        remedy="Correct `sheet` in the contract, or ask the department why the sheet was renamed.",
    )


def _grid(sheet: Any, facts: SheetFacts | None, reading: Reading, place: Place, *, hidden: bool) -> Grid:
    if sheet.total_width > reading.max_columns or sheet.total_height > reading.max_rows:
        raise too_large(place, sheet.name, sheet.total_height, sheet.total_width, reading)
    name, cells = sheet.name, sheet.to_python(skip_empty_area=False)
    width = max((len(row) for row in cells), default=0)
    if width > reading.max_columns or len(cells) > reading.max_rows:
        raise too_large(place, name, len(cells), width, reading)
    lost: list[int] = []
    columns = tuple(_texts(column, lost) for column in zip(*cells, strict=True))
    where = Place(place.resource, place.file, name)
    findings = _findings(facts, lost, where)
    if facts and reading.hidden == "refuse":
        findings += _hidden(facts, columns, where)
    if hidden and columns:
        findings += (Finding("sheet-hidden", where),)
    after = max((facts.last_row if facts else 0) - len(cells), 0)
    return Grid(
        columns=columns,
        rows=pa.array(np.arange(1, len(cells) + 1, dtype=np.int64)),
        file=place.file,
        sheet=name,
        merged=_merged(sheet),
        blank_after=after,
        findings=findings,
    )


def _texts(column: Sequence[Any], lost: list[int]) -> pa.Array:
    """The cells of a column as text, each distinct value worked out once; `lost` gets the rows that lost digits."""
    kinds = set(map(type, column))
    if len(kinds & {bool, int, float}) > 1:  # equal and yet different: True, 1 and 1.0
        return pa.array([text_of_cell(value, row, lost) for row, value in enumerate(column, start=1)], pa.string())
    places: defaultdict[Any, int] = defaultdict(count().__next__)
    codes = np.fromiter(map(places.__getitem__, column), np.int32, len(column))
    worn: list[int] = []
    texts = pa.array([text_of_cell(value, place, worn) for value, place in places.items()], pa.string())
    if worn:
        lost += (np.flatnonzero(np.isin(codes, worn)) + 1).tolist()
    return texts.take(pa.array(codes))


def too_large(place: Place, sheet: str, rows: int, columns: int, reading: Reading) -> ReadError:
    """The one error for a sheet beyond the limits."""
    where = Place(place.resource, place.file, sheet)
    wide = columns > reading.max_columns
    found, limit = (columns, reading.max_columns) if wide else (rows, reading.max_rows)
    what = "columns" if wide else "rows"
    return ReadError(
        f"{place.file}, sheet {sheet}: {found} {what}; the limit is {limit}",
        (Finding(f"too-many-{what}", where, found=str(found), wanted=str(limit)),),
        remedy=f"Delete what stands far from the table; or raise `max_{what}` in the block `reading`.",
    )


def _merged(sheet: Any) -> tuple[tuple[int, int, int, int], ...]:
    return tuple((top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ())


def _findings(facts: SheetFacts | None, lost: list[int], place: Place) -> tuple[Finding, ...]:
    findings: list[Finding] = []
    if lost:
        rows = tuple(sorted(set(lost)))
        findings.append(Finding("digits-lost", place, count=len(lost), rows=rows[:10]))
    if facts and facts.errors:
        rows = tuple(row for row, _ in facts.errors)
        kinds = ", ".join(sorted({text for _, text in facts.errors}))
        findings.append(Finding("formula-error", place, found=kinds, count=len(rows), rows=rows[:10]))
    if facts and facts.unsaved:
        findings.append(Finding("formula-unsaved", place, count=len(facts.unsaved), rows=facts.unsaved[:10]))
    return tuple(findings)


def _hidden(facts: SheetFacts, columns: tuple[pa.Array, ...], place: Place) -> tuple[Finding, ...]:
    """Filled rows and columns that do not show: the officer who looked at the sheet has not seen them."""
    height = len(columns[0]) if columns else 0
    rows = sorted(
        row for row in facts.hidden_rows if row <= height and any(column[row - 1].is_valid for column in columns)
    )
    hidden = sorted(one for one in facts.hidden_columns if one <= len(columns) and columns[one - 1].null_count < height)
    if not rows and not hidden:
        return ()
    letters = ", ".join(column_letters(one) for one in hidden[:20])
    return (Finding("cells-hidden", place, found=letters or "—", count=len(rows), rows=tuple(rows[:10])),)


def text_of_cell(value: Any, row: int = 0, lost: list[int] | None = None) -> str | None:
    """A cell as text: whole numbers without a point, decimals as the shortest text of the number, dates as ISO.

    A workbook stores binary numbers; the shortest decimal that names the same number is what its author typed.
    """
    if isinstance(value, float):
        text = repr(value)
        if -EXACT < value < EXACT and "e" not in text:
            return (text[:-2] if value else "0") if text.endswith(".0") else text
        if abs(value) >= EXACT and lost is not None:
            lost.append(row)
        return format(Decimal(text), "f")
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime.datetime):
        return (
            value.isoformat(sep="T", timespec="auto") if value.time() != datetime.time() else value.date().isoformat()
        )
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return _duration(value)
    return str(value)


def _duration(value: datetime.timedelta) -> str:
    """Hours may pass 24: [h]:mm:ss as a workbook shows it."""
    seconds = int(value.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else ''}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"
