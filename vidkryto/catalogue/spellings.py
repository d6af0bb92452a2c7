"""How dates are spelt in exports: `дд.мм.рррр гг:хх` as a pattern, the Ukrainian words for months, and `excel`."""

from __future__ import annotations

import re
from functools import cache

MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "січень січня січні січ",
            "лютий лютого лютому лют",
            "березень березня березні бер",
            "квітень квітня квітні квіт",
            "травень травня травні трав",
            "червень червня червні черв",
            "липень липня липні лип",
            "серпень серпня серпні серп",
            "вересень вересня вересні вер",
            "жовтень жовтня жовтні жовт",
            "листопад листопада листопаді лист",
            "грудень грудня грудні груд",
        ),
        start=1,
    )
    for word in words.split()
}
"""Month words in the nominative, genitive and locative and short, to the number of the month."""

FULL_MONTHS = tuple(sorted((word for word in MONTHS if len(word) > 4), key=len, reverse=True))
"""The month words that stand for nothing else, as the short «лист» does, which is a letter too; the longest first."""

EXCEL = "excel"
"""The spelling that means the serial date of a workbook."""

_TOKENS = {
    "рррр": r"(?P<year>\d{4})",
    "yyyy": r"(?P<year>\d{4})",
    "рр": r"(?P<short>\d{2})",
    "yy": r"(?P<short>\d{2})",
    "місяць": r"(?P<word>[^\W\d_]+)\.?",
    "month": r"(?P<word>[^\W\d_]+)\.?",
    "мм": r"(?P<month>\d{1,2})",
    "mm": r"(?P<month>\d{1,2})",
    "м": r"(?P<month>\d{1,2})",
    "m": r"(?P<month>\d{1,2})",
    "дд": r"(?P<day>\d{1,2})",
    "dd": r"(?P<day>\d{1,2})",
    "д": r"(?P<day>\d{1,2})",
    "d": r"(?P<day>\d{1,2})",
    "гг": r"(?P<hour>\d{1,2})",
    "hh": r"(?P<hour>\d{1,2})",
    "хх": r"(?P<minute>\d{2})",
    "nn": r"(?P<minute>\d{2})",
    "сс": r"(?P<second>\d{2})",
    "ss": r"(?P<second>\d{2})",
}
_SPLIT = re.compile("|".join(sorted(map(re.escape, _TOKENS), key=len, reverse=True)))
_NAME = re.compile(r"<(\w+)>")
_WORD = re.compile(r"[^\W\d_]+")
_OWN_WORDS = frozenset(("т", "t", "z", "р", "рік", "року", "о", "об"))
"""Words that a spelling may hold beside its parts: `2024-05-01T08:00`, `2024 року`, `о 08:00`."""
_YEAR_WORD = r"(?:\s*(?:р\.?|року|рік))?"
_TOGETHER = {
    frozenset(parts.split())
    for parts in (
        "year",
        "month",
        "year month",
        "year month day",
        "year month day hour",
        "year month day hour minute",
        "year month day hour minute second",
    )
}
"""Parts that make a date, a month, a year or a moment: with others something of the cell would be lost in silence."""
_SAME = {"short": "year", "word": "month"}


@cache
def pattern_of(spelling: str) -> re.Pattern[str]:
    """The pattern of a spelling, with groups year, short, month, word, day, hour, minute and second.

    `мм` and `mm` right after the hours are the minutes. Raises ValueError for a spelling that names no date.
    """
    lowered, pattern, parts, end = spelling.casefold(), "", list[str](), 0
    for found in _SPLIT.finditer(lowered):
        token = _TOKENS[found[0]]
        if parts and parts[-1] == "hour" and found[0] in ("мм", "mm", "м", "m"):
            token = _TOKENS["хх"]
        pattern += re.escape(lowered[end : found.start()]) + token
        parts += [_SAME.get(name, name) for name in _NAME.findall(token)]
        end = found.end()
    pattern += re.escape(lowered[end:])
    if len(parts) != len(set(parts)):
        raise ValueError(
            f"not a spelling of a date: {spelling!r} names one part twice; "
            "the year is рррр or рр, the month мм, the day дд, the hours гг, the minutes хх"
        )
    foreign = set(_WORD.findall(_SPLIT.sub(" ", lowered))) - _OWN_WORDS
    if frozenset(parts) not in _TOGETHER or foreign or "%" in spelling:
        raise ValueError(
            f"not a spelling of a date: {spelling!r}; "
            "put it together from рррр or рр, мм or місяць, дд, гг, хх and сс, or write excel"
        )
    return re.compile(pattern.replace(r"\ ", r"\s+") + _YEAR_WORD, re.IGNORECASE)
