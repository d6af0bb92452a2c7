"""What people read from the command line: both languages, right plurals, nothing left untranslated."""

from __future__ import annotations

import re
import string

import pytest

from tests.support.messages import said_by_commands, said_by_errors, unsaid
from vidkryto.errors import SettingsError, VidkrytoError
from vidkryto.language import current, say, say_count, translated
from vidkryto.language.catalogue import catalogue
from vidkryto.outcome import Failed

MEND = "add it to a file of vidkryto/language/uk/"


def places(text: str) -> list[str]:
    """The names of a text's placeholders, in alphabetical order."""
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_every_word_of_the_commands_has_a_ukrainian_one() -> None:
    """What `say` is given stands in the catalogue."""
    missing = [f"{place}: {text!r}" for text, place in said_by_commands().items() if text not in catalogue()]
    assert not missing, f"{MEND}\n" + "\n".join(missing)


def test_no_command_speaks_english_only() -> None:
    """Words for people go through `say`."""
    assert unsaid() == [], "give the words to say()"


def test_a_translation_names_the_values_of_its_key() -> None:
    """No place is lost or invented; numbers may come in another order."""
    for key, entry in catalogue().items():
        for form in entry if isinstance(entry, list) else [entry]:
            assert places(form) == places(key), key


def test_lists_have_three_forms() -> None:
    """One, few, many."""
    assert {len(entry) for entry in catalogue().values() if isinstance(entry, list)} == {3}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "0 знахідок"),
        (1, "1 знахідка"),
        (3, "3 знахідки"),
        (5, "5 знахідок"),
        (11, "11 знахідок"),
        (22, "22 знахідки"),
        (101, "101 знахідка"),
        (112, "112 знахідок"),
    ],
)
def test_plurals_are_ukrainian(number: int, words: str) -> None:
    """1, 2-4, 5 and more, with 11-14 as many."""
    assert say_count("{n} finding", "{n} findings", number, "uk") == words


def test_plurals_are_english() -> None:
    """One and other."""
    assert say_count("{n} finding", "{n} findings", 1, "en") == "1 finding"
    assert say_count("{n} finding", "{n} findings", 0, "en") == "0 findings"


def test_words_that_the_catalogue_lacks_stay_english() -> None:
    """A new message of the program works before somebody translated it; its plural is the English one."""
    assert say("{name} is brand new", "uk", name="x") == "x is brand new"
    assert say_count("{n} brand new thing", "{n} brand new things", 2, "uk") == "2 brand new things"
    assert translated("nobody translated this", "uk") == "nobody translated this"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "uk_UA.UTF-8"}, "uk"),
        ({"LANG": "uk_UA.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "uk_UA.UTF-8", "LC_ALL": ""}, "uk"),
        ({"LANG": "en_GB.UTF-8", "VIDKRYTO_LANGUAGE": "uk"}, "uk"),
        ({"LANG": "uk_UA.UTF-8", "VIDKRYTO_LANGUAGE": "en"}, "en"),
    ],
)
def test_the_variable_goes_before_the_locale(environment: dict[str, str], language: str) -> None:
    """--lang sets the variable, so it goes before both."""
    assert current(environment) == language


def test_errors_have_their_words_in_ukrainian() -> None:
    """Messages and remedies raised on purpose stand in the catalogue; a few new ones may wait for their translator."""
    missing = [
        f"{place}: {text!r}"
        for text, place in said_by_errors().items()
        if any(letter.isalpha() for letter in re.sub(r"\{\d+\}", "", text)) and text not in catalogue()
    ]
    assert len(missing) <= 10, f"{MEND}\n" + "\n".join(missing)


@pytest.mark.parametrize("key", [key for key in catalogue() if "{1}" in key])
def test_a_finished_message_finds_its_own_words(key: str) -> None:
    """No entry takes the message of another, and every value comes out again."""
    values = [f"«{number}x»" for number in range(1, key.count("{") + 1)]
    told = translated(key.format("", *values), "uk")
    entry = catalogue()[key]
    assert isinstance(entry, str)
    assert told == entry.replace(":text}", "}").replace(":lines}", "}").format("", *values)


def test_an_error_is_told_with_place_and_remedy() -> None:
    """In the language chosen; as it was raised in the other."""
    error = SettingsError("the token file cannot be read: x", remedy="Set it to uk or en.")
    error.where = "stops, read"
    assert error.told("uk") == "stops, читання: файл токена не вдалося прочитати: x\n  Що робити: Задайте uk або en."
    assert error.told("en") == str(error)


def test_a_failure_is_recorded_in_both_languages() -> None:
    """The report and the messages need no translation later."""
    failed = Failed.because(VidkrytoError("no export matches *.csv", remedy="Run again."))
    assert (failed.error, failed.error_uk) == (
        "no export matches *.csv",
        "жодне вивантаження не відповідає шаблону *.csv",
    )
    assert failed.remedy_uk == "Запустіть ще раз."
