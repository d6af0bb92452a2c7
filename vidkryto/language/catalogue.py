"""Catalogues after gettext's habit: the English words in the program are the keys, a lacking entry stays English.

`say` and `say_count` are for words with named places. Errors are raised in English wherever they happen;
`translated` finds the entry whose numbered places fit the finished message, so that no place that raises one
needs to know of languages. A test lists what the program says and the catalogue lacks.
"""

from __future__ import annotations

import os
import re
import string
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["uk", "en"]
Entry = str | list[str]


def current(environment: Mapping[str, str] | None = None) -> Language:
    """The language chosen: VIDKRYTO_LANGUAGE (`--lang` sets it), else that of the locale, else English."""
    env = os.environ if environment is None else environment
    locale = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    wanted = env.get("VIDKRYTO_LANGUAGE") or locale
    return "uk" if wanted.startswith("uk") else "en"


def plural_form(language: Language, number: int) -> int:
    """Which form a number takes: English one, other; Ukrainian one, few, many (CLDR plural rules)."""
    if language == "en":
        return 0 if number == 1 else 1
    last, last_two = number % 10, number % 100
    if last == 1 and last_two != 11:
        return 0
    return 1 if 2 <= last <= 4 and not 12 <= last_two <= 14 else 2


def say(text: str, /, language: Language | None = None, **values: object) -> str:
    """`text` in the language chosen, with its places filled: say("{name} is ready", name="stops")."""
    found = text
    if (language or current()) == "uk" and isinstance(entry := catalogue().get(text), str):
        found = entry
    return found.format(**values)


def say_count(one: str, many: str, number: int, /, language: Language | None = None, **values: object) -> str:
    """The form that `number` takes, with {n} filled: say_count("{n} dataset", "{n} datasets", 5)."""
    chosen = language or current()
    entry = catalogue().get(many) if chosen == "uk" else None
    forms = entry if isinstance(entry, list) else [one, many]
    form = plural_form("uk" if isinstance(entry, list) else "en", number)
    return forms[form].format(n=number, **values)


def translated(message: str, language: Language | None = None) -> str:
    """A finished message, such as that of an error, in the language chosen; as it is where no entry fits."""
    if (language or current()) != "uk" or not message:
        return message
    if isinstance(entry := catalogue().get(message), str):
        return entry.format() if "{" in entry else entry
    for pattern, entry in _patterns():
        if match := pattern.fullmatch(message):
            return entry.format(*(_Part(part) for part in ("", *match.groups())))
    return message


class _Part(str):
    """A value in a message. Where the entry says {1:text}, the value is words of ours and is translated too.

    {1:lines} translates line by line what stands behind `file:number: `.
    """

    __slots__ = ()

    def __format__(self, wanted: str) -> str:
        if wanted == "text":
            return translated(str(self), "uk")
        if wanted == "lines":
            return re.sub(
                r"(?m)^(\s*.+?:\d+: (?:`[^`]*`: )?)(.+)$", lambda line: line[1] + translated(line[2], "uk"), str(self)
            )
        return str(self)


@cache
def catalogue() -> Mapping[str, Entry]:
    """All Ukrainian entries by their English text, from the files beside this module.

    Raises ValueError when two files hold the same key in different words: a defect of the program.
    """
    entries: dict[str, Entry] = {}
    for file in sorted(files("vidkryto.language").joinpath("uk").iterdir(), key=lambda item: item.name):
        if file.name.endswith(".toml"):
            for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if entries.setdefault(key, entry) != entry:
                    raise ValueError(f"{key!r} stands twice in the catalogue, in different words")
    return entries


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Entries with numbered places as patterns, those with most words of their own first."""
    found: list[tuple[int, re.Pattern[str], str]] = []
    for key, entry in catalogue().items():
        parts = list(string.Formatter().parse(key))
        names = [name for _, name, _, _ in parts if name is not None]
        if isinstance(entry, str) and names == [str(number) for number in range(1, len(names) + 1)] and names:
            literal = sum(len(text) for text, _, _, _ in parts)
            pattern = "".join(re.escape(text) + ("" if name is None else "(.*?)") for text, name, _, _ in parts)
            found.append((literal, re.compile(pattern, re.DOTALL), entry))
    return tuple((pattern, entry) for _, pattern, entry in sorted(found, key=lambda item: -item[0]))
