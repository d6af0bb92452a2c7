"""Samples of housing and public space: tariffs, shelters, accessibility of buildings, playgrounds, charitable aid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from random import Random
from xml.sax.saxutils import escape

from vidkryto_samples.city import address, day, edrpou, generator, organisations, point, weighted
from vidkryto_samples.files import Row, Sheet, delimited, ods, xlsx

UTILITIES = (
    ("Централізоване водопостачання", "куб. м", 21.4), ("Централізоване водовідведення", "куб. м", 19.8),
    ("Теплова енергія", "Гкал", 1650.0), ("Гаряча вода", "куб. м", 98.0), ("Вивезення відходів", "куб. м", 148.0),
    ("Управління багатоквартирним будинком", "кв. м", 6.1),
)  # fmt: skip
CONSUMERS = ("фізичні особи", "бюджетні установи", "інші споживачі")


def tariffs() -> dict[str, bytes]:
    """An ODS with real dates, prices with commas as text and a note under the table."""
    random = generator("tariffs")
    rows: list[Row] = [("Тарифи на комунальні послуги. ЗРАЗОК",), TARIFF_HEADER, *_tariffs(random)]
    rows.append(("Примітка: ціни з ПДВ",))
    return {"taryfy_zrazok_2026-10.ods": ods([Sheet("Тарифи", rows)])}


TARIFF_HEADER = (
    "№", "Послуга", "Категорія споживачів", "Тариф, грн", "Одиниця", "Статус", "Надавач", "Код надавача", "Діє з",
    "Діє до", "Вид акта", "Назва акта", "Дата акта", "Номер акта", "Посилання", "Файл",
)  # fmt: skip


def _tariffs(random: Random) -> Iterator[Row]:
    number = 0
    for year in range(2019, 2027):
        for service, unit, base in UTILITIES:
            for consumer in CONSUMERS:
                number += 1
                price = base * 1.11 ** (year - 2026) * (1 if consumer == CONSUMERS[0] else 1.35)
                accepted = day(random, date(year - 1, 11, 1), date(year - 1, 12, 20))
                last = year == 2026
                provider = "МКП «Хмельницьктеплокомуненерго»" if "ода" not in service else "КП «Хмельницькводоканал»"
                yield (
                    number, service, consumer, f"{price:.2f}".replace(".", ","), unit,
                    "Чинний" if last else "Втратив чинність", provider, organisations()[provider], date(year, 1, 1),
                    None if last else date(year, 12, 31), "Рішення", f"Про встановлення тарифів на {year} рік",
                    accepted,
                    f"{random.randint(100, 999)}", f"https://khm.example/rishennia/{year}", f"rishennia-{year}.html",
                )  # fmt: skip


def shelters() -> dict[str, bytes]:
    """GeoJSON of the city's map: properties with Ukrainian keys, two points without coordinates."""
    random = generator("shelters")
    features = [_shelter(random, number) for number in range(1, 381)]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    return {"ukryttia_zrazok_2026-11.geojson": (text + "\n").encode()}


def _shelter(random: Random, number: int) -> dict[str, object]:
    katottg, postcode, street, house = address(random)
    latitude, longitude = point(random)
    geometry = {"type": "Point", "coordinates": [longitude, latitude]} if number % 190 else None
    form = weighted(random, (("комунальна", 8), ("приватна", 2), ("державна", 1)))
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "обліковий номер": f"68{number:05d}",
            "тип": weighted(random, (("найпростіше укриття", 7), ("сховище", 2), ("протирадіаційне укриття", 3))),
            "КАТОТТГ": katottg,
            "індекс": postcode,
            "вулиця": street,
            "будинок": house,
            "опис": random.choice(("вхід із двору", "вхід з боку вулиці", "підвал, другий під’їзд", None)),
            "власність": form,
            "балансоутримувач": f"Заклад-зразок № {number}",
            "ЄДРПОУ": edrpou(random),
            "використання": random.choice(("Складське приміщення", "Навчальні класи", "Не використовується")),
            "відповідальний": f"Відповідальна особа {number}",
        },
    }


CLAUSES = (
    ("5.3.1", "Ухил пандуса не крутіший за 8 %"), ("5.3.2", "Пандус огороджено поручнями з обох боків"),
    ("6.1.4", "Ширина дверей не менша за 0,9 м"), ("6.3.7", "Є тактильні смуги перед сходами"),
    ("6.5.2", "Є пристосована вбиральня"),
)  # fmt: skip


def accessibility() -> dict[str, bytes]:
    """A workbook in the ministry's template: machine names in the first row, titles in the second, two sheets."""
    random = generator("accessibility-of-buildings")
    buildings: list[Row] = [ACCESS_HEADER, ACCESS_TITLES]
    norms: list[Row] = [NORM_HEADER, NORM_TITLES]
    for number in range(1, 241):
        uid, name = f"{number:04d}", f"{random.choice(('Ліцей', 'Поліклініка', 'Бібліотека', 'Аптека'))} № {number}"
        checked = day(random, date(2025, 3, 1), date(2026, 10, 15))
        katottg, postcode, street, house = address(random)
        buildings.append(
            (
                uid,
                checked,
                "Управління архітектури",
                "33332218",
                f"Заклад-зразок № {number}",
                int(edrpou(random)),
                name,
                katottg,
                postcode,
                "Україна",
                "Хмельницька область",
                "Хмельницький район",
                "Хмельницька",
                "Хмельницький",
                street,
                house,
            )
        )
        for clause, rule in CLAUSES:
            fits = random.random() < 0.55
            norms.append(
                ("ДБН В.2.2-40:2018", clause, rule, fits, "Відповідає" if fits else "Потребує робіт", uid, name)
            )
    sheets = (Sheet("buildings", buildings, bold=(1, 2)), Sheet("norms", norms, bold=(1, 2)))
    return {"dostupnist_zrazok_2026-10.xlsx": xlsx(sheets)}


ACCESS_HEADER = (
    "uid", "monitoringDate", "authorityName", "authorityId", "entityName", "entityId", "buildingName", "CATUTTC",
    "addressPostCode", "addressAdminUnitL1", "addressAdminUnitL2", "addressAdminUnitL3", "addressAdminUnitL4",
    "addressPostName", "addressThoroughfare", "addressLocatorDesignator",
)  # fmt: skip
ACCESS_TITLES = (
    "Ідентифікатор", "Дата", "Назва органу", "Ідентифікатор органу", "Ім’я або назва суб’єкта",
    "Ідентифікатор суб’єкта", "Назва об’єкта", "Код КАТОТТГ", "Поштовий індекс", "Країна", "Регіон", "Район",
    "Територіальна громада", "Населений пункт", "Вулиця або аналог", "Номер будівлі",
)  # fmt: skip
NORM_HEADER = (
    "normsNumber", "paragraphNumber", "paragraphDescription", "status", "description", "buildingUid", "buildingName",
)  # fmt: skip
NORM_TITLES = (
    "Державні будівельні норми", "Номер пункту", "Норма", "Стан відповідності", "Опис", "Ідентифікатор об’єкта",
    "Назва об’єкта",
)  # fmt: skip


def playgrounds() -> dict[str, bytes]:
    """KML from the map of the housing office: placemarks with extended data."""
    random = generator("playgrounds")
    marks = "".join(_playground(random, number) for number in range(1, 311))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>Майданчики. ЗРАЗОК</name>\n{marks}</Document></kml>\n"
    )
    return {"majdanchyky_zrazok_2026-10.kml": text.encode()}


def _playground(random: Random, number: int) -> str:
    katottg, postcode, street, house = address(random)
    latitude, longitude = point(random)
    holder = "КП «Управляюча компанія»"
    built = day(random, date(2008, 4, 1), date(2025, 9, 30))
    data = {
        "uid": f"М-{number:04d}", "type": random.choice(("дитячий майданчик", "спортивний майданчик")),
        "katottg": katottg, "postcode": postcode, "street": street, "house": house, "holder": holder,
        "holder_code": organisations()[holder], "elements": random.choice(EQUIPMENT),
        "area": random.randint(40, 900), "opened": built.isoformat(),
        "checked": day(random, date(2026, 3, 1), date(2026, 9, 30)).isoformat(),
    }  # fmt: skip
    values = "".join(f'<Data name="{name}"><value>{escape(str(value))}</value></Data>' for name, value in data.items())
    place = f"<Point><coordinates>{longitude},{latitude},0</coordinates></Point>"
    return f"<Placemark><name>{number}</name><ExtendedData>{values}</ExtendedData>{place}</Placemark>\n"


EQUIPMENT = ("гірка, гойдалка", "турнік, бруси", "пісочниця")
STATUSES = (
    "Використано", "використано", "Використано ", "Не використано", "не використано", "Використовується", "ВИКОРИСТАНО",
)  # fmt: skip
GOODS = (
    "Ноутбук",
    "Генератор",
    "Медикаменти",
    "Канцелярські товари",
    "Меблі",
    "Книги",
    "Грошові кошти",
    "Спортивний інвентар",
)


def charitable_aid() -> dict[str, bytes]:
    """All cells quoted, codes without leading zeros, seven spellings of three states."""
    random = generator("charitable-aid")
    rows: list[Row] = [AID_HEADER]
    receivers = list(organisations())[10:17]
    for number in range(1, 1_151):
        goods = random.choice(GOODS)
        money = goods == "Грошові кошти"
        received = day(random, date(2024, 1, 8), date(2026, 10, 30))
        receiver = random.choice(receivers)
        rows.append(
            (
                number,
                received.isoformat(),
                goods,
                random.choice(("освітній процес", "лікування", "ремонт", "заходи")),
                "null" if money else random.randint(1, 60),
                "null" if money else "шт.",
                f"{random.lognormvariate(8.5, 1.1):.2f}",
                "UAH",
                int(edrpou(random, zero=number % 3 == 0)),
                receiver,
                edrpou(random),
                "UKR",
                f"БО «Фонд-зразок {random.randint(1, 90)}»",
                f"А-{number}" if random.random() < 0.8 else "null",
                received.strftime("%d.%m.%Y"),
                random.choice(STATUSES),
            )
        )
    return {"blahodiina_dopomoha_zrazok_2026-10.csv": delimited(rows, quote_all=True, newline="\n")}


AID_HEADER = (
    "uid", "date", "donationTitle", "donationPurpose", "donationQuantity", "unitName", "amountValue", "currencyCode",
    "recipientId", "recipientName", "donorId", "implementerAddressAdminUnitL1", "donorName", "actId", "actDate",
    "usageStatus",
)  # fmt: skip
