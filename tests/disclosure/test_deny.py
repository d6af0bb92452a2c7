"""What a legal act closes is withheld, and all that is told is the name of the rule and a number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from vidkryto.catalogue.classes import ColumnClass
from vidkryto.disclosure import DenyList, deny_list_from_environment
from vidkryto.disclosure.areas import geo_columns, geometry_of, unreadable_cells
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


Columns = Mapping[str, Sequence[str | None]]


def table_of(columns: Columns) -> pa.Table:
    return pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()})


def by_rule(deny: DenyList, columns: Columns, *geo: str) -> tuple[list[bool], dict[str, int]]:
    table, classes = table_of(columns), {name: ColumnClass.model_validate("geo") for name in geo}
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


def unread(columns: Columns, *geo: str) -> dict[str, list[bool]]:
    table, classes = table_of(columns), {name: ColumnClass.model_validate("geo") for name in geo}
    return {name: mask.to_pylist() for name, mask in unreadable_cells(table, geo_columns(table, classes)).items()}


def test_a_place_that_cannot_be_compared_is_told() -> None:
    """Projected metres, degrees and minutes, a binary form, a number without its pair; words are no place."""
    shapes = ["POINT (5474123 612345)", "49°25'12\" 26°58'", "0101000020E6100000", "", "біля парку", '{"a": 1}']
    assert unread({"place": shapes}, "place") == {"place": [True, True, True, False, False, True]}
    pair = {"lat": ["49.45", "5474123.2", "", "—"], "lon": ["26.95", "26.95", "", ""]}
    assert unread(pair, "lat", "lon") == {"lat": [False, True, False, False]}
    assert unread({"lat": ["49.45"]}, "lat") == {"lat": [True]}
    assert unread({"lat": ["49.45"], "lon": ["26.95"], "height": ["290"]}, "lat", "lon", "height") == {}


def test_an_empty_cell_of_a_geometry_is_no_place(deny: DenyList) -> None:
    """A null stands among places and beside them; the other rows are judged as ever."""
    columns = {"shape": [None, "POINT (26.95 49.45)", None, "POINT (5474123 612345)"]}
    assert by_rule(deny, columns, "shape") == ([False, True, False, False], {"G2": 1})
    assert unread(columns, "shape") == {"shape": [False, False, False, True]}
    assert by_rule(deny, {"shape": [None, None]}, "shape") == ([False, False], {})
    pair = {"lat": [None, "49.45", "49.45"], "lon": ["26.95", None, "26.95"]}
    assert by_rule(deny, pair, "lat", "lon")[0] == [False, False, True]


@pytest.mark.parametrize(
    ("shape", "closed"),
    [
        ("POLYGON ((26 49, 28 49, 28 50, 26 50, 26 49))", True),  # around the area, with no border near it
        ("POLYGON ((26.8 49.44, 27.1 49.46, 27.1 49.44, 26.8 49.46, 26.8 49.44))", True),  # crosses itself
        ("POLYGON ((26.8 49.44, 26.8 49.46, 26.7 49.44, 26.7 49.46, 26.8 49.44))", False),
        ("POLYGON ((26.8 49.42, 27.1 49.42, 27.1 49.44))", True),  # left open
        ("point z (26.95 49.45 300)", True),
        ("srid=4326;Point(2.695e1 49.45)", True),
        ('{"type": "Polygon", "coordinates": [[[26, 49], [28, 49], [28, 50], [26, 50], [26, 49]]]}', True),
        ('{"type": "Polygon", "coordinates": []}', False),
        ("LINESTRING (26.8 49.3, 26.9 49.4)", True),  # touches a corner
        ("MULTIPOLYGON EMPTY", False),
    ],
)
def test_areas_and_lines_are_compared_with_all_that_they_hold(deny: DenyList, shape: str, closed: bool) -> None:
    """An area around a closed one, one that crosses itself, and one whose ring is left open."""
    assert by_rule(deny, {"place": [shape]}, "place")[0] == [closed]
    assert unread({"place": [shape]}, "place") == {}


def test_the_border_lies_inside_whatever_its_slant(tmp_path: Path) -> None:
    """0.3 is not three times 0.1 in binary numbers; a ring that crosses itself closes both of its halves."""
    (tmp_path / "a.toml").write_text(
        "[[rule]]\nrule = 'S'\npolygon = {type = 'Polygon', coordinates = [[[0, 0], [1, 0], [1, 3], [0, 0]]]}\n"
        "[[rule]]\nrule = 'X'\npolygon = {type = 'Polygon', coordinates = [[[50, 50], [54, 54], [54, 50], [50, 54]]]}\n"
    )
    deny = DenyList.load(tmp_path)
    slant = ["0.1 0.3", "0.7 2.1", "0.7 2.2", "0.1 0.4"]
    assert by_rule(deny, {"place": [f"POINT ({one})" for one in slant]}, "place") == (
        [True, True, False, False],
        {"S": 2},
    )
    pairs = {"lon": ["0.1", "0.7", "0.7"], "lat": ["0.3", "2.1", "2.2"]}
    assert by_rule(deny, pairs, "lon", "lat") == ([True, True, False], {"S": 2})
    halves = ["50.5 52", "53.5 52", "52 53.5", "52 50.5"]
    assert by_rule(deny, {"place": [f"POINT ({one})" for one in halves]}, "place") == (
        [True, True, False, False],
        {"X": 2},
    )


DEEP = 60_000


@pytest.mark.parametrize(
    "cell",
    [
        "[" * DEEP + "1" + "]" * DEEP,
        '{"type": "GeometryCollection", "geometries": [' * DEEP + "1" + "]}" * DEEP,
        '{"type": "FeatureCollection", "features": [' * 400 + "1" + "]}" * 400,
        "GEOMETRYCOLLECTION (" * DEEP + "POINT (26.95 49.45)" + ")" * DEEP,
        "POLYGON " + "(" * DEEP + "1" + ")" * DEEP,
        "POLYGON ((26.95 49.45",
        "POINT (26.95)",
        "LINESTRING (26.95 49.45)",
        "POINT (NaN 49.45)",
        "POINT (1e999 49.45)",
        "CIRCULARSTRING (26.8 49.4, 26.95 49.45, 27.1 49.4)",
        "GEOMETRYCOLLECTION (CIRCULARSTRING (26.8 49.4, 26.95 49.45, 27.1 49.4))",
        '{"type": "Point", "coordinates": [1' + "0" * 400 + ", 49.45]}",
        '{"type": "Point", "coordinates": [null, 49.45]}',
        '{"type": "LineString", "coordinates": [[1, 2], [3, 4, 5]]}',
        '{"type": 5}',
        '{"type": "Feature", "geometry": null, "id": 1}',
        '{"lon": {}, "lat": 49.45}',
        "[26.95, 49.45, 1]",
        "POINT (1 1)\0POINT (26.95 49.45)",
        "5",
    ],
    ids=lambda cell: cell[:40],
)
def test_a_malformed_or_hostile_place_is_unreadable_and_ends_nothing(deny: DenyList, cell: str) -> None:
    """Nesting beyond any stack, numbers beyond any float, kinds that nothing is compared with."""
    table = {"place": [cell, "POINT (26.95 49.45)"]}
    assert by_rule(deny, table, "place")[0] == [False, True]
    assert unread(table, "place") == {"place": [True, False]}


def test_a_very_long_shape_is_read(deny: DenyList) -> None:
    """A line of a hundred thousand vertices far away, whose last one lies inside."""
    line = ", ".join(f"{20 + n / 1e5:.5f} 40" for n in range(100_000))
    assert by_rule(deny, {"place": [f"LINESTRING ({line})", f"LINESTRING ({line}, 26.95 49.45)"]}, "place")[0] == [
        False,
        True,
    ]


@pytest.mark.timeout(60)  # by the square of the blanks it would take days
def test_a_pair_with_a_long_run_of_blanks_is_refused_at_once() -> None:
    """A cell may have a million letters; a search that tries every split of the blanks grows with their square."""
    assert geometry_of("49.45" + " " * 1_000_000 + "—") is None
    assert geometry_of("49.45" + " " * 1_000_000 + "26.95") is not None


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
        "[[rule]]\nrule = 'X'\npolygon = {type = 'Polygon', coordinates = [[[1, 1], [2, 2], [1, 1]]]}",
        "[[rule]]\nrule = 'X'\npolygon = {type = 'Polygon', coordinates = [[[1, 1], [2, 2], [1, nan]]]}",
        "[[rule]]\nrule = 'X'\npolygon = {type = 'Polygon', coordinates = [[[0, 0], [5474123, 0], [0, 612345]]]}",
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
