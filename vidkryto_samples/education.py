"""Samples of the education department: schools in the layout of the ministry's old list."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from vidkryto_samples.city import edrpou, generator, lost_zeros
from vidkryto_samples.files import Row, delimited

HEADER = ("region", "district_name", "school_name", "teachers", "technical", "students", "edrpo")
VILLAGES = (
    "Богданівці", "Водички", "Давидківці", "Копистин", "Олешин", "Пирогівці", "Шаровечка", "Бахматівці", "Малашівці",
    "Мартинівка", "Черепова", "Климківці",
)  # fmt: skip
KINDS = (
    ("Ліцей № {n} Хмельницької міської ради", 24),
    ("Загальноосвітня школа І-ІІІ ступенів № {n} м. Хмельницького", 16),
    ('НВК "Загальноосвітня школа І-ІІІ ступенів - гімназія № {n}" Хмельницької міської ради', 8),
    ("Початкова школа № {n} Хмельницької міської ради", 7),
    ('Комунальний заклад "Гімназія № {n}" Хмельницької міської ради', 9),
)


def schools() -> dict[str, bytes]:
    """Windows-1251 text with semicolons and three kinds of line ends; some names break over lines inside quotes."""
    random = generator("schools")
    rows: list[Row] = [HEADER, *_schools(random)]
    content = delimited(rows, delimiter=";", newline="\r\n|\n|\r\n|\r", encoding="cp1251")
    return {"shkoly_zrazok_2026-09.csv": content}


def _schools(random: Random) -> Iterator[Row]:
    number = 0
    for pattern, count in KINDS:
        for _ in range(count):
            number += 1
            yield _school(random, "м. Хмельницький", pattern.format(n=number), random.randint(240, 1900), number)
    for village in VILLAGES:
        number += 1
        name = f"{'Ліцей' if number % 2 else 'Гімназія'} с. {village} Хмельницької міської ради"
        yield _school(random, "Хмельницький", name, random.randint(45, 380), number)


def _school(random: Random, district: str, name: str, students: int, number: int) -> Row:
    if number % 9 == 0:
        name += "\n"
    elif number % 13 == 0:
        name = name.replace("І", "I")  # Latin I in the Roman numerals
    code = edrpou(random, zero=number % 7 == 0)
    return (
        "Хмельницька", district, name, max(6, students // 13), max(3, students // 34), students,
        lost_zeros(code) if number % 7 == 0 else code,
    )  # fmt: skip
