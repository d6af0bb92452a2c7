"""Contracts: what is accepted, and how a mistake is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vidkryto.catalogue import find_dataset, load_all, load_dataset
from vidkryto.catalogue.calendar import moments
from vidkryto.catalogue.contract import Schedule
from vidkryto.errors import ContractError
from vidkryto.language import translated

CITY = """\
name: testove
title: Тестова міська рада
translations: {en: {title: Test City Council}}
organization: testove
edrpou: "00000000"
katottg: UA68040470010096613
contact: {name: Відділ, email: data@test.example}
"""
DEPARTMENT = """\
name: transport
title: Управління транспорту
edrpou: "00000000"
contact: {name: Відділ, email: transport@test.example}
"""
CONTRACT = """\
name: stops
title: Зупинки
description: Зупинки міста.
licenses: [{name: CC-BY-4.0, path: "https://creativecommons.org/licenses/by/4.0/"}]
keywords: [зупинки]
resources:
  - name: stops
    path: stops.csv
    schema: {fields: [{name: uid, type: string}, {name: label, type: string}], primaryKey: [uid]}
    source: {folder: exports, pattern: "*.csv"}
publication:
  frequency: monthly
  schedule: {cron: "30 4 1 * *"}
  theme: TRAN
  columns: {uid: open, label: open}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A catalogue of one dataset."""
    folder = tmp_path / "transport" / "stops"
    folder.mkdir(parents=True)
    (tmp_path / "city.yaml").write_text(CITY)
    (tmp_path / "transport" / "department.yaml").write_text(DEPARTMENT)
    (folder / "dataset.yaml").write_text(CONTRACT)
    return tmp_path


def broken(root: Path, old: str, new: str) -> str:
    """The message for the contract with one piece of text replaced."""
    file = root / "transport" / "stops" / "dataset.yaml"
    assert old in CONTRACT
    file.write_text(CONTRACT.replace(old, new))
    with pytest.raises(ContractError) as caught:
        load_dataset(file.parent)
    return str(caught.value)


def test_a_good_contract_loads_with_department_city_schema_and_key(root: Path) -> None:
    """All that stands around a contract comes with it."""
    dataset = find_dataset(root, "stops")
    assert dataset.department.title == "Управління транспорту"
    assert dataset.city.title == "Тестова міська рада"
    assert dataset.key_of == {"stops": ("uid",)}
    assert dataset.contract.publication.schedule is not None
    assert dataset.contract.publication.schedule.timezone == "Europe/Kyiv"


def test_a_misspelt_key_is_named_with_its_line_and_the_near_miss(root: Path) -> None:
    """The officer is led to the line, and told the word that was probably meant."""
    message = broken(root, "frequency: monthly", "frequencu: monthly")
    assert "transport/stops/dataset.yaml:12: unknown key `publication.frequencu`; did you mean `frequency`?" in message


def test_a_misspelt_key_inside_a_resource_is_named_with_its_line(root: Path) -> None:
    """Near misses are found in nested blocks and lists too."""
    message = broken(root, "    source:", "    sourse:")
    assert "dataset.yaml:10: unknown key `resources.0.sourse`; did you mean `source`?" in message


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ('cron: "30 4 1 * *"', 'cron: "30 4 1 * *", timezone: Europe/Kyev', 13, "for Ukraine write Europe/Kyiv"),
        ("theme: TRAN", "theme: TRANS", 14, "publication.theme"),
        ("frequency: monthly", "frequency: often", 12, "publication.frequency"),
        ("path: stops.csv", "path: ../stops.csv", 8, "the published file's name"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(root: Path, old: str, new: str, line: int, text: str) -> None:
    """Zone, codes and file names are checked where they are written."""
    message = broken(root, old, new)
    assert f"dataset.yaml:{line}: " in message
    assert text in message


@pytest.mark.parametrize(
    ("cron", "text"),
    [
        ("30 25 1 * *", "not a cron expression"),
        ("0 30 4 1 * *", "not a cron expression of five fields"),
        ("0 4 * * 5L", "Prefect does not read '0 4 * * 5L'"),
        ("0 4 LW * *", "Prefect does not read"),
        ("0 4 */2 * 1", "Prefect reads other days in '0 4 */2 * 1'"),
        ("0 4 1 * */2", "Prefect reads other days"),
        ("0 4 1 * 5#1", "Prefect reads other days"),
        ("0 4 * * 4-4", "name the days one by one"),
        ("0 4 * * 6/1", "name the days one by one"),
    ],
)
def test_a_cron_that_is_none_or_means_other_days_to_prefect_is_refused(root: Path, cron: str, text: str) -> None:
    """The message names the line, and what is wrong with it."""
    message = broken(root, "30 4 1 * *", cron)
    assert "dataset.yaml:13: " in message
    assert text in message


@pytest.mark.parametrize("cron", ["0 4 L * *", "0 4 * * 5#2", "0 4 */2 * *", "0 4 1,15 * 1", "5/20 6-22 * * MON-FRI"])
def test_a_cron_that_is_accepted_means_the_same_days_to_prefect(cron: str) -> None:
    """Two programs read it: the calendar counts what is missed, Prefect starts the runs."""
    prefects = pytest.importorskip("prefect._vendor.croniter").croniter(cron, datetime(2026, 11, 26))
    ours = moments(Schedule(cron=cron, timezone="UTC"), datetime(2026, 11, 26, tzinfo=UTC))
    assert [next(ours).replace(tzinfo=None) for _ in range(50)] == [prefects.get_next(datetime) for _ in range(50)]


def test_a_schedule_that_moves_may_be_any_cron() -> None:
    """Prefect asks each day then, and the calendar alone decides."""
    assert Schedule(cron="0 4 LW * *", holidays="next-working-day").cron == "0 4 LW * *"


@pytest.mark.parametrize("draft", ["НАЗВА НАБОРУ", "ОПИС НАБОРУ", "КЛЮЧОВЕ СЛОВО"])
def test_a_word_of_the_draft_is_no_contract(root: Path, draft: str) -> None:
    """Nobody publishes a dataset that is called "title of the dataset"."""
    line = {"НАЗВА НАБОРУ": "title: Зупинки\n", "ОПИС НАБОРУ": "description: ", "КЛЮЧОВЕ СЛОВО": "keywords: ["}[draft]
    message = broken(
        root, line, f"title: {draft}\n" if "title" in line else f"{line}{draft}{', ' if '[' in line else ' #'}"
    )
    assert f"still the word of the draft: {draft}" in message
    assert "dataset.yaml:" in message


def test_all_problems_of_a_contract_are_told_at_once(root: Path) -> None:
    """An officer mends a contract in one go."""
    message = broken(root, "  frequency: monthly\n", "  frequencu: monthly\n  themee: x\n")
    assert message.count("dataset.yaml:") == 3


def test_each_problem_is_told_in_ukrainian_with_its_line(root: Path) -> None:
    """The line and the key stay, the words are those of the officer."""
    file = root / "transport" / "stops" / "dataset.yaml"
    file.write_text(
        CONTRACT.replace("  frequency: monthly\n", "  frequencyy: monthly\n").replace("title: ", "title: [] #", 1)
    )
    with pytest.raises(ContractError) as raised:
        load_dataset(file.parent)
    told = raised.value.told("uk")
    assert "помилок 3:" in told
    assert "невідомий ключ `publication.frequencyy`; можливо, `frequency`?" in told
    assert "`publication.frequency`: цей ключ обов’язковий" in told
    assert "`title`: тут має бути текст" in told


def test_a_key_that_stands_twice_is_refused(root: Path) -> None:
    """YAML would keep the second and drop the first without a word."""
    assert "'title' stands twice" in broken(root, "title: Зупинки\n", "title: Зупинки\ntitle: Інша\n")


def test_an_unknown_dataset_names_near_misses(root: Path) -> None:
    """A typing slip on the command line is answered with the right name."""
    with pytest.raises(ContractError, match="did you mean `stops`"):
        find_dataset(root, "stop")


def test_one_broken_contract_stops_no_other(root: Path) -> None:
    """The good ones load; the broken one is an error in the list."""
    other = root / "transport" / "routes"
    other.mkdir()
    (other / "dataset.yaml").write_text("name: [")
    datasets, errors = load_all(root)
    assert [dataset.name for dataset in datasets] == ["stops"]
    assert "transport/routes/dataset.yaml is not YAML" in str(errors[0])


def test_a_restricted_dataset_needs_a_legal_basis_and_a_review_date(root: Path) -> None:
    """Closing data is a decision with a reason and an end."""
    assert "needs legal_basis" in broken(root, "theme: TRAN", "theme: TRAN\n  access: withheld")


def test_the_rules_hash_changes_with_every_rule(root: Path) -> None:
    """Contract, schema, expectations and corrections are what was applied; the ledger names their hash."""
    folder = root / "transport" / "stops"
    before = load_dataset(folder).sha256
    (folder / "expectations.yaml").write_text("expectations: []\n")
    after = load_dataset(folder).sha256
    (folder / "dataset.yaml").write_text(CONTRACT.replace("label, type: string", "label, type: string, title: Назва"))
    assert len({before, after, load_dataset(folder).sha256}) == 3


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("ДД.ММ.ГГГГ", "names one part twice; the year is рррр or рр"),
        ("дд.мм.мм", "names one part twice"),
        ("%d.%m.%Y", "put it together from рррр or рр"),
        ("%Y-%m", "put it together"),
        ("дд місяця рррр", "put it together"),
        ("дд.мм", "put it together"),
        ("рррр-дд", "put it together"),
        ("гг:хх", "put it together"),
        ("рррр-мм гг:хх", "put it together"),
        ("дата", "put it together"),
    ],
)
def test_a_spelling_that_names_no_date_is_refused(root: Path, spelling: str, text: str) -> None:
    """In the contract, with its line: not by a crash of the night's run, and not by changing no cell."""
    reading = f'    reading: {{fields: {{label: {{dates: ["{spelling}"]}}}}}}\n'
    message = broken(root, "publication:\n", f"{reading}publication:\n")
    assert "dataset.yaml:11:" in message
    assert f"not a spelling of a date: '{spelling}'" in message
    assert text in message
    assert "це не написання дати" in translated(message, "uk")


def test_the_rules_hash_changes_with_a_reference_table(root: Path) -> None:
    """What a transformation joins is a rule too: its bytes and its name count; it has to be UTF-8."""
    folder = root / "transport" / "stops"
    table = folder / "references" / "katottg.csv"
    found = [load_dataset(folder).sha256]
    table.parent.mkdir()
    for text in ("code,name\nUA1,Хмельницький\n", "code,name\nUA1,Проскурів\n"):
        table.write_text(text, encoding="utf-8")
        found.append(load_dataset(folder).sha256)
    table.rename(table.with_name("streets.csv"))
    assert len({*found, load_dataset(folder).sha256}) == 4
    table.write_text("code,name\nUA1,Хмельницький\n", encoding="cp1251")
    with pytest.raises(ContractError, match=r"stops/references/katottg\.csv is not in UTF-8"):
        load_dataset(folder)
