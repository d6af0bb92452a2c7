"""Samples of the administration: hotline appeals and administrative services, both in tens of thousands of rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

from vidkryto_samples.city import (
    AUTHORITY,
    KATOTTG,
    day,
    edrpou,
    generator,
    house,
    months,
    organisations,
    street,
    weighted,
)
from vidkryto_samples.files import Row, delimited, zipped

APPEALS_A_MONTH = 2_050
THEMES = (
    (
        "Водопостачання",
        "КП «Хмельницькводоканал»",
        ("Немає холодної води", "Низький тиск води", "Прорив труби біля будинку"),
    ),
    ("Опалення", "МКП «Хмельницьктеплокомуненерго»", ("Холодні батареї", "Немає гарячої води", "Тече стояк у підвалі")),
    ("Електропостачання", "Диспетчерська електромереж", ("Не горить світло в під’їзді", "Іскрить проводка на стовпі")),
    (
        "Благоустрій",
        "КП «Південно-Західна»",
        ("Не вивезли сміття", "Зламана лава на майданчику", "Повалене дерево на алеї"),
    ),
    ("Дороги", "КП «ШРБУ»", ("Яма на проїзній частині", "Не працює світлофор", "Не посипано тротуар")),
    ("Транспорт", "Управління транспорту та зв’язку", ("Автобус не зупинився", "Не дотримано графіка руху")),
    ("Безпритульні тварини", "КП «Надія»", ("Зграя собак біля школи", "Поранена тварина у дворі")),
)
CHANNELS = (("Гаряча лінія", 14), ("Вебсайт", 3), ("Мобільний застосунок", 4), ("Месенджер", 2))
SERVICES = (
    ("01-01", "Реєстрація місця проживання", 0.0),
    ("01-14", "Видача довідки про склад зареєстрованих осіб", 0.0),
    ("02-03", "Державна реєстрація права власності на нерухоме майно", 300.0),
    ("02-11", "Видача витягу з Державного земельного кадастру", 151.0),
    ("03-02", "Державна реєстрація фізичної особи — підприємця", 0.0),
    ("03-09", "Внесення змін до відомостей про юридичну особу", 910.0),
    ("04-05", "Призначення державної соціальної допомоги", 0.0),
    ("05-01", "Оформлення паспорта громадянина України для виїзду за кордон", 1057.0),
    ("06-07", "Видача дозволу на порушення об’єктів благоустрою", 0.0),
)


def appeals() -> dict[str, bytes]:
    """A ZIP of twelve monthly tables as the dispatch program packs them: member names in cp866, a BOM, semicolons."""
    random = generator("appeals")
    members, number = {}, 0
    for month in months((2025, 11), (2026, 10)):
        rows: list[Row] = [APPEAL_HEADER]
        for _ in range(APPEALS_A_MONTH + random.randint(-180, 240)):
            number += 1
            rows.append(_appeal(random, month, number))
        name = f"Звернення/звернення_{month:%Y_%m}.csv"
        members[name] = delimited(rows, delimiter=";", encoding="utf-8-sig")
    return {"zvernennia_zrazok_2025-11_2026-10.zip": zipped(members, names="cp866")}


APPEAL_HEADER = (
    "Ідентифікатор", "Дата та час реєстрації", "Тип звернення", "Тематична категорія", "Зміст", "Спосіб надходження",
    "Код КАТОТТГ", "Населений пункт", "Вулиця", "Будинок", "Статус", "Назва виконавця", "Код ЄДРПОУ виконавця",
    "Результат розгляду заявки",
)  # fmt: skip


def _appeal(random: Random, month: date, number: int) -> Row:
    moment = datetime(
        month.year, month.month, random.randint(1, month.day), random.randint(0, 23), random.randint(0, 59)
    )
    theme, performer, complaints = random.choice(THEMES)
    words = random.choice(complaints)
    if random.random() < 0.03:
        words += f". Прошу передзвонити, тел. 067 000 {random.randint(10, 99)} {random.randint(10, 99)}"
    done = month < date(2026, 10, 1) or random.random() < 0.7
    return (
        f"2026-{number:06d}",
        moment.strftime("%d.%m.%Y %H:%M"),
        weighted(random, (("Скарга", 6), ("Запит на інформацію", 2), ("Повідомлення про аварійну ситуацію", 1))),
        theme,
        words,
        weighted(random, CHANNELS),
        KATOTTG if random.random() < 0.97 else "null",
        "Хмельницький",
        street(random) if random.random() < 0.96 else "null",
        house(random) if random.random() < 0.9 else "null",
        weighted(random, (("Виконано", 9), ("виконано", 1))) if done else "На виконанні",
        performer,
        organisations()[performer],
        "Роботи виконано" if done else "Передано виконавцеві",
    )


def administrative_services() -> dict[str, bytes]:
    """UTF-8 with a byte order mark; the letter between day and time is a Cyrillic one, as the program writes it."""
    random = generator("administrative-services")
    rows: list[Row] = [SERVICE_HEADER, *_services(random)]
    return {"cnap_poslugy_zrazok_2026-10.csv": delimited(rows, delimiter=";", encoding="utf-8-sig")}


SERVICE_HEADER = (
    "uid", "registrationDateTime", "code", "title", "authorityId", "authorityName", "applicantType", "applicantName",
    "applicantId", "status", "providDate", "amount", "currency", "issuedDate",
)  # fmt: skip


def _services(random: Random) -> Iterator[Row]:
    for number in range(1, 12_401):
        asked = datetime.combine(day(random, date(2026, 1, 5), date(2026, 10, 30)), datetime.min.time())
        asked += timedelta(minutes=random.randint(8 * 60, 18 * 60))
        code, title, fee = random.choice(SERVICES)
        firm = random.random() < 0.12
        given = (asked + timedelta(days=random.choice((0, 0, 1, 3, 5, 10)))).date()
        yield (
            f"СП-{number:06d}",
            asked.strftime("%Y-%m-%dТ%H:%M"),  # a Cyrillic Т
            code,
            title,
            AUTHORITY[0],
            AUTHORITY[1],
            "Юридична особа" if firm else "Фізична особа",
            f"ТОВ «Зразок-{random.randint(1, 400)}»" if firm else "null",
            edrpou(random) if firm else "null",
            weighted(random, (("Виконано", 30), ("Повернуто на доопрацювання", 2))),
            given.isoformat(),
            f"{fee:.2f}".replace(".", ","),
            "UAH",
            given.isoformat() if random.random() < 0.8 else "null",
        )
