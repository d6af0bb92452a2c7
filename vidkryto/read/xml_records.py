"""XML and KML as records, read element by element; entities and references to outside are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser, iterparse

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.grid import Grid
from vidkryto.read.records import Collector, broken, declared_codec, no_records, unique

MAX_DEPTH = 200


def read_xml(path: Path, kind: str, reading: Reading, place: Place) -> Grid:
    """The records of an XML file: the elements called `path`, for KML the placemarks.

    Raises ReadError when the file is broken, hostile or has no such element.
    """
    encoding = None if reading.encoding == "auto" else declared_codec(reading.encoding, place)
    wanted = reading.path or ("Placemark" if kind == "kml" else "")
    collector = Collector(reading, place)
    seen: dict[str, None] = {}
    count = 0
    try:
        for element in _elements(path, wanted, seen, place, encoding):
            count += 1
            where = f"record {count}"
            record = _placemark(element, place, where) if kind == "kml" else unique(_flat(element), place, where)
            collector.add(record, count)
    except DefusedXmlException as error:
        raise ReadError(
            f"{place.file} holds a forbidden construct: {type(error).__name__}",
            (Finding("structure-forbidden", place, found=type(error).__name__),),
            remedy="An honest export needs no entities; ask how the file was made.",
        ) from None
    except (ParseError, LookupError, ValueError, UnicodeError) as error:
        raise broken(place, f"XML: {error}") from None
    if not count:
        raise no_records(place, wanted, seen)
    return collector.grid(virtual=("geometry.lon", "geometry.lat") if kind == "kml" else ())


def _parser(encoding: str | None) -> Any:
    return XMLParser(target=TreeBuilder(), encoding=encoding)


def local(tag: Any) -> str:
    """The name of an element without its namespace."""
    return str(tag).rsplit("}", 1)[-1]


def _elements(path: Path, wanted: str, seen: dict[str, None], place: Place, encoding: str | None) -> Iterator[Any]:
    """Elements called `wanted`, each emptied after use; the names met on the way are put into `seen`.

    An `encoding` is believed more than what the file says of itself.
    """
    stack: list[Any] = []
    inside = 0
    for event, element in iterparse(str(path), events=("start", "end"), parser=_parser(encoding)):
        name = local(element.tag)
        if event == "start":
            stack.append(element)
            inside += name == wanted
            if len(seen) < 50:
                seen.setdefault(name)
            if len(stack) > MAX_DEPTH:
                raise broken(place, f"XML: nested deeper than {MAX_DEPTH} levels")
            continue
        stack.pop()
        if name == wanted:
            inside -= 1
            if not inside:
                yield element
        if not inside:
            element.clear()
            if stack:
                stack[-1].remove(element)


def _flat(element: Any, before: str = "") -> Iterator[tuple[str, str | None]]:
    """Attributes as @name, children by name, inner ones as outer.inner, repeated ones as a JSON array."""
    for key, value in element.attrib.items():
        yield f"{before}@{local(key)}", value
    for name, children in _groups(element).items():
        if len(children) > 1:
            yield before + name, json.dumps([_structure(child) for child in children], ensure_ascii=False)
        elif len(children[0]) or children[0].attrib:
            yield from _flat(children[0], f"{before}{name}.")
        else:
            yield before + name, _text(children[0]) or None
    if own := _own(element):
        yield before.removesuffix(".") or local(element.tag), own


def _groups(element: Any) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for child in element:
        groups.setdefault(local(child.tag), []).append(child)
    return groups


def _own(element: Any) -> str:
    """The text of an element itself, that between and behind its children too."""
    parts = ((part or "").strip() for part in (element.text, *(child.tail for child in element)))
    return " ".join(filter(None, parts))


def _structure(element: Any) -> Any:
    """An element of several: its text, or an object where it has attributes or children."""
    if not element.attrib and not len(element):
        return _text(element)
    found: dict[str, Any] = {f"@{local(key)}": value for key, value in element.attrib.items()}
    for name, children in _groups(element).items():
        found[name] = _structure(children[0]) if len(children) == 1 else [_structure(child) for child in children]
    if own := _own(element):
        found["#text"] = own
    return found


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


_LOOKS = {"Style", "StyleMap", "LookAt", "Camera", "Region"}
"""How a placemark is drawn: no data."""


def _placemark(element: Any, place: Place, where: str) -> dict[str, str | None]:
    """Elements and extended data of a placemark, and its geometry as GeoJSON (OGC 12-007r2, 9.1.3).

    Extended data of the name of an element do not hide it: they become `ExtendedData.name`.
    """
    own: list[tuple[str, str | None]] = []
    extended: list[tuple[str, str | None]] = []
    geometry: dict[str, Any] | None = None
    height = ""
    for child in element:
        name = local(child.tag)
        if name == "ExtendedData":
            extended += _extended(child)
        elif name in _GEOMETRIES:
            geometry, height = _geometry(child), _height(child)
        elif not len(child):
            own.append((name, (child.text or "").strip() or None))
        elif name not in _LOOKS:
            own += _flat(child, f"{name}.")
    found = unique(own, place, where)
    more = unique(extended, place, where)
    found |= {f"ExtendedData.{name}" if name in found else name: value for name, value in more.items()}
    found["geometry"] = json.dumps(geometry, ensure_ascii=False) if geometry else None
    if geometry and geometry["type"] == "Point":
        found["geometry.lon"], found["geometry.lat"] = (str(part) for part in geometry["coordinates"][:2])
    if height:
        found["geometry.height"] = height
    return found


def _extended(element: Any) -> Iterator[tuple[str, str | None]]:
    for item in element.iter():
        name = local(item.tag)
        if name == "SimpleData":
            yield str(item.get("name")), (item.text or "").strip() or None
        elif name == "Data":
            value = next((child for child in item if local(child.tag) == "value"), None)
            yield str(item.get("name")), (value.text or "").strip() or None if value is not None else None


_GEOMETRIES = {"Point", "LineString", "Polygon", "MultiGeometry"}


class _Coordinate(float):
    """A coordinate that writes itself with the digits of the file."""

    def __new__(cls, text: str) -> _Coordinate:
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def _geometry(element: Any) -> dict[str, Any] | None:
    name = local(element.tag)
    if name == "MultiGeometry":
        parts = [part for child in element if local(child.tag) in _GEOMETRIES and (part := _geometry(child))]
        return {"type": "GeometryCollection", "geometries": parts} if parts else None
    rings = [_coordinates(item.text or "") for item in element.iter() if local(item.tag) == "coordinates"]
    if not rings or not rings[0]:
        return None
    if name == "Point":
        return {"type": "Point", "coordinates": rings[0][0]}
    return {"type": name, "coordinates": rings[0] if name == "LineString" else rings}


def _height(element: Any) -> str:
    """The height of a point, if it is another than 0."""
    parts = _text(element).split(",") if local(element.tag) == "Point" else []
    height = parts[2].split()[0] if len(parts) == 3 and parts[2].split() else ""
    return height if height and float(height) else ""


def _coordinates(text: str) -> list[list[float]]:
    """Points of longitude and latitude; the height is left out."""
    return [[_Coordinate(part) for part in point.split(",")[:2]] for point in text.split()]
