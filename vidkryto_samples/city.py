"""The invented city: real names of streets, everything else out of a seeded generator."""

from __future__ import annotations

import calendar
import csv
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from random import Random

SEED = "Хмельницький 2026"
KATOTTG = "UA68040470010096613"
AUTHORITY = ("33332218", "Управління адміністративних послуг Хмельницької міської ради")
TODAY = date(2026, 11, 2)
"""The day the samples are made for."""

STREETS = (
    "Проскурівська", "Подільська", "Кам’янецька", "Прибузька", "Свободи", "Зарічанська", "Проскурівського Підпілля",
    "Героїв Майдану", "Шевченка", "Соборна", "Грушевського", "Інститутська", "Чорновола", "Трудова", "Тернопільська",
    "Степана Бандери", "Довженка", "Лісогринівецька", "Бажана", "Північна", "Заводська",
    "Староміська", "Пілотська", "Озерна", "Панаса Мирного", "Водопровідна", "Госпітальна", "Володимирська",
    "Козацька", "Нижня Берегова", "Верхня Берегова", "Молодіжна", "Сковороди", "Олександра Кушнірука",
    "Прилужна", "Західно-Окружна", "Паркова", "Весняна", "Польова", "Вокзальна", "Деповська",
)  # fmt: skip
AVENUES = ("просп. Миру", "Старокостянтинівське шосе", "Львівське шосе", "Вінницьке шосе", "пров. Проскурівський")
PLACES = (
    "Центральний автовокзал", "Залізничний вокзал", "Дитячий світ", "Філармонія", "Міський парк", "Драмтеатр",
    "Обласна лікарня", "Дитяча лікарня", "Університет", "Політехнічний коледж", "Гречани", "Озерна", "Дубове",
    "Ракове", "Лезневе", "Ружична", "Виставка", "Податкова академія", "Ринок", "Стадіон", "Школа", "Дитячий садок",
    "Поліклініка", "Аеропорт", "Депо", "Міст", "Кінотеатр", "Пожежна частина", "Бібліотека", "Ліцей", "Гімназія",
    "Церква", "Парк Чекмана", "Квартал", "Автопарк", "Магазин", "Кладовище", "Дачі", "Котельня", "Водоканал",
)  # fmt: skip
DISTRICTS = ("Центр", "Південно-Західний", "Озерна", "Гречани", "Дубове", "Виставка", "Ракове", "Лезневе", "Ружична")

_WEIGHTS = (1, 2, 3, 4, 5, 6, 7)


def generator(name: str) -> Random:
    """A generator of its own for each dataset: one more row in one sample changes no other."""
    return Random(f"{SEED} {name}")  # noqa: S311 - a sample must be the same every time, which is no secret


def street(random: Random) -> str:
    """A street with its type, as officers write it."""
    return random.choice(AVENUES) if random.random() < 0.2 else f"вул. {random.choice(STREETS)}"


def house(random: Random) -> str:
    """A house number, sometimes with a letter or a fraction."""
    number = random.randint(1, 180)
    letter = random.choice("АБВГ")
    return random.choices([f"{number}", f"{number}-{letter}", f"{number}/{random.randint(1, 9)}"], (8, 2, 1))[0]


def point(random: Random) -> tuple[float, float]:
    """Latitude and longitude inside the built-up area: most near the centre, six decimals."""
    latitude = min(max(random.gauss(49.4216, 0.016), 49.375), 49.468)
    longitude = min(max(random.gauss(26.9972, 0.028), 26.90), 27.09)
    return round(latitude, 6), round(longitude, 6)


def edrpou(random: Random, *, zero: bool = False) -> str:
    """An invented EDRPOU code whose check digit holds: it begins with 99, or with 0999 when `zero`."""
    prefix = "0999" if zero else "99"
    body = prefix + "".join(str(random.randint(0, 9)) for _ in range(7 - len(prefix)))
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The last digit of an EDRPOU code that begins with these seven digits (weights 1 to 7, then two more)."""
    digits = [int(digit) for digit in body]
    weights = _WEIGHTS if digits[0] not in (3, 4, 5) else (7, 1, 2, 3, 4, 5, 6)
    rest = sum(w * d for w, d in zip(weights, digits, strict=True)) % 11
    if rest == 10:
        rest = sum((w + 2) * d for w, d in zip(weights, digits, strict=True)) % 11 % 10
    return str(rest)


def day(random: Random, first: date, last: date) -> date:
    """A day between the two, both included."""
    return first + timedelta(days=random.randint(0, (last - first).days))


def months(first: tuple[int, int], last: tuple[int, int]) -> list[date]:
    """The last days of the months from `first` to `last` (year, month), both included."""
    numbers = range(first[0] * 12 + first[1] - 1, last[0] * 12 + last[1])
    return [date(n // 12, n % 12 + 1, calendar.monthrange(n // 12, n % 12 + 1)[1]) for n in numbers]


def weighted(random: Random, choices: Sequence[tuple[str, float]]) -> str:
    """One of the words, by their weights."""
    return random.choices([word for word, _ in choices], [weight for _, weight in choices])[0]


def lost_zeros(code: str) -> int:
    """What a spreadsheet makes of a code: a number without its leading zeros."""
    return int(code)


def reference(name: str) -> list[dict[str, str]]:
    """The rows of a reference list of the samples, such as the programmes of the budget."""
    text = files("vidkryto_samples").joinpath("data", f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def organisations() -> dict[str, str]:
    """Enterprises and institutions that recur in the samples, each with an invented code."""
    random = generator("organisations")
    names = (
        "КП «Хмельницькводоканал»", "МКП «Хмельницьктеплокомуненерго»", "Диспетчерська електромереж",
        "КП «Південно-Західна»", "КП «ШРБУ»", "Управління транспорту та зв’язку", "КП «Надія»", "КП «Електротранс»",
        "КП «Спецкомунтранс»", "КП «Парки і сквери»", "Департамент освіти та науки", "Міська лікарня",
        "Дитяча міська лікарня", "Центральна бібліотека", "Музей-студія", "Спортивна школа № 1",
        "Міський палац культури",
        "ТОВ «Перевізник-1»", "ТОВ «Перевізник-2»", "КП «Управляюча компанія»",
    )  # fmt: skip
    return {name: edrpou(random) for name in names}


def address(random: Random) -> tuple[str, str, str, str]:
    """KATOTTG, postcode, street and house."""
    return KATOTTG, random.choice(("29000", "29001", "29009", "29013", "29016", "29025")), street(random), house(random)
