"""Samples of the transport department: stops as annex 27 wants them, in the form the dispatchers keep."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from vidkryto_samples.city import AVENUES, KATOTTG, PLACES, STREETS, generator, house, point
from vidkryto_samples.files import Row, Sheet, xlsx

STOPS = 431
UPPER = (
    "№", "Назва зупинки", "Код", "Розташування", None, None, None, "Координати", None, "Тип", "Доступність",
    "Павільйон, примітки",
)  # fmt: skip
LOWER = (None, None, None, "КАТОТТГ", "Індекс", "Вулиця", "Будинок (навпроти)", "широта", "довгота", None, None, None)


def public_transport_stops() -> dict[str, bytes]:
    """A sheet with a title block, a header of two rows, a row of column numbers and a total at the end."""
    random = generator("public-transport-stops")
    rows: list[Row] = [
        ("Перелік зупинок громадського транспорту Хмельницької міської територіальної громади",),
        ("станом на 01.11.2026. ЗРАЗОК, дані вигадані",),
        UPPER,
        LOWER,
        tuple(range(1, 13)),
        *stops(random),
        ("Всього", STOPS, *(None,) * 10),
        (None,) * 12,
        ("Виконавець: відділ організації перевезень",),
    ]
    merged = ("A1:L1", "A2:L2", "A3:A4", "B3:B4", "C3:C4", "D3:G3", "H3:I3", "J3:J4", "K3:K4", "L3:L4")
    notes: list[Row] = [("Тип: 0 — зупинка, 1 — станція",), ("Доступність: 0 — невідомо, 1 — є пандус, 2 — немає",)]
    sheets = (Sheet("Зупинки ", rows, merged=merged, bold=(3, 4)), Sheet("Довідка", notes))
    return {"zupynky_zrazok_2026-11.xlsx": xlsx(sheets)}


def stops(random: Random) -> Iterator[Row]:
    """Stops in pairs on both sides of a street; the quirks are those of a sheet kept by hand for years."""
    for number in range(1, STOPS + 1):
        if number % 2 or number == 1:
            street = random.choice(AVENUES) if random.random() < 0.2 else f"вул. {random.choice(STREETS)}"
            name = stop_name(random, street)
            latitude, longitude = point(random)
        else:
            latitude, longitude = round(latitude + 0.00018, 6), round(longitude - 0.00031, 6)
        yield (
            number,
            _typed(random, name),
            f"{number:04d}",
            KATOTTG if number % 97 else KATOTTG.replace("A", "А"),  # a Cyrillic А
            random.choice((29000, 29001, 29013, 29016, 29025)),
            street,
            house(random),
            latitude if number % 5 else str(latitude).replace(".", ","),
            longitude if number % 5 else str(longitude).replace(".", ","),
            1 if number % 140 == 0 else 0,
            random.choices((0, 1, 2, None, "null"), (5, 3, 8, 2, 1))[0],
            random.choices((None, "павільйон", "павільйон, лава", "-", "без навісу"), (6, 4, 3, 1, 2))[0],
        )


def stop_name(random: Random, street: str) -> str:
    """A name as passengers know it: a place or the street."""
    if random.random() < 0.35:
        return street.removeprefix("вул. ").removeprefix("просп. ").removeprefix("пров. ")
    place = random.choice(PLACES)
    return f"{place} № {random.randint(1, 40)}" if place in ("Школа", "Дитячий садок", "Ліцей", "Гімназія") else place


def _typed(random: Random, name: str) -> str:
    """The name as it was typed: other apostrophes, a space too many, a Latin i."""
    chance = random.random()
    if chance < 0.05:
        return name + " "
    if chance < 0.10:
        return name.replace("’", "'")
    return name.replace("і", "i", 1) if chance < 0.14 else name
