"""Ukrainian words that make a person: given names in every case, patronymics, surnames by their endings.

The rules decide by the patronymic where there is one, because its form is regular in every case and number;
given names come from a list with their endings made here; a surname alone never decides.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

APOSTROPHES = "'’ʼ`′ʹ"
UPPER = "А-ЯІЇЄҐЁЪЫЭABCEHIKMOPTXY"
LOWER = "а-яіїєґёъыэaceiopxy"
"""With the Latin letters that look like Cyrillic ones: exports are full of `IВАНОВИЧ` with a Latin I."""
WORD = rf"[{UPPER}][{LOWER}{APOSTROPHES}]+(?:-[{UPPER}][{LOWER}{APOSTROPHES}]+)?"
"""A capitalised word, with a second part after a hyphen: Нечуй-Левицький."""
LOUD = rf"[{UPPER}][{UPPER}{APOSTROPHES}]+(?:-[{UPPER}{APOSTROPHES}]+)?"
"""The same in capitals."""

_MALE_PATRONYMIC = r"(?:[оеєиі]вич|йович|ьович|яковлевич)(?:а|у|ем|еві|і)?"
_SHORT_PATRONYMIC = r"(?:ілліч|лукич|кузьмич|савич|хомич|фомич|ильич)(?:а|у|ем|еві|і)?"
_FEMALE_PATRONYMIC = r"(?:івн|ївн|овн|евн)(?:а|и|і|у|ою|ой|е)"
_PATRONYMIC = re.compile(rf"[{LOWER}{APOSTROPHES}]+?(?:{_MALE_PATRONYMIC}|{_FEMALE_PATRONYMIC})|{_SHORT_PATRONYMIC}")

_SURNAME = re.compile(
    rf"[{LOWER}{APOSTROPHES}-]+(?:"
    r"(?:енк|єнк|йк|ньк|чк|шк|льк)(?:о|а|у|ові|ом)"
    r"|(?:чук|щук|юк|ук|ак|як|чак|ик|ець|ишин|їв|ів|ев|єв|ов|ьов|ин|ін|їн|ович|евич|ич|ун|ань|юх)"
    r"(?:а|у|ові|еві|єві|ом|ем|єм|им|ою|ої|ій)?"
    r"|(?:ськ|цьк|зьк)(?:ий|ого|ому|им|а|ої|ій|у|ою)"
    r")"
)
"""Endings by which a Ukrainian surname is known; others exist, so this only supports a given name beside it."""

_TRANSLITERATION = {
    "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z", "и": "y",
    "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ь": "", "ю": "iu",
    "я": "ia", "ы": "y", "э": "e", "ё": "e", "ъ": "",
}  # fmt: skip
"""Cabinet resolution 55 of 27.01.2010, letters inside a word."""
_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}


def plain(word: str) -> str:
    """The word in small letters, with one apostrophe and Cyrillic in place of look-alike Latin letters."""
    folded = re.sub(f"[{APOSTROPHES}]", "'", word.casefold())
    if re.search("[а-яіїєґ]", folded):
        folded = folded.translate(str.maketrans("abceihkmoptxy", "авсеінкмортху"))
    return folded


def is_patronymic(word: str) -> bool:
    """Whether the word is a patronymic in any case: Іванович, Петрівною, ІЛЛІЧ."""
    return _PATRONYMIC.fullmatch(plain(word)) is not None and len(word) >= 5 and plain(word) not in _NOT_PATRONYMICS


def is_russian_patronymic(word: str) -> bool:
    """Whether a patronymic has the Russian female ending, which many Ukrainian adjectives share: Петровна, головна."""
    return re.fullmatch(r".*[ое]вн(?:а|и|і|у|ою|ой|е)", plain(word)) is not None


_ADJECTIVES = """
основна основні основну основи основною порівну порівно верховна верховну духовна духовні духовну церковна церковні
церковну чиновна
"""
_NOT_PATRONYMICS = frozenset(_ADJECTIVES.split())
"""Adjectives that end like a patronymic."""


def is_surname_like(word: str) -> bool:
    """Whether the word could be a surname by its ending, in any case."""
    return _SURNAME.fullmatch(plain(word)) is not None


_OBLIQUE = re.compile(
    r".*(?:енк|єнк)(?:а|у|ові|ом)|.*[сцз]ьк(?:ого|ому|им|ої)|.*(?:ук|юк|ак|як|ик|їк|ич|ун|юх)(?:а|у|ові|еві|ом|ем)"
)


def is_oblique(surname: str) -> bool:
    """Whether a surname stands in a case other than the nominative, by its ending."""
    return _OBLIQUE.fullmatch(plain(surname)) is not None


@cache
def nominatives() -> frozenset[str]:
    """The listed given names, nominative, in small letters."""
    text = files("vidkryto.disclosure.detectors").joinpath("given_names.txt").read_text(encoding="utf-8")
    return frozenset(plain(word) for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def given_names() -> frozenset[str]:
    """Every form of every listed given name, in small letters: Олена, Олени, Олені, Олену, Оленою."""
    return frozenset(form for name in nominatives() for form in _forms(name))


@cache
def transliterated_names() -> frozenset[str]:
    """The listed given names in Latin letters, nominative."""
    return frozenset(transliterated(name) for name in nominatives())


_LATIN_PATRONYMIC = re.compile(r"[a-z]+(?:[oei]v[iy]ch|[iy]?evich|[yi]?ivna|[oe]vna|illich)")
_LATIN_SURNAME = re.compile(
    r"[a-z'-]+(?:enko|ienko|yenko|chuk|iuk|yuk|chak|iak|yak|skyi|skyy|sky|skij|skiy|ska|skaya|tskyi|zkyi|tska|tsky|yshyn"
    r"|ishin|kiv|niv|liv|riv|siv|tiv|viv|ovych|evych|ovich|evich|ets|ets'|ko|ova|ov|eva|ev)"
)
"""Endings by which a Ukrainian surname is known in Latin letters, in the spellings of passports old and new."""
_PASSPORTS = """
aleksandr aleksandra aleksey alexander alexandr alexey anastasia anastasiya anatoliy anatoly andrei andrey
andrij andriy anna daria dariya dmitrii dmitriy dmitry dmytryi ekaterina elena eugene evgen evgeniy evgeny
galina halyna hanna helen ievgen igor ihor irina iryna iurii julia julija jurij kateryna liudmyla ludmila
lyudmila maria marija mariya mikhail mykhailo mykhaylo mykolai natalia nataliya natalya nikolai nikolay oksana
oleg oleksander oleksij oleksiy olena pavel sergei sergey serhij serhiy sofia sofiya svetlana tatiana tatyana
valentina valentyna vasiliy vasily vasyl victoria viktoria viktoriya vitaliy vitaly vladimir volodymir yaroslav
yevhenii yulia yuliya yuri yuriy
"""
_OTHER_SPELLINGS = frozenset(_PASSPORTS.split())


def is_latin_patronymic(word: str) -> bool:
    """Whether the word is a patronymic in Latin letters: Ivanovych, Petrivna, Sergeevich."""
    return _LATIN_PATRONYMIC.fullmatch(word.casefold()) is not None


def is_latin_given_name(word: str) -> bool:
    """Whether the word is a listed given name in Latin letters, by the official table or as passports spell it."""
    return word.casefold() in transliterated_names() or word.casefold() in _OTHER_SPELLINGS


def is_latin_surname_like(word: str) -> bool:
    """Whether the word could be a Ukrainian surname in Latin letters by its ending."""
    return _LATIN_SURNAME.fullmatch(word.casefold()) is not None


def is_nominative(word: str) -> bool:
    """Whether the word is a listed given name as it stands in a register."""
    return all(part in nominatives() for part in plain(word).split("-"))


def is_given_name(word: str) -> bool:
    """Whether the word is a form of a listed given name."""
    return all(part in given_names() for part in plain(word).split("-"))


def transliterated(word: str) -> str:
    """A Ukrainian word in Latin letters by the official table, in small letters."""
    small = plain(word).replace("'", "").replace("зг", "zgh")
    return "".join(
        _FIRST[letter] if place == 0 and letter in _FIRST else _TRANSLITERATION.get(letter, letter)
        for place, letter in enumerate(small)
    )


def _forms(name: str) -> set[str]:
    """A given name in every singular case, by the ending of its nominative."""
    if name.endswith("ія") or name.endswith("'я"):
        stem = name[:-1]
        return {name, stem + "ї", stem + "ю", stem + "єю", stem + "є"}
    if name.endswith("я"):
        stem = name[:-1]
        return {name, stem + "і", stem + "ю", stem + "ею", stem + "єю", stem + "ї"}
    if name.endswith("а"):
        stem = name[:-1]
        soft = stem[:-1] + {"г": "з", "к": "ц", "х": "с"}.get(stem[-1], stem[-1]) + "і"
        return {name, stem + "и", stem + "у", stem + "ою", soft, stem + "о"}
    if name.endswith("о"):
        stem = name[:-1]
        return {name, stem + "а", stem + "у", stem + "ові", stem + "ом", stem + "і", stem + "е"}
    if name.endswith("й"):
        stem = name[:-1]
        return {name, stem + "я", stem + "ю", stem + "єві", stem + "єм", stem + "ї"}
    if name.endswith("ь"):
        stem = name[:-1]
        return {name, stem + "я", stem + "ю", stem + "еві", stem + "ем", stem + "і"}
    return {
        name,
        name + "а",
        name + "у",
        name + "ові",
        name + "ом",
        name + "і",
        name + "е",
        name + "я",
        name + "ю",
        name + "ем",
    }
