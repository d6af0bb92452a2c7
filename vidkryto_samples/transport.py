"""Samples of the transport department: stops as annex 27 wants them, in the form the dispatchers keep."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random

from vidkryto_samples.city import AVENUES, KATOTTG, PLACES, STREETS, generator, house, organisations, point
from vidkryto_samples.files import Row, Sheet, dbf, delimited, xlsx, zipped

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
    if random.random() < 0.35 and street.count(" ") == 1:  # names of persons look like personal data to the gate
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


BODIES = (("тролейбус", "Дніпро", "Т203", 100), ("автобус", "Богдан", "А70132", 83), ("автобус", "Еталон", "А081", 45))
VEHICLE_FIELDS = (
    ("UID", "C", 8, 0), ("NOMER", "C", 10, 0), ("VIN", "C", 17, 0), ("VYD", "C", 20, 0), ("MARKA", "C", 20, 0),
    ("MODEL", "C", 12, 0), ("RIK", "N", 4, 0), ("PEREV_KOD", "N", 8, 0), ("PEREVIZNYK", "C", 40, 0),
    ("MARSHRUT", "C", 10, 0), ("STATUS", "C", 20, 0), ("DATA_VID", "D", 8, 0), ("DATA_DO", "D", 8, 0),
    ("MISTKIST", "N", 4, 0), ("SYDIACHI", "N", 3, 0), ("STOIACHI", "N", 4, 0), ("DOSTUPN", "N", 1, 0),
    ("NYZKA", "C", 5, 0), ("VELO", "N", 1, 0),
)  # fmt: skip


def vehicles() -> dict[str, bytes]:
    """A DBF of the dispatch program in cp866: short names of fields, a Latin i for the і it lacks."""
    random = generator("public-transport-vehicles")
    rows = [_vehicle(random, number) for number in range(1, 263)]
    return {"transport_zrazok.dbf": dbf(VEHICLE_FIELDS, rows)}


def _vehicle(random: Random, number: int) -> Row:
    body, brand, model, places = random.choice(BODIES)
    carrier = (
        "КП «Електротранс»" if body == "тролейбус" else random.choice(("ТОВ «Перевізник-1»", "ТОВ «Перевізник-2»"))
    )
    seats = places // 3
    year = random.randint(2006, 2025)
    return (
        f"ТЗ-{number:04d}", f"BX{number:04d}AA", f"ZRAZOK{number:011d}", body, brand, model, year,
        int(organisations()[carrier]), carrier.replace("«", '"').replace("»", '"'), f"{random.randint(1, 58)}",
        random.choice(("використовується", "використовується", "на ремонті")), date(year, 5, 1), date(2030, 12, 31),
        places, seats, places - seats, random.choice((0, 1, 2)), random.choice(("True", "False")),
        random.choice((0, 1, 2)),
    )  # fmt: skip


def timetable() -> dict[str, bytes]:
    """A GTFS feed as navigators take it: the tables of annexes 55 and 56 under the names of GTFS."""
    random = generator("public-transport-timetable")
    routes = [_route(number) for number in range(1, 25)]
    agencies = list(dict.fromkeys(route[1] for route in routes))
    trips: list[Row] = []
    times: list[Row] = []
    for route in routes:
        for trip in range(1, 9):
            identifier = f"{route[0]}-{trip:02d}"
            service = "щодня" if trip % 3 else "будні"
            trips.append((route[0], service, identifier, "Кінцева", trip % 2, ""))
            times.extend(_stop_times(random, identifier, trip))
    names = {code: name for name, code in organisations().items()}
    tables: dict[str, list[Row]] = {
        "agency.txt": [
            ("agency_id", "agency_name", "agency_url", "agency_timezone", "agency_lang"),
            *((code, names[code], "https://transport.khm.example", "Europe/Kyiv", "uk") for code in agencies),
        ],
        "routes.txt": [("route_id", "agency_id", "route_short_name", "route_long_name", "route_type"), *routes],
        "calendar.txt": [
            (
                "service_id",
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "saturday",
                "sunday",
                "start_date",
                "end_date",
            ),
            ("щодня", 1, 1, 1, 1, 1, 1, 1, "20260901", "20270831"),
            ("будні", 1, 1, 1, 1, 1, 0, 0, "20260901", "20270831"),
        ],
        "trips.txt": [("route_id", "service_id", "trip_id", "trip_headsign", "direction_id", "block_id"), *trips],
        "stop_times.txt": [
            ("trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence", "timepoint"),
            *times,
        ],
    }
    members = {name: delimited(rows, newline="\n") for name, rows in tables.items()}
    return {"gtfs_zrazok_2026-09.zip": zipped(members)}


def _route(number: int) -> Row:
    carrier = "КП «Електротранс»" if number <= 14 else ("ТОВ «Перевізник-1»" if number % 2 else "ТОВ «Перевізник-2»")
    first, last = PLACES[number % len(PLACES)], PLACES[(number * 7) % len(PLACES)]
    return f"Р{number}", organisations()[carrier], f"{number}", f"{first} — {last}", 3


def _stop_times(random: Random, trip: str, order: int) -> Iterator[Row]:
    moment = (4 + 2 * order) * 3_600 + random.randint(0, 59) * 60
    for sequence, stop in enumerate(sorted(random.sample(range(1, STOPS + 1), 18)), 1):
        clock = f"{moment // 3_600:02d}:{moment // 60 % 60:02d}:00"
        yield trip, clock, clock, f"{stop:04d}", sequence, 1
        moment += random.randint(2, 5) * 60
