"""Kinds of values that recur in the structures: their pattern, an example and a sentence about their form."""

from __future__ import annotations

from dataclasses import dataclass

_DAY = "(?:Пн|Вт|Ср|Чт|Пт|Сб|Нд)"
_DAYS = f"{_DAY}(?:-{_DAY})?(?:, ?{_DAY}(?:-{_DAY})?)*"
_HOURS = "[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: `format` is a Table Schema format, `pattern` a regular expression of the whole value."""

    name: str
    example: str
    pattern: str = ""
    format: str = ""
    form_uk: str = ""
    form_en: str = ""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "edrpou",
            "02010741",
            "^[0-9]{8}$",
            form_uk="Вісім цифр разом із ведучими нулями",
            form_en="Eight digits, leading zeros kept",
        ),
        Kind(
            "edrpou-list",
            "02010741, 05398533",
            "^[0-9]{8}(, ?[0-9]{8})*$",
            form_uk="Кілька восьмицифрових кодів розділяє кома",
            form_en="Several codes of eight digits are separated by commas",
        ),
        Kind(
            "katottg",
            "UA68040470010096613",
            "^UA[0-9]{17}$",
            form_uk="Літери UA і 17 цифр",
            form_en="The letters UA and 17 digits",
        ),
        Kind("postcode", "29000", "^[0-9]{5}$"),
        Kind(
            "phone",
            "+380382765024",
            r"^\+380[0-9]{9}$",
            form_uk="Знак +, код 380 і дев’ять цифр без пробілів",
            form_en="The sign +, 380 and nine digits without spaces",
        ),
        Kind(
            "phone-list",
            "+380382765024",
            r"^\+380[0-9]{9}(, ?\+380[0-9]{9})*$",
            form_uk="Знак +, код 380 і дев’ять цифр без пробілів",
            form_en="The sign +, 380 and nine digits without spaces",
        ),
        Kind("email-list", "contact@example.gov.ua", r"^[^@\s,]+@[^@\s,]+\.[^@\s,]+(, ?[^@\s,]+@[^@\s,]+\.[^@\s,]+)*$"),
        Kind("url", "https://www.example.gov.ua/example/", "^https?://", "uri"),
        Kind("url-list", "https://www.example.gov.ua/example/", r"^https?://[^\s,]+(, ?https?://[^\s,]+)*$"),
        Kind(
            "hours",
            "Пн-Чт 08:00-17:15, Пт 08:00-16:00",
            f"^{_DAYS} {_HOURS}(, ?{_DAYS} {_HOURS})*$",
            form_uk="Наприклад: Пн-Пт 09:00-17:00",
            form_en="For instance: Пн-Пт 09:00-17:00, from Monday to Friday",
        ),
        Kind("currency", "UAH", "^[A-Z]{3}$"),
        Kind("country", "Україна", "^(Україна|UKR)$"),
        Kind("country-code", "UKR", "^[A-Z]{3}$"),
        Kind(
            "cadastral",
            "6810100000:01:001:0001",
            "^[0-9]{10}:[0-9]{2}:[0-9]{3}:[0-9]{4}$",
            form_uk="Запис виду 0000000000:00:000:0000",
            form_en="Written as 0000000000:00:000:0000",
        ),
        Kind("volumes", "400.0, 600.0", r"^[0-9]+(\.[0-9]+)?(, ?[0-9]+(\.[0-9]+)?)*$"),
        Kind(
            "iban",
            "UA000000000000000000000000000",
            "^UA[0-9]{27}$",
            form_uk="Літери UA і 27 цифр без пробілів",
            form_en="The letters UA and 27 digits without spaces",
        ),
    )
}

FORMS = {
    "date": ("Дата у вигляді РРРР-ММ-ДД", "Date as YYYY-MM-DD"),
    "year": ("Рік чотирма цифрами", "Year in four digits"),
    "datetime": ("Запис виду РРРР-ММ-ДДTгг:хх:сс", "Written as YYYY-MM-DDThh:mm:ss"),
    "time": ("Час у вигляді гг:хх:сс", "Time as hh:mm:ss"),
    "number": ("Число з крапкою, без назви одиниці", "Number with a decimal point, without the unit"),
    "boolean": ("True або False", "True or False"),
}
"""Sentences about the form of a type, in Ukrainian and English."""

LATITUDE = (44.0, 52.5)
LONGITUDE = (22.0, 40.5)
"""Bounds of Ukraine in degrees: a point outside is a mistake, most often latitude and longitude swapped."""
