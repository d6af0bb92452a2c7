"""Tables read elsewhere get the verdict of frictionless on the same CSV; rows keep the officer's own numbers."""

import csv
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from frictionless import Resource
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.validate.fuzzing import CELLS, TYPES, findings, make_constraint, table_rows
from vidkryto.errors import ContractError
from vidkryto.validate import canonical, typed, validate_table

SCHEMA = {
    "fields": [
        {"name": "id", "type": "integer"},
        {"name": "name", "type": "string", "constraints": {"required": True}},
        {"name": "parent", "type": "integer"},
    ],
    "primaryKey": ["id"],
}


def rows_of(validation: Any) -> list[tuple[Any, ...]]:
    """Type, row and field of each finding."""
    return [(kind, row, name) for kind, row, _, name, _ in table_rows(validation.findings)]


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """A table of text and a schema for it, often with keys."""
    width = draw(st.integers(1, 4))
    size = draw(st.integers(0, 12))
    names = [f"h{place}" for place in range(width)]
    columns, fields = {}, []
    for name in names:
        pool = draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=5))
        columns[name] = draw(st.lists(st.sampled_from(pool), min_size=size, max_size=size))
        field = {**draw(st.sampled_from(TYPES)), "name": name}
        rules: dict[str, Any] = {"required": True} if draw(st.booleans()) else {}
        if draw(st.booleans()):
            rules |= make_constraint(
                draw(st.randoms(use_true_random=False)), field["type"], field.get("format", "default")
            )
        if draw(st.integers(0, 4)) == 0:
            rules["unique"] = True
        fields.append({**field, "constraints": rules} if rules else field)
    schema: dict[str, Any] = {"fields": fields}
    if draw(st.integers(0, 2)) == 0:
        schema["primaryKey"] = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        schema["missingValues"] = draw(st.sampled_from([["", "NA"], ["NA"], [], ["-", ""]]))
    return columns, schema


def by_frictionless(columns: dict[str, list[str]], schema: dict[str, Any]) -> Any:
    """frictionless' report on the table as CSV, every cell quoted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        descriptor = {
            "name": "t",
            "path": "table.csv",
            "encoding": "utf-8",
            "dialect": {"header": True, "headerRows": [1], "csv": {"delimiter": ",", "skipInitialSpace": False}},
            "schema": schema,
        }
        return Resource.from_descriptor(descriptor, basepath=folder).validate(limit_errors=0)


@given(tables())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_table_gets_the_verdict_of_the_same_csv(case: tuple[dict[str, list[str]], dict[str, Any]]) -> None:
    """Types, constraints, missing values and keys of every kind, order included."""
    columns, schema = case
    try:
        expected = by_frictionless(columns, schema)
    except Exception:  # frictionless fails on keys of objects and arrays, on bounds of other zones …
        with pytest.raises(ContractError):
            validate_table(pa.table(columns, schema=text_schema(columns)), schema, extensions=False)
        return
    got = validate_table(pa.table(columns, schema=text_schema(columns)), schema, extensions=False)
    assert table_rows(got.findings) == findings(expected)


def text_schema(columns: dict[str, list[str]]) -> pa.Schema:
    """All columns as text."""
    return pa.schema([(name, pa.string()) for name in columns])


def _comparable(value: Any) -> Any:
    """A value that equals itself: NaN as a word."""
    return "nan" if str(value).lower() == "nan" else value


@given(tables())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_cells_are_typed_as_frictionless_reads_them(case: tuple[dict[str, list[str]], dict[str, Any]]) -> None:
    """Cells that frictionless accepts have the same value in a typed column; canonical text reads back equal."""
    columns, schema = case
    from frictionless import Schema

    fields = Schema.from_descriptor({**schema, "primaryKey": []}).fields
    kept, kept_fields = {}, []
    for field, (name, cells) in zip(fields, columns.items(), strict=True):
        read = field.create_value_reader()
        missing = schema.get("missingValues", [""])
        good = [text for text in cells if text in missing or (text != "" and read(text) is not None)]
        if field.type in ("geojson",) or len(good) < len(cells):
            continue
        kept[name] = good
        kept_fields.append(field)
    if not kept:
        return
    described = {
        "fields": [field.to_descriptor() for field in kept_fields],
        "missingValues": schema.get("missingValues", [""]),
    }
    for described_field in described["fields"]:
        described_field.pop("constraints", None)
    table = pa.table(kept, schema=text_schema(kept))
    texts, values = canonical(table, described), typed(table, described)
    for field in kept_fields:
        read = field.create_value_reader()
        wanted = [None if text in described["missingValues"] else read(text) for text in kept[field.name]]
        written = texts.column(field.name).to_pylist()
        assert [text is None for text in written] == [value is None for value in wanted]
        if field.type in ("integer", "number", "date", "boolean", "year", "string", "any"):
            stored = values.column(field.name).to_pylist()
            if values.schema.field(field.name).type != pa.string():
                assert list(map(_comparable, stored)) == list(map(_comparable, wanted))
            else:
                assert stored == written
        if field.type in ("datetime", "time") and field.format == "default":
            assert [None if text is None else read(text) for text in written] == wanted


def test_rows_carry_the_numbers_of_the_officers_file() -> None:
    """Numbers of rows in findings and in notes are those of the file, even where parts of two files are joined."""
    table = pa.table({"id": ["1", "1", "x"], "name": ["a", None, "c"], "parent": ["1", "1", None]})
    validation = validate_table(table, SCHEMA, rows=pa.array([7, 9, 3]))
    assert table_rows(validation.findings) == [
        ("constraint-error", 9, 2, "name", 'constraint "required" is "True"'),
        ("primary-key", 9, None, None, "the same as in the row at position 7"),
        ("type-error", 3, 1, "id", 'type is "integer/default"'),
        ("primary-key", 3, None, None, 'cells composing the primary keys are all "None"'),
    ]
    task = validation.report_descriptor()["tasks"][0]
    assert [error["cells"] for error in task["errors"]] == [["1", "", "1"]] * 2 + [["x", "c", ""]] * 2


def test_foreign_keys_look_into_other_tables() -> None:
    """Text is read with the referring field, typed columns are taken as they are."""
    schema = {**SCHEMA, "foreignKeys": [{"fields": ["parent"], "reference": {"resource": "other", "fields": ["code"]}}]}
    table = pa.table({"id": ["1", "2", "3"], "name": ["a", "b", "c"], "parent": ["01", "5", None]})
    for other in (pa.table({"code": ["1", None]}), pa.table({"code": pa.array([1, None], pa.int64())})):
        validation = validate_table(table, schema, lookups={"other": other})
        assert table_rows(validation.findings) == [
            ("foreign-key", 3, None, None, 'for "parent": values "5" not found in the lookup table "other" as "code"')
        ]


def test_a_foreign_key_to_a_table_that_is_not_there_is_refused() -> None:
    """It is the contract that is wrong, not the data."""
    schema = {**SCHEMA, "foreignKeys": [{"fields": ["parent"], "reference": {"resource": "other", "fields": ["code"]}}]}
    table = pa.table({"id": ["1"], "name": ["a"], "parent": ["1"]})
    with pytest.raises(ContractError, match="other"):
        validate_table(table, schema)


def test_extensions_are_checked_under_names_of_their_own() -> None:
    """Unique keys pass over rows with a missing value, as in SQL; categories are compared as values."""
    schema = {
        "fields": [
            {"name": "a", "type": "string", "categories": ["x", {"value": "y", "label": "Y"}]},
            {"name": "b", "type": "integer", "constraints": {"exclusiveMaximum": 10}},
        ],
        "uniqueKeys": [["a", "b"]],
    }
    table = pa.table({"a": ["x", "x", "z", "y", "y", None], "b": ["1", "01", "2", "10", None, None]})
    assert rows_of(validate_table(table, schema)) == [
        ("unique-key", 3, None),
        ("category-error", 4, "a"),
        ("constraint-error", 5, "b"),
        ("blank-row", 7, None),
    ]
    with pytest.raises(ContractError, match="requires datapackage v2"):
        validate_table(table, schema, extensions=False)


def test_a_column_that_is_not_text_is_refused() -> None:
    """A number that was parsed elsewhere may have lost what stood in the cell."""
    with pytest.raises(TypeError, match="id"):
        validate_table(pa.table({"id": pa.array([1])}), {"fields": [{"name": "id", "type": "integer"}]})


def test_cells_that_do_not_fit_their_type_are_not_typed() -> None:
    """Typing is for valid tables; the message says what to do."""
    with pytest.raises(ValueError, match="validate first"):
        typed(pa.table({"id": ["x"]}), {"fields": [{"name": "id", "type": "integer"}]})


def test_the_order_of_rows_changes_no_finding_on_cells() -> None:
    """Reversed rows have the same findings, reversed."""
    cells = ["1", "x", "", "2", "07", "9" * 30, "-"]
    schema = {
        "fields": [{"name": "v", "type": "integer", "constraints": {"required": True, "maximum": 10}}, {"name": "w"}]
    }
    table = pa.table({"v": cells, "w": ["k"] * len(cells)})
    forward = table_rows(validate_table(table, schema).findings)
    backward = table_rows(validate_table(table.take(list(range(len(cells)))[::-1]), schema).findings)
    assert [(kind, len(cells) + 3 - row, *rest) for kind, row, *rest in backward][::-1] == forward
