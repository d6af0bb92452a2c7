"""Closed areas: which rows lie in one, by pairs of coordinates or by shapes, and which nobody can tell.

Points are (longitude, latitude), as GeoJSON and WKT write them. Plain pairs of numbers are tried in both orders: in
Ukraine no latitude is a longitude, and no two offices agree what x is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.classes import ClassName, ColumnClass
from vidkryto.disclosure.columns import one_array
from vidkryto.disclosure.grid import degrees

Point = tuple[float, float]
Ring = tuple[Point, ...]

LATITUDE_WORDS = ("lat", "шир")
LONGITUDE_WORDS = ("lon", "lng", "довг")

_NUMBER = r"[+-]?\d{1,3}(?:\.\d+)?"
_PAIR = re.compile(rf"\(?\s*({_NUMBER})\s*[,;\s]\s*({_NUMBER})\s*\)?")
_WKT = re.compile(r"(MULTI)?(POINT|LINESTRING|POLYGON)\s*(?:ZM|Z|M)?\s*(EMPTY|\([^A-Z]*\))")
_WKT_BEGINS = re.compile(r"(?:SRID=4326;\s*)?(?:GEOMETRYCOLLECTION|(?:MULTI)?(?:POINT|LINESTRING|POLYGON))\b")


@dataclass(frozen=True, slots=True)
class Shape:
    """Points of a geometry; `joined` ones are a line, so that what lies between two of them counts too."""

    points: tuple[Point, ...]
    joined: bool


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
    """The rows of which a point lies in a ring, or a line crosses it; a point on the border lies inside."""
    inside = np.zeros(columns.num_rows, dtype=bool)
    for pair in places.pairs:
        one, other = (degrees(columns.column(name)) for name in pair)
        for east, north in ((other, one), (one, other)):
            for ring in rings:
                for row in _near(north, east, ring):
                    inside[row] = inside[row] or _in_ring((east[row], north[row]), ring)
    for name in places.shapes:
        encoded = one_array(columns.column(name)).dictionary_encode()
        held = [_any_touches(shapes_of(text or "") or (), rings) for text in encoded.dictionary.to_pylist()]
        inside |= np.array(held, dtype=bool)[encoded.indices.to_numpy(zero_copy_only=False)]
    return pa.array(inside)


def unreadable_cells(columns: pa.Table, places: GeoColumns) -> dict[str, pa.Array]:
    """By column the cells that hold a number and say no place that could be compared with an area."""
    found: dict[str, pa.Array] = {}
    for name in (name for pair in places.pairs for name in pair):
        column = one_array(columns.column(name))
        found[name] = pc.and_(_numbered(column), pa.array(np.isnan(degrees(column))))
    for name in places.shapes:
        column = one_array(columns.column(name))
        bad = [text for text in pc.unique(column).to_pylist() if shapes_of(text or "") is None]
        found[name] = pc.and_(_numbered(column), pc.is_in(column, value_set=pa.array(bad, column.type)))
    for name in places.unpaired:
        found[name] = _numbered(one_array(columns.column(name)))
    return {name: mask for name, mask in found.items() if pc.any(mask).as_py()}


def shapes_of(text: str) -> tuple[Shape, ...] | None:
    """The shapes of GeoJSON, WKT or a plain pair of degrees; None for anything else."""
    plain = text.strip()
    try:
        if plain.startswith(("{", "[")):
            return tuple(_from_json(json.loads(plain)))
        if _WKT_BEGINS.match(plain.upper()):
            return tuple(_from_wkt(plain.upper()))
        if match := _PAIR.fullmatch(plain):
            return (_either(float(match[1]), float(match[2])),)
    except (ValueError, TypeError, KeyError, IndexError):
        return None
    return None if plain else ()


def _from_json(value: Any) -> Iterator[Shape]:
    if isinstance(value, list):
        one, other = value
        yield _either(float(one), float(other))
    elif "lon" in value and "lat" in value:
        yield Shape((_point((value["lon"], value["lat"])),), joined=False)
    elif value["type"] == "Feature":
        yield from _from_json(value["geometry"])
    elif value["type"] in ("FeatureCollection", "GeometryCollection"):
        for part in value["features" if value["type"] == "FeatureCollection" else "geometries"]:
            yield from _from_json(part)
    else:
        yield from _paths(value["coordinates"], joined="Point" not in value["type"])


def _paths(coordinates: Any, *, joined: bool) -> Iterator[Shape]:
    """The innermost lists of points."""
    if not isinstance(coordinates[0], list):
        yield Shape((_point(coordinates),), joined=False)
    elif not isinstance(coordinates[0][0], list):
        yield Shape(tuple(map(_point, coordinates)), joined)
    else:
        for part in coordinates:
            yield from _paths(part, joined=joined)


def _from_wkt(text: str) -> Iterator[Shape]:
    for match in _WKT.finditer(text):
        for path in re.findall(r"\(([^()]+)\)", match[3]):
            if re.search(r"\d", path):
                points = tuple(_point(point.split()) for point in path.split(","))
                yield Shape(points, joined=match[2] != "POINT")


def _point(numbers: Any) -> Point:
    """The first two numbers; ValueError where they are no degrees, as in a projection in metres."""
    east, north = float(numbers[0]), float(numbers[1])
    if not (abs(east) <= 180 and abs(north) <= 180):
        raise ValueError("not degrees")
    return east, north


def _either(one: float, other: float) -> Shape:
    return Shape((_point((one, other)), _point((other, one))), joined=False)


def _of_numbers(column: pa.ChunkedArray) -> bool:
    """Whether every cell that has a digit is one number, with a decimal point or comma."""
    text = one_array(column)
    number = pc.match_substring_regex(text, r"^\s*[+-]?[0-9]+([.,][0-9]+)?\s*$")
    return not pc.any(pc.and_(_numbered(text), pc.invert(number))).as_py()


def _numbered(column: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(column, "[0-9]"), False)


def _near(north: Any, east: Any, ring: Ring) -> list[int]:
    """The rows whose point lies in the rectangle around a ring; only these are looked at closely."""
    low, high = _box(ring)
    near = (east >= low[0]) & (east <= high[0]) & (north >= low[1]) & (north <= high[1])
    return [int(row) for row in np.flatnonzero(near)]


def _box(points: tuple[Point, ...]) -> tuple[Point, Point]:
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    return (min(xs), min(ys)), (max(xs), max(ys))


def _any_touches(shapes: tuple[Shape, ...], rings: tuple[Ring, ...]) -> bool:
    return any(_touches(shape, ring) for shape in shapes for ring in rings)


def _touches(shape: Shape, ring: Ring) -> bool:
    (left, low), (right, high) = _box(shape.points)
    (west, south), (east, north) = _box(ring)
    if right < west or left > east or high < south or low > north:
        return False
    if any(_in_ring(point, ring) for point in shape.points):
        return True
    edges = list(zip(ring, (*ring[1:], ring[0]), strict=True))
    steps = zip(shape.points, shape.points[1:], strict=False) if shape.joined else ()
    return any(_cross(*step, *edge) for step in steps for edge in edges)


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments a-b and c-d share a point; ends were asked before, so being parallel is no crossing."""
    ends, others = (_side(a, b, c), _side(a, b, d)), (_side(c, d, a), _side(c, d, b))
    return ends[0] * ends[1] <= 0 and others[0] * others[1] <= 0 and ends != (0, 0)


def _side(a: Point, b: Point, point: Point) -> int:
    turn = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
    return (turn > 0) - (turn < 0)


def _in_ring(point: Point, ring: Ring) -> bool:
    """Ray casting to the east; a point on the border counts as inside."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if abs(cross) < 1e-12 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return True
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
