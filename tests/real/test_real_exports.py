"""Every real export is read as its case says: each folder here is a contract and the facts checked against the file."""

from __future__ import annotations

import csv
import fnmatch
from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from pydantic import TypeAdapter

from vidkryto.archive import Archive
from vidkryto.catalogue.reading import Reading
from vidkryto.catalogue.source import Source
from vidkryto.findings import Language, Place, codes
from vidkryto.pull import pull
from vidkryto.read import Table, read
from vidkryto.read.files import grids_of

HERE = Path(__file__).parent
LANGUAGES: tuple[Language, ...] = ("uk", "en")
CASES = sorted(path.parent.name for path in HERE.glob("*/case.yaml"))


def _case(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((HERE / name / "case.yaml").read_text(encoding="utf-8")))


def _table(case: dict[str, Any], exports: Path, archive: Path, name: str) -> Table:
    snapshots = pull(
        TypeAdapter(Source).validate_python(case["source"]), folder=exports, archive=Archive(archive), resource=name
    )
    schema = {"fields": [{"name": field, "type": kind} for field, kind in case["schema"].items()]}
    return read(snapshots, Reading.model_validate(case["reading"]), schema, resource=name)


@pytest.mark.parametrize("name", CASES)
def test_an_export_is_read_as_its_case_says(name: str, exports: Path, tmp_path: Path) -> None:
    """Rows, the account of every row, filled cells, repairs, findings and sample cells are those of the case."""
    case = _case(name)
    expected = case["expected"]
    table = _table(case, exports, tmp_path, name)
    assert table.columns.column_names == list(case["schema"])
    assert len(table.rows) == table.columns.num_rows == len(table.sources) == expected["rows"]
    assert {part: count for part, count in asdict(table.account).items() if count} == expected["account"]
    filled = {field: len(table.rows) - table.columns[field].null_count for field in table.columns.column_names}
    assert filled == expected["filled"]
    repairs: dict[str, dict[str, int]] = {}
    for repair in table.repairs:
        repairs.setdefault(repair.code, {})[repair.place.field or "*"] = repair.count
    assert repairs == expected["repairs"]
    findings: Counter[str] = Counter()
    for finding in table.findings:
        findings[finding.code] += finding.count
    assert dict(findings) == expected["findings"]
    _check_samples(table, expected["samples"])
    _check_messages(table)


def _check_messages(table: Table) -> None:
    """Every repair and finding can be told in both languages, all placeholders filled."""
    for finding in (*table.repairs, *table.findings):
        assert finding.code in codes()
        for language in LANGUAGES:
            assert "{" not in finding.message(language)


def _check_samples(table: Table, samples: list[dict[str, Any]]) -> None:
    rows, sources = table.rows.to_pylist(), table.sources.to_pylist()
    for sample in samples:
        wanted = sample["values"].items()
        same = [
            index
            for index, place in enumerate(zip(rows, sources, strict=True))
            if place == (sample["row"], sample["source"])
            and all(table.columns[field][index].as_py() == value for field, value in wanted)
        ]
        assert same, f"no row {sample['row']} of {sample['source']} holds {sample['values']}"


def test_every_real_export_has_a_case(exports: Path) -> None:
    """No file of the collection is left out."""
    patterns = [
        f"{source['folder']}/{source['pattern']}".removeprefix("./")
        for source in (_case(name)["source"] for name in CASES)
    ]
    files = [path.relative_to(exports).as_posix() for path in exports.rglob("*") if path.is_file()]
    ours = [file for file in files if not file.startswith(("reference_835/", "README"))]
    left_out = [file for file in ours if not any(fnmatch.fnmatchcase(file, pattern) for pattern in patterns)]
    assert left_out == []


def _reference_files(exports: Path, name: str) -> list[Path]:
    return sorted(exports.glob(f"reference_835/*/{name}"))


def test_every_mandated_example_workbook_is_read(exports: Path) -> None:
    """Machine names stand in row 1 and titles in row 2 of each example of Resolution 835."""
    files = _reference_files(exports, "example.xlsx")
    assert len(files) == 109
    for file in files:
        (grid, *_) = grids_of(file, Reading(sheet="*"), Place("r", file.name))
        assert grid.width > 0, file
        assert grid.height >= 2, file


def _by_csv_module(file: Path, encoding: str, delimiter: str, width: int) -> list[list[str]]:
    with file.open(encoding=encoding, newline="") as stream:
        return [(row + [""] * width)[:width] for row in csv.reader(stream, delimiter=delimiter)]


def test_every_real_text_file_has_the_cells_that_pythons_csv_module_sees(exports: Path) -> None:
    """All cells of all delimited files, compared with Python's csv module; line numbers too."""
    files = [*exports.rglob("*.csv"), *exports.rglob("*.tsv")]
    assert len(files) > 170
    for file in files:
        reading = Reading(encoding="windows-1252" if file.name.startswith("spanish") else "auto", max_columns=5000)
        (grid,) = grids_of(file, reading, Place("r", file.name))
        encoding = {"windows-1251": "cp1251", "windows-1252": "cp1252"}.get(grid.encoding, "utf-8-sig")
        wanted = _by_csv_module(file, encoding, grid.extra["delimiter"], grid.width)
        assert grid.height + grid.rejected == len(wanted), file
        columns = [[cell or "" for cell in column.to_pylist()] for column in grid.columns]
        assert [list(row) for row in zip(*columns, strict=True)] == wanted, file
        assert grid.rows.to_pylist() == _starts(wanted), file


def _starts(rows: list[list[str]]) -> list[int]:
    """The line on which each record begins."""
    starts, line = [], 1
    for row in rows:
        starts.append(line)
        line += 1 + sum(cell.replace("\r\n", "\n").replace("\r", "\n").count("\n") for cell in row)
    return starts


@pytest.mark.slow
def test_every_real_workbook_has_the_values_that_openpyxl_sees(exports: Path) -> None:
    """All cells of all XLSX files of the collection (not the 218 examples), compared with openpyxl."""
    files = [file for file in exports.rglob("*.xlsx") if "reference_835" not in file.parts]
    assert len(files) == 10
    for file in files:
        other = openpyxl.load_workbook(file, read_only=True, data_only=True)
        for grid in grids_of(file, Reading(sheet="*"), Place("r", file.name)):
            for index, row in enumerate(other[grid.sheet].iter_rows(values_only=True, max_row=grid.height)):
                ours = grid.cells(index)
                theirs = [_text(value) for value in row][: grid.width]
                assert ours[: len(theirs)] == theirs, (file.name, grid.sheet, index + 1)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).removesuffix("T00:00:00")
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)
