"""What a legal act closes is withheld, and all that is told is the name of the rule and a number."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from vidkryto.disclosure import DenyList, deny_list_from_environment
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


def by_rule(deny: DenyList, columns: dict[str, list[str]], **places: object) -> tuple[list[bool], dict[str, int]]:
    withheld = withheld_rows(pa.table(columns), deny, **{"coordinates": (), "geometry": (), **places})
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
    mask, told = by_rule(deny, columns, coordinates=(("lat", "lon"),), geometry=("shape",))
    assert mask == [True, True, True, True]
    assert told == {"G2": 4}


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
