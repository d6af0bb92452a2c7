"""Numbers of people and their money: RNOKPP, record number, passport, identity card, IBAN, bank card."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.ua import edrpou, rntrc

from vidkryto.disclosure.detectors.kind import NOT_CONTINUED, NOT_INSIDE_A_WORD, Kind, before, by_pattern

ALONE = NOT_INSIDE_A_WORD + r"(?:(?<!\d[.,])|(?<=\d{8},))(?<!^-)"
WHOLE_NUMBER = NOT_CONTINUED + r"(?!,\d{1,7}(?<!,0)(?!\d))(?!\.\d*[1-9])"
"""A float written for a code (`3184710691.0`) is the code, and so is each of a list with commas; a fraction is not."""

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


_TAX_WORD = re.compile(r"(?:(?<!\w)[іи][пн]н|рнокпп|rnokpp|податков\w+|ідентифікаційн\w+)[^\d\n]{0,20}$")
_GROUPS = frozenset(
    {
        (1, 3, 3, 3), (3, 3, 4), (4, 3, 3), (3, 4, 3), (5, 5), (4, 6), (6, 4), (3, 3, 3, 1), (3, 3, 2, 2), (4, 4, 2),
        (2, 4, 4), (5, 3, 2), (3, 7), (7, 3), (8, 2), (2, 8), (6, 2, 2),
    }
)  # fmt: skip
"""Digits of each group in which people write ten digits; dates and lists of small numbers are grouped otherwise."""


_NUMBERED = re.compile(r"20[0-4]\d-\d{6}")


def _numbered(grouped: str) -> bool:
    """`2026-000017`: year and number, as offices number letters and appeals."""
    return _NUMBERED.fullmatch(grouped) is not None


def _rnokpp(match: re.Match[str]) -> float:
    """Check digit, a plausible birth and a number of the day; `0000` after the day is a budget or place code."""
    told = _TAX_WORD.search(before(match, 30)) is not None
    confidence = 0.9
    if match["value_float"]:
        digits = str(int(Decimal(match["value_float"].replace(",", "."))))
    elif grouped := match["value_grouped"]:
        groups = re.findall(r"\d+", grouped)
        digits, confidence = "".join(groups), 0.9 if told else 0.6
        if not told and (tuple(map(len, groups)) not in _GROUPS or digits.startswith("0") or _numbered(grouped)):
            return 0.0
    else:
        digits = match["value"]
    if not rntrc.is_valid(digits) or not FIRST_BIRTH <= int(digits[:5]) <= LAST_BIRTH or digits[5:9] == "0000":
        return 0.0
    return 0.0 if _ANOTHER_CODE.search(before(match, 20)) else confidence


def _unzr(match: re.Match[str]) -> float:
    try:
        born = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        return 0.0
    if not 1900 <= born.year <= 2029:
        return 0.0
    if match["mark"] == "-" or re.search(r"унзр\W{0,4}$|запису\D{0,25}$", before(match, 40)):
        return 0.95
    return 0.3 if match["mark"] == "" else 0.5


_PERSONAL_DOCUMENT = (
    r"(?:свідоцтв\w+ про (?:народження|шлюб|смерть|розірвання)|військов\w+ квит\w+|водійськ\w+ посвідч\w+"
    r"|посвідч\w+ (?:водія|особи|убд|учасник\w+|ветеран\w+|інвалід\w+|багатодітн\w+|пенсіон\w+|постраждал\w+)"
    r"|(?:пільгов|пенсійн|ветеранськ)\w+ посвідч\w+|(?:закордонн|проїзн)\w+ (?:паспорт|документ)\w*|посвідк\w+|серія)"
)

_NOT_A_PASSPORT = re.compile(
    r"(?<!\w)(?:постанов|наказ|акт|ліценз|дозв|сертифікат|свідоцтв\w* про право|бланк|накладн|рахун)\D{0,25}$"
)


def _passport(match: re.Match[str]) -> float:
    if match["value_told"]:
        return 0.8
    return 0.0 if _NOT_A_PASSPORT.search(before(match)) else 0.75


def _account(match: re.Match[str]) -> float:
    digits = re.sub(r"[\s-]", "", match["value"]).upper().replace("А", "A")
    digits = f"UA{digits}" if digits.isdigit() else digits
    if not stdnum_iban.is_valid(digits, check_country=False):
        return 0.0
    return 0.0 if digits[4:10] in TREASURY else 0.95


def _card(match: re.Match[str]) -> float:
    digits = re.sub(r"\D", "", match["value"])
    return 0.85 if luhn.is_valid(digits) and len(set(digits)) > 1 else 0.0


_BETWEEN = r"[ \x{a0}\x{2007}\x{2009}\x{202f}\x{2010}-\x{2015}-]?"

RNOKPP = Kind(
    "rnokpp",
    "РНОКПП",
    "tax number of a person",
    gate=r"[0-9ОOоoЗзбІIl]{10}|(?:^|[^0-9])[0-9][.,][0-9]{7,9}[eE]\+?0?9"
    rf"|(?:^|[^0-9])(?:[0-9ОOоo]{_BETWEEN}){{9}}[0-9](?:[^0-9:]|$)"
    r"|[0-9][,.'’][0-9]{3}[,.'’][0-9]{3}[,.'’][0-9]{3}",
    find=by_pattern(
        re.compile(
            rf"(?:{ALONE}|(?<=(?i:[іи]пн))|(?<=(?i:рнокпп)))(?:(?P<value>\d{{10}})"
            r"|(?P<value_float>\d[.,]\d{7,9}[eE]\+?0?9)"
            r"|(?P<value_grouped>(?=[\d ,.'’-]{11,19})\d{1,8}(?P<mark>[ -])\d{1,8}(?:(?P=mark)\d{1,8}){0,8}"
            r"|\d(?P<thousands>[,.'’])\d{3}(?:(?P=thousands)\d{3}){2}))" + WHOLE_NUMBER
        ),
        _rnokpp,
    ),
    header=re.compile(
        r"рнокпп|(?<!\w)[іи]пн(?!\w)|rnokpp|rntrc|податков\w+ номер|ідентифікаційн\w+ (?:номер|код) (?:фіз|плат|особ)"
    ),
    shape=r"[0-9][0-9 -]{8,13}[0-9](\.0)?",
    number=True,
)

UNZR = Kind(
    "unzr",
    "УНЗР",
    "record number in the demographic register",
    gate=r"(19|20)[0-9]{6}[ \x{a0}\x{2010}-\x{2015}-]?[0-9]{5}",
    find=by_pattern(
        re.compile(
            ALONE + r"(?P<value>(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})(?P<mark>[ -]?)\d{5})" + NOT_CONTINUED
        ),
        _unzr,
    ),
    header=re.compile(r"унзр|unzr|запису в реєстрі"),
    shape=r"[0-9]{8}-?[0-9]{5}",
)

_SERIES = "АВЕІКМНОРСТХЮABEIKMHOPCTX"

PASSPORT = Kind(
    "passport",
    "паспорт",
    "passport booklet",
    gate=rf"(?:^|[^\p{{L}}\p{{Nd}}])[{_SERIES}]{{2}}[\s\x{{a0}}№N.\x{{2010}}-\x{{2015}}-]{{0,4}}"
    r"[0-9]{3}[ \x{a0}]?[0-9]{3}"
    r"|(?i)(?:свідоцтв|посвідч|квит|закордонн|проїзн|серія|паспорт)[^0-9]*[0-9]{3}[ \x{a0}]?[0-9]{2}",
    find=by_pattern(
        re.compile(
            NOT_INSIDE_A_WORD
            + rf"(?P<value>[{_SERIES}]{{2}}(?:[ .-]|\s?[№N]\.?\s?)?(?:\d{{6}}|(?<= )\d{{3}} \d{{3}}))"
            + NOT_CONTINUED
            + r"(?!-)"
            + rf"|(?i:(?<![^\W_]){_PERSONAL_DOCUMENT})[^\d\n]{{0,30}}?(?P<value_told>(?<![^\W_])"
            r"(?:[А-ЯІЇЄҐа-яіїєґA-Za-z]{1,3}"
            r"(?:-[А-ЯІЇЄҐA-Z]{2})?[ ,]{0,2})?(?:(?i:номер|№|N)\.?\s?)?\d{3} ?\d{2,4})" + NOT_CONTINUED
        ),
        _passport,
    ),
    header=re.compile(r"паспорт(?! (?:об|буд|набор|енерг|місц|рекл))|(?<!building )passport"),
    shape=r"(?i)[а-яіїєґa-z]{2}[ №]{0,2}[0-9]{6}|[0-9]{9}",
)

_CARD_NUMBER = re.compile(ALONE + r"(?P<value>\d{9}|\d{2,3}(?:[ -]\d{2,3}){2,3})" + WHOLE_NUMBER)
_CARD_WORDS = re.compile(
    r"(?:паспорт\w*|(?<!\w)id[ -]?(?:карт\w*|card|паспорт\w*)?|посвідчен\w+ особи|документ\w*, що посвідчує)\D{0,25}$"
)


def _identity_card(match: re.Match[str]) -> float:
    """Nine digits after a word for a passport; the first two are zeros in all cards issued so far."""
    if _CARD_WORDS.search(before(match, 45)) and len(re.sub(r"\D", "", match["value"])) == 9:
        return 0.85
    if not match["value"].isdigit():
        return 0.0
    return 0.5 if match["value"].startswith("00") and int(match["value"]) else 0.3


_identity_cards = by_pattern(_CARD_NUMBER, _identity_card)

ID_CARD = Kind(
    "id_card",
    "ID-картка",
    "identity card",
    gate=r"[0-9]{9}|(?i)(?:паспорт|id|посвідчен|документ)[^0-9]*[0-9]{2,3}[ \x{a0}\x{2010}-\x{2015}-][0-9]{2}",
    find=_identity_cards,
    header=re.compile(r"(?<!\w)id[ -]?(?:карт|card)|посвідчення особи"),
    shape=r"[0-9]{9}",
    number=True,
)

IBAN = Kind(
    "iban",
    "рахунок IBAN",
    "bank account",
    gate=r"[Uu][AaАа][ \x{a0}\x{2010}-\x{2015}-]?[0-9]{2}|[A-Z]{2}[0-9]{2}[A-Z0-9]{11}"
    r"|(?:^|[^0-9])[0-9]{27}(?:[^0-9]|$)",
    find=by_pattern(
        re.compile(
            NOT_INSIDE_A_WORD
            + r"(?P<value>[Uu][AaАа][\s-]?\d{2}(?:[\s-]?\d){25}|[A-Z]{2}\d{2}[A-Z0-9]{11,30}|\d{27})"
            + NOT_CONTINUED
        ),
        _account,
    ),
    header=None,
)

CARD = Kind(
    "card",
    "платіжна картка",
    "bank card",
    gate=r"(?:[0-9ОOоo]{4}[ .\x{a0}\x{2010}-\x{2015}-]?){3}[0-9ОOоo]{4}",
    find=by_pattern(
        re.compile(
            ALONE + r"(?P<value>(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|9804)([ .-]?)\d{4}\2\d{4}\2\d{4})" + WHOLE_NUMBER
        ),
        _card,
    ),
    header=re.compile(r"номер картки|card number|платіжн\w+ карт"),
    shape=r"[0-9]{16}|([0-9]{4} ){3}[0-9]{4}",
    number=True,
)
