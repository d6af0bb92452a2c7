"""The scale that a word beside a number tells: `тис. грн` is a thousand times `грн`, `кг` a thousand times `г`."""

from __future__ import annotations

import re

_STEMS = {
    "тис": 3, "thousand": 3, "млн": 6, "мільйон": 6, "mln": 6, "million": 6, "млрд": 9, "мільярд": 9, "billion": 9,
    "коп": -2, "кілограм": 3, "центнер": 5, "тонн": 6, "міліметр": -3, "сантиметр": -2, "кілометр": 3, "гектар": 4,
}  # fmt: skip
_WORDS = {
    "мг": -3, "кг": 3, "ц": 5, "т": 6, "мм": -3, "см": -2, "км": 3, "га": 4, "мл": -3, "квт": 3, "мвт": 6, "гвт": 9,
}  # fmt: skip
_LETTERS = re.compile(r"[^\W\d_]+")


def scale_of(unit: str) -> int:
    """The power of ten that the words of a unit tell; 0 where none does: грн, шт, %."""
    return sum(map(_scale, _LETTERS.findall(unit.casefold())))


def _scale(word: str) -> int:
    return _WORDS[word] if word in _WORDS else next((n for stem, n in _STEMS.items() if word.startswith(stem)), 0)
