"""Numbers of people and their money: RNOKPP, record number, passport, identity card, IBAN, bank card."""

from __future__ import annotations

import re
from datetime import date

from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.ua import edrpou, rntrc

from vidkryto.disclosure.detectors.kind import NOT_CONTINUED, NOT_INSIDE_A_WORD, Kind, before, by_pattern

ALONE = NOT_INSIDE_A_WORD + r"(?<!\d[.,])(?<!^-)"
WHOLE_NUMBER = NOT_CONTINUED + r"(?!,\d)(?!\.\d*[1-9])"
"""A float written for a code (`3184710691.0`) is the code; a real fraction is not."""

FIRST_BIRTH = (date(1920, 1, 1) - date(1899, 12, 31)).days
LAST_BIRTH = (date(2030, 1, 1) - date(1899, 12, 31)).days
"""The first five digits of an RNOKPP count days from 31.12.1899 to the birth of its holder."""

TREASURY = frozenset({"899998", "820172"})
"""Bank codes of the State Treasury: budget accounts, which are public."""


def is_edrpou(value: str) -> bool:
    """Whether the value is the code of a firm: 8 digits with a right check digit, lost leading zeros allowed."""
    digits = value.strip().removesuffix(".0")
    return digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 8 and edrpou.is_valid(digits.zfill(8))


_ANOTHER_CODE = re.compile(r"(?<!\w)(?:коатуу|катотт?г|єдрпоу|код бюджету|уктзед|koatuu|edrpou)\W{0,4}$")


def _rnokpp(match: re.Match[str]) -> float:
    """Check digit, a plausible birth and a number of the day; `0000` after the day is a budget or place code."""
    digits = match["value"]
    if not rntrc.is_valid(digits) or not FIRST_BIRTH <= int(digits[:5]) <= LAST_BIRTH or digits[5:9] == "0000":
        return 0.0
    return 0.0 if _ANOTHER_CODE.search(before(match, 20)) else 0.9


def _unzr(match: re.Match[str]) -> float:
    try:
        born = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return 0.0
    return 0.95 if 1900 <= born.year <= 2029 else 0.0


_NOT_A_PASSPORT = re.compile(
    r"(?<!\w)(?:постанов|наказ|акт|ліценз|дозв|сертифікат|свідоцтв\w* про право|бланк|накладн|рахун)\D{0,25}$"
)


def _passport(match: re.Match[str]) -> float:
    return 0.0 if _NOT_A_PASSPORT.search(before(match)) else 0.75


def _account(match: re.Match[str]) -> float:
    digits = re.sub(r"[\s-]", "", match["value"]).upper()
    if not stdnum_iban.is_valid(digits, check_country=False):
        return 0.0
    return 0.0 if digits[4:10] in TREASURY else 0.95


def _card(match: re.Match[str]) -> float:
    digits = re.sub(r"\D", "", match["value"])
    return 0.85 if luhn.is_valid(digits) and len(set(digits)) > 1 else 0.0


RNOKPP = Kind(
    "rnokpp",
    "РНОКПП",
    "tax number of a person",
    gate=r"[0-9]{10}",
    find=by_pattern(re.compile(ALONE + r"(?P<value>\d{10})" + WHOLE_NUMBER), _rnokpp),
    header=re.compile(
        r"рнокпп|(?<!\w)[іи]пн(?!\w)|rnokpp|rntrc|податков\w+ номер|ідентифікаційн\w+ (?:номер|код) (?:фіз|плат|особ)"
    ),
    shape=r"[0-9]{10}(\.0)?",
    number=True,
)

UNZR = Kind(
    "unzr",
    "УНЗР",
    "record number in the demographic register",
    gate=r"(19|20)[0-9]{6}-[0-9]{5}",
    find=by_pattern(
        re.compile(ALONE + r"(?P<value>(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})-\d{5})" + NOT_CONTINUED), _unzr
    ),
    header=re.compile(r"унзр|unzr|запису в реєстрі"),
    shape=r"[0-9]{8}-?[0-9]{5}",
)

_SERIES = "АВЕІКМНОРСТХЮABEIKMHOPCTX"

PASSPORT = Kind(
    "passport",
    "паспорт",
    "passport booklet",
    gate=rf"(?:^|[^\p{{L}}\p{{Nd}}])[{_SERIES}]{{2}}[\s№N.-]{{0,4}}[0-9]{{6}}",
    find=by_pattern(
        re.compile(
            NOT_INSIDE_A_WORD + rf"(?P<value>[{_SERIES}]{{2}}(?:[ -]|\s?[№N]\.?\s?)?\d{{6}})" + NOT_CONTINUED + r"(?!-)"
        ),
        _passport,
    ),
    header=re.compile(r"паспорт(?! (?:об|буд|набор|енерг|місц|рекл))|passport"),
    shape=r"(?i)[а-яіїєґa-z]{2}[ №]{0,2}[0-9]{6}|[0-9]{9}",
)

_CARD_NUMBER = re.compile(ALONE + r"(?P<value>\d{9})" + WHOLE_NUMBER)
_CARD_WORDS = re.compile(
    r"(?:паспорт\w*|(?<!\w)id[ -]?(?:карт\w*|card|паспорт\w*)?|посвідчен\w+ особи|документ\w*, що посвідчує)\D{0,25}$"
)


def _identity_card(match: re.Match[str]) -> float:
    """Nine digits after a word for a passport; the first two are zeros in all cards issued so far."""
    if _CARD_WORDS.search(before(match, 45)):
        return 0.85
    return 0.5 if match["value"].startswith("00") and int(match["value"]) else 0.3


_identity_cards = by_pattern(_CARD_NUMBER, _identity_card)

ID_CARD = Kind(
    "id_card",
    "ID-картка",
    "identity card",
    gate=r"[0-9]{9}",
    find=_identity_cards,
    header=re.compile(r"(?<!\w)id[ -]?(?:карт|card)|посвідчення особи"),
    shape=r"[0-9]{9}",
    number=True,
)

IBAN = Kind(
    "iban",
    "рахунок IBAN",
    "bank account",
    gate=r"[Uu][Aa] ?[0-9]{2}",
    find=by_pattern(
        re.compile(NOT_INSIDE_A_WORD + r"(?P<value>[Uu][Aa]\s?\d{2}(?:[\s-]?\d){25})" + NOT_CONTINUED), _account
    ),
    header=None,
)

CARD = Kind(
    "card",
    "платіжна картка",
    "bank card",
    gate=r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}",
    find=by_pattern(
        re.compile(
            ALONE + r"(?P<value>(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|9804)([ -]?)\d{4}\2\d{4}\2\d{4})" + WHOLE_NUMBER
        ),
        _card,
    ),
    header=re.compile(r"номер картки|card number|платіжн\w+ карт"),
    shape=r"[0-9]{16}|([0-9]{4} ){3}[0-9]{4}",
    number=True,
)
