"""Examples: taken from the words of an instruction, and checked against the rule of their own column."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from vidkryto.catalogue.structures.kinds import LATITUDE, LONGITUDE

if TYPE_CHECKING:
    from vidkryto.catalogue.structures.mending import MendedColumn

TRUE = ("true", "True", "TRUE", "1", "Так", "так")
FALSE = ("false", "False", "FALSE", "0", "Ні", "ні")
_MARK = re.compile(r"[Нн]априклад\s*[:,]?\s*")
# A full stop after an abbreviation does not end the sentence: «вул. Харківська».
_ABBREVIATED = "".join(rf"(?<!\b{word})" for word in ("вул", "м", "с", "ст", "ім"))
_END = re.compile(
    _ABBREVIATED
    + r"\.\s+(?=[А-ЯІЇЄҐ“«(])|\.$|\n|\s+Якщо\s|\s+У\s(?:разі|випадку|іншому)\s|\s+(?:Десяткові|Дані|Потрібно)\s"
)


def extracted(description: str) -> str:
    """The example in an instruction: what follows the last word «Наприклад», up to the end of its sentence."""
    parts = _MARK.split(re.sub(r"[ \t\xa0]+", " ", description.strip()))
    if len(parts) < 2:
        return ""
    text = _END.split(parts[-1], maxsplit=1)[0].strip()
    while len(text) > 1 and (text[0] + text[-1]) in ("«»", "“”", '""'):
        text = text[1:-1].strip()
    return "" if len(text) > 90 or text.startswith("якщо ") else text.rstrip(".,;").strip()


def fits(value: str, column: MendedColumn) -> bool:
    """Whether `value` keeps the rule of the column: its type, its enumeration, its pattern and its bounds."""
    if column.enumeration and value not in {str(item) for item in column.enumeration}:
        return False
    if column.kind and column.kind.pattern and not re.fullmatch(column.kind.pattern.removesuffix("$") + ".*", value):
        return False
    if column.kind and column.kind.pattern.endswith("$") and not re.match(column.kind.pattern, value):
        return False
    return _has_type(value, column)


def _has_type(value: str, column: MendedColumn) -> bool:
    if column.type == "number":
        return bool(re.fullmatch(r"[+-]?[0-9]+(?:\.[0-9]+)?", value)) and _in_bounds(float(value), column.name)
    if column.type in ("integer", "year"):
        return bool(re.fullmatch(r"[0-9]{4}" if column.type == "year" else r"[+-]?[0-9]+", value))
    if column.type == "boolean":
        return value in TRUE + FALSE
    formats = {"date": "%Y-%m-%d", "time": "%H:%M:%S", "datetime": "%Y-%m-%dT%H:%M:%S"}
    if column.type in formats:
        return _parses(value, formats[column.type])
    return bool(value)


def _parses(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)
    except ValueError:
        return False
    return True


def bounds(name: str) -> tuple[float, float] | None:
    """The bounds of a coordinate by the name of its column, or None."""
    if re.search(r"(?:^lat|Lat)$", name):
        return LATITUDE
    return LONGITUDE if re.search(r"(?:^lon|Lon|constructionlon)$", name) else None


def _in_bounds(number: float, name: str) -> bool:
    limits = bounds(name)
    return limits is None or limits[0] <= number <= limits[1]
