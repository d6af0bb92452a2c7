"""False alarms over all real exports: each is listed and judged, and they are under 2 % of the columns."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.disclosure.tables import all_tables, need_exports
from vidkryto.disclosure.columns import judge_table

JUDGED = tomllib.loads(Path(__file__).with_name("judged_alarms.toml").read_text(encoding="utf-8"))["alarm"]


@pytest.fixture(scope="module")
def alarms() -> list[tuple[str, str, str]]:
    """Table, column and kind of each alarm when every column were declared open."""
    need_exports()
    return [
        (name, column, one.kind)
        for name, table in all_tables()
        for column, seen in judge_table(table).items()
        for one in seen
    ]


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
