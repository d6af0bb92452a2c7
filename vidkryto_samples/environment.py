"""Samples about the environment and energy: plantings, waste, air, greenhouse gas, energy of buildings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from xml.sax.saxutils import escape

from vidkryto_samples.city import address, day, edrpou, generator, organisations, point, weighted
from vidkryto_samples.files import Row, Sheet, delimited, xlsx

SPECIES = (
    "липа серцелиста",
    "клен гостролистий",
    "тополя чорна",
    "береза повисла",
    "ясен звичайний",
    "каштан кінський",
)
EMPTY_COLUMNS = 210


def plantings() -> dict[str, bytes]:
    """A table saved from a spreadsheet with hundreds of empty columns and four spellings of a date in one column."""
    random = generator("green-plantings")
    tail = ("",) * EMPTY_COLUMNS
    rows: list[Row] = [(*PLANTING_HEADER, *tail)]
    rows += [(*row, *tail) for row in _plantings(random)]
    return {"akty_obstezhennia_zrazok_2026-10.csv": delimited(rows, newline="\n")}


PLANTING_HEADER = (
    "uid", "number", "issuedDate", "purpose", "applicantName", "applicantId", "authorityName", "authorityId", "CATUTTC",
    "addressPostCode", "addressThoroughfare", "addressLocatorDesignator", "lat", "lon", "type", "species", "condition",
    "value", "unitName", "ageValue", "heightValue", "diameterValue", "serviceType",
)  # fmt: skip


def _plantings(random: Random) -> Iterator[Row]:
    spellings = ("%Y-%m-%d", "%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d")
    for act in range(1, 241):
        issued = day(random, date(2024, 1, 10), date(2026, 10, 28))
        applicant = random.choice(("КП «Парки і сквери»", "КП «Південно-Західна»", "КП «ШРБУ»"))
        territory = address(random)
        for tree in range(1, random.randint(2, 9)):
            latitude, longitude = point(random)
            kind = weighted(random, (("Дерево", 12), ("Кущ", 2)))
            yield (
                f"{act}/{issued:%y}-{tree}",
                f"{act}/{issued:%y}",
                issued.strftime(random.choice(spellings)),
                random.choice(("Аварійний стан", "Будівництво", "Звернення мешканців")),
                applicant,
                organisations()[applicant].lstrip("0"),
                "Управління житлово-комунального господарства",
                "33332218",
                *territory,
                latitude,
                longitude,
                kind,
                random.choice(SPECIES),
                random.choice(("добрий", "задовільний", "незадовільний", "незадовільний ")),
                1,
                "шт.",
                random.choice((random.randint(5, 90), "-")),
                f"{random.uniform(2, 22):.1f}".replace(".", ","),
                random.randint(8, 90),
                random.choice(("Підлягає зрізуванню", "Підлягає зрізуванню", "Підлягає пересаджуванню")),
            )


def waste_containers() -> dict[str, bytes]:
    """XML of the carrier's program: attributes for codes, words for yes and no."""
    random = generator("waste-containers")
    sites = "".join(_site(random, number) for number in range(1, 521))
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<export made="2026-11-01" note="ЗРАЗОК">\n{sites}</export>\n'
    return {"kontejnery_zrazok_2026-11.xml": text.encode()}


def _site(random: Random, number: int) -> str:
    katottg, postcode, street, house = address(random)
    latitude, longitude = point(random)
    holder = "КП «Управляюча компанія»"
    carrier = "КП «Спецкомунтранс»"
    cans = random.randint(1, 6)
    fields = {
        "type": random.choice(("пластиковий на коліщатках", "металевий", "підземний")),
        "waste": "тверді побутові відходи" if random.random() < 0.6 else "скло, папір, пластик",
        "cans": cans,
        "volumes": ", ".join(str(random.choice((240.0, 770.0, 1100.0))) for _ in range(cans)),
        "recycling": random.choice(("Так", "Ні")),
        "holder": holder,
        "carrier": carrier,
        "hours": random.choice(("Пн-Нд 06:00-08:00", "Пн,Ср,Пт 07:00-09:00", "Вт,Чт,Сб 07:00-09:00")),
        "postcode": postcode,
        "street": street,
        "house": house,
        "lat": latitude,
        "lon": longitude,
    }
    inner = "".join(f"    <{name}>{escape(str(value))}</{name}>\n" for name, value in fields.items())
    codes = f'holder_code="{organisations()[holder]}" carrier_code="{organisations()[carrier]}"'
    return f'  <site id="КМ-{number:04d}" katottg="{katottg}" {codes}>\n{inner}  </site>\n'


STATIONS = (
    ("khm-01", "вул. Проскурівська", 49.4203, 26.9874),
    ("khm-02", "просп. Миру", 49.4311, 26.9902),
    ("khm-03", "Львівське шосе", 49.4242, 26.9521),
    ("khm-04", "вул. Чорновола", 49.4405, 27.0023),
)
POLLUTANTS = (("PM2.5", "ug/m3", 14.0), ("PM10", "ug/m3", 26.0), ("NO2", "ug/m3", 21.0), ("SO2", "ug/m3", 6.0))


def air_quality() -> dict[str, bytes]:
    """An answer of the monitoring service: measurements three levels deep, UTC moments, missing values as null."""
    random = generator("air-quality")
    start = datetime(2026, 10, 1)
    measurements = []
    for hour in range(0, 31 * 24, 3):
        moment = start + timedelta(hours=hour)
        for code, place, latitude, longitude in STATIONS:
            for pollutant, unit, usual in POLLUTANTS:
                value = round(max(0.1, random.gauss(usual, usual / 3)), 2) if random.random() > 0.01 else None
                measurements.append(
                    {
                        "station": {"code": code, "place": place, "lat": latitude, "lon": longitude},
                        "at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "what": pollutant,
                        "value": value,
                        "unit": unit,
                    }
                )
    text = json.dumps({"meta": {"note": "ЗРАЗОК"}, "data": {"measurements": measurements}}, ensure_ascii=False)
    return {"povitria_zrazok_2026-10.json": (text + "\n").encode()}


SECTORS = (
    "Житлові будинки",
    "Комунальні будівлі",
    "Транспорт",
    "Промисловість",
    "Поводження з відходами",
    "Вуличне освітлення",
)


def greenhouse_gas() -> dict[str, bytes]:
    """A wide table with a column for each year, in thousands of tonnes, and a total row."""
    random = generator("greenhouse-gas")
    years = range(2015, 2026)
    rows: list[Row] = [
        ("Викиди парникових газів за секторами. ЗРАЗОК",),
        ("тис. т СО2-екв.",),
        ("№", "Сектор", "Джерело", *years),
    ]
    totals = dict.fromkeys(years, 0.0)
    number = 0
    for sector in SECTORS:
        for source in ("Електроенергія", "Природний газ", "Моторне паливо"):
            number += 1
            level = random.uniform(4, 120)
            values = [round(level * 0.975**step * random.uniform(0.95, 1.05), 1) for step in range(len(years))]
            for year, value in zip(years, values, strict=True):
                totals[year] += value
            rows.append((number, sector, source, *(str(value).replace(".", ",") for value in values)))
    rows.append((None, "Усього", None, *(round(value, 1) for value in totals.values())))
    return {"parnykovi_hazy_zrazok_2025.xlsx": xlsx([Sheet("Кадастр", rows, merged=("A1:N1",), bold=(3,))])}


BUILDINGS = 186
RESOURCES = (("Електроенергія", "кВт·год", 4_000), ("Теплова енергія", "Гкал", 38), ("Холодна вода", "м³", 160))
MONTHS = ("січень", "лютий", "березень", "квітень", "травень", "червень", "липень", "серпень", "вересень", "жовтень")


def energy_of_buildings() -> dict[str, bytes]:
    """The energy manager's workbook: one row for a building and resource, months as columns, named by words."""
    random = generator("energy-of-municipal-buildings")
    header = (
        "Код будівлі",
        "Назва закладу",
        "ЄДРПОУ",
        "Площа, м²",
        "Ресурс",
        "Одиниця",
        *(f"{m} 2026" for m in MONTHS),
    )
    rows: list[Row] = [("Споживання енергоресурсів комунальними будівлями. ЗРАЗОК",), header]
    for number in range(1, BUILDINGS + 1):
        name = f"{random.choice(('Ліцей', 'Дитячий садок', 'Поліклініка', 'Бібліотека', 'Гімназія'))} № {number}"
        code, area = edrpou(random), random.randint(240, 9_800)
        for resource, unit, usual in RESOURCES:
            level = usual * area / 2_000
            heat = resource == "Теплова енергія"
            amounts = [
                None if heat and 4 <= month <= 8 else round(level * random.uniform(0.7, 1.3), 1)
                for month in range(len(MONTHS))
            ]
            rows.append((f"Б-{number:03d}", name, int(code), area, resource, unit, *amounts))
    return {"enerhospozhyvannia_zrazok_2026-10.xlsx": xlsx([Sheet("Споживання", rows, bold=(2,))])}
