"""JSON, JSON lines and GeoJSON as records; a number keeps the digits with which it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vidkryto.catalogue.reading import Reading
from vidkryto.findings import Place
from vidkryto.read.grid import Grid
from vidkryto.read.pieces import lines
from vidkryto.read.records import Collector, broken, no_records, unique
from vidkryto.read.text import text_of


class Digits(str):
    """A number of a JSON file as it is written there."""

    __slots__ = ()


class _Twice(ValueError):
    """A key that stands twice in one object; which value is meant is not known (RFC 8259, 4)."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _Twice(next(key for place, key in enumerate(keys) if key in keys[:place]))
    return found


def parse(text: str, place: Place) -> Any:
    """A JSON text with its numbers as Digits. Raises ReadError with line and column when it is broken."""
    try:
        value = json.loads(
            text, parse_float=Digits, parse_int=Digits, parse_constant=Digits, object_pairs_hook=_object
        )
        if re.search(r"\\u[dD][89a-fA-F]", text):
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError:
        raise broken(place, "JSON: half of a surrogate pair") from None
    except _Twice as error:
        raise broken(place, f"JSON: an object has the key {str(error)!r} twice") from None
    except json.JSONDecodeError as error:
        raise broken(place, f"JSON, line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise broken(place, "JSON: nested too deeply") from None


def dump(value: Any) -> str:
    """JSON text on one line; Digits are written as the numbers they are."""
    if isinstance(value, Digits):
        return str(value)
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {dump(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def cell(value: Any) -> str | None:
    """A value as the text of a cell; lists and objects as JSON."""
    if value is None or value == "":
        return None
    if value is True or value is False:
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else dump(value)


def flat(record: dict[str, Any], before: str = "") -> Iterator[tuple[str, str | None]]:
    """Fields of a record; those of an object inside it are called outer.inner."""
    for key, value in record.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", cell(value)


def read_json(path: Path, kind: str, reading: Reading, place: Place) -> Grid:
    """The records of a JSON file. Raises ReadError when it is broken or holds no records where it should."""
    text = text_of(path, reading, place)
    collector = Collector(reading, place)
    if kind == "jsonl":
        # A line ends with a line feed: other signs that break lines, as U+2028, may stand in a text (RFC 8259, 7).
        for number, line in enumerate(lines(text.content), start=1):
            if line.strip():
                record = parse(line.decode("utf-8"), Place(place.resource, place.file, row=number))
                collector.add(_record(record, place, f"line {number}"), number)
        return collector.grid(encoding=text.encoding)
    value = parse(bytes(text.content).decode("utf-8"), place)
    if kind == "geojson":
        features = value.get("features") if isinstance(value, dict) else None
        if not isinstance(features, list):
            raise no_records(place, "features", value if isinstance(value, dict) else ())
        collector.extend(_feature(item, place) for item in features)
        return collector.grid(encoding=text.encoding, virtual=("geometry.lon", "geometry.lat", "type"))
    records = _records(value, reading.path, place)
    collector.extend(_record(item, place, f"record {number}") for number, item in enumerate(records, start=1))
    return collector.grid(encoding=text.encoding)


def _records(value: Any, path: str, place: Place) -> list[Any]:
    """The list at `path`; without one the top level, or the only list of objects right below it."""
    for key in filter(None, path.split(".")):
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            raise no_records(place, path, value if isinstance(value, dict) else ())
    if isinstance(value, dict) and not path:
        lists = [key for key, item in value.items() if isinstance(item, list) and item and isinstance(item[0], dict)]
        if len(lists) != 1:
            raise no_records(place, path, value)
        value = value[lists[0]]
    if not isinstance(value, list):
        raise no_records(place, path, value if isinstance(value, dict) else ())
    return value


def _record(value: Any, place: Place, where: str) -> dict[str, str | None]:
    if isinstance(value, list):
        return {f"#{position}": cell(item) for position, item in enumerate(value, start=1)}
    if not isinstance(value, dict):
        raise broken(place, f"{where} is no object")
    return unique(flat(value), place, where)


def _feature(feature: Any, place: Place) -> dict[str, str | None]:
    """Properties of a feature, its geometry as GeoJSON text, and for a point its coordinates (RFC 7946, 3.1.2)."""
    if not isinstance(feature, dict):
        raise broken(place, "a feature is no object")
    found = unique(flat(feature.get("properties") or {}), place, "a feature")
    for name in ("geometry", "geometry.lon", "geometry.lat"):
        if name in found:
            found[f"properties.{name}"] = found.pop(name)
    if "id" in feature and "id" not in found:
        found["id"] = cell(feature["id"])
    geometry = feature.get("geometry")
    found["geometry"] = dump(geometry) if geometry else None
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        coordinates = geometry.get("coordinates") or []
        if len(coordinates) >= 2:
            found["geometry.lon"], found["geometry.lat"] = cell(coordinates[0]), cell(coordinates[1])
    return found
