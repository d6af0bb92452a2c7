"""Each detector finds its kind in every spelling people use, and leaves alone what only looks like it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.disclosure.canaries import WRITERS, plant
from vidkryto.disclosure.columns import judge
from vidkryto.disclosure.detectors import BY_NAME, KINDS, is_edrpou, search
from vidkryto.disclosure.detectors.morphology import is_given_name, is_patronymic, is_surname_like, transliterated

FOUND = [
    ("rnokpp", "3184710691", "3184710691"),
    ("rnokpp", "РНОКПП 3184710691, м. Хмельницький", "3184710691"),
    ("rnokpp", "3184710691.0", "3184710691"),
    ("unzr", "19850312-01234", "19850312-01234"),
    ("passport", "паспорт НА 123456", "НА 123456"),
    ("passport", "HA123456", "HA123456"),
    ("id_card", "ID-картка № 001234567", "001234567"),
    ("iban", "UA213223130000026007233566001", "UA213223130000026007233566001"),
    ("card", "4149 4390 1234 5678", "4149 4390 1234 5678"),
    ("phone", "+380671234567", "+380671234567"),
    ("phone", "380671234567", "380671234567"),
    ("phone", "0671234567", "0671234567"),
    ("phone", "067-123-45-67", "067-123-45-67"),
    ("phone", "(0382) 65-12-34", "(0382) 65-12-34"),
    ("phone", "тел. 65-12-34", "65-12-34"),
    ("phone", "8 (067) 123 45 67", "8 (067) 123 45 67"),
    ("phone", "67 123 45 67", "67 123 45 67"),
    ("phone", "тел.0671234567", "0671234567"),
    ("phone", "Не працює ліхтар. 0671234567, дякую", "0671234567"),
    ("phone", "т.067-123-45-67", "067-123-45-67"),
    ("name", "Допоможіть сім'ї Коваленко Марії Іванівни", "Коваленко Марії Іванівни"),
    ("name", "На вулиці Соборній живе Коваленко Марія Іванівна", "Коваленко Марія Іванівна"),
    ("name", "вул. Соборна Коваленко Марія Іванівна", "Коваленко Марія Іванівна"),
    ("name", "директор школи імені Шевченка Бойко В.С.", "Бойко В.С."),
    ("passport", "контакт: НА 123456", "НА 123456"),
    ("email", "пишіть на o.petrenko@ukr.net!", "o.petrenko@ukr.net"),
    ("secret_in_address", "https://data.ua/api?token=abcdef123456", "https://data.ua/api?token=abcdef123456"),
    ("secret_in_address", "sftp://user:hunter2@files.ua/x", "sftp://user:hunter2@files.ua/x"),
    ("plate", "ВХ1234АЕ", "ВХ1234АЕ"),
    ("plate", "автомобіль BX 1234 AE", "BX 1234 AE"),
    ("name", "Коваленко Марія Іванівна", "Коваленко Марія Іванівна"),
    ("name", "заяву Коваленко Марії Іванівни прийнято", "Коваленко Марії Іванівни"),
    ("name", "ШЕВЧУК ПЕТРО ІЛЛІЧ", "ШЕВЧУК ПЕТРО ІЛЛІЧ"),
    ("name", "Нечуй-Левицький Іван Семенович", "Нечуй-Левицький Іван Семенович"),
    ("name", "директор Бойко В.С.", "Бойко В.С."),
    ("name", "В. С. Бойко", "В. С. Бойко"),
    ("name", "Марія Коваленко", "Марія Коваленко"),
    ("name", "Дем'янчук Мар’яна Юріївна", "Дем'янчук Мар’яна Юріївна"),
    ("name", "Коваленкo Mарія Iванівна", "Коваленкo Mарія Iванівна"),
    ("name", "IВАНЕНКО IВАН IВАНОВИЧ", "IВАНЕНКО IВАН IВАНОВИЧ"),
    ("birth_date", "12.03.1985 р.н.", "12.03.1985"),
    ("birth_date", "народилася 5 травня 1985 року", "5 травня 1985"),
    ("birth_date", "1985 року народження", "1985"),
    ("home_address", "вул. Соборна, 24, кв. 15", "вул. Соборна, 24, кв. 15"),
    ("home_address", "проживає за адресою вул. Зарічанська, 5", "вул. Зарічанська, 5"),
    ("coordinates", "49.42290, 26.98710", "49.42290, 26.98710"),
    ("coordinates", 'N 50° 23’ 39"', 'N 50° 23’ 39"'),
]

HURRIED = [
    ("rnokpp", "3 184 710 691"), ("rnokpp", "3184-710-691"), ("rnokpp", "31847 10691"), ("rnokpp", "3,184,710,691"),
    ("rnokpp", "3.184710691E9"), ("rnokpp", "3,184710691E+09"), ("rnokpp", "3184710691,0"), ("rnokpp", "З184710691"),
    ("rnokpp", "318471O691"), ("rnokpp", "ІПН3184710691"), ("rnokpp", "РНОКПП 3184 7106 91"),
    ("rnokpp", "3184\u00a0710\u00a0691"), ("rnokpp", "01.02.2024,3184710691,3184710691"),
    ("unzr", "УНЗР 1987041501234"), ("unzr", "19870415\u201301234"),
    ("passport", "АВ 123 456"), ("passport", "АВ.123456"), ("passport", "паспорт: серія АВ, № 123456"),
    ("passport", "закордонний паспорт FE123456"), ("passport", "свідоцтво про народження I-БВ 123456"),
    ("passport", "посвідчення УБД № 123456"), ("passport", "водійське посвідчення ВАА 123456"),
    ("id_card", "паспорт № 00 123 45 67"),
    ("iban", "UА213223130000026007233566001"), ("iban", "UA-21-322313-0000026007233566001"),
    ("iban", "213223130000026007233566001"), ("iban", "PL61109010140000071219812874"),
    ("card", "4149.4390.1234.5678"), ("card", "4149\u00a04390\u00a01234\u00a05678"),
    ("phone", "067/123/45/67"), ("phone", "067_123_45_67"), ("phone", "067*123*45*67"), ("phone", "067—123—45—67"),
    ("phone", "+38 O67 123 45 67"), ("phone", "00380671234567"), ("phone", "380671234567.0"),
    ("phone", "3.80671234567E+11"), ("phone", "067\u202f123\u202f45\u202f67"), ("phone", "0671234567-Іван"),
    ("phone", "+48 601 123 456"), ("phone", "№0671234567"), ("phone", "_0671234567_"), ("phone", "т. 2-34-56"),
    ("email", "ivanov @ ukr.net"), ("email", "ivanov(at)ukr.net"), ("email", "ivanov@ukr,net"),
    ("email", "ivanov\uff20ukr.net"), ("email", "ivanov%40ukr.net"),
    ("plate", "ВХ 12-34 АА"), ("plate", "ВХ-12-34-АА"),
    ("birth_date", "дата народження: 15.04.87"), ("birth_date", "ДН 15.04.1987"), ("birth_date", "born 15 April 1987"),
    ("birth_date", "1987 г.р."), ("birth_date", "р.н. 1987"),
    ("home_address", "Соборна 12 кв 34"), ("home_address", "проживає на Соборній, 12"),
    ("home_address", "vul. Soborna, 12, kv. 34"), ("home_address", "вул. Соборна, 12, помешкання 34"),
    ("name", "Kovalenko Mariia Ivanivna"), ("name", "Oleksandr Bondarenko"), ("name", "BONDARENKO ALEKSANDR PETROVICH"),
    ("name", "Kovalenko M.I."), ("name", "коваленко марія іванівна"), ("name", "Коваленко_Марія_Іванівна"),
    ("name", "Коваленко\nМарія\nІванівна"), ("name", "КоваленкоМаріяІванівна"), ("name", "Коваленко-Марія-Іванівна"),
    ("name", "Коваленко Марія-Анна"),
    ("name", "Пётр Иванов"),
    ("name", "гр. Коваленко"), ("name", "солдат Коваленко"), ("name", "Гасанов Ельчин Мамед огли"),
]  # fmt: skip
"""As people write it in a hurry, as a spreadsheet turns it, or to get it past a filter."""

LEFT_ALONE = [
    "2026-000017",
    "ЗОШ імені Бойка В.С.",
    "вул. Тараса Шевченка, 5",
    "Тараса Шевченка",
    "ліцей імені двічі Героя Радянського Союзу І. Н. Кожедуба",
    "ЗАГАЛЬНООСВІТНЯ ШКОЛА ІМЕНІ ГЕРОЯ УКРАЇНИ В.П.МЕЛЬНИКА",
    "школа ім. «Бойка В.С.»",
    "Олександра Кушнірука",
    "Палац культури ім. Т. Г. Шевченка",
    "парк імені Михайла Чекмана",
    "вул. Героїв Майдану Івана Франка",
    "м. Хмельницький",
    "Івано-Франківська область",
    "Постанова № 835 від 21.10.2015",
    "рішення від 12.03.2015",
    "UA68040470010096613",
    "UA-2020-01-01-000001-a",
    "2256400000",
    "КОАТУУ 6810100000",
    "КОАТУУ: 3184710691",
    "вул. Соборна, 24",
    "АА-0001-2020",
    "01107935",
    "6232929.300000001",
    "-3184710691",
    "0653100000",
    "Пн-Пт 08:00-17:00",
    "2024-01-05 10:30:22",
    "UA368999980000026005000000001",
    "Основна школа",
    "https://data.gov.ua/dataset?page=2",
    "3 кв. 2024",
    "маршрути 12 13 14 15 16",
    "2024-01-05 10-30",
    "площа 120 кв. м",
    "вул. П. Орлика, 14",
    "проживає 12 осіб",
    "Kyiv City Council",
    "vul. Tarasa Shevchenka",
    "30.04.2025-15.05.2025",
]


@pytest.mark.parametrize(("kind", "text", "value"), FOUND, ids=[text for _, text, _ in FOUND])
def test_a_value_is_found_where_it_stands(kind: str, text: str, value: str) -> None:
    """Kind and place are right: the place covers the value and nothing else."""
    assert [(hit.kind, text[hit.start : hit.end].strip()) for hit in search(text)] == [(kind, value)]


@pytest.mark.parametrize(("kind", "text"), HURRIED, ids=[text for _, text in HURRIED])
def test_a_value_in_a_hurried_spelling_is_seen_in_its_column(kind: str, text: str) -> None:
    """One such cell among a hundred honest ones, under a header that says nothing."""
    seen = judge(pa.array([*["Ремонт дороги", "Благоустрій парку", "Школа № 5"] * 33, text]), "Примітка")
    assert [one.kind for one in seen] == [kind]


def test_a_code_in_groups_that_passes_by_chance_accuses_no_column_of_such_codes() -> None:
    """One in 27 has the right check digit; a column in which most have it holds people."""
    codes = [f"{number:04d}-{number * 7919 % 1_000_000:06d}" for number in range(2101, 2301)]
    hits = sum(bool(search(code)) for code in codes)
    assert 0 < hits < 40
    assert judge(pa.array(codes), "Інвентарний номер") == ()
    assert [one.kind for one in judge(pa.array(["3184-710-691"] * 9 + codes[:1]), "Примітка")] == ["rnokpp"]


@pytest.mark.parametrize("text", ["М. Коваленко", "Коваленко М.", "Коваленко М І"])
def test_a_surname_with_one_initial_is_masked_in_free_text(text: str) -> None:
    """Too weak to accuse a column: streets and brands look alike."""
    assert [hit.kind for hit in search(f"зателефонувала {text}", least=0.01)] == ["name"]
    assert search(text) == ()


@pytest.mark.parametrize(
    "words",
    [
        "Марія Іван Петро Олена Ольга Сергій Андрій Наталія Ірина Юрій",
        "Коваленко Бойко Шевчук Бондаренко Ткаченко Кравчук Мельник Олійник Савчук Петренко Іваненко",
        "Mariia Ivan Petro Olena Olha Serhii Andrii Natalia Iryna Yurii",
        "Оксана_Коваль Мороз_Іван Гончар_Петро Олена_Кузь Ольга_Гук Сергій_Пух Андрій_Мох Юрій_Сич",
    ],
)
def test_a_full_name_split_over_columns_is_seen(words: str) -> None:
    """No cell is a person, the column is; villages and districts are none."""
    cells = pa.array([word.replace("_", " ") for word in words.split()])
    assert [one.kind for one in judge(cells, "Примітка")] == ["name"]
    places = (
        "Хмельницький Шепетівський Красилів Волочиськ Городок Летичів Деражня Полонне Ізяслав Нетішин Старокостянтинів"
    )
    assert judge(pa.array(places.split()), "Примітка") == ()


@pytest.mark.parametrize("text", ["0671234567,0501234567", "0671234567/0501234567", "067 123 45 67; 050 123 45 67"])
def test_several_phones_in_one_cell_are_all_found(text: str) -> None:
    """Whatever stands between them."""
    assert [hit.kind for hit in search(text)] == ["phone", "phone"]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_only_looks_like_a_person_is_left_alone(text: str) -> None:
    """Schools and streets named after people, codes, amounts, dates of acts and treasury accounts are no hits."""
    assert search(text) == ()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_gate_of_a_kind_lets_through_all_that_its_search_finds(kind: object, data: st.DataObject) -> None:
    """The columnar gate may only be wider than the search: else a column would be cleared by it."""
    known = [canary.text for canary in plant()] + [text for _, text, _ in FOUND] + [text for _, text in HURRIED]
    around = st.sampled_from(["", " ", "; ", "тел.: ", "\u00a0", "(", "№ ", "звернення від "])
    text = data.draw(around) + data.draw(st.sampled_from(known)) + data.draw(around) + data.draw(st.sampled_from(known))
    if any(True for _ in kind.search(text)):
        assert pc.match_substring_regex(pa.array([text]), kind.gate)[0].as_py(), text


@pytest.mark.parametrize("kind", sorted(WRITERS))
def test_every_kind_of_canary_has_a_detector_with_words_in_both_languages(kind: str) -> None:
    """The canaries and the registry agree on the twelve personal kinds."""
    assert BY_NAME[kind].uk
    assert BY_NAME[kind].en


@pytest.mark.parametrize(
    "word",
    ["Іванович", "Івановича", "Петрівною", "ЮРІЇВНІ", "Ілліч", "Лукич", "Яківни", "Степанівно".replace("но", "ну")],
)
def test_patronymics_are_known_in_every_case(word: str) -> None:
    """The form of a patronymic decides, whatever its case."""
    assert is_patronymic(word)


@pytest.mark.parametrize("word", ["основна", "Верховна", "рівний", "дитячий"])
def test_adjectives_are_no_patronymics(word: str) -> None:
    """Words that end alike are told apart."""
    assert not is_patronymic(word)


def test_given_names_are_known_in_every_case_and_spelling_of_the_apostrophe() -> None:
    """Forms are made from the nominatives of the list."""
    assert all(
        is_given_name(word) for word in ("Олена", "Оленою", "ОЛЬЗІ", "Сергієві", "Дар’я", "Дар'ї", "Ігоря", "Миколу")
    )
    assert not is_given_name("Хмельницький")


def test_surnames_are_known_by_their_endings() -> None:
    """Only as support beside a given name."""
    assert all(is_surname_like(word) for word in ("Коваленко", "Шевчука", "Левицької", "Петришин", "Бондарець"))
    assert not is_surname_like("Площа")


def test_names_are_transliterated_by_the_official_table() -> None:
    """Cabinet resolution 55 of 2010: Згурський → Zghurskyi, Юрій → Yurii."""
    assert transliterated("Згурський") == "zghurskyi"
    assert transliterated("Юрій") == "yurii"


def test_the_code_of_a_firm_is_told_from_the_number_of_a_person() -> None:
    """EDRPOU: 8 digits with a check digit, lost zeros allowed; 10 digits are a person."""
    assert is_edrpou("01107935")
    assert is_edrpou("1107935")
    assert is_edrpou("1107935.0")
    assert not is_edrpou("01107936")
    assert not is_edrpou("3184710691")


def test_a_hit_keeps_no_value() -> None:
    """A hit is kind, place and confidence; its repr cannot leak."""
    (hit,) = search("тел. +380671234567")
    assert "671234567" not in repr(hit)


@pytest.mark.parametrize(
    "text",
    [
        "067\u200b1234567",
        "\u202e0671234567\u202c",
        "０６７１２３４５６７",
        "067\u00ad123\u00ad4567",
        "\ufeff+380671234567",
    ],
)
def test_signs_that_do_not_show_hide_nothing(text: str) -> None:
    """Zero-width signs, direction marks, soft hyphens, digits of other scripts: the text is read as it is seen."""
    assert [one.kind for one in judge(pa.array([text, "Школа"]))] == ["phone"]
    assert search(text)[0].kind == "phone"
