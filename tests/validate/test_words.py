"""Findings for officers: grouped, in plain words of two languages, without a protected value."""

import string
from pathlib import Path

import pyarrow as pa
import pytest

from tests.validate.test_file import SCHEMA, TEXT
from vidkryto.findings import codes
from vidkryto.validate import to_findings, validate_file, validate_table

CODES = [name for name, code in codes().items() if code.stage == "validate"]
STANDARD = {"found", "wanted", "count", "file", "sheet", "row", "column", "field", "resource"}


@pytest.mark.parametrize("name", CODES)
def test_every_message_can_be_filled_from_any_finding(name: str) -> None:
    """A finding without its value has no details: messages use what every finding has."""
    for text in codes()[name].message.values():
        assert {part for _, part, _, _ in string.Formatter().parse(text) if part} <= STANDARD


def test_findings_that_differ_in_rows_only_are_told_once() -> None:
    """With their number, their first rows and a sample of what was wanted."""
    table = pa.table({"n": ["1", "x", "2", "y", "x"], "s": ["a"] * 5})
    validation = validate_table(table, {"fields": [{"name": "n", "type": "integer"}, {"name": "s", "type": "string"}]})
    (finding,) = to_findings(validation, resource="stops", file="stops.xlsx")
    assert (finding.code, finding.count, finding.rows) == ("type-error", 3, (3, 5, 6))
    assert (finding.found, finding.wanted, finding.place.column) == ("x", "15", "n")
    assert finding.message("en") == (
        "Column 'n', row 3: 'x' is not of the type wanted, for example: 15. Such cells: 3."
    )
    assert finding.message("uk") == (
        "Стовпець «n», рядок 3: «x» не того типу; треба, наприклад: 15. Таких клітинок: 3."
    )


def test_a_protected_value_stands_in_no_finding() -> None:
    """Neither as found, nor in a note, nor in another field of a row whose cells are shifted."""
    secrets = ("3012345678", "2999999999")
    schema = {
        "fields": [
            {"name": "tax", "type": "string", "constraints": {"pattern": "[A-Z]+", "unique": True}},
            {"name": "n", "type": "integer"},
        ],
        "foreignKeys": [{"fields": ["tax"], "reference": {"resource": "people", "fields": ["tax"]}}],
    }
    table = pa.table({"tax": [secrets[0], secrets[1], secrets[0]], "n": ["1", "2", "z"]})
    validation = validate_table(table, schema, lookups={"people": pa.table({"tax": ["A"]})})
    findings = to_findings(validation, protected=frozenset({"tax"}))
    told = " ".join(repr(one) + one.message("uk") + one.message("en") for one in findings)
    assert {one.code for one in findings} == {"constraint-error", "unique-error", "foreign-key", "type-error"}
    assert not any(secret in told for secret in secrets)
    assert "'z'" in told


def test_a_shifted_row_shows_no_value_when_a_field_is_protected(tmp_path: Path) -> None:
    """A missing delimiter moves a protected value into the next field."""
    path = tmp_path / "t.csv"
    path.write_text("n,tax\n1,A\n3012345678\n2,B,3012345678\n", encoding="utf-8")
    schema = {"fields": [{"name": "n", "type": "integer", "constraints": {"maximum": 9}}, {"name": "tax"}]}
    told = repr(to_findings(validate_file(path, schema=schema), protected=frozenset({"tax"})))
    assert "constraint-error" in told
    assert "3012345678" not in told


def test_more_groups_than_asked_for_are_counted(tmp_path: Path) -> None:
    """What is left out is never silent."""
    path = tmp_path / "people.csv"
    path.write_text(TEXT, encoding="utf-8")
    validation = validate_file(path, schema=SCHEMA)
    every = to_findings(validation)
    some = to_findings(validation, limit_per_task=3)
    assert [one.code for one in some] == [one.code for one in every[:3]] + ["more-findings"]
    assert some[-1].count == sum(one.count for one in every[3:])
    assert sum(one.count for one in every) == len(validation.findings)
