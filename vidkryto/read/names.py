"""Columns of the export matched to the fields of the schema, and what drifted between the two."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vidkryto.catalogue.reading import Reading
from vidkryto.findings import Finding, Place
from vidkryto.read.grid import Grid, is_empty
from vidkryto.read.layout import normal

NEAR = 0.7
"""Similarity from which another header is suggested as the renamed one."""


@dataclass(slots=True)
class Matching:
    """Which column feeds which field (positions from 0), which columns are melted, and what was noticed."""

    fields: dict[str, int] = field(default_factory=dict)
    melted: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def pattern_of(text: str) -> re.Pattern[str] | None:
    """The expression between two slashes, or None for a plain text."""
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return re.compile(text[1:-1])
    return None


def match(grid: Grid, labels: Sequence[str], reading: Reading, schema: Mapping[str, Any], place: Place) -> Matching:
    """The matching of a grid's columns; drift becomes findings, never an exception."""
    matching = Matching()
    names = {str(item["name"]): item for item in schema.get("fields", ())}
    declared = {normal(header): name for header, name in reading.columns.items()}
    by_name = {} if reading.columns and reading.header.rows == () else _by_name(names, declared)
    extra: list[int] = []
    used: set[str] = set()
    for position, label in enumerate(labels):
        key = next((key for key in (normal(label), f"#{position + 1}") if key in declared), "")
        if key:
            used.add(key)
            first = matching.fields.setdefault(declared[key], position)
            if first != position:
                where = Place(place.resource, place.file, place.sheet, column=label, field=declared[key])
                matching.findings.append(Finding("columns-collide", where, found=label, wanted=labels[first]))
        elif _hit(label, position, reading.ignore):
            continue
        elif reading.melt and _hit(label, position, reading.melt.columns):
            matching.melted.append(position)
        elif (name := by_name.get(normal(label))) and name not in matching.fields:
            matching.fields[name] = position
        elif label not in grid.virtual:
            extra.append(position)
    _drift(grid, labels, reading, names, matching, extra, used, place)
    return matching


def _by_name(names: Mapping[str, Any], declared: Mapping[str, str]) -> dict[str, str]:
    """Fields that the contract does not map: their own name or title serves as the header."""
    free = {name: item for name, item in names.items() if name not in declared.values()}
    titles = {normal(str(item.get("title") or name)): name for name, item in free.items()}
    return {**titles, **{normal(name): name for name in free}}


def _hit(label: str, position: int, wanted: Sequence[str]) -> bool:
    for text in wanted:
        expression = pattern_of(text)
        if expression.search(label) if expression else normal(text) in (normal(label), f"#{position + 1}"):
            return True
    return False


def supplied(reading: Reading) -> set[str]:
    """Fields that do not come from a column of their own."""
    fields = {*reading.constants, *reading.file_into}
    if reading.sheet_into:
        fields.add(reading.sheet_into)
    if reading.melt:
        fields |= {*reading.melt.names, reading.melt.value}
    return fields


def _drift(
    grid: Grid,
    labels: Sequence[str],
    reading: Reading,
    names: Mapping[str, Any],
    matching: Matching,
    extra: list[int],
    used: set[str],
    place: Place,
) -> None:
    empty = [
        p
        for p in extra
        if labels[p].startswith("#") and is_empty(grid.columns[p].slice(1)).true_count == max(grid.height - 1, 0)
    ]
    extra = [position for position in extra if position not in empty]
    if empty:
        matching.findings.append(Finding("columns-empty", place, count=len(empty), details={"first": empty[0] + 1}))
    missing = _missing(reading, names, matching, used)
    if absent := _absent(reading, names, matching, missing):
        matching.findings.append(Finding("fields-absent", place, found=", ".join(absent), count=len(absent)))
    if reading.melt and not matching.melted:
        missing[reading.melt.value] = ", ".join(reading.melt.columns)
    for name, header in missing.items():
        near = _nearest(header, names.get(name, {}), [labels[position] for position in extra])
        if near:
            extra = [position for position in extra if labels[position] != near]
            where = Place(place.resource, place.file, place.sheet, column=near, field=name)
            matching.findings.append(Finding("schema-drift-renamed", where, found=near, wanted=header))
        else:
            where = Place(place.resource, place.file, place.sheet, column=header, field=name)
            there = ", ".join(labels[position] for position in extra[:20]) or "—"
            matching.findings.append(Finding("schema-drift-missing", where, wanted=header, details={"there": there}))
    for position in extra:
        where = Place(place.resource, place.file, place.sheet, column=labels[position])
        matching.findings.append(Finding("schema-drift-added", where, found=labels[position]))
    if reading.ordered:
        order = [name for name, _ in sorted(matching.fields.items(), key=lambda item: item[1])]
        wanted = [name for name in (reading.columns.values() if reading.columns else names) if name in matching.fields]
        if order != wanted:
            details = {"order": ", ".join(order), "was": ", ".join(wanted)}
            matching.findings.append(Finding("schema-drift-reordered", place, details=details))


def _missing(reading: Reading, names: Mapping[str, Any], matching: Matching, used: set[str]) -> dict[str, str]:
    """Field to the header it was expected under, for every column the export should have and has not."""
    missing = {
        name: header
        for header, name in reading.columns.items()
        if normal(header) not in used and name not in matching.fields
    }
    for name, item in names.items():
        if name in matching.fields or name in missing or name in supplied(reading):
            continue
        required = bool((item.get("constraints") or {}).get("required"))
        if required or not reading.columns:
            missing[name] = str(item.get("title") or name)
    return missing


def _absent(reading: Reading, names: Mapping[str, Any], matching: Matching, missing: Mapping[str, str]) -> list[str]:
    """Fields that may be empty by the schema, have no column, and of which nobody said that this is meant."""
    known = {*matching.fields, *missing, *supplied(reading), *reading.absent}
    return [name for name in names if name not in known]


def _nearest(header: str, schema_field: Mapping[str, Any], there: Sequence[str]) -> str:
    texts = [header, str(schema_field.get("name", "")), str(schema_field.get("title", ""))]
    best, best_score = "", NEAR
    for label in there:
        for text in texts:
            score = _likeness(normal(text), normal(label))
            if score > best_score:
                best, best_score = label, score
    return best


def _likeness(one: str, other: str) -> float:
    """From 0 to 1; a header that was only lengthened or cut counts as near."""
    if not one or not other:
        return 0.0
    short, long = sorted((one, other), key=len)
    if len(short) >= 5 and long.startswith(short):
        return 0.9
    return difflib.SequenceMatcher(None, one, other).ratio()
