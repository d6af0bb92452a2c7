"""Names of people in every case and spelling; a name that a school or a street bears is not a person."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vidkryto.disclosure.detectors import morphology
from vidkryto.disclosure.detectors.kind import NOT_CONTINUED, NOT_INSIDE_A_WORD, Kind, before
from vidkryto.disclosure.detectors.morphology import LOUD, LOWER, UPPER, WORD

_INITIALS = rf"[{UPPER}]\.\s?-?[{UPPER}]\."
_PART = rf"(?:{WORD}|{LOUD})"

_BEARERS = (
    r"імені|ім\.?|им\.|пам.?яті|на честь|вулиц\w*|вул\.?|провул\w*|пров\.?|проспект\w*|просп\.?|пр-т\.?|площ\w*|пл\.",
    r"бульвар\w*|бульв\.?|б-р\.?|парк\w*|сквер\w*|набережн\w*|майдан\w*|шосе|узвіз\w*|узвоз\w*|проїзд\w*|пр-д",
    r"в.?їзд|алея|алеї|тупик|жилмасив|мікрорайон\w*|мкр\.?|музе\w+|пам.?ятник\w*|мемор\w+|каплиц\w*|собор(?:у|і|ом)?(?!\w)",
    r"церкв\w*|храм\w*|монастир\w*|ордена|премі\w+|стипенді\w+|ст\.|станці\w+|зупинк\w+",
)
_TITLES = (
    r"двічі|тричі|геро\w+|україни|радянського|союзу|соц\w*|праці|народн\w+|заслужен\w+|повн\w+|кавалер\w*|почесн\w+",
    r"гетьман\w*|княз\w+|княгині|короля|корол\w+|свят\w{2,3}|св\.|отця|митрополита|єпископа|академік\w*|професор\w*",
    r"генерал\w*|армії|маршал\w*|полковник\w*|майор\w*|капітан\w*|лейтенант\w*|сержант\w*|солдат\w*|воїн\w*|бійц\w*",
    r"композитор\w*|письменник\w*|поет\w*|художник\w*|артист\w*|лікар\w*|доктор\w*|учител\w*|льотчик\w*|космонавт\w*",
    r"братів|сестер|родини|учасник\w*|бойових|дій|ато|оос|слави|ордена|та|і|й",
)
_HONOURED = re.compile(
    rf"(?<![^\W_])(?:{'|'.join(_BEARERS)})[\s\"«„“-]*(?:(?:{'|'.join(_TITLES)})[\s,\"«„“-]+){{0,6}}$"
)
"""Right before a name, with nothing but titles between: a school, a street, a prize is named after the person."""

_COMMON = """
україна україни області область район району місто міста рада ради школа школи ліцей гімназія комунальний
комунального заклад закладу загальноосвітня загальноосвітній навчально сільська міська селищна дошкільний державний
обласна імені ім клуб
"""
_NOT_A_NAME = frozenset(_COMMON.split())
_WORDS_TOO = "лука роза надія віра любов лев злата зоря лада мотря роман марко жанна майя сава соня зоряна"
ALSO_WORDS = frozenset(_WORDS_TOO.split())
"""Given names that are words or parts of place names too; they need a patronymic to decide."""

_RUN = re.compile(NOT_INSIDE_A_WORD + rf"{_PART}(?:[ \u00a0]+{_PART})+" + NOT_CONTINUED)
_WITH_INITIALS = re.compile(
    NOT_INSIDE_A_WORD + rf"(?:(?P<last>{_PART}),?\s+{_INITIALS}?|{_INITIALS}\s?(?P<first>{_PART}))" + NOT_CONTINUED
)


_SEPARATED = str.maketrans("_/;|\n,.", "       ")
_SMALL_RUN = re.compile(rf"(?<![^\W_])[{LOWER}'’ʼ-]{{2,}}(?: +[{LOWER}'’ʼ-]{{2,}})+")
_CAMEL = re.compile(rf"(?<![^\W_])(?:[{UPPER}][{LOWER}'’ʼ]+){{3}}(?![^\W_])")
_ANNOUNCED = re.compile(
    rf"(?<!\w)(?:(?i:гр\.|громадян\w*|заявни(?:к|ця|ку|ка|ці)|пан(?:і|ом|у|а)?|потерпіл\w+|солдат|сержант|старшина|матрос"
    rf"|лейтенант|інвалід|ветеран|переселен\w+|одержувач\w*)|п\.) +(?P<value>{WORD}(?: [{UPPER}]\.)?)" + NOT_CONTINUED
)
_ONE_INITIAL = re.compile(
    NOT_INSIDE_A_WORD
    + rf"(?:(?P<last>{_PART}),?\s+[{UPPER}]\.?(?:\s?[{UPPER}]\.?)?|[{UPPER}]\.\s?(?P<first>{_PART}))"
    + NOT_CONTINUED
)
_LATIN = r"(?:[A-Z][a-z'’]+(?:-[A-Z][a-z'’]+)?|[A-Z]{2,}(?:-[A-Z]{2,})?)"
_LATIN_RUN = re.compile(NOT_INSIDE_A_WORD + rf"{_LATIN}(?:,? +{_LATIN})+" + NOT_CONTINUED)
_LATIN_INITIALS = re.compile(
    NOT_INSIDE_A_WORD + rf"(?:(?P<last>{_LATIN}),? [A-Z]\. ?[A-Z]\.|[A-Z]\. ?[A-Z]\. ?(?P<first>{_LATIN}))"
)
_TURKIC = re.compile(NOT_INSIDE_A_WORD + rf"{_PART}(?: {_PART}){{0,2}} (?i:огл[иіу]|кизи)" + NOT_CONTINUED)


def _names(text: str) -> Iterator[tuple[int, int, float]]:
    """Names in a text: by a patronymic, by initials beside a surname, by a given name beside a surname."""
    yield from _cyrillic_names(text)
    if not text.isascii():
        yield from _unusual_names(text)
    yield from _latin_names(text)


def _unusual_names(text: str) -> Iterator[tuple[int, int, float]]:
    """Names as people write them in a hurry: in small letters, between other signs, glued, a surname after a title."""
    for match in _TURKIC.finditer(text):
        yield *match.span(), 0.85
    for match in _ANNOUNCED.finditer(text):
        surname = match["value"].split(" ")[0]
        named = morphology.is_surname_like(surname) and morphology.plain(surname) not in _NOT_A_NAME
        if named and not _HONOURED.search(before(match, 90)):
            yield *match.span("value"), 0.6
    for match in _ONE_INITIAL.finditer(text):
        surname = match["last"] or match["first"]
        if _CLEAR_SURNAME.fullmatch(morphology.plain(surname)) and not _HONOURED.search(before(match, 90)):
            yield *match.span(), 0.4
    separated = text.translate(_SEPARATED)
    for run in (*_RUN.finditer(separated), *_SMALL_RUN.finditer(separated)):
        yield from _by_patronymic(run)
    for match in _CAMEL.finditer(text):
        words = [
            (part.start() + match.start(), part.group())
            for part in re.finditer(rf"[{UPPER}][^{UPPER}]+", match.group())
        ]
        if _full_name([word for _, word in words]) >= 0.9:
            yield *match.span(), 0.9
    hyphened = text.replace("-", " ")
    if hyphened != text:
        for run in _RUN.finditer(hyphened):
            yield from _by_patronymic(run)


_CLEAR_SURNAME = re.compile(r"[а-яіїєґ']{2,}(?:енко|єнко|чук|щук|юк|ський|цький|ська|цька)")
"""Endings of surnames alone, nominative."""


def _by_patronymic(run: re.Match[str]) -> Iterator[tuple[int, int, float]]:
    """A listed given name and a patronymic beside it, with the word before them when it looks like a surname."""
    words = list(re.finditer(r"[^ \u00a0]+", run.group()))
    for place in range(1, len(words)):
        first, second = words[place - 1], words[place]
        if not morphology.is_given_name(first.group()) or not morphology.is_patronymic(second.group()):
            continue
        if second.group().islower() and morphology.is_russian_patronymic(second.group()):
            continue
        before_it = words[place - 2] if place > 1 and morphology.is_surname_like(words[place - 2].group()) else first
        start = run.start() + before_it.start()
        if not _HONOURED.search(run.string[max(0, start - 90) : start].casefold()):
            yield start, run.start() + second.end(), 0.9


def _latin_names(text: str) -> Iterator[tuple[int, int, float]]:
    """Ukrainian names in Latin letters, as passports and foreign systems spell them."""
    for run in _LATIN_RUN.finditer(text):
        words = list(re.finditer(_LATIN, run.group()))
        texts = [word.group() for word in words]
        place = 0
        while place < len(texts) - 1:
            size, confidence = _latin_name_at(texts[place : place + 3], whole=len(run.group()) == len(text.strip()))
            start = run.start() + words[place].start()
            if size and not _LATIN_HONOURED.search(text[max(0, start - 40) : start].casefold()):
                yield start, run.start() + words[place + size - 1].end(), confidence
            place += size or 1
    for match in _LATIN_INITIALS.finditer(text):
        if morphology.is_latin_surname_like(match["last"] or match["first"]) and not _LATIN_HONOURED.search(
            before(match)
        ):
            yield *match.span(), 0.7


_LATIN_HONOURED = re.compile(
    r"(?:vul|vulytsia|str|street|st|prosp|prov|imeni|im|named after|bulv|boulevard|square|pl)\.? ?\"?$"
)


def _latin_name_at(words: list[str], *, whole: bool) -> tuple[int, float]:
    """How many of the words are a name, and how surely."""
    named = any(map(morphology.is_latin_given_name, words))
    if len(words) == 3 and named and any(map(morphology.is_latin_patronymic, words[1:])):
        return 3, 0.9
    given = [place for place, word in enumerate(words[:2]) if morphology.is_latin_given_name(word)]
    if len(given) == 1:
        other = words[1 - given[0]]
        if morphology.is_latin_patronymic(other) and given[0] == 0:
            return 2, 0.85
        if morphology.is_latin_surname_like(other):
            return 2, 0.75 if whole else 0.55
    return 0, 0.0


def _cyrillic_names(text: str) -> Iterator[tuple[int, int, float]]:
    """Names written as in a register, in Cyrillic letters."""
    for run in _RUN.finditer(text):
        yield from _names_in_run(run)
    for match in _WITH_INITIALS.finditer(text):
        confidence = _with_initials(match["last"] or match["first"])
        if confidence and not _HONOURED.search(before(match, 90)):
            yield *match.span(), confidence


def _names_in_run(run: re.Match[str]) -> Iterator[tuple[int, int, float]]:
    """Names in a run of capitalised words: `Завідувачка Коваленко Марія Іванівна` holds one.

    A name right after a bearer is passed over; what follows it in the same run is looked at all the same, as in
    `вул. Соборна Коваленко Марія Іванівна`.
    """
    words = list(re.finditer(r"[^ \u00a0]+", run.group()))
    texts = [word.group() for word in words]
    alone = len(texts) == 2 and len(run.group()) == len(run.string.strip())
    place = 0
    while place < len(texts) - 1:
        size, confidence = _name_at(texts[place : place + 3], whole=alone)
        start = run.start() + words[place].start()
        if size and not _HONOURED.search(run.string[max(0, start - 90) : start].casefold()):
            yield start, run.start() + words[place + size - 1].end(), confidence
        place += size or 1


def _name_at(words: list[str], *, whole: bool) -> tuple[int, float]:
    """How many of the words are a name, and how surely."""
    if len(words) == 3 and (confidence := _full_name(words)):
        return 3, confidence
    if confidence := _full_name(words[:2]):
        return 2, confidence
    if confidence := _given_and_surname(words[0], words[1], whole=whole):
        return 2, confidence
    return 0, 0.0


def _full_name(words: list[str]) -> float:
    """A name with a patronymic; the word before a patronymic is a given name, listed or not."""
    patronymics = [place for place, word in enumerate(words) if place and morphology.is_patronymic(word)]
    if not patronymics:
        return 0.0
    given = morphology.is_given_name(words[patronymics[0] - 1])
    if len(words) == 2:
        return 0.9 if given else 0.0
    if given:
        return 0.95
    return 0.0 if morphology.is_russian_patronymic(words[patronymics[0]]) else 0.6


def _with_initials(surname: str) -> float:
    small = morphology.plain(surname)
    if small in _NOT_A_NAME or len(small) < 3:
        return 0.0
    return 0.8 if morphology.is_surname_like(surname) else 0.6


def _given_and_surname(first: str, second: str, *, whole: bool) -> float:
    """A given name and a word with a surname's ending; alone in its cell it counts for more.

    In an oblique case (`Тараса Шевченка`) it is far more often a street or a school than a person.
    """
    for given, surname in ((first, second), (second, first)):
        if not morphology.is_given_name(given) or not morphology.is_surname_like(surname):
            continue
        if (
            morphology.plain(given) in ALSO_WORDS
            or morphology.is_given_name(surname)
            or morphology.plain(surname) in _NOT_A_NAME
        ):
            continue
        if not morphology.is_nominative(given) or morphology.is_oblique(surname):
            return 0.35
        return 0.75 if whole else 0.55
    return 0.0


NAME = Kind(
    "name",
    "ім’я особи",
    "name of a person",
    gate=rf"[{UPPER}]\. ?-?[{UPPER}]\.?"
    r"|(?i:[оеєиіoei]в[иu]ч|[іi]лл[іi]ч|лук[иu]ч|кузьм[иu]ч|сав[иu]ч|[хx]ом[иu]ч|[іїоеioe]вн[аиіуоеaioy])"
    rf"|[{UPPER}][{LOWER}'’ʼ{UPPER}-]+[ \x{{a0}}]+[{UPPER}][{LOWER}'’ʼ{UPPER}-]+"
    rf"|(?i:енко|єнко|чук|щук|юк|[сц]ьк(?:ий|а)),?[ \x{{a0}}]+[{UPPER}](?:[^\p{{L}}]|$)"
    rf"|(?:^|[^\p{{L}}])[{UPPER}]\. ?[{UPPER}]"
    r"|(?i:гр\.|громадян|заявни|пан[іоуа ]|потерпіл|солдат|сержант|старшина|матрос|лейтенант|інвалід|ветеран|переселен"
    r"|одержувач|(?:^|[^\p{L}])п\. |огл[иіу]|кизи)"
    r"|[A-Z][A-Za-z'’-]+,?[ \x{a0}]+[A-Z][A-Za-z'’-]+|[A-Z]\. ?[A-Z]\.",
    find=_names,
    header=re.compile(
        r"(?<!\w)піб(?!\w)|прізвищ|по.?батькові|відповідальн\w+ особ|контактн\w+ особ"
        # «Ім’я або назва» announces a firm as well as a person: there the cells decide.
        r"|(?<!назва або )(?<!назва чи )(?<!назва[/(])(?<!\w)ім.?я(?!\w| ?(?:або|чи|/|\() ?назв)"
        r"|(?<!\w)(?:full|first|last|family|given|person|contact(?: point)?|responsible|head|applicant|inspector"
        r"|deputy|voter)[ _]?name|fullname|surname|patronymic"
    ),
    shape=rf"{WORD}( ({WORD}|[{UPPER}]\.)){{0,3}}|{LOUD}( ({LOUD}|[{UPPER}]\.)){{0,3}}",
)
