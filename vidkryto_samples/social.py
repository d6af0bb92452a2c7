"""Samples of social protection: counts of people only, never people."""

from __future__ import annotations

from random import Random

from vidkryto_samples.city import DISTRICTS, generator, months
from vidkryto_samples.files import Row, Sheet, delimited, ods

IDP_SERVICES = (
    "Тимчасове житло", "Гуманітарна допомога", "Юридична консультація", "Психологічна допомога", "Пошук роботи",
    "Оформлення документів",
)  # fmt: skip
AGES = ("0-17", "18-35", "36-59", "60+")
VETERAN_SERVICES = (
    "Реабілітація",
    "Протезування: супровід",
    "Професійне навчання",
    "Житлова програма",
    "Психологічна допомога",
)


def displaced_people() -> dict[str, bytes]:
    """An ODS with the district given on the first row of its block and small numbers that must not be published."""
    random = generator("displaced-people-services")
    rows: list[Row] = [
        ("Надані послуги внутрішньо переміщеним особам. ЗРАЗОК",),
        ("Мікрорайон", "Послуга", "Вік", "Осіб"),
    ]
    for district in DISTRICTS:
        first = True
        for service in IDP_SERVICES:
            for age in AGES:
                rows.append((district if first else None, service, age, _people(random, 60)))
                first = False
    return {"poslugy_vpo_zrazok_2026-III.ods": ods([Sheet("ІІІ квартал", rows)])}


def veterans() -> dict[str, bytes]:
    """Tab-separated text, a row for each month, service and form, decimal marks none."""
    random = generator("veterans-services")
    rows: list[Row] = [("Період", "Послуга", "Форма", "Кількість осіб", "Середній строк, днів")]
    for month in months((2026, 1), (2026, 10)):
        for service in VETERAN_SERVICES:
            rows += [
                (f"{month:%m.%Y}", service, form, _people(random, 40), random.randint(1, 28))
                for form in ("очно", "онлайн")
            ]
    return {"poslugy_veteranam_zrazok_2026-10.tsv": delimited(rows, delimiter="\t", newline="\n")}


def _people(random: Random, usual: int) -> int:
    """A count of people: mostly dozens, now and then a handful."""
    return random.randint(0, 9) if random.random() < 0.12 else random.randint(10, usual * 3)
