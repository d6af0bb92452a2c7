"""What a legal act closes is withheld, and all that is told is the name of the rule and a number."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from vidkryto.catalogue.classes import ColumnClass
from vidkryto.disclosure import DenyList, deny_list_from_environment
from vidkryto.disclosure.areas import geo_columns, unreadable_cells
from vidkryto.disclosure.deny import withheld_rows
from vidkryto.errors import SettingsError

LIST = """
[[rule]]
rule = "E1"
act = "Постанова 1257 від 03.10.2025"
edrpou = ["01107935"]

[[rule]]
rule = "G2"
polygon = {type = "Polygon", coordinates = [[[26.9, 49.4], [27.0, 49.4], [27.0, 49.5], [26.9, 49.5], [26.9, 49.4]]]}

[[rule]]
rule = "T3"
object_type = ["Котельня"]
"""


@pytest.fixture
def deny(tmp_path: Path) -> DenyList:
    (tmp_path / "closed.toml").write_text(LIST, encoding="utf-8")
    return DenyList.load(tmp_path)


def by_rule(deny: DenyList, columns: dict[str, list[str]], *geo: str) -> tuple[list[bool], dict[str, int]]:
    table, classes = pa.table(columns), {name: ColumnClass.model_validate("geo") for name in geo}
    withheld = withheld_rows(table, deny, geo_columns(table, classes))
    return withheld.mask.to_pylist(), withheld.by_rule


def test_a_closed_firm_is_withheld_however_its_code_is_written(deny: DenyList) -> None:
    """Lost zeros, a float, the code inside a text; another firm stays."""
    columns = {
        "code": ["01107935", "1107935", "1107935.0", "26244113", ""],
        "name": ["", "", "", "", "КП (01107935), м. Фастів"],
    }
    assert by_rule(deny, columns) == ([True, True, True, False, True], {"E1": 4})


def test_a_closed_area_takes_points_and_shapes(deny: DenyList) -> None:
    """Pairs of coordinates, GeoJSON and WKT; the border is inside."""
    columns = {
        "lat": ["49.45", "49.55", "49.4", ""],
        "lon": ["26.95", "26.95", "26.9", ""],
        "shape": ["", '{"type":"LineString","coordinates":[[26.8,49.3],[26.95,49.45]]}', "", "POINT (26.95 49.45)"],
    }
    mask, told = by_rule(deny, columns, "lat", "lon", "shape")
    assert mask == [True, True, True, True]
    assert told == {"G2": 4}


@pytest.mark.parametrize("names", [("y", "x"), ("x", "y"), ("coord_n", "coord_e"), ("point_1", "point_2")])
def test_two_columns_of_numbers_are_a_place_whatever_their_names(deny: DenyList, names: tuple[str, str]) -> None:
    """No name has to be guessed, and which of the two is the latitude neither."""
    columns = {names[0]: ["49.45", "49.55", "49,45"], names[1]: ["26.95", "26.95", "26,95"]}
    assert by_rule(deny, columns, *names) == ([True, False, True], {"G2": 2})


@pytest.mark.parametrize(
    ("shape", "closed"),
    [
        ("LINESTRING (26.8 49.45, 27.1 49.45)", True),  # across, with no end inside
        ("LINESTRING (26.8 49.45, 26.85 49.45, 26.85 49.55)", False),
        ("MULTIPOINT (26.8 49.45, 27.1 49.45)", False),  # nothing lies between two points
        ("SRID=4326;MULTILINESTRING Z ((26.8 49.3 200, 26.8 49.6 200), (26.8 49.45 200, 27.1 49.45 200))", True),
        ("POLYGON ((26.8 49.42, 27.1 49.42, 27.1 49.44, 26.8 49.44, 26.8 49.42))", True),
        ("GEOMETRYCOLLECTION (POINT (20 40), LINESTRING (26.8 49.45, 27.1 49.45))", True),
        ('{"type": "LineString", "coordinates": [[26.8, 49.45], [27.1, 49.45]]}', True),
        ('{"type": "Feature", "geometry": {"type": "Point", "coordinates": [26.95, 49.45, 300]}}', True),
        ('{"lon": 26.95, "lat": 49.45}', True),
        ("[26.95, 49.45]", True),
        ("49.45, 26.95", True),
        ("26.95 49.45", True),
        ("26.95, 49.55", False),
        ("POINT EMPTY", False),
        ("немає", False),
    ],
)
def test_a_shape_is_compared_as_a_whole(deny: DenyList, shape: str, closed: bool) -> None:
    """A line that crosses an area is closed, also where it has no vertex inside; each spelling is read."""
    assert by_rule(deny, {"place": [shape]}, "place")[0] == [closed]
    assert unread({"place": [shape]}, "place") == {}


def unread(columns: dict[str, list[str]], *geo: str) -> dict[str, list[bool]]:
    table, classes = pa.table(columns), {name: ColumnClass.model_validate("geo") for name in geo}
    return {name: mask.to_pylist() for name, mask in unreadable_cells(table, geo_columns(table, classes)).items()}


def test_a_place_that_cannot_be_compared_is_told() -> None:
    """Projected metres, degrees and minutes, a binary form, a number without its pair; words are no place."""
    shapes = ["POINT (5474123 612345)", "49°25'12\" 26°58'", "0101000020E6100000", "", "біля парку", '{"a": 1}']
    assert unread({"place": shapes}, "place") == {"place": [True, True, True, False, False, True]}
    pair = {"lat": ["49.45", "5474123.2", "", "—"], "lon": ["26.95", "26.95", "", ""]}
    assert unread(pair, "lat", "lon") == {"lat": [False, True, False, False]}
    assert unread({"lat": ["49.45"]}, "lat") == {"lat": [True]}
    assert unread({"lat": ["49.45"], "lon": ["26.95"], "height": ["290"]}, "lat", "lon", "height") == {}


def test_a_rule_ends_after_its_last_day(tmp_path: Path) -> None:
    """`until` is a day of TOML or the same as text; anything else is refused, because it would never end."""
    for written in ("2026-11-30", "'2026-11-30'"):
        (tmp_path / "a.toml").write_text(f"[[rule]]\nrule = 'T'\nobject_type = ['Парк']\nuntil = {written}\n")
        deny = DenyList.load(tmp_path)
        assert len(deny.on(date(2026, 11, 30)).rules) == 1
        assert deny.on(date(2026, 12, 1)) == DenyList()


def test_a_closed_type_of_object_is_withheld_in_any_case_of_letters(deny: DenyList) -> None:
    """The whole cell decides; a word inside a longer text does not."""
    assert by_rule(deny, {"type": ["КОТЕЛЬНЯ ", "Парк", "Стара котельня"]}) == ([True, False, False], {"T3": 1})


def test_the_list_does_not_show_in_a_repr(deny: DenyList) -> None:
    """The content of a deny list is itself a secret."""
    assert "01107935" not in repr(deny)
    assert "Котельня".casefold() not in repr(deny).casefold()
    assert "E1" in repr(deny)


@pytest.mark.parametrize(
    "broken",
    [
        "[[rule]]\nrule = 'X'",
        "[[rule]]\nrule = 'X'\nedrpo = ['01107935']",
        "[[rule]]\nrule = 'X'\nedrpou = ['abc']",
        "[[rule]\n",
        "[[rule]]\nrule = 'X'\npolygon_file = 'absent.geojson'",
        "[[rule]]\nedrpou = ['01107935']",
        "[[rule]]\nrule = 'X'\nedrpou = ['01107935']\nuntil = 'spring'",
        "[[rule]]\nrule = 'X'\nedrpou = ['01107935']\nuntil = 2026-11-30T10:00:00",
    ],
)
def test_a_list_that_cannot_be_used_stops_everything(tmp_path: Path, broken: str) -> None:
    """Half a deny list would publish what an act closes; the error quotes nothing of it."""
    (tmp_path / "broken.toml").write_text(broken, encoding="utf-8")
    with pytest.raises(SettingsError) as error:
        DenyList.load(tmp_path)
    assert "01107935" not in str(error.value)


def test_codes_and_areas_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    """One code in a line; a GeoJSON collection."""
    (tmp_path / "codes.txt").write_text("01107935\n26244113\n")
    shape = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    (tmp_path / "areas.geojson").write_text(
        json.dumps(
            {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": shape, "properties": {}}]}
        )
    )
    (tmp_path / "a.toml").write_text(
        '[[rule]]\nrule = "E"\nedrpou_file = "codes.txt"\n[[rule]]\nrule = "G"\npolygon_file = "areas.geojson"\n'
    )
    codes, area = DenyList.load(tmp_path).rules
    assert codes.edrpou == {"01107935", "26244113"}
    assert len(area.polygons) == 1


def test_the_lists_lie_outside_the_repository(tmp_path: Path) -> None:
    """Named by the environment; a missing folder or one that would be committed is refused."""
    assert deny_list_from_environment({}) == DenyList()
    outside, repository = tmp_path / "secret", tmp_path / "repository"
    for folder in (outside, repository / "closed"):
        folder.mkdir(parents=True)
        (folder / "closed.toml").write_text(LIST, encoding="utf-8")
    environment = {"VIDKRYTO_DENY_LISTS": str(outside)}
    assert len(deny_list_from_environment(environment, repository=repository).rules) == 3
    with pytest.raises(SettingsError, match="inside the repository"):
        deny_list_from_environment({"VIDKRYTO_DENY_LISTS": str(repository / "closed")}, repository=repository)
    with pytest.raises(SettingsError, match="names no folder"):
        deny_list_from_environment({"VIDKRYTO_DENY_LISTS": str(tmp_path / "absent")})
