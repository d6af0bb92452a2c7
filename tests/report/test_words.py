"""What must hold for the words of the pages."""

from __future__ import annotations

import string

import pytest

from vidkryto.catalogue.contract import Frequency
from vidkryto.report.words import Words, catalogue

UKRAINIAN, ENGLISH = Words("uk"), Words("en")


def places(text: str) -> set[str]:
    """The names of a text's placeholders."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_catalogues_have_the_same_keys_and_places() -> None:
    """No text is missing in a language, none names a value that the other does not."""
    uk, en = catalogue("uk"), catalogue("en")
    assert list(uk) == list(en)
    for key, text in uk.items():
        other = en[key]
        forms = text if isinstance(text, list) else [text]
        assert isinstance(text, list) == isinstance(other, list), key
        english = other if isinstance(other, list) else [other]
        assert {frozenset(places(form)) for form in [*forms, *english]} == {frozenset(places(forms[0]))}, key


def test_ukrainian_lists_have_three_forms_and_english_ones_two() -> None:
    """CLDR: one, few, many; one, other."""
    assert {len(text) for text in catalogue("uk").values() if isinstance(text, list)} == {3}
    assert {len(text) for text in catalogue("en").values() if isinstance(text, list)} == {2}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 рядків"),
        (1, "1 рядок"),
        (2, "2 рядки"),
        (4, "4 рядки"),
        (5, "5 рядків"),
        (11, "11 рядків"),
        (12, "12 рядків"),
        (14, "14 рядків"),
        (21, "21 рядок"),
        (22, "22 рядки"),
        (111, "111 рядків"),
        (1024, "1\u202f024 рядки"),
    ],
)
def test_ukrainian_plurals(number: int, said: str) -> None:
    """1, 2–4, 5 and more; 11 to 14 are many; 21 is one again."""
    assert UKRAINIAN("rows", n=number) == said


def test_english_plurals() -> None:
    """One, and everything else."""
    assert [ENGLISH("rows", n=number) for number in (0, 1, 2, 21)] == ["0 rows", "1 row", "2 rows", "21 rows"]


def test_dates_and_times_are_the_citys() -> None:
    """Kyiv time, summer and winter; the day may be the next one."""
    assert (UKRAINIAN.day("2026-11-23"), ENGLISH.day("2026-11-23")) == ("23.11.2026", "23 Nov 2026")
    assert UKRAINIAN.moment("2026-11-23T22:30:00Z") == "24.11.2026, 00:30"
    assert ENGLISH.moment("2026-07-01T04:15:00Z") == "1 Jul 2026, 07:15"


def test_numbers_take_the_languages_separators() -> None:
    """Decimal comma and narrow space in Ukrainian; a value that is no number stays as it is."""
    assert (UKRAINIAN.measure("1234567.5"), ENGLISH.measure("1234567.5")) == ("1\u202f234\u202f567,5", "1,234,567.5")
    assert (UKRAINIAN.measure("532"), UKRAINIAN.measure("2026-11")) == ("532", "2026-11")
    assert (UKRAINIAN.size(184320), ENGLISH.size(999)) == ("184\u00a0кБ", "999\u00a0B")
    assert (UKRAINIAN.duration(2900), ENGLISH.duration(150_000)) == ("2,9 с", "2.5 min")


def test_every_frequency_of_a_contract_has_words() -> None:
    """A word of the contract never shows raw on a page."""
    assert all(UKRAINIAN.has(f"frequency-{frequency.value}") for frequency in Frequency)
