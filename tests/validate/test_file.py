"""Files: reports, packages, limits, progress, what is declined and what is refused."""

import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from frictionless import Package, Resource, Schema

from tests.validate.fuzzing import findings, report_difference, segment_size, table_rows
from vidkryto.errors import ContractError
from vidkryto.validate import run, spill, validate_file, validate_package

SCHEMA: dict[str, Any] = {
    "fields": [
        {"name": "id", "type": "integer", "constraints": {"unique": True}},
        {"name": "name", "type": "string", "constraints": {"required": True, "maxLength": 10}},
        {"name": "day", "type": "date"},
        {"name": "boss", "type": "integer"},
    ],
    "primaryKey": ["id", "day"],
    "foreignKeys": [{"fields": ["boss"], "reference": {"resource": "", "fields": ["id"]}}],
}
TEXT = """id,name,day,boss
1,Олена,2026-01-31,1
2,,2026-02-30,7
2,"Іван, Петро",2026-01-01,1
x,Оксана

2,Марія,2026-01-01,1,зайве
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A small table with something of everything."""
    path = tmp_path / "people.csv"
    path.write_text(TEXT, encoding="utf-8")
    return path


def reference(path: Path, schema: dict[str, Any], limit: int = 0) -> Any:
    """frictionless' own report."""
    resource = Resource(name="table", path=path.name, basepath=str(path.parent), schema=Schema.from_descriptor(schema))
    return resource.validate(limit_errors=limit)


def test_findings_come_in_frictionless_order_with_their_cells(table: Path) -> None:
    """Written out, so that a reader sees what a validation holds."""
    found = validate_file(table, schema=SCHEMA).findings.to_pylist()
    assert [(row["type"], row["row"], row["field"], row["cell"]) for row in found] == [
        ("type-error", 3, "day", "2026-02-30"),
        ("constraint-error", 3, "name", ""),
        ("foreign-key", 3, None, None),
        ("constraint-error", 4, "name", "Іван, Петро"),
        ("unique-error", 4, "id", "2"),
        ("type-error", 5, "id", "x"),
        ("missing-cell", 5, "day", ""),
        ("missing-cell", 5, "boss", ""),
        ("primary-key", 5, None, None),
        ("blank-row", 6, None, None),
        ("primary-key", 6, None, None),
        ("extra-cell", 7, "", "зайве"),
        ("unique-error", 7, "id", "2"),
        ("primary-key", 7, None, None),
    ]


@pytest.mark.parametrize("limit", [0, 1, 4, 1000])
def test_the_report_is_that_of_frictionless(table: Path, limit: int) -> None:
    """Every attribute of every error, the statistics, the warnings."""
    got = validate_file(table, schema=SCHEMA, limit_errors=limit)
    wanted = reference(table, SCHEMA, limit).to_descriptor()
    assert report_difference(wanted, got.report_descriptor(), stopped=got.stopped) is None
    assert json.dumps(got.report_descriptor())


def test_a_valid_file_has_a_valid_report(tmp_path: Path) -> None:
    """With size, hashes and the number of rows, as frictionless reports them."""
    path = tmp_path / "t.csv"
    path.write_text("id\n1\n2\n", encoding="utf-8")
    schema = {"fields": [{"name": "id", "type": "integer"}]}
    got = validate_file(path, schema=schema)
    assert got.valid
    assert report_difference(reference(path, schema).to_descriptor(), got.report_descriptor(), stopped=False) is None


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Two tables that refer to each other."""
    (tmp_path / "streets.csv").write_text("code,name\n1,Соборна\n2,Зарічанська\nx,Свободи\n", encoding="utf-8")
    (tmp_path / "houses.csv").write_text("street,number\n1,5\n3,7\n,9\n02,11\n", encoding="cp1251")
    code, street = {"name": "code", "type": "integer"}, {"name": "street", "type": "integer"}
    link = {"fields": ["street"], "reference": {"resource": "streets", "fields": ["code"]}}
    descriptor = {
        "name": "addresses",
        "resources": [
            {
                "name": "streets",
                "path": "streets.csv",
                "schema": {"fields": [code, {"name": "name", "type": "string"}]},
            },
            {
                "name": "houses",
                "path": "houses.csv",
                "encoding": "cp1251",
                "schema": {"fields": [street, {"name": "number", "type": "string"}], "foreignKeys": [link]},
            },
        ],
    }
    (tmp_path / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    return tmp_path / "datapackage.json"


@pytest.mark.parametrize("rows", [2, 3000])
@pytest.mark.parametrize("resource", ["", "other"])
def test_the_label_of_a_column_is_no_value_of_it(tmp_path: Path, resource: str, rows: int) -> None:
    """A cell that equals the label of the column referred to is not found there; the last row holds such a cell."""
    lines = ["id,boss", *(f"n{number % 7:06},n{number % 7:06}" for number in range(rows)), "x,id"]
    for name in ("people", "other"):
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    fields = [{"name": name, "type": "string"} for name in ("id", "boss")]
    key = {"fields": ["boss"], "reference": {"resource": resource, "fields": ["id"]}}
    people = {"name": "people", "path": "people.csv", "schema": {"fields": fields, "foreignKeys": [key]}}
    other = {"name": "other", "path": "other.csv", "schema": {"fields": fields}}
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "two", "resources": [people, other]}))
    found = validate_package(tmp_path / "datapackage.json").resources[0][1]
    told = Package(str(tmp_path / "datapackage.json")).validate()
    assert found.engine == "columnar"
    assert [finding["row"] for finding in found.findings.to_pylist()] == [rows + 2]
    assert table_rows(found.findings) == findings(told)


def test_foreign_keys_across_a_package_are_checked_in_columns(package: Path) -> None:
    """The whole report of the package is that of frictionless."""
    got = validate_package(package)
    wanted = Package(str(package)).validate(limit_errors=0).to_descriptor()
    found = got.report_descriptor()
    for report in (wanted, found):
        report["stats"].pop("seconds")
        for task in report["tasks"]:
            task["stats"].pop("seconds")
    assert found == wanted
    assert [validation.engine for _, validation in got.resources] == ["columnar", "columnar"]
    assert table_rows(got.resources[1][1].findings) == [
        ("foreign-key", 3, None, None, 'for "street": values "3" not found in the lookup table "streets" as "code"')
    ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # frictionless leaves the archive open
def test_what_is_not_proven_goes_to_frictionless_and_says_so(tmp_path: Path) -> None:
    """A compressed table is outside the ground on which our reading was compared."""
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"id\n1\nx\n"))
    validation = validate_file(path, schema={"fields": [{"name": "id", "type": "integer"}]})
    assert validation.engine == "frictionless"
    assert "compressed" in validation.reason
    assert [row[:2] for row in table_rows(validation.findings)] == [("type-error", 3)]
    assert validation.report().tasks[0].stats["rows"] == 2


@pytest.mark.parametrize(
    "schema",
    [
        {"fields": [{"name": "id", "type": "nonsense"}]},
        {"fields": [{"name": "id", "type": "string", "constraints": {"pattern": "("}}]},
        {"fields": [{"name": "id", "type": "integer", "constraints": {"pattern": "a"}}]},
    ],
    ids=["type", "pattern", "constraint"],
)
def test_a_schema_that_frictionless_cannot_use_is_an_error_with_a_remedy(table: Path, schema: dict[str, Any]) -> None:
    """Not a finding on the data, and never a traceback of somebody else's."""
    with pytest.raises(ContractError) as caught:
        validate_file(table, schema=schema)
    assert caught.value.remedy


def test_a_limit_stops_reading(tmp_path: Path) -> None:
    """What was read is told by the progress callback; the findings are those of frictionless up to the limit."""
    path = tmp_path / "big.csv"
    path.write_text("id,n\n" + "".join(f"{row},x{row}\n" for row in range(200_000)), encoding="utf-8")
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "n", "type": "integer"}]}
    seen: list[tuple[int, int]] = []
    got = validate_file(path, schema=schema, limit_errors=1000, progress=lambda *step: seen.append(step))
    assert table_rows(got.findings) == findings(reference(path, schema, 1000))
    assert got.stopped
    assert got.rows == 1000
    assert max(done for done, _ in seen) < path.stat().st_size / 4


@pytest.mark.parametrize("size", [200, 5000])
def test_keys_are_compared_across_segments(tmp_path: Path, size: int) -> None:
    """Values, not texts: 7 and 07 are the same integer, 1.0 and 1.00 the same number, wherever they stand."""
    path = tmp_path / "keys.csv"
    rows = [f"{row if row % 50 else '07'},{row // 3}.{'0' * (row % 4 + 1)},day {row % 90}" for row in range(1, 400)]
    path.write_text("a,b,c\n" + "\n".join(rows) + "\n", encoding="utf-8")
    kinds = ("integer", "number", "string")
    fields = [{"name": n, "type": kind, "constraints": {"unique": True}} for n, kind in zip("abc", kinds, strict=True)]
    schema = {"fields": fields, "primaryKey": ["b", "c"]}
    with segment_size(size):
        got = validate_file(path, schema=schema)
    assert table_rows(got.findings) == findings(reference(path, schema))
    assert len(got.findings) > 300


def test_key_texts_beyond_memory_are_compared_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same findings when DuckDB keeps the texts: accepted cells, cells read one by one, moments of other zones."""
    monkeypatch.setattr(spill, "MEMORY", 200)
    path = tmp_path / "keys.csv"
    moments = ("2020-01-01T00:00:00", "2020-01-01T00:00:00.0", "2020-01-01T02:00:00+02:00", "2020-01-01T00:00:00Z", "")
    rows = [f"user{row % 61}@example.org,{moments[row % 5]},{'ABC'[row % 3]}{row // 7}" for row in range(300)]
    rows[50] = "User3@Example.org,x,A1"
    path.write_text("mail,at,code\n" + "\n".join(rows) + "\nshort\n", encoding="utf-8")
    fields = [
        {"name": "mail", "type": "string", "format": "email", "constraints": {"unique": True}},
        {"name": "at", "type": "datetime", "constraints": {"unique": True}},
        {"name": "code", "type": "string"},
    ]
    schema = {"fields": fields, "primaryKey": ["mail", "code"]}
    with segment_size(700):
        got = validate_file(path, schema=schema)
    assert report_difference(reference(path, schema).to_descriptor(), got.report_descriptor(), stopped=False) is None
    assert len(got.findings) > 300


def test_bytes_that_break_off_are_told_where_frictionless_tells_them(tmp_path: Path) -> None:
    """An undecodable byte far behind the sample ends the table with an encoding error."""
    path = tmp_path / "broken.csv"
    path.write_bytes(b"id,n\n" + b"".join(b"%d,%d\n" % (row, row) for row in range(30_000)) + b"5,\xff\n6,7\n")
    schema = {"fields": [{"name": "id", "type": "integer"}, {"name": "n", "type": "integer"}]}
    resource = Resource(path=path.name, basepath=str(tmp_path), schema=Schema.from_descriptor(schema), encoding="utf-8")
    got = validate_file(path, schema=schema, encoding="utf-8")
    assert table_rows(got.findings) == findings(resource.validate(limit_errors=0))
    assert got.findings.column("type").to_pylist() == ["encoding-error"]


def test_every_dialect_option_of_the_file_is_heeded(table: Path) -> None:
    """A dialect given as a descriptor, as frictionless takes it."""
    dialect = {"header": True, "headerRows": [1], "commentRows": [3], "skipBlankRows": True}
    got = validate_file(table, schema=SCHEMA, dialect=dialect)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resource = Resource.from_descriptor(
            {"name": "table", "path": table.name, "schema": SCHEMA, "dialect": dialect}, basepath=str(table.parent)
        )
        assert table_rows(got.findings) == findings(resource.validate(limit_errors=0))


@pytest.mark.parametrize("tiny", [0, 1 << 14], ids=["arrow", "python"])
def test_a_newline_inside_malformed_quotes_ends_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: int
) -> None:
    """Quotes that do not pair up mislead the cut; whichever tokeniser is used must notice. Found by fuzzing."""
    monkeypatch.setattr(run, "TINY", tiny)
    path = tmp_path / "quotes.tsv"
    path.write_bytes(b'h0\th1\th2\t"h3\r\n"2021-02-29"\t;"a"\t"9999999999999999999"\t"a\n\r\nb"')
    schema = {"fields": [{"name": "h0", "type": "duration"}, {"name": "h1", "type": "string"}]}
    got = validate_file(path, schema=schema)
    assert table_rows(got.findings) == findings(reference(path, schema))
