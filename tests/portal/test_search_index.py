"""The search stand-in by itself: what is found, in which order, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vidkryto_portal.search.answer import Answer
from vidkryto_portal.search.errors import BadRequestError
from vidkryto_portal.search.index import Index
from vidkryto_portal.search.language import parse
from vidkryto_portal.search.matching import dismax, least
from vidkryto_portal.search.values import date_term

DISMAX = {"defType": ["dismax"], "qf": ["name^4 title^4 tags^2 groups^2 text"], "mm": ["2<-1 5<80%"], "tie": ["0.1"]}
AND = {"df": ["text"], "q.op": ["AND"]}


def doc(name: str, **fields: Any) -> dict[str, Any]:
    """A document as CKAN sends it, as far as these tests look."""
    return {"index_id": name, "id": name, "name": name, "metadata_modified": "2026-01-01T00:00:00Z", **fields}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """An empty index."""
    index = Index(tmp_path / "index.sqlite")
    yield index
    index.close()


def names(answer: Answer) -> list[str]:
    """The names of what was found, in order."""
    return [str(document["name"]) for document in answer.documents]


@pytest.fixture
def plain(index: Index) -> Callable[[str], list[str]]:
    """Search as a reader does in the portal's search box."""
    return lambda query: names(index.search({"q": [query], "fl": ["name"], **DISMAX, **AND}))


@pytest.fixture
def precise(index: Index) -> Callable[[str], list[str]]:
    """Search in the query language, as CKAN does for a query with a colon."""
    return lambda query: names(index.search({"q": [query], "fl": ["name"], **AND}))


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Зупинки громадського транспорту", "зупинки"),
        ("Зупинки громадського транспорту", "ЗУПИНКИ"),
        ("Зупинки громадського транспорту", "зупинка"),
        ("Зупинки громадського транспорту", "зупинок транспорт"),
        ("Ринки та ярмарки", "ринок"),
        ("Об'єкти права комунальної власності", "об’єкти"),
        ("Обʼєкти права комунальної власності", "об'єкт"),
        ("Об’єкти права комунальної власності", "обʼєктів"),
        ("Пам`ятки архітектури", "пам'ятка"),
        ("Районні поліклініки", "раи\u0306онні"),
        ("Раи\u0306онні поліклініки", "районний"),
        ("Їдальні закладів освіти", "їдальня"),
        ("Їдальні закладів освіти", "ЇДАЛЬНІ"),
        ("Ґанок будинку", "ґанок"),
        ("Бюджет на 2026 рік (помісячно)", "2026"),
        ("Вид. № 12/3-а", "12/3-а"),
        ("City budget", "budgets"),
        ("Budgets of the city", "BUDGET"),
        ("Café Élysée", "cafe elysee"),
        ("Wi-Fi точки доступу", "wi-fi"),
    ],
)
def test_a_readers_spelling_finds_the_writers(
    index: Index, plain: Callable[..., list[str]], title: str, query: str
) -> None:
    """Case, form of the word, sign of the apostrophe and encoding of й and ї make no difference."""
    index.add([doc("wanted", title=title), doc("other", title="Щось зовсім інше")])
    assert plain(query) == ["wanted"]


@pytest.mark.parametrize(
    ("title", "query"), [("Йод", "иод"), ("Їжа", "іжа"), ("Ґрати", "грати"), ("Стан справ", "станція")]
)
def test_other_letters_and_other_words_are_not_mixed_up(
    index: Index, plain: Callable[..., list[str]], title: str, query: str
) -> None:
    """й is not и, ї is not і, ґ is not г; a stem does not swallow another word."""
    index.add([doc("other", title=title)])
    assert plain(query) == []


def test_a_title_counts_more_than_a_description(index: Index, plain: Callable[..., list[str]]) -> None:
    """The weights of CKAN (name^4 title^4 tags^2) decide the order."""
    index.add([doc("described", title="Щось", notes="тут є зупинки"), doc("titled", title="Зупинки")])
    assert plain("зупинки") == ["titled", "described"]


def test_all_words_must_be_found_unless_one_of_many_is_missing(index: Index, plain: Callable[..., list[str]]) -> None:
    """CKAN's mm is "2<-1 5<80%": up to two words all, up to five all but one."""
    index.add([doc("stops", title="зупинки міста транспорт")])
    assert plain("зупинки бюджет") == []
    assert plain("зупинки міста бюджет") == ["stops"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("*:*", ["budget", "schools", "stops"]),
        ("name:stops", ["stops"]),
        ("name:(stops OR schools)", ["schools", "stops"]),
        ('title:"громадського транспорту"', ["stops"]),
        ('title:"транспорту громадського"', []),
        ('title:"зупинки транспорту"~1', ["stops"]),
        ("tags:транспорт AND -name:stops", []),
        ("+tags:фінанси -name:stops", ["budget"]),
        ("title:зупинки || title:школи", ["schools", "stops"]),
        ("NOT name:stops", ["budget", "schools"]),
        ("title:бюдж*", ["budget"]),
        ("title:б?джет", ["budget"]),
        ("title:зупинки*", ["stops"]),
        ("title:бюджт~1", ["budget"]),
        ("tags:*", ["budget", "stops"]),
        ("metadata_modified:[2026-01-01T00:00:00Z TO 2026-06-30T23:59:59Z]", ["schools"]),
        ("metadata_modified:{2026-01-01T00:00:00Z TO *]", ["budget", "stops"]),
        ("metadata_modified:[* TO NOW]", ["budget", "schools", "stops"]),
        ("metadata_modified:[NOW/DAY-1DAY TO NOW+1DAY]", []),
        ("views_total:[2 TO 10]", ["stops"]),
        ("name:[b TO c]", ["budget"]),
        ("name:sto\\ps", ["stops"]),
        ("title:(зупинки -транспорту)", []),
        ("зупинки^3 OR школи", ["schools", "stops"]),
        ("{!bool must=зупинки must_not=name:schools}", ["stops"]),
        ("{!type=bool should=name:stops should=name:budget}", ["budget", "stops"]),
        ("{!lucene q.op=OR}школи зупинки", ["schools", "stops"]),
        ("{!must=школи type=bool}", ["schools"]),
        ("{!term f=tags}транспорт", ["stops"]),
        ("{!prefix f=name}st", ["stops"]),
    ],
)
def test_the_query_language(index: Index, precise: Callable[..., list[str]], query: str, found: list[str]) -> None:
    """Fields, phrases, signs, operators, ranges, wildcards and near words mean what they mean in Solr."""
    index.add(
        [
            doc("stops", title="Зупинки громадського транспорту", tags=["транспорт"], views_total=9,
                metadata_modified="2026-07-01T10:00:00.5Z"),
            doc("schools", title="Школи міста", views_total=11),
            doc("budget", title="Бюджет громади", tags=["фінанси"], metadata_modified="2026-08-01T00:00:00Z"),
        ]
    )  # fmt: skip
    assert sorted(precise(query)) == found


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("title:(a", "missing )"),
        ("a)", "unexpected"),
        ('"a', "unexpected"),
        ("title:", "unexpected"),
        ("AND a", "unexpected"),
        ("a AND", "unexpected"),
        ("[a TO", "unexpected"),
        ("metadata_modified:yesterday", "Invalid Date String"),
        ("metadata_modified:[NOW-1FORTNIGHT TO *]", "Invalid Date Math"),
        ("metadata_modified:[NOW+999999999YEARS TO *]", "out of range"),
        ("views_total:many", "Invalid Number"),
        ("_query_:a", "magic fields"),
        ("/a+/", "regular expressions"),
        ("{!frange l=1}a", "not supported"),
        ("{!term}a", "wants a field"),
        ("{!term f=$x}a", "by reference"),
        ("{!term f=", "local parameters"),
        ("title:" + "a*" * 11, "wildcards"),
        ("(" * 50 + "a" + ")" * 50, "deeper"),
        (" OR ".join(["a"] * 1100), "too many"),
        ("a" * 200_000, "longer"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_with_a_reason(index: Index, query: str, reason: str) -> None:
    """An unreadable query is an error of the reader's request, never an empty answer or a crash."""
    index.add([doc("a", title="a")])
    with pytest.raises(BadRequestError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        index.search({"q": [query], **AND})


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"sort": ["name"]}, "Sort Order"),
        ({"sort": ["tags asc"]}, "multivalued"),
        ({"start": ["-1"]}, "negative"),
        ({"rows": ["x"]}, "input string"),
        ({"defType": ["func"]}, "Unknown query parser"),
        ({"bf": ["log(x)"]}, "not supported"),
        ({"defType": ["dismax"], "q": ["a"], "mm": ["lots"]}, "mm"),
        ({"defType": ["dismax"], "q": ["a"], "qf": ["name^x"]}, "qf"),
        ({"defType": ["dismax"], "q": ["--a"]}, "two signs"),
    ],
)
def test_an_option_that_cannot_be_read_is_refused(index: Index, parameters: dict[str, list[str]], reason: str) -> None:
    """Options outside what CKAN uses are refused, not quietly ignored."""
    with pytest.raises(BadRequestError, match=reason):
        index.search({"q": ["*:*"], **parameters})


def test_sorting_paging_and_equal_documents(index: Index) -> None:
    """Strings sort by letters with missing ones last, dates by time; pages do not overlap; ties keep their order."""
    index.add(
        [doc("c", title_string="Б"), doc("a", title_string="А", metadata_modified="2026-02-01T00:00:00Z"), doc("b")]
    )
    assert names(index.search({"q": ["*:*"], "sort": ["title_string asc"]})) == ["a", "c", "b"]
    assert names(index.search({"q": ["*:*"], "sort": ["title_string desc"]})) == ["c", "a", "b"]
    assert names(index.search({"q": ["*:*"], "sort": ["metadata_modified desc, name desc"]})) == ["a", "c", "b"]
    pages = [
        names(index.search({"q": ["*:*"], "sort": ["name asc"], "rows": ["2"], "start": [s]})) for s in ("0", "2", "4")
    ]
    assert pages == [["a", "b"], ["c"], []]
    assert index.search({"q": ["*:*"], "rows": ["0"]}).found == 3


def test_facets_count_what_was_found(index: Index) -> None:
    """Most frequent first, then by value; limit and smallest count are kept; filters apply."""
    index.add([doc("1", tags=["x", "я"]), doc("2", tags=["x"]), doc("3", tags=["y"], res_format=["CSV", "CSV"])])
    facets = index.search(
        {"q": ["*:*"], "facet": ["true"], "facet.field": ["tags", "res_format"], "facet.mincount": ["1"]}
    )
    assert facets.facets == {"tags": ["x", 2, "y", 1, "я", 1], "res_format": ["CSV", 1]}
    narrowed = {
        "q": ["*:*"],
        "fq": ["+tags:x", "-name:1"],
        "facet": ["true"],
        "facet.field": ["tags"],
        "facet.limit": ["1"],
    }
    assert index.search(narrowed).facets == {"tags": ["x", 1]}


def test_dates_come_back_as_solr_writes_them(index: Index) -> None:
    """CKAN turns them into datetime by their form; an offset is brought to UTC, fractions to milliseconds."""
    index.add(
        [
            doc(
                "a",
                metadata_created="2026-03-01T01:30:00.123456Z",
                extras_x="1",
                issued_date="2026-03-01T02:00:00+02:00",
            )
        ]
    )
    shown = index.search({"q": ["*:*"]}).documents[0]
    assert shown["metadata_created"] == "2026-03-01T01:30:00.123Z"
    assert shown["issued_date"] == "2026-03-01T00:00:00Z"
    assert shown["metadata_modified"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("2024-01-31T00:00:00Z+1MONTH", "2024-02-29T00:00:00.000Z"),
        ("2026-05-17T13:45:10.5Z/DAY", "2026-05-17T00:00:00.000Z"),
        ("2026-05-17T13:45:10Z/YEAR+6MONTHS/MONTH", "2026-07-01T00:00:00.000Z"),
        ("2026-05-17T13:45:10Z-2HOURS", "2026-05-17T11:45:10.000Z"),
    ],
)
def test_date_arithmetic(text: str, term: str) -> None:
    """Solr's date math: steps by the calendar, rounding down."""
    assert date_term(text) == term


@pytest.mark.parametrize(
    ("rule", "counts"),
    [
        ("2<-1 5<80%", [1, 2, 2, 3, 4, 4]),
        ("3", [1, 2, 3, 3, 3, 3]),
        ("-1", [0, 1, 2, 3, 4, 5]),
        ("75%", [0, 1, 2, 3, 3, 4]),
    ],
)
def test_how_many_words_must_be_found(rule: str, counts: list[int]) -> None:
    """Solr's mm, for one to six words."""
    assert [least(rule, number) for number in range(1, 7)] == counts


def test_documents_replace_and_vanish(index: Index, precise: Callable[..., list[str]]) -> None:
    """A document with the same key takes the place of the old one with all its words; a deletion leaves nothing."""
    index.add([doc("a", title="Старе слово")])
    index.add([doc("a", title="Нове слово")])
    assert (precise("title:старе"), precise("title:нове"), precise("title:слово")) == ([], ["a"], ["a"])
    index.delete(query='+(id:"a" OR name:"a") AND +name:"a"')
    assert precise("*:*") == []


def test_one_bad_document_adds_none_of_its_batch(index: Index, precise: Callable[..., list[str]]) -> None:
    """What Solr would refuse is refused here too, and nothing of the request stays."""
    for bad, reason in (
        (doc("b", views_total="many"), "Number"),
        (doc("b", title=["a", "b"]), "multiple values"),
        (doc("b", extra={"nested": 1}), "nested"),
        (doc("b", extra="x" * 40_000), "immense"),
        ({"id": "b"}, "mandatory"),
    ):
        with pytest.raises(BadRequestError, match=reason):
            index.add([doc("a"), bad])
    assert precise("*:*") == []


def test_a_second_reader_of_the_file_sees_changes(
    index: Index, tmp_path: Path, precise: Callable[..., list[str]]
) -> None:
    """A snapshot is put back by another process; the server notices at its next request."""
    index.add([doc("a")])
    other = Index(tmp_path / "index.sqlite")
    other.save(tmp_path / "kept.sqlite")
    index.add([doc("b")])
    assert precise("*:*") == ["a", "b"]
    other.load(tmp_path / "kept.sqlite")
    assert precise("*:*") == ["a"]
    other.clear()
    assert precise("*:*") == []
    other.close()


def test_many_writers_at_once_lose_nothing(index: Index) -> None:
    """Eight threads write and search at the same time; every document is there, and once."""

    def write(number: int) -> None:
        for step in range(20):
            index.add([doc(f"{number}-{step}", title=f"Документ {number}")])
            index.search({"q": ["документ"]})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert index.search({"q": ["*:*"], "rows": ["0"]}).found == 160


def test_a_hostile_pattern_takes_no_time(index: Index, precise: Callable[..., list[str]]) -> None:
    """Ten stars over a long value end at once; a backtracking matcher would take years."""
    index.add([doc("a" * 5000)])
    assert precise("name:" + "a*" * 10 + "b") == []


TEXTS = st.text(alphabet=st.sampled_from('абв ab:"()[]{}*?~^+-&|!\\/ANDORTO0129.TZ\n'), max_size=40)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No query, however broken, ends in anything but a tree or a refusal."""
    for read in (parse, dismax):
        try:
            node = read(text)
        except BadRequestError:
            continue
        assert node is not None
