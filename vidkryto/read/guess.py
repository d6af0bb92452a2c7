"""What a column of text looks like: its type, and the repairs its cells seem to need. For look and new only."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto import clock
from vidkryto.read.repair import letters

NULL_WORDS = (
    "-",
    "–",
    "—",
    "null",
    "NULL",
    "NA",
    "N/A",
    "n/a",
    "HIDDEN",
    "----------",
    "немає",
    "відсутній",
    "невідомо",
)
ENOUGH = 0.97
"""Share of the cells that must fit a type."""
_CODE_WORDS = re.compile(
    r"єдрпоу|едрпоу|edrpou|edrpo|код|code|identifier|\bid\b|коатуу|katottg|catuttc|телефон|індекс|mfo"
)

_DATES = (
    (r"^\d{4}-\d{2}-\d{2}$", ""),
    (r"^\d{4}-\d{1,2}-\d{1,2}$", "рррр-м-д"),
    (r"^\d{1,2}\.\d{1,2}\.\d{4}(?:\s*р\.?)?$", "дд.мм.рррр"),
    (r"^\d{1,2}\.\d{1,2}\.\d{2}$", "дд.мм.рр"),
    (r"^\d{1,2}/\d{1,2}/\d{4}$", "дд/мм/рррр"),
    (
        r"(?i)^\d{1,2}\s+(?:січ|лют|бер|квіт|трав|черв|лип|серп|вер|жовт|лист|груд)\pL*\s+\d{4}(?:\s*р\.?|\s*року)?$",
        "дд місяць рррр",
    ),
)
_MOMENTS = (
    (r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$", ""),
    (r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$", "рррр-мм-дд гг:хх:сс"),
    (r"^\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}$", "дд.мм.рррр гг:хх"),
    (r"^\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d{2}:\d{2}$", "дд.мм.рррр гг:хх:сс"),
)
_MONTH = (
    r"(?i)^\s*(?:січень|лютий|березень|квітень|травень|червень|липень|серпень|вересень|жовтень|листопад|грудень)\s*$"
)
_INTEGER = r"^[-+]?(?:0|[1-9]\d{0,17})$"
_NUMBER = r"^[-+]?(?:0|[1-9]\d*)?(?:\.\d+)?$"
_COMMA = r"^[-+]?\d+,\d+$"
_GROUPED = r"^[-+]?\d{1,3}(?:[ \x{a0}\x{202f}]\d{3})+(?:[.,]\d+)?$"
_SCIENTIFIC = r"^[-+]?\d+(?:\.\d+)?[eE][-+]?\d+$"
_TAIL = r"^-?[\d.]{17,}$"
_PERCENT = r"^\d+(?:[.,]\d+)?\s*%$"
_DEGREES = r"\d\s*[°º˚]\s*\d"
_DIGITS = r"^\d{2,17}$"


@dataclass(slots=True)
class ColumnLook:
    """What one column looks like. `reading` is the declaration it seems to need, `problems` say why."""

    label: str
    name: str
    type: str = "string"
    filled: int = 0
    distinct: int = 0
    sample: str = ""
    reading: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def look_at(label: str, name: str, column: pa.Array) -> ColumnLook:
    """The look of one column of data cells."""
    cells = pc.drop_null(
        pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), pa.scalar(None, pa.string()), column)
    )
    found = ColumnLook(label, name, filled=len(cells))
    if not len(cells):
        return found
    found.sample = str(cells[0].as_py())[:60]
    found.distinct = pc.count_distinct(cells).as_py()
    cells = _without_nulls(cells, found)
    _cleaning(cells, found)
    cells = pc.utf8_trim_whitespace(cells)
    if len(cells):
        _type(cells, found, label)
    return found


def share(cells: pa.Array, *patterns: str) -> float:
    """Share of the cells that fit one of the patterns."""
    if not len(cells) or not patterns:
        return 0.0
    fits = pc.match_substring_regex(cells, "|".join(f"(?:{pattern})" for pattern in patterns))
    return float(fits.true_count / len(cells))


def _without_nulls(cells: pa.Array, found: ColumnLook) -> pa.Array:
    words = [word for word in NULL_WORDS if pc.any(pc.equal(pc.utf8_trim_whitespace(cells), word)).as_py()]
    if words:
        found.reading["nulls"] = words
        found.problems.append(f"null words: {', '.join(words)}")
        cells = cells.filter(pc.invert(pc.is_in(pc.utf8_trim_whitespace(cells), pa.array(words, pa.string()))))
    return cells


def _cleaning(cells: pa.Array, found: ColumnLook) -> None:
    wanted: list[str] = []
    checks: Sequence[tuple[str, str, Callable[[str], str] | None, str]] = (
        ("spaces", letters.STRAY_SPACES, None, "stray spaces or line breaks"),
        ("controls", letters.CONTROLS, None, "invisible characters"),
        ("cyrillic", letters.MIXED, letters.to_cyrillic, "Latin letters in Cyrillic words"),
    )
    for kind, pattern, change, words in checks:
        hits = cells.filter(pc.match_substring_regex(cells, pattern))
        count = sum(change(text) != text for text in hits.to_pylist()) if change else len(hits)
        if count:
            wanted.append(kind)
            found.problems.append(f"{words}: {count}")
    signs = {sign for sign in "'’`´‘′ʼ" if pc.any(pc.match_substring_regex(cells, rf"\pL{sign}\pL")).as_py()}
    if len(signs) > 1:
        wanted.append("apostrophes")
        found.problems.append(f"several apostrophes: {' '.join(sorted(signs))}")
    if wanted:
        found.reading["clean"] = wanted


def _type(cells: pa.Array, found: ColumnLook, label: str) -> None:
    """The first type that nearly all cells fit; a code is text, whatever it looks like."""
    if share(cells, _DIGITS) >= ENOUGH and (_has_leading_zeros(cells) or _CODE_WORDS.search(label.casefold())):
        _code(cells, found)
    elif share(cells, r"^(?:19|20)\d\d$") == 1:
        found.type = "year"
        this = clock.now().year
        if later := pc.sum(pc.greater(cells.cast(pa.int16()), this)).as_py():
            found.problems.append(f"years after {this}: {later}")
    elif share(cells, _INTEGER) == 1:
        found.type = "integer"
    elif _number(cells, found) or _moment(cells, found, _DATES, "date") or _moment(cells, found, _MOMENTS, "datetime"):
        return
    elif share(cells, _DEGREES) >= ENOUGH:
        found.type, found.reading["degrees"] = "number", True
        found.problems.append("degrees, minutes, seconds")
    elif share(cells, _MONTH) >= ENOUGH:
        found.type, found.reading["dates"] = "integer", ["місяць"]
        found.problems.append("month words")
    elif found.distinct > 1 and len(cells) > 5 * found.distinct:
        _vocabulary(cells, found)


def _has_leading_zeros(cells: pa.Array) -> bool:
    return share(cells, r"^0\d+$") > 0


def _code(cells: pa.Array, found: ColumnLook) -> None:
    lengths = pc.value_counts(pc.utf8_length(cells))
    by_length = {item["values"].as_py(): item["counts"].as_py() for item in lengths}
    longest = max(by_length)
    shorter = sum(count for length, count in by_length.items() if longest - 3 <= length < longest)
    if shorter and by_length[longest] + shorter >= ENOUGH * len(cells) and longest >= 4:
        found.reading["digits"] = longest
        found.problems.append(f"lost leading zeros, it seems: {shorter} codes are shorter than {longest}")


def _number(cells: pa.Array, found: ColumnLook) -> bool:
    every = (_NUMBER, _COMMA, _GROUPED, _SCIENTIFIC, _PERCENT)
    if share(cells, *every) < ENOUGH:
        return False
    found.type = "number"
    marks = (
        (_COMMA, {"decimal": ","}, "decimal comma"),
        (_GROUPED, {"thousands": ["space"]}, "spaces between thousands"),
        (_SCIENTIFIC, {"scientific": True}, "scientific notation"),
        (_TAIL, {"float_artefacts": True}, "long tails of binary numbers"),
        (_PERCENT, {"percent": "number"}, "percent signs"),
    )
    for pattern, declared, words in marks:
        if portion := share(cells, pattern):
            found.reading |= declared
            found.problems.append(f"{words}: {round(portion * len(cells))}")
    if odd := round((1 - share(cells, *every)) * len(cells)):
        found.problems.append(f"no number: {odd}")
    return True


def _moment(cells: pa.Array, found: ColumnLook, ways: Sequence[tuple[str, str]], kind: str) -> bool:
    if share(cells, *(pattern for pattern, _ in ways)) < 0.9:
        return False
    found.type = kind
    spellings = [spelling for pattern, spelling in ways if spelling and share(cells, pattern) > 0]
    if share(cells, ways[0][0]) == 1:
        spellings = []
    if spellings:
        found.reading["dates"] = spellings
        found.problems.append(f"spellings of the {kind}: {', '.join(spellings)}")
    if odd := round((1 - share(cells, *(pattern for pattern, _ in ways))) * len(cells)):
        found.problems.append(f"no {kind}: {odd}")
    return True


def _vocabulary(cells: pa.Array, found: ColumnLook) -> None:
    """Values that differ only by case or spaces."""
    counts = {item["values"].as_py(): item["counts"].as_py() for item in pc.value_counts(cells)}
    groups: dict[str, list[str]] = {}
    for value in sorted(counts, key=lambda value: -counts[value]):
        groups.setdefault(letters.folded(value), []).append(value)
    several = {values[0]: values[1:] for values in groups.values() if len(values) > 1}
    if several:
        found.reading["values"] = several
        found.problems.append(f"spelling variants of {len(several)} values")
