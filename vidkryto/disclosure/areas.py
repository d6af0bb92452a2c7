"""Closed areas: which rows lie in one, by pairs of coordinates or by shapes, and which nobody can tell.

Points are (longitude, latitude), as GeoJSON and WKT write them. Plain pairs of numbers are tried in both orders: in
Ukraine no latitude is a longitude, and no two offices agree what x is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from shapely.geometry import shape

from vidkryto.catalogue.classes import ClassName, ColumnClass
from vidkryto.disclosure.columns import one_array
from vidkryto.disclosure.grid import Floats, degrees

Ring = tuple[tuple[float, float], ...]

LATITUDE_WORDS = ("lat", "шир")
LONGITUDE_WORDS = ("lon", "lng", "довг")

BORDER = 1e-9
"""Degrees, a tenth of a millimetre: a point on a slanting border is rounded to one side of it, and counts as inside."""
MAX_COLLECTIONS = 16
"""Collections in one WKT: GEOS reads those inside one another on its stack, and thousands end the process."""

_NUMBER = r"[+-]?\d{1,3}(?:\.\d+)?"
_PAIR = re.compile(rf"\(?\s*({_NUMBER})(?:\s*[,;]\s*|\s+)({_NUMBER})\s*\)?")
_SRID = re.compile(r"\ASRID=4326;\s*", re.IGNORECASE)
_WKT_WORD = re.compile(r"(?:GEOMETRYCOLLECTION|(?:MULTI)?(?:POINT|LINESTRING|POLYGON))?(?:ZM|Z|M)?|EMPTY|E")


@dataclass(frozen=True, slots=True)
class GeoColumns:
    """The columns of class geo of a table: pairs of coordinates, shapes, and columns that are neither."""

    pairs: tuple[tuple[str, str], ...] = ()
    shapes: tuple[str, ...] = ()
    unpaired: tuple[str, ...] = ()
    """Columns of numbers that belong to no pair."""


def coordinate_pairs(names: Iterable[str], classes: Mapping[str, ColumnClass]) -> tuple[tuple[str, str], ...]:
    """Pairs (latitude, longitude) of class geo: declared by `snap.with`, else by their names in order."""
    geo = geo_fields(names, classes)
    pairs = [(name, declared.snap.pair) for name in geo if (declared := classes[name]).snap]
    pairs = [pair for pair in pairs if pair[1] in geo]
    taken = {name for pair in pairs for name in pair}
    free = [name for name in geo if name not in taken]
    latitudes = [name for name in free if any(word in name.casefold() for word in LATITUDE_WORDS)]
    longitudes = [name for name in free if any(word in name.casefold() for word in LONGITUDE_WORDS)]
    return (*pairs, *zip(latitudes, longitudes, strict=False))


def geo_fields(names: Iterable[str], classes: Mapping[str, ColumnClass]) -> list[str]:
    """The columns of class geo, in their order."""
    return [name for name in names if name in classes and classes[name].name is ClassName.GEO]


def geo_columns(columns: pa.Table, classes: Mapping[str, ColumnClass]) -> GeoColumns:
    """What each column of class geo is; two columns of numbers that are left over are a pair, whatever their names."""
    pairs = coordinate_pairs(columns.column_names, classes)
    taken = {name for pair in pairs for name in pair}
    free = [name for name in geo_fields(columns.column_names, classes) if name not in taken]
    numbers = [name for name in free if _of_numbers(columns.column(name))]
    shapes = tuple(name for name in free if name not in numbers)
    if len(numbers) == 2:
        return GeoColumns((*pairs, (numbers[0], numbers[1])), shapes)
    alone = len(numbers) == 1 and bool(pairs or shapes)  # a height beside a point; alone it says no place
    return GeoColumns(pairs, shapes, () if alone else tuple(numbers))


def rows_inside(columns: pa.Table, rings: tuple[Ring, ...], places: GeoColumns) -> pa.Array:
    """The rows whose point or shape shares a point with what lies inside a ring; its border lies inside."""
    inside = np.zeros(columns.num_rows, dtype=bool)
    areas = [shapely.make_valid(shapely.Polygon(ring)) for ring in rings]
    shapely.prepare(areas)
    for pair in places.pairs:
        one, other = (degrees(columns.column(name)) for name in pair)
        for east, north in ((other, one), (one, other)):
            for area in areas:
                near = _near(east, north, area)
                inside[near] |= shapely.dwithin(area, shapely.points(east[near], north[near]), BORDER)
    for name in places.shapes:
        column = one_array(columns.column(name))
        texts = pc.unique(column).drop_null()
        shapes = np.array([geometry_of(text) for text in texts.to_pylist()], dtype=object)
        held = np.zeros(len(texts), dtype=bool)
        for area in areas:
            held |= shapely.dwithin(area, shapes, BORDER)
        inside |= np.asarray(pc.is_in(column, value_set=texts.filter(pa.array(held))))
    return pa.array(inside)


def unreadable_cells(columns: pa.Table, places: GeoColumns) -> dict[str, pa.Array]:
    """By column the cells that hold a number and say no place that could be compared with an area."""
    found: dict[str, pa.Array] = {}
    for name in (name for pair in places.pairs for name in pair):
        column = one_array(columns.column(name))
        found[name] = pc.and_(_numbered(column), pa.array(np.isnan(degrees(column))))
    for name in places.shapes:
        column = one_array(columns.column(name))
        bad = [text for text in pc.unique(column).to_pylist() if geometry_of(text or "") is None]
        found[name] = pc.and_(_numbered(column), pc.is_in(column, value_set=pa.array(bad, column.type)))
    for name in places.unpaired:
        found[name] = _numbered(one_array(columns.column(name)))
    return {name: mask for name, mask in found.items() if pc.any(mask).as_py()}


def geometry_of(text: str) -> shapely.Geometry | None:
    """The geometry of GeoJSON, WKT or a plain pair of degrees, empty where there is no place; None for anything else.

    Never raises, and a geometry need not be valid: what it is asked here can be told of a line that crosses itself.
    """
    plain = _SRID.sub("", text.strip(), count=1)
    try:
        if plain.startswith(("{", "[")):
            return _in_degrees(_from_json(json.loads(plain)))
        if match := _PAIR.fullmatch(plain):
            return _either(match[1], match[2])
        return _in_degrees(_from_wkt(plain)) if plain else shapely.GeometryCollection()
    except Exception:  # json, numpy and GEOS share no base, and cells come from outside: RecursionError, OverflowError
        return None


def _from_json(value: Any) -> shapely.Geometry:
    if isinstance(value, list):
        return _either(*value)
    if "lon" in value and "lat" in value:
        return shapely.Point(float(value["lon"]), float(value["lat"]))
    if value["type"] == "Feature":
        return _from_json(value["geometry"])
    if value["type"] == "FeatureCollection":
        return shapely.GeometryCollection([_from_json(part) for part in value["features"]])
    return shape(value)


def _from_wkt(text: str) -> shapely.Geometry | None:
    """The geometry of a text in which every Latin word is one of WKT's for points, lines and areas.

    GEOS reads a text to its first NUL and no further.
    """
    words = re.findall("[A-Z]+", text.upper())
    known = bool(words) and all(map(_WKT_WORD.fullmatch, set(words)))
    if not known or "\0" in text or words.count("GEOMETRYCOLLECTION") > MAX_COLLECTIONS:
        return None
    return shapely.from_wkt(text, on_invalid="fix")


def _either(one: Any, other: Any) -> shapely.Geometry | None:
    pair = float(one), float(other)
    return _in_degrees(shapely.MultiPoint([pair, pair[::-1]]))


def _in_degrees(geometry: shapely.Geometry | None) -> shapely.Geometry | None:
    """None where a number is none of degrees, as in a projection in metres."""
    return geometry if bool(np.all(np.abs(shapely.get_coordinates(geometry)) <= 180)) else None


def _near(east: Floats, north: Floats, area: shapely.Geometry) -> npt.NDArray[np.intp]:
    """The rows whose point lies in the rectangle around an area; only these are looked at closely."""
    left, low, right, high = shapely.box(*area.bounds).buffer(BORDER).bounds
    return np.flatnonzero((east >= left) & (east <= right) & (north >= low) & (north <= high))


def _of_numbers(column: pa.ChunkedArray) -> bool:
    """Whether every cell that has a digit is one number, with a decimal point or comma."""
    text = one_array(column)
    number = pc.match_substring_regex(text, r"^\s*[+-]?[0-9]+([.,][0-9]+)?\s*$")
    return not pc.any(pc.and_(_numbered(text), pc.invert(number))).as_py()


def _numbered(column: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(column, "[0-9]"), False)
