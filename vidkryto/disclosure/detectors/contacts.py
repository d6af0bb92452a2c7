"""How people are reached: phones in every local spelling, e-mail, and addresses on the web that carry a secret."""

from __future__ import annotations

import re

from vidkryto.disclosure.detectors.kind import NOT_CONTINUED, NOT_INSIDE_A_WORD, Kind, before, by_pattern

_MOBILE = "039 050 063 066 067 068 073 075 077 089 091 092 093 094 095 096 097 098 099"
_CITIES = "031 032 033 034 035 036 037 038 041 043 044 045 046 047 048 051 052 053 054 055 056 057 061 062 064 065 069"
MOBILE = frozenset(_MOBILE.split())
LAND_LINES = frozenset(_CITIES.split())
_ANNOUNCED = re.compile(
    r"(?:тел|моб|факс|phone|tel|viber|telegram|whatsapp|дзвон|дзвін|номер)\w{0,12}[^\w]{0,4}(?:№\s?)?$|☎\s?$|(?<!\w)т\.\s?$"
)


def _phone(match: re.Match[str]) -> float:
    """A phone by its digits: with the country code, with the city code, or short after the word `тел.`"""
    text = match["value"] or match["value_marked"] or match["value_float"]
    text = re.sub(r"(?<=\d{9})\.0$", "", text)
    digits = re.sub(r"\D", "", text)
    if (
        before(match, 1) in ("№", "_")
        and not (len(digits) == 10 and digits[:3] in MOBILE)
        and not digits.startswith("380")
    ):
        return 0.0
    announced = bool(_ANNOUNCED.search(before(match, 24)))
    written = re.search(r"[\s().–-]", text) is not None
    if match["value_marked"] or match["value_float"]:
        return 0.85 if digits[digits.index("0") if match["value_marked"] else 2 :][:3] in MOBILE | LAND_LINES else 0.0
    if text.startswith("+") and 10 <= len(digits) <= 15 and not digits.startswith("380"):
        return 0.8
    if len(digits) == 14 and digits.startswith("00380"):
        national, known = digits[4:], 0.85
    elif len(digits) == 12 and digits.startswith("380"):
        national, known = digits[2:], 0.95 if text.startswith("+") or written else 0.8
    elif len(digits) == 11 and digits.startswith("80"):
        national, known = digits[1:], 0.85
    elif len(digits) == 10 and digits.startswith("0"):
        national, known = digits, 0.9 if written else 0.7
    elif len(digits) == 9 and f"0{digits[:2]}" in MOBILE:
        national, known = f"0{digits}", 0.8 if announced else (0.6 if _mobile_groups(text) else 0.0)
    else:
        return 0.85 if announced and 5 <= len(digits) <= 10 and _local(text, digits, before(match, 6)) else 0.0
    if national[:3] not in MOBILE and national[:3] not in LAND_LINES:
        return 0.0
    if not announced and not written and national.endswith("0000"):
        return 0.0
    if written and not announced and not _phone_like(text):
        return 0.0
    return max(known, 0.9) if announced else known


_VOLUME = re.compile(r"(?<!\w)т\.\s?$")
"""A volume or tons, unless what follows is written like a phone."""


def _local(text: str, digits: str, before: str) -> bool:
    """A city number after the word: 65-12-34, 2 34 56, 651234."""
    return (
        len(digits) in (5, 6, 7, 9, 10)
        and ("-" in text or len(digits) >= 9 or not _VOLUME.search(before))
        and re.search(r"\d{4}[-.]\d{2}[-.]\d{2}$|^\d{1,2}\.\d{1,2}\.\d{2,4}$", text) is None
    )


def _mobile_groups(text: str) -> bool:
    return re.fullmatch(r"\(?\d{2}\)?[ -]\d{3}[ -]\d{2}[ -]\d{2}", text) is not None


def _phone_like(text: str) -> bool:
    """Groups of digits as phones are written, and not a list of numbers or a date."""
    groups = re.findall(r"\d+", text)
    if re.search(r"\d\s[-–]\s\d|\d\.\d+\.\d{4}|^\d+\.\d+$", text) or len(groups) > 7:
        return False
    return max(len(group) for group in groups[1:] or groups) <= 9 and min(len(group) for group in groups) >= 1


_BETWEEN = r"[ ()\x{a0}\x{2007}\x{2009}\x{202f}.\x{2010}-\x{2015}-]{0,3}"
_ONE = r"[ \x{a0}\x{2007}\x{2009}\x{202f}\x{2010}-\x{2015}-]"
_PHONE_GATE = (
    r"(?:^|[^0-9])\+?3?8?[0OОоo][0-9OОоoЗзбІIl]{9}(?:[^0-9]|$)"
    rf"|(?:^|[^0-9])(?:\+ ?3?8{_BETWEEN})?3?8?{_BETWEEN}[0OОоo]{_BETWEEN}(?:[0-9]{_BETWEEN}){{8}}[0-9]"
    rf"|(?:^|[^0-9])[5-9][0-9]\)?{_ONE}[0-9]{{3}}{_ONE}[0-9]{{2}}{_ONE}[0-9]{{2}}"
    r"|(?:^|[^0-9])(?:00380[0-9]|(?:\+?3?8)?0[0-9]{2}[/*_][0-9]{2}|3[.,]80[0-9]{3})"
    r"|\+ ?[1-9][0-9 ()\x{a0}\x{202f}.\x{2010}-\x{2015}-]{8}|(?:^|[^\p{L}\p{Nd}_])т\. ?[0-9]"
    r"|(?i:тел|моб|факс|phone|tel|номер|viber|whatsapp|дзвон|дзвін|☎)[^0-9]{0,20}[0-9]"
)
"""Every alternative of digits is anchored: free ones multiply the states of all gates joined, tenfold the time."""

PHONE = Kind(
    "phone",
    "телефон",
    "phone",
    gate=_PHONE_GATE,
    find=by_pattern(
        re.compile(
            r"(?<![^\W_])(?:(?<!\d[.,/-])|(?<=\d{9}[,/])|(?<=\d\d[ -]\d\d[,/]))"
            r"(?P<value>(?:\+\s?)?\(?\d(?:[\s().-]{0,3}\d){4,14})"
            + NOT_CONTINUED
            + r"(?!\.(?!0(?!\d))\d)(?:(?!-[^\W\d])|(?<=\d{10})|(?<=\d\d[ -]\d\d))"
            r"|(?<!\d)(?P<value_marked>(?:\+?3?8)?0\d\d(?P<mark>[/*_])\d{2,3}(?P=mark)\d\d(?P=mark)\d\d)(?!\d)"
            r"|(?<!\d)(?P<value_float>3[.,]80\d{9}[eE]\+?11)(?!\d)"
        ),
        _phone,
    ),
    header=re.compile(r"телефон|phone|(?<!\w)(?:моб|тел)\.?(?!\w)|факс|viber"),
    shape=r"[+]?[0-9 ()\x{a0}.,;–-]{5,60}",
    number=True,
)

EMAIL = Kind(
    "email",
    "e-mail",
    "e-mail",
    gate=r"@|\x{ff20}|%40|&#64;|(?i)[(\[](?:at|ат|собака)[)\]]| собака ",
    find=by_pattern(
        re.compile(
            r"(?<![\w.+-])(?P<value>[\w.+-]{1,64}(?: ?@ ?|%40|&#64;|(?i: ?[(\[](?:at|ат|собака)[)\]] ?| собака ))"
            r"(?:[\w-]{1,63}(?:\.|,(?=net|com|ua|org|укр)))+[^\W\d_]{2,24})"
        ),
        0.95,
    ),
    header=re.compile(r"e-?mail|електронн\w+ (?:пошт|адрес)"),
    shape=r"[^@ ]+@[^@ ]+",
)

_REVEALING = r"token|access_token|api_?key|key|password|passwd|pwd|secret|sig|signature|auth|session|x-amz-signature"

SECRET_IN_ADDRESS = Kind(
    "secret_in_address",
    "секрет в адресі сайту",
    "secret in a web address",
    gate=r"(?i)://[^ ]*(@|[?&;][a-z_-]*(token|key|passw|pwd|secret|sig|auth|session))",
    find=by_pattern(
        re.compile(
            rf"(?i)(?P<value>[a-z][a-z0-9+.-]*://(?:[^\s/@:?#]*:[^\s/@?#]+@|[^\s?#]*[?#](?:[^\s#]*[&;])?(?:{_REVEALING})=[^\s&#]{{6,}})[^\s\"'<>]*)"
        ),
        0.9,
    ),
)

_PLATE = "АВСЕНІКМОРТХABCEHIKMOPTX"
_TO_LATIN = str.maketrans("АВСЕНІКМОРТХ", "ABCEHIKMOPTX")
_REGIONS = """
AA KA TT TA AB KB MM OK AC KC SM TC AE KE PP MI AH KH TH MH AM KM TM MB AO KO MT MO AP KP TP MP AT KT TO XC
AI KI TI ME BA HA XA EA BB HB EP EB BC HC CC EC BE HE XE XH BH HH OO EH BI HI XI EI BK HK XK EK CH IH OH PH
BM HM XM EM BO HO XO EO AX KX XX EX BT HT XT ET BX HX OX PX CA IA OA PA CB IB OB PB CE IE OE PE AK KK TK MK
"""
REGIONS = frozenset(_REGIONS.split())
"""First letters of number plates by region, from the order of the Ministry of the Interior; BX, HX: Khmelnytskyi."""


def _plate(match: re.Match[str]) -> float:
    return 0.9 if match["value"][:2].upper().translate(_TO_LATIN) in REGIONS else 0.0


PLATE = Kind(
    "plate",
    "номерний знак",
    "vehicle plate",
    gate=rf"(?i)[{_PLATE}]{{2}}{_ONE}?[0-9ОO]{{2}}{_ONE}?[0-9]{{2}}{_ONE}?[{_PLATE}]{{2}}",
    find=by_pattern(
        re.compile(
            NOT_INSIDE_A_WORD
            + rf"(?P<value>[{_PLATE}]{{2}}[ -]?\d{{2}}[ -]?\d{{2}}[ -]?[{_PLATE}]{{2}})"
            + NOT_CONTINUED,
            re.IGNORECASE,
        ),
        _plate,
    ),
    header=re.compile(r"номерн\w+ знак|держ\w*\.? ?номер|реєстраційн\w+ номер (?:тз|транспорт|авто)|licen[cs]e ?plate"),
    shape=r"(?i)[а-яіїєґa-z]{2}[ -]?[0-9]{4}[ -]?[а-яіїєґa-z]{2}",
)
