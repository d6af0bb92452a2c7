"""Canaries: invented personal values of twelve kinds, right in form and check digit, planted where people put them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from stdnum import luhn
from stdnum.ua import rntrc

KINDS = (
    "rnokpp",
    "unzr",
    "passport",
    "id_card",
    "iban",
    "card",
    "phone",
    "email",
    "plate",
    "name",
    "birth_date",
    "home_address",
)
PLACES = ("cell", "masked text", "free text", "header", "sheet name", "file name", "comment", "metadata")
OF_EACH = {
    "cell": 8,
    "masked text": 2,
    "free text": 1,
    "header": 2,
    "sheet name": 1,
    "file name": 1,
    "comment": 1,
    "metadata": 1,
}
"""17 of each kind; the last four kinds get one cell less, so that they are 200."""

SURNAMES = (
    "Коваленко",
    "Гнатюк",
    "Бойчук",
    "Шевчишин",
    "Левицька",
    "Заболотний",
    "Дячук",
    "Мельничук",
    "Корнієць",
    "Савицький",
)
MALE = (
    "Андрій",
    "Богдан",
    "Василь",
    "Дмитро",
    "Ігор",
    "Олександр",
    "Петро",
    "Сергій",
    "Тарас",
    "Юрій",
)
FEMALE = (
    "Олена",
    "Марія",
    "Ірина",
    "Наталія",
    "Оксана",
    "Тетяна",
    "Галина",
    "Софія",
    "Юлія",
    "Ганна",
)
FATHERS = ("Іван", "Петр", "Степан", "Роман", "Богдан", "Максим")
STREETS = (
    "Зарічанська",
    "Проскурівська",
    "Подільська",
    "Свободи",
    "Інститутська",
    "Прибузька",
)


@dataclass(frozen=True)
class Canary:
    """One planted value: `text` as a person would write it, `core` the part that may not be found anywhere."""

    kind: str
    place: str
    text: str
    core: str


def plant(seed: int = 835) -> list[Canary]:
    """The 200 canaries, the same in every run."""
    rng = random.Random(seed)
    planted = []
    for number, kind in enumerate(KINDS):
        for place in PLACES:
            count = OF_EACH[place] - (place == "cell" and number >= 8)
            for turn in range(count):
                text, core = WRITERS[kind](rng, turn)
                planted.append(Canary(kind, place, text, core))
    return planted


def born(rng: random.Random) -> date:
    return date(1945, 1, 1) + timedelta(days=rng.randrange(22_000))


def rnokpp(rng: random.Random, turn: int) -> tuple[str, str]:
    days = (born(rng) - date(1899, 12, 31)).days
    first = f"{days:05d}{rng.randrange(1, 9999):04d}"
    number = first + rntrc.calc_check_digit(first)
    return (number, f"РНОКПП {number}", f"ІПН: {number}", f"{number}.0")[turn % 4], number


def unzr(rng: random.Random, turn: int) -> tuple[str, str]:
    number = f"{born(rng):%Y%m%d}-{rng.randrange(10_000, 99_999)}"
    return (number, f"УНЗР {number}")[turn % 2], number


def passport(rng: random.Random, turn: int) -> tuple[str, str]:
    series, number = rng.choice(("НА", "НВ", "МЕ", "СК", "ВК")), f"{rng.randrange(100_000, 999_999)}"
    return (f"{series}{number}", f"{series} {number}", f"паспорт {series} № {number}")[turn % 3], number


def id_card(rng: random.Random, turn: int) -> tuple[str, str]:
    number = f"00{rng.randrange(1_000_000, 9_999_999)}"
    return (number, f"ID-картка № {number}", f"паспорт {number}, орган 6810")[turn % 3], number


def iban(rng: random.Random, turn: int) -> tuple[str, str]:
    account = "305299" + "00000" + f"2620{rng.randrange(10**9, 10**10)}"
    check = 98 - int(account + "301000") % 97
    number = f"UA{check:02d}{account}"
    spaced = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
    return (number, spaced)[turn % 2], number if turn % 2 == 0 else spaced


def card(rng: random.Random, turn: int) -> tuple[str, str]:
    first = rng.choice(("4149", "5168", "5375")) + f"{rng.randrange(10**10, 10**11)}"
    number = first + luhn.calc_check_digit(first)
    spaced = " ".join(number[place : place + 4] for place in range(0, 16, 4))
    return (number, spaced)[turn % 2], (number, spaced)[turn % 2]


def phone(rng: random.Random, turn: int) -> tuple[str, str]:
    code, number = rng.choice(("67", "97", "50", "63", "98")), f"{rng.randrange(2_000_000, 9_999_999)}"
    three, two, last = number[:3], number[3:5], number[5:]
    written = (
        f"+380{code}{number}",
        f"0{code}{number}",
        f"0{code} {three} {two} {last}",
        f"(0{code}) {three}-{two}-{last}",
        f"38 (0{code}) {three}-{two}-{last}",
        f"тел. {code} {three} {two} {last}",
        f"8-0{code}-{three}-{two}-{last}",
        f"(0382) {three[1:]}-{two}-{last}",
    )[turn % 8]
    return written, f"{three[1:]}-{two}-{last}" if turn % 8 in (3, 4, 6, 7) else (
        number if turn % 8 < 2 else f"{two} {last}"
    )


def email(rng: random.Random, turn: int) -> tuple[str, str]:
    address = f"canary.{rng.randrange(10**6)}@{('ukr.net', 'gmail.com', 'i.ua')[turn % 3]}"
    return address, address


def plate(rng: random.Random, turn: int) -> tuple[str, str]:
    digits = f"{rng.randrange(1000, 9999)}"
    written = (f"ВХ{digits}АЕ", f"BX {digits} AE", f"НХ {digits} СВ")[turn % 3]
    return written, written


def name(rng: random.Random, turn: int) -> tuple[str, str]:
    surname, father = rng.choice(SURNAMES), rng.choice(FATHERS)
    woman = rng.random() < 0.5 or surname == "Левицька"
    given = rng.choice(FEMALE if woman else MALE)
    if surname in ("Заболотний", "Савицький") and woman:
        surname = surname[:-2] + "а"
    patronymic = father + ("івна" if woman else "ович")
    written = (
        f"{surname} {given} {patronymic}",
        f"{given} {patronymic} {surname}",
        f"{surname} {given[0]}.{patronymic[0]}.",
        f"{surname} {given}",
        f"{surname} {given} {patronymic}".upper(),
        f"гр. {surname} {given[0]}. {patronymic[0]}.",
        f"ФОП {surname} {given} {patronymic}",
        f"{given} {surname}",
    )[turn % 8]
    return written, written.removeprefix("ФОП ").removeprefix("гр. ")


def birth_date(rng: random.Random, turn: int) -> tuple[str, str]:
    day = born(rng)
    plain = f"{day:%d.%m.%Y}"
    return (f"{plain} р.н.", f"народився {plain}", plain, f"дата народження: {plain}", f"{plain} року народження")[
        turn % 5
    ], plain


def home_address(rng: random.Random, turn: int) -> tuple[str, str]:
    street, house, flat = rng.choice(STREETS), rng.randrange(1, 180), rng.randrange(1, 220)
    written = (
        f"вул. {street}, {house}, кв. {flat}",
        f"м. Хмельницький, вул. {street}, буд. {house}, кв.{flat}",
        f"проживає: вул. {street}, {house}",
        f"ВУЛ. {street.upper()}, БУД. {house}, КВ. {flat}",
        f"{street} {house}, кв. {flat}",
    )[turn % 5]
    return written, written[written.casefold().index(street.casefold()) :]


WRITERS = {
    "rnokpp": rnokpp,
    "unzr": unzr,
    "passport": passport,
    "id_card": id_card,
    "iban": iban,
    "card": card,
    "phone": phone,
    "email": email,
    "plate": plate,
    "name": name,
    "birth_date": birth_date,
    "home_address": home_address,
}
