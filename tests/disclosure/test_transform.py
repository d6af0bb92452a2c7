"""Transformations do what the contract declares, the same in every run, and leave empty what they do not know."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from vidkryto.catalogue.classes import ColumnClass
from vidkryto.disclosure import salt_from_environment
from vidkryto.disclosure.grid import snapped
from vidkryto.disclosure.transform import hashed, masked, too_young, transformed
from vidkryto.errors import SettingsError
from vidkryto.settings import Secret

TODAY = date(2026, 11, 23)


def change(way: dict[str, object], values: list[str]) -> tuple[list[str], int]:
    declared = ColumnClass.model_validate({"class": "quasi", **way})
    after = transformed(pa.array(values), declared, today=TODAY)
    return after.column.to_pylist(), after.failed


@pytest.mark.parametrize(
    ("way", "before", "after", "failed"),
    [
        (
            {"generalise": {"age_band": 10}},
            ["34", "1985-11-24", "1985-11-23", "1985", "", "?"],
            ["30-39", "40-49", "40-49", "40-49", "", ""],
            1,
        ),
        ({"generalise": {"date": "month"}}, ["2024-03-05", "2024-13-05", ""], ["2024-03", "", ""], 1),
        ({"generalise": {"date": "quarter"}}, ["2024-03-05", "2024-04-01"], ["2024-Q1", "2024-Q2"], 0),
        ({"generalise": {"date": "year"}}, ["2024-03-05T10:00"], ["2024"], 0),
        (
            {"generalise": {"address": "street"}},
            ["вул. Соборна, 24, кв. 15", "вул. Зарічанська 5-А", "вул. 8 Березня, 3", "проспект Миру"],
            ["вул. Соборна", "вул. Зарічанська", "вул. 8 Березня", "проспект Миру"],
            0,
        ),
        (
            {"generalise": {"address": "settlement"}},
            ["м. Хмельницький, вул. Соборна, 24", "вул. Соборна, 24"],
            ["м. Хмельницький", ""],
            1,
        ),
        ({"generalise": {"groups": {"дорослі": ["чол.", "жін."]}}}, ["чол.", "діти"], ["дорослі", "Інше"], 0),
        ({"round": 5}, ["12", "12.5", "17.5", "-3", "x"], ["10", "10", "20", "-5", ""], 1),
        ({"round": 0.1}, ["1.25", "1.35"], ["1.2", "1.4"], 0),
        ({"top_code": {"above": 90, "label": "90+"}}, ["89", "90", "91", ""], ["89", "90", "90+", ""], 0),
    ],
)
def test_a_transformation_does_what_is_declared(
    way: dict[str, object], before: list[str], after: list[str], failed: int
) -> None:
    """Expected values are written out; what does not look as declared is empty and counted."""
    assert change(way, before) == (after, failed)


def test_a_hash_needs_the_salt_and_cannot_be_linked_across_columns() -> None:
    """The same value in two columns gives two hashes; without the salt nobody can try all ten-digit numbers."""
    column, salt = pa.array(["3184710691", "", "3184710691 "]), Secret("a salt that is long enough")
    one = hashed(column, salt, scope="dataset/table/one").column.to_pylist()
    other = hashed(column, salt, scope="dataset/table/other").column.to_pylist()
    assert one[0] == one[2] != other[0]
    assert one[1] == ""
    assert hashed(column, Secret("another salt, also long"), scope="dataset/table/one").column[0].as_py() != one[0]


def test_masking_takes_the_value_and_leaves_the_words() -> None:
    """Each hit becomes its kind; the count is by cells."""
    column = pa.array(
        ["Зателефонуйте 067 123 45 67 до обіду", "Яма на дорозі", "Коваленко Марія Іванівна, o.k@ukr.net"]
    )
    after, kinds = masked(column)
    assert after.column.to_pylist() == [
        "Зателефонуйте [приховано: телефон] до обіду",
        "Яма на дорозі",
        "[приховано: ім’я особи], [приховано: e-mail]",
    ]
    assert kinds == {"email": 1, "name": 1, "phone": 1}


def test_points_of_people_need_company() -> None:
    """A cell of the grid with fewer addresses than wanted is left empty; the others show its middle only."""
    rule = ColumnClass.model_validate(
        {"class": "geo", "snap": {"grid": "500 m", "with": "lon", "people": True, "addresses": 3}}
    ).snap
    latitude = pa.array(["49.42290", "49.42291", "49.42292", "49.52290", ""])
    longitude = pa.array(["26.98710", "26.98711", "26.98712", "26.98710", ""])
    after = snapped(latitude, longitude, rule)
    assert len({*after.latitude.to_pylist()[:3]}) == 1
    assert after.latitude.to_pylist()[3:] == ["", ""]
    assert (after.withheld, after.failed, after.smallest) == (1, 0, 3)
    assert after.latitude[0].as_py() not in latitude.to_pylist()


def test_a_snapped_point_stays_within_its_cell() -> None:
    """Half a grid in each direction is the most a point moves."""
    rule = ColumnClass.model_validate({"class": "geo", "snap": {"grid": "250 m", "with": "lon"}}).snap
    after = snapped(pa.array(["49.42290"]), pa.array(["26.98710"]), rule)
    assert abs(float(after.latitude[0].as_py()) - 49.42290) * 111_320 <= 125.5
    assert abs(float(after.longitude[0].as_py()) - 26.98710) * 111_320 * 0.6505 <= 126


def test_young_rows_wait_and_so_does_what_is_no_date() -> None:
    """A delay of 30 days on 23 November lets through what is from 24 October or older."""
    column = pa.array(["2026-10-24", "2026-10-25", "2026-11-23", "", "колись"])
    assert too_young(column, 30, today=TODAY).to_pylist() == [False, True, True, True, True]


def test_the_salt_comes_from_a_file_nobody_else_reads(tmp_path: object) -> None:
    """A salt others can read, or a short one, is refused; its repr shows nothing."""
    file = tmp_path / "salt"
    file.write_text("0123456789abcdef0123\n")
    file.chmod(0o600)
    salt = salt_from_environment({"VIDKRYTO_SALT_FILE": str(file)})
    assert salt.reveal() == "0123456789abcdef0123"
    assert "0123" not in repr(salt)
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="read by others"):
        salt_from_environment({"VIDKRYTO_SALT_FILE": str(file)})
    with pytest.raises(SettingsError, match="characters"):
        salt_from_environment({"VIDKRYTO_SALT": "short"})
    assert not salt_from_environment({})
