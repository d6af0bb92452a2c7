"""`--help` in Ukrainian: commands and options are worded in English where they are defined, and translated here."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from types import MethodType
from typing import Any

from vidkryto.language import Language, current, say

EXAMPLE = "Example:"
FRAME = {
    "Usage:": "Використання:",
    "Arguments:": "Аргументи:",
    "Options:": "Параметри:",
    "Commands:": "Команди:",
    EXAMPLE: "Приклад:",
    "[OPTIONS]": "[ПАРАМЕТРИ]",
    "COMMAND [ARGS]...": "КОМАНДА [АРГУМЕНТИ]...",
    "Show this message and exit.": "Показати цю довідку й завершити.",
    "[required]": "[обов’язково]",
    "[default: ": "[типово: ",
}
"""The words that the command line's library puts around ours."""


def language_of(arguments: Sequence[str]) -> Language:
    """The language that `--lang` names anywhere on the command line, else the one of the environment."""
    for place, argument in enumerate(arguments):
        if argument == "--lang" or argument.startswith("--lang="):
            wanted = argument[7:] or " ".join(arguments[place + 1 : place + 2])
            return "uk" if wanted == "uk" else "en"
    return current()


def paragraphs(text: str | None) -> list[str]:
    """A help text, each paragraph in one line: the keys of the catalogue, and examples as they are."""
    return [" ".join(part.split()) for part in inspect.cleandoc(text or "").split("\n\n") if part.strip()]


def commands_of(command: Any) -> Iterator[Any]:
    """A command and all below it."""
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from commands_of(below)


def speak_ukrainian(root: Any) -> Any:
    """The same tree of commands, with help in Ukrainian."""
    for command in commands_of(root):
        command.help = "\n\n".join(_spoken(part) for part in paragraphs(command.help))
        for parameter in command.params:
            if getattr(parameter, "help", None):
                parameter.help = " ".join(map(_spoken, paragraphs(parameter.help)))
        command.get_help = MethodType(_framed, command)
    return root


def _spoken(paragraph: str) -> str:
    return paragraph if paragraph.startswith(EXAMPLE) else say(paragraph, "uk")


def _framed(command: Any, context: Any) -> str:
    pattern = "|".join(map(re.escape, FRAME))
    return re.sub(pattern, lambda match: FRAME[match[0]], type(command).get_help(command, context))
