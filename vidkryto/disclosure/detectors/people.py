"""Where and when people are: dates of birth, home addresses, places by coordinates."""

from __future__ import annotations

import re

from vidkryto.disclosure.detectors.kind import NOT_CONTINUED, NOT_INSIDE_A_WORD, Kind, by_pattern

_YEAR = r"(?:19|20)\d{2}"
_DATE = (
    rf"(?:\d{{1,2}}[./-]\d{{1,2}}[./-]{_YEAR}|{_YEAR}-\d{{1,2}}-\d{{1,2}}"
    rf"|\d{{1,2}}\s+[а-яіїєa-z]{{3,9}}\s+{_YEAR}|{_YEAR}|\d{{1,2}}\.\d{{1,2}}\.\d{{2}})"
)

BIRTH_DATE = Kind(
    "birth_date",
    "дата народження",
    "date of birth",
    gate=r"(?i)народ|нар\.|р\.[ \x{a0}]?н|born|д\.[ \x{a0}]?н|дн[: \x{a0}][^0-9]*[0-9]|г\.[ \x{a0}]?р",
    find=by_pattern(
        re.compile(
            r"(?i)(?:(?:народ\w*|(?<!\w)нар\.|(?<!\w)д\.\s?н\.|(?<!\w)дн:|(?-i:(?<!\w)ДН )|born"
            r"|(?<!\w)(?<!\d )(?<!року )р\.\s?н\.)"
            rf"[^\d\n]{{0,20}}(?P<value>{_DATE}){NOT_CONTINUED}"
            rf"|{NOT_INSIDE_A_WORD}(?P<value_after>{_DATE})"
            r"\s*(?:(?:р|року?)\.?\s*н(?:\.|ар)|р\.н|року народження|г\.\s?р\.))"
        ),
        0.9,
    ),
    header=re.compile(r"народж|birth|(?<!\w)дн(?!\w)|д\.\s?н\."),
    shape=r"[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}.*|(19|20)[0-9]{2}",
)

_STREET = (
    r"(?:вул|вулиця|пров|провулок|просп|проспект|пр-т|бульв|бульвар|б-р|пл|площа|шосе|узвіз|проїзд|мкр|мікрорайон"
    r"|набережна|буд|будинок|ул|улица|str|street|st|vul|vulytsia|ul|ulitsa|bulv|prov|prosp|ave)"
)
_FLAT = r"(?:кв|квартира|кімн|кім|кімната|апартаменти|апарт|ап|помешкання|kv|kvartyra|apt|apartment|flat|fl)"
_MONTHS = r"(?:січ|лют|берез|квіт|трав|черв|лип|серп|верес|жовт|листоп|груд)"

HOME_ADDRESS = Kind(
    "home_address",
    "домашня адреса",
    "home address",
    gate=r"(?i)(?:кв|kv|apt|fl)[. №\x{a0}]|квартир|кімн|кім\.|апартам|помешк|apartment|flat"
    r"|прожива|зареєстрован|прописа",
    find=by_pattern(
        re.compile(
            rf"(?i)(?P<value>(?<!\w){_STREET}\.?(?!\w)[^\n;]{{2,70}}?\d+[^\n;\d]{{0,20}}?(?<![^\W_]){_FLAT}\.?\s*№?\s*\d+)"
            rf"|(?:прожива\w+|зареєстрован\w+|прописан\w+)[^\n;]{{0,40}}?(?P<value_lives>(?<!\w){_STREET}\.?(?!\w)[^\n;]{{2,60}}?\d+)"
            rf"|(?P<value_flat>\d+[^\W\d_]?\s?[,/]?\s*(?:кв\.?|квартира)\s*№?\s*(?!(?:19|20)\d\d(?!\d))\d{{1,4}}(?!\d|[.,]\d))"
            r"|(?:прожива\w+|прописан\w+|прописк\w)[^\n;\d]{0,30}?(?P<value_at>(?-i:[А-ЯІЇЄҐ][а-яіїєґ'’-]+),?\s+(?:буд\.?\s*)?\d+[а-яіїє]?)"
            rf"(?![\w.,]*\d)(?!\s*(?:{_MONTHS}|ос|люд|діт|сім|чол|жін|грн|рок|р\.|%))"
        ),
        lambda match: 0.85 if match["value"] or match["value_lives"] else 0.7,
    ),
    header=re.compile(
        r"прожива|прописк|домашн\w+ адрес|адрес\w* (?:реєстрації|заявника|особи)|(?<!\w)квартира(?!\w)"
        r"|(?<![\divxіх] )(?<!\w)кв\.?(?![\w²]|[. ]*(?:м|км|\d))"  # neither square metres nor a quarter of a year
        r"|home ?address|(?<!\w)flat(?!\w)"
    ),
    shape=r".*[0-9].*",
)


def _pair(match: re.Match[str]) -> float:
    latitude, longitude = match["latitude"], match["longitude"]
    if latitude is None:
        return 0.9
    return 0.9 if 44 <= float(latitude) <= 52.5 and 22 <= float(longitude) <= 40.5 else 0.0


COORDINATES = Kind(
    "coordinates",
    "координати",
    "coordinates",
    gate=r"[0-9]{2}\.[0-9]{3,}[^0-9]{1,6}[0-9]{2}\.[0-9]{3,}|[0-9]° ?[0-9]",
    find=by_pattern(
        re.compile(
            NOT_INSIDE_A_WORD
            + r"(?<![\d.])(?P<value>(?P<latitude>\d{2}\.\d{3,17})[\s,;/]{1,4}(?P<longitude>\d{2}\.\d{3,17})"
            r"|[NSEWПС]?\s?\d{1,2}\s?°\s?\d{1,2}\s?['’′ʹ](?:\s?\d{1,2}(?:[.,]\d+)?\s?(?:[\"”″]|['’′]{2}))?)"
            + NOT_CONTINUED
        ),
        _pair,
    ),
    header=re.compile(
        r"(?<!\w)(?:lat|lon|lng|latitude|longitude|geometry|geom|wkt|coordinates?)(?!\w)|широта|довгота|координат|(?<!\w)geo(?!\w)"
    ),
    shape=r".*[0-9]{2}[.,][0-9]{2,}.*|.*[0-9]°.*",
    place=True,
)
