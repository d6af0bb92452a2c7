"""A column is judged by the share of its cells, by its name, by its neighbours and by what does not belong into it."""

from __future__ import annotations

import random
import uuid

import pyarrow as pa
from stdnum.ua import rntrc

from vidkryto.disclosure.columns import column_words, detect_protected, judge, judge_table


def kinds(column: list[str], header: str = "") -> dict[str, int]:
    return {one.kind: one.cells for one in judge(pa.array(column), header)}


def number(rng: random.Random) -> str:
    first = f"{rng.randrange(16_000, 38_000)}{rng.randrange(1, 9999):04d}"
    return first + rntrc.calc_check_digit(first)


def test_one_number_in_a_thousand_words_is_seen() -> None:
    """A single cell is enough: the share only says how sure, not whether."""
    assert kinds(["Хмельницький"] * 1000 + ["3184710691"]) == {"rnokpp": 1}


def test_a_firm_and_a_sole_trader_in_one_column_need_two_rules() -> None:
    """8 digits are public, 10 digits are a person: only the persons are told."""
    assert kinds(["01107935", "26244113", "3184710691", "26244107"], "edrpou") == {"rnokpp": 1}


def test_amounts_of_every_size_pass_although_some_look_like_numbers_of_people() -> None:
    """One in 27 ten-digit numbers passes as an RNOKPP by chance; in a column of amounts that says nothing."""
    rng = random.Random(1)
    amounts = [str(rng.randrange(10 ** rng.randrange(4, 11))) for _ in range(3000)]
    assert kinds(amounts, "FAKT_AMT") == {}


def test_a_column_of_ten_digit_codes_goes_to_a_person() -> None:
    """Codes of one length could hide people: chance hits are told, and two people decide."""
    rng = random.Random(2)
    codes = [f"{rng.randrange(10**9, 4 * 10**9)}" for _ in range(2000)]
    assert set(kinds(codes, "TE")) == {"rnokpp"}


def test_a_header_accuses_a_column_whose_cells_look_alike() -> None:
    """Surnames alone are no hits; under the header `Прізвище` they are."""
    assert kinds(["Ковальчук", "Скорик", "Мовчан"], "x") == {}
    assert kinds(["Ковальчук", "Скорик", "Мовчан"], "familyName Прізвище") == {"name": 3}
    assert kinds(["1939-05-07", "1960-01-15", "1954-02-20"], "birthDate") == {"birth_date": 3}


def test_words_that_only_look_like_those_of_a_person_accuse_nobody() -> None:
    """Square metres and quarters are no flats, a name or title is a firm's as well, a building has a passport too."""
    areas = ("Загальна площа, кв.м", "Площа, кв. м", "Площа кв м", "Площа, кв.км", "І кв. 2026", "1 кв.")
    assert [header for header in areas if kinds(["45.3", "12"], header)] == []
    assert kinds(["45", "12"], "кв.") == kinds(["45", "12"], "Квартира") == {"home_address": 2}
    firms = ("Ім'я або назва", "Назва або ім’я благодійника", "Назва/Ім’я автора", "Ім’я/назва автора", "Ім'я (назва)")
    assert [header for header in firms if kinds(["Епіцентр", "Октагон"], header)] == []
    assert kinds(["Епіцентр", "Октагон"], "Ім’я") == {"name": 2}
    assert kinds(["123456789"], "EDRPOU code of the owner of the building passport") == {}
    assert kinds(["123456789"], "Passport") == {"passport": 1}


def test_all_that_names_a_column_is_its_words() -> None:
    """Field name, titles in both languages, header in the file, each once."""
    title = {"title": "Дата народження", "translations": {"en": {"title": "Date of birth"}}}
    schema = {"fields": [{"name": "d", "type": "date", **title}, {"name": "uid", "type": "string"}]}
    words = {"d": "d; Дата народження; Date of birth; ДН", "uid": "uid"}
    assert column_words(schema, {"d": "ДН", "uid": "uid"}) == words
    table = pa.table({"d": ["1954-02-20"], "uid": ["1"]})
    assert detect_protected(table) == frozenset()
    assert detect_protected(table, column_words(schema, {})) == {"d"}


def test_a_header_alone_accuses_nobody() -> None:
    """A column called `телефон` that holds placeholders or words is not a column of phones."""
    assert kinds(["HIDDEN", "null", "-"], "телефон") == {}
    assert kinds(["Відділ освіти", "Приймальня міського голови"], "телефон") == {}


def test_neighbouring_degrees_are_coordinates_without_a_word_in_the_header() -> None:
    """Two neighbouring columns inside the bounds of Ukraine are a place."""
    table = pa.table({"a": ["49.422901", "49.431002"], "b": ["26.987103", "26.993304"], "c": ["1", "2"]})
    seen = judge_table(table)
    assert [one.kind for one in seen["a"]] == ["coordinates"]
    assert [one.kind for one in seen["b"]] == ["coordinates"]
    assert seen["c"] == ()


def test_nine_digits_among_words_are_told_as_alien() -> None:
    """A bare number of an identity card says nothing by itself; in a column of names it does not belong."""
    assert kinds([f"Вулиця {letter}" for letter in "абвгдежзик"] + ["123456789"]) == {"id_card": 1}


def test_detect_protected_names_the_columns_with_people_and_not_the_places() -> None:
    """Asked before validation; coordinates are no person."""
    table = pa.table({"who": ["Коваленко Марія Іванівна"], "lat": ["49.42290"], "lon": ["26.98710"], "n": ["5"]})
    assert detect_protected(table) == {"who"}


def test_an_empty_column_and_an_empty_table_are_silent() -> None:
    """Nothing is nothing."""
    assert judge(pa.array([], pa.string()), "телефон") == ()
    assert judge(pa.array(["", ""]), "телефон") == ()
    assert judge_table(pa.table({"a": pa.array([], pa.string())})) == {"a": ()}


def test_the_order_of_rows_changes_no_verdict() -> None:
    """Kinds and counts are the same for any order of rows."""
    rng = random.Random(3)
    cells = [number(rng) for _ in range(50)] + ["Хмельницький"] * 200 + ["тел. 65-12-34"] * 7
    shuffled = cells[:]
    rng.shuffle(shuffled)
    assert kinds(cells) == kinds(shuffled) == {"rnokpp": 50, "phone": 7}


def test_a_hundred_thousand_distinct_phones_are_counted_from_a_sample() -> None:
    """Very many suspects: an even sample decides, and says that it is one."""
    column = pa.array([f"067{place:07d}" for place in range(1_000_001, 1_110_001)])
    (seen,) = judge(column, "x")
    assert seen.kind == "phone"
    assert seen.sampled
    assert seen.share > 0.95


def test_identifiers_of_random_digits_are_no_plates_and_no_phones() -> None:
    """One UUID in 700 spells a plate by chance; a plate beside it, or in its place, is still seen."""
    rng = random.Random(835)
    column = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(5000)]
    assert kinds(column) == {}
    assert kinds([text.upper() for text in column]) == {}
    assert kinds([*column[:50], "be6521cc-3e24-44e3-baf0-27bc08d6af57 ВХ1234АЕ"]) == {"plate": 1}
    assert kinds(["be6521cc-3e24-44e3-0af0-27bc08d6af57", "x"]) == {"plate": 1}  # not the form of a UUID
