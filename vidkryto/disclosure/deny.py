"""Deny lists: what legal acts close, by EDRPOU, by polygon, by type of object; kept outside the repository.

The list is itself secret: what was withheld is told only by the name of the rule and the number of rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.classes import ColumnClass
from vidkryto.disclosure.areas import GeoColumns, Ring, geo_columns, rows_inside
from vidkryto.disclosure.columns import one_array
from vidkryto.disclosure.detectors import is_edrpou
from vidkryto.errors import SettingsError

KEYS = {"rule", "act", "edrpou", "edrpou_file", "polygon", "polygon_file", "object_type", "until"}


@dataclass(frozen=True, slots=True)
class DenyRule:
    """One rule of a deny list. Its content does not show in a repr."""

    name: str
    act: str = field(default="", repr=False)
    edrpou: frozenset[str] = field(default=frozenset(), repr=False)
    polygons: tuple[Ring, ...] = field(default=(), repr=False)
    object_types: frozenset[str] = field(default=frozenset(), repr=False)
    until: date | None = None
    """The last day on which it closes anything; None: no end."""


@dataclass(frozen=True, slots=True)
class DenyList:
    """The rules of all lists."""

    rules: tuple[DenyRule, ...] = ()

    def on(self, day: date) -> DenyList:
        """The rules that have not ended on that day."""
        return DenyList(tuple(rule for rule in self.rules if rule.until is None or day <= rule.until))

    @property
    def closes_areas(self) -> bool:
        """Whether a rule closes an area, so that every place has to be known."""
        return any(rule.polygons for rule in self.rules)

    def digest(self) -> str:
        """The sha256 of all that is closed: an unchanged export is looked at again when a list changed.

        A short list can be guessed from it, so it stays in the state folder, beside the exports.
        """
        content = [[rule.name, sorted(rule.edrpou), rule.polygons, sorted(rule.object_types)] for rule in self.rules]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    @classmethod
    def load(cls, folder: Path) -> DenyList:
        """Read every `*.toml` of the folder: tables `[[rule]]` with `rule`, `act` and what is closed.

        `edrpou` is a list, `edrpou_file` a text file with one code in a line, `polygon` a GeoJSON geometry,
        `polygon_file` a GeoJSON file, `object_type` a list of words, `until` the last day of the rule. Raises
        SettingsError for a file that cannot be used: a deny list that is half read would publish what an act closes.
        """
        rules: list[DenyRule] = []
        for file in sorted(folder.glob("*.toml")):
            try:
                entries = tomllib.loads(file.read_text(encoding="utf-8")).get("rule", [])
                rules.extend(_rule(entry, folder) for entry in entries)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise SettingsError(
                    f"the deny list {file.name} cannot be used ({type(error).__name__})",
                    remedy="Correct the file; nothing is published while a deny list cannot be read.",
                ) from None
        names = [rule.name for rule in rules]
        if repeated := {name for name in names if names.count(name) > 1}:
            raise SettingsError(f"the deny list names a rule twice: {', '.join(sorted(repeated))}")
        return cls(tuple(rules))


def deny_list_from_environment(
    environment: Mapping[str, str] | None = None, *, repository: Path | None = None
) -> DenyList:
    """The rules of the folder that VIDKRYTO_DENY_LISTS names; none when it is not set.

    Raises SettingsError when the folder is not there, or lies inside the repository, where it would be committed.
    """
    env = os.environ if environment is None else environment
    name = env.get("VIDKRYTO_DENY_LISTS", "").strip()
    if not name:
        return DenyList()
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise SettingsError(
            "VIDKRYTO_DENY_LISTS names no folder",
            remedy="Check the path; nothing is published while the deny lists cannot be read.",
        )
    if repository is not None and folder.is_relative_to(repository.resolve()):
        raise SettingsError(
            "the deny lists lie inside the repository", remedy="Move the folder elsewhere: the lists are secret."
        )
    return DenyList.load(folder)


def _rule(entry: dict[str, Any], folder: Path) -> DenyRule:
    if unknown := set(entry) - KEYS:
        raise ValueError(f"unknown keys {sorted(unknown)}")
    codes = list(entry.get("edrpou", []))
    if name := entry.get("edrpou_file"):
        codes += (folder / name).read_text(encoding="utf-8").split()
    polygons = list(_rings(entry.get("polygon")))
    if name := entry.get("polygon_file"):
        polygons += _rings(json.loads((folder / name).read_text(encoding="utf-8")))
    types = frozenset(str(word).strip().casefold() for word in entry.get("object_type", []))
    if not codes and not polygons and not types:
        raise ValueError("a rule that closes nothing")
    if not all(re.fullmatch(r"\d{6,10}", str(code)) for code in codes):
        raise ValueError("a code that is not 6 to 10 digits")
    return DenyRule(
        str(entry["rule"]),
        str(entry.get("act", "")),
        frozenset(_code(str(code)) for code in codes),
        tuple(polygons),
        types,
        _day(entry["until"]) if "until" in entry else None,
    )


def _day(value: Any) -> date:
    """A day of TOML, or the same as text; a moment is not one, and nobody knows which of its days is meant."""
    if isinstance(value, datetime) or not isinstance(value, (date, str)):
        raise TypeError("not a day")
    return date.fromisoformat(value) if isinstance(value, str) else value


def _code(text: str) -> str:
    """A code without lost or found zeros: EDRPOU have 8 digits, RNOKPP 10."""
    digits = text.strip().removesuffix(".0")
    return digits.zfill(8) if len(digits) <= 8 else digits


def _rings(shape: Any) -> Iterator[Ring]:
    """Outer rings of a GeoJSON geometry, feature or collection."""
    if not shape:
        return
    match shape.get("type"):
        case "FeatureCollection":
            for feature in shape["features"]:
                yield from _rings(feature["geometry"])
        case "Feature":
            yield from _rings(shape["geometry"])
        case "GeometryCollection":
            for part in shape["geometries"]:
                yield from _rings(part)
        case "Polygon":
            yield _ring(shape["coordinates"][0])
        case "MultiPolygon":
            for polygon in shape["coordinates"]:
                yield _ring(polygon[0])
        case other:
            raise ValueError(f"not an area: {other}")


def _ring(points: Any) -> Ring:
    ring = tuple((float(point[0]), float(point[1])) for point in points)
    if len(set(ring)) < 3:
        raise ValueError("a ring with fewer than three points")
    if not all(abs(number) <= 180 for point in ring for number in point):
        raise ValueError("not degrees: such an area would close nothing")
    return ring


@dataclass(frozen=True, slots=True)
class Withheld:
    """Which rows go, and how many by which rule."""

    mask: pa.Array = field(repr=False)
    by_rule: dict[str, int]


def closed_rows(columns: pa.Table, deny: DenyList, classes: Mapping[str, ColumnClass]) -> pa.Array:
    """The rows of a published table that a rule closes, as far as what is published of them shows it."""
    return withheld_rows(columns, deny, geo_columns(columns, classes)).mask


def withheld_rows(columns: pa.Table, deny: DenyList, places: GeoColumns) -> Withheld:
    """The rows that a rule of the deny list closes.

    A code is looked for in every column of the table, as a whole cell and as a number inside text; a type of
    object as a whole cell; an area in the pairs of coordinates and the shapes of `places`.
    """
    rows = columns.num_rows
    every, by_rule = pa.array([False] * rows, pa.bool_()), {}
    for rule in deny.rules:
        mask = pa.array([False] * rows, pa.bool_())
        for name in columns.column_names:
            column = one_array(columns.column(name))
            if rule.edrpou:
                mask = pc.or_(mask, _holds_code(column, rule.edrpou))
            if rule.object_types:
                mask = pc.or_(
                    mask,
                    pc.is_in(
                        pc.utf8_lower(pc.utf8_trim_whitespace(column)), value_set=pa.array(sorted(rule.object_types))
                    ),
                )
        if rule.polygons:
            mask = pc.or_(mask, rows_inside(columns, rule.polygons, places))
        mask = pc.fill_null(mask, False)
        if count := int(pc.sum(mask).as_py() or 0):
            by_rule[rule.name] = count
            every = pc.or_(every, mask)
    return Withheld(every, by_rule)


def _holds_code(column: pa.Array, codes: frozenset[str]) -> pa.Array:
    """Cells that hold one of the codes: with zeros lost when the cell is the code alone, else as written."""
    distinct = pc.unique(column.filter(pc.match_substring_regex(column, "[0-9]{6}")))
    held = [
        text
        for text in distinct.to_pylist()
        if any(_code(number) in codes for number in re.findall(r"(?<!\d)\d{8}(?!\d)|(?<!\d)\d{10}(?!\d)", text))
        or (is_edrpou(text) and _code(text) in codes)
    ]
    return pc.is_in(column, value_set=pa.array(held, type=column.type))
