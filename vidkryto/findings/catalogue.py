"""The table of finding codes, kept as one TOML file for each stage beside this module."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LANGUAGES = ("uk", "en")
TEXTS = ("title", "meaning", "remedy", "message")


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding. Every text is a mapping from language to words."""

    name: str
    stage: str
    severity: str
    title: Mapping[str, str]
    meaning: Mapping[str, str]
    remedy: Mapping[str, str]
    message: Mapping[str, str]


@cache
def codes() -> Mapping[str, Code]:
    """All codes by name, in the order of the stages' files.

    Raises ValueError when a file repeats a name or lacks a text in one of the languages: the table is
    part of the program, so this is a defect of the program.
    """
    table: dict[str, Code] = {}
    for file in sorted(files("vidkryto.findings").joinpath("codes").iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml"):
            continue
        for name, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if name in table:
                raise ValueError(f"finding code {name} stands in two files")
            for text in TEXTS:
                if set(entry.get(text, ())) != set(LANGUAGES):
                    raise ValueError(f"finding code {name} lacks {text} in one of {LANGUAGES}")
            table[name] = Code(
                name, file.name.removesuffix(".toml"), entry["severity"], *(entry[text] for text in TEXTS)
            )
    return table


def code(name: str) -> Code:
    """The code of that name; a KeyError names near misses."""
    try:
        return codes()[name]
    except KeyError:
        near = difflib.get_close_matches(name, codes())
        raise KeyError(f"no finding code {name!r}; did you mean {near}?") from None
