"""What must hold where a table comes from several files or sheets: each finding names the one that its rows are in."""

from __future__ import annotations

import copy
import io
from dataclasses import asdict
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from tests.support.catalogue import CONTRACT, SCHEMA, make_dataset
from vidkryto.findings import Finding, Place
from vidkryto.pipeline import new_job, stages
from vidkryto.pipeline.exceptions import _most
from vidkryto.pipeline.job import Tables, TextTable
from vidkryto.pipeline.placing import placed
from vidkryto.read import Account
from vidkryto.record.run import Task
from vidkryto.settings import Settings

HEAD = "uid;label;lat;lon;opened\n"
PARTS = {f"part{number}.csv": f"{number};Зупинка {number};49.4;26.9;\n" for number in (1, 2, 3)}


SPLIT = {"split": {"label": {"by": ",", "into": "rows"}}}


def checked(
    root: Path, exports: dict[str, bytes], contract: dict[str, Any] | None = None, corrections: str = ""
) -> Tables:
    """The tables of a dataset with these exports after reading, validation and the gate."""
    contract = copy.deepcopy(contract or CONTRACT)
    contract["resources"][0]["source"] = {"folder": "exports", "pattern": "*", "pick": "all", "settle": 0}
    dataset = make_dataset(root, contract)
    for name, content in exports.items():
        (dataset.folder / "exports" / name).write_bytes(content)
    if corrections:
        (dataset.folder / "corrections.yaml").write_text(corrections, encoding="utf-8")
    job = new_job(dataset, Settings(root, root / "state"))
    pulled = stages.pull_exports(job)
    tables = stages.validate_tables(job, stages.read_exports(job, pulled))
    return stages.guard_disclosure(job, tables, pulled.newest.date())


def texts(**more: str) -> dict[str, bytes]:
    """The parts with rows added, by the name of the part."""
    return {name: (HEAD + text + more.get(name.partition(".")[0], "")).encode() for name, text in PARTS.items()}


def where(tables: Tables, code: str) -> list[tuple[str, str, tuple[int, ...], int]]:
    """File, sheet, rows and count of every finding of this code."""
    return [(f.place.file, f.place.sheet, f.rows, f.count) for f in tables.findings if f.code == code]


def test_a_cell_of_another_type_is_told_in_its_own_file(tmp_path: Path) -> None:
    """Rows of the same number in two files are two findings, each with its own example."""
    wrong = "9;Ще одна;не число;26.5;\n"
    tables = checked(tmp_path, texts(part2=wrong, part3=wrong.replace("9", "8").replace("не", "теж не")))
    assert where(tables, "type-error") == [("part2.csv", "", (3,), 1), ("part3.csv", "", (3,), 1)]
    assert [finding.found for finding in tables.findings if finding.code == "type-error"] == [
        "не число",
        "теж не число",
    ]


def test_a_key_that_stands_in_two_files_is_told_in_the_second(tmp_path: Path) -> None:
    """What is checked over all files has a place too."""
    assert where(checked(tmp_path, texts(part3="1;Ринок;49.4;26.9;\n")), "primary-key") == [("part3.csv", "", (3,), 1)]


def test_a_cell_of_the_second_sheet_is_told_with_the_sheet(tmp_path: Path) -> None:
    """Sheets of one workbook are sources like files."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, latitude in (("2023", "49.4"), ("2024", "не число")):
        sheet = workbook.create_sheet(name)
        sheet.append(HEAD.strip().split(";"))
        sheet.append([name, "Ринок", latitude, "26.9", None])
    stream = io.BytesIO()
    workbook.save(stream)
    contract = copy.deepcopy(CONTRACT)
    contract["resources"][0]["reading"] = {"sheet": "20*"}
    tables = checked(tmp_path, {"stops.xlsx": stream.getvalue()}, contract)
    assert where(tables, "type-error") == [("stops.xlsx", "2024", (2,), 1)]


def test_a_correction_is_told_in_the_file_where_it_was_applied(tmp_path: Path) -> None:
    """And not in the first of all files."""
    correction = "- {resource: stops, key: {uid: '2'}, field: label, was: Зупинка 2, becomes: Ринок, reason: описка}\n"
    tables = checked(tmp_path, texts(), corrections=correction)
    assert where(tables, "repair-correction") == [("part2.csv", "", (2,), 1)]


def test_the_gate_names_the_file_and_counts_what_it_does_not_name(tmp_path: Path) -> None:
    """It shows the first five rows only: they are told in their files, the others of all files together."""
    phones = "".join(f"{number};+38067123456{number % 10};49.4;26.9;\n" for number in range(40, 46))
    tables = checked(tmp_path, texts(part2=phones.replace("4", "5", 1), part3=phones))
    told = where(tables, "class-contradicted")
    assert told[0][0] == "part2.csv"
    assert told[0][2][0] == 3
    assert told[-1][0] == "part1.csv, part2.csv, part3.csv"
    assert (told[-1][2], sum(count for *_, count in told)) == ((), 12)


def test_rejected_rows_are_counted_as_the_export_has_them(tmp_path: Path) -> None:
    """Of one row that became several, some of which stay, nothing is rejected; numbers never fall below none."""
    export = (HEAD + "1;а,б,,в;49;26;\n2;Ринок;не число;26;\n3;г,ґ,д;не число;26;\n").encode()
    contract = copy.deepcopy(CONTRACT)
    contract["resources"][0] |= {"schema": {**SCHEMA, "primaryKey": []}, "reading": SPLIT}
    contract["publication"]["on_invalid"] = "publish-valid"
    tables = checked(tmp_path, {"stops.csv": export}, contract)
    told = asdict(tables.texts["stops"].account)
    assert {name: count for name, count in told.items() if count} == {
        "rows_in_file": 4, "header": 1, "data": 1, "rejected": 2,
    }  # fmt: skip


def text_table(*sources: str) -> TextTable:
    """A table with one row of each source."""
    names = pa.array(sources)
    rows = pa.array([7] * len(sources))
    return TextTable(pa.table({"a": names}), rows, names.dictionary_encode(), ", ".join(sources), Account())


@pytest.mark.parametrize("code", ["type-error", "expectation-failed"])
def test_rows_of_one_file_stay_as_they_are(code: str) -> None:
    """With one file the numbers are its rows, and the sheet is that of the table."""
    finding = Finding(code, Place("stops", "a.xlsx", row=7), count=12, rows=(7, 9))
    (told,) = placed([finding], {"stops": text_table("a.xlsx / 2024")})
    assert (told.place, told.rows, told.count) == (Place("stops", "a.xlsx", "2024", 7), (7, 9), 12)


def test_the_row_of_another_table_is_not_told_as_one_of_this() -> None:
    """A query of the suite may name any row; one that is not of this table is counted and not shown."""
    other = text_table("a.csv", "b.csv").numbers[1].as_py()
    (told,) = placed(
        [Finding("expectation-failed", Place("x", "x.csv", row=other), rows=(other,))], {"x": text_table("x.csv")}
    )
    assert (told.place.row, told.rows, told.count) == (None, (), 1)


def test_an_exception_covers_the_cells_of_all_files() -> None:
    """They are told file by file; of several columns the largest counts."""
    tasks = [
        Task("class-contradicted", "error", "s", file, field=field, count=count)
        for file, field, count in (("a", "x", 2), ("b", "x", 3), ("a", "y", 4))
    ]
    tasks += [Task("file-personal", "error", "s", file, field="x", count=5) for file in ("s.csv", "s.parquet")]
    assert _most(tasks) == 5
    assert _most(tasks[:2]) == 5
    assert _most(tasks[2:3]) == 4
