"""False alarms over all real exports: each is listed and judged, and they are under 2 % of the columns."""

from __future__ import annotations

import json
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pyarrow as pa
import pytest

from tests.disclosure.tables import all_tables, need_exports
from vidkryto.disclosure.columns import column_words, judge_table

JUDGED = tomllib.loads(Path(__file__).with_name("judged_alarms.toml").read_text(encoding="utf-8"))["alarm"]
SCHEMAS = Path(__file__).parents[2] / "schemas" / "835"


@pytest.fixture(scope="module")
def alarms() -> list[tuple[str, str, str]]:
    """Table, column and kind of each alarm when every column were declared open.

    The templates and examples of resolution 835 bear field names; the titles of their schemas are words of them too.
    """
    need_exports()
    return [
        (name, column, one.kind)
        for name, table in all_tables()
        for column, seen in judge_table(table, words(name, table)).items()
        for one in seen
    ]


def words(name: str, table: pa.Table) -> dict[str, str]:
    """All that names the columns: their headers, and the titles of the schema where the table is one of resolution 835.

    A list of fields (`schema.csv`) has a few columns of such names by chance: most of them must be the schema's.
    """
    parts = name.split("/")
    file = SCHEMAS / f"{parts[1]}.json"
    if parts[0] != "reference_835" or not file.is_file():
        return {}
    found = column_words(json.loads(file.read_text(encoding="utf-8")), {})
    return found if len(set(found) & set(table.column_names)) * 2 > table.num_columns else {}


def judgement(alarm: tuple[str, str, str]) -> dict[str, str] | None:
    """The first entry that fits."""
    for entry in JUDGED:
        if all(fnmatchcase(found, entry[part]) for found, part in zip(alarm, ("file", "column", "kind"), strict=True)):
            return entry
    return None


def verdict(alarm: tuple[str, str, str]) -> str:
    entry = judgement(alarm)
    return entry["verdict"] if entry else "not judged"


def test_every_alarm_over_the_real_exports_is_judged(alarms: list[tuple[str, str, str]]) -> None:
    """An alarm nobody looked at is neither right nor false."""
    assert [alarm for alarm in alarms if verdict(alarm) == "not judged"] == []


def test_false_alarms_are_under_two_percent_of_columns(alarms: list[tuple[str, str, str]]) -> None:
    """Over all tables, and over the real exports without the empty templates and examples of resolution 835."""
    false = {alarm[:2] for alarm in alarms if verdict(alarm) == "false"}
    every = [(name, column) for name, table in all_tables() for column in table.column_names]
    real = [place for place in every if not place[0].startswith("reference_835")]
    for columns in (every, real):
        wrong = sorted(false & set(columns))
        print(f"\n{len(wrong)} of {len(columns)} columns ({len(wrong) / len(columns):.2%}): {wrong}")
        assert len(wrong) / len(columns) < 0.02


def test_every_judgement_is_about_an_alarm_that_still_sounds(alarms: list[tuple[str, str, str]]) -> None:
    """A stale entry would hide the next alarm."""
    used = [judgement(alarm) for alarm in alarms]
    assert [entry["file"] for entry in JUDGED if entry not in used] == []
