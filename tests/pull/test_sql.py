"""Answers of real databases: SQLite, and PostgreSQL from the local portal's binaries."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from tests.support.postgres import USER, WORD, binaries, serving
from vidkryto.clock import told_by
from vidkryto.errors import SourceError
from vidkryto.pull.sql import _words

Puller = Callable[..., Any]


def _source(sql: str, **more: Any) -> dict[str, Any]:
    return {"sql": sql, "database_from": "CITY_DB", **more}


@pytest.fixture
def sqlite(tmp_path: Path) -> dict[str, str]:
    """The variable with the address of a small database."""
    file = tmp_path / "city.db"
    with sqlite3.connect(file) as connection:
        connection.execute("create table stops (uid text, label text, price numeric, note blob)")
        rows = [("1", "Ринок", 2.7, None), ("2", 'Площа "Перемоги"', 10, b"\x00\xff"), ("3", None, 1e-7, None)]
        connection.executemany("insert into stops values (?, ?, ?, ?)", rows)
    connection.close()
    return {"CITY_DB": f"sqlite:///{file}"}


def test_the_rows_of_a_query_become_csv(sqlite: dict[str, str], puller: Puller) -> None:
    """UTF-8, NULL is empty, numbers with all their digits and without an exponent."""
    (snapshot,) = puller(_source("select * from stops order by uid"), environment=sqlite)
    assert snapshot.path.read_text(encoding="utf-8") == (
        'uid,label,price,note\n1,Ринок,2.7,\n2,"Площа ""Перемоги""",10,00ff\n3,,0.0000001,\n'
    )
    assert snapshot.file == "stops.csv"


def test_the_same_rows_give_the_same_bytes(sqlite: dict[str, str], puller: Puller) -> None:
    """So that an unchanged database is seen as unchanged."""
    first, second = (puller(_source("select * from stops order by uid"), environment=sqlite)[0] for _ in range(2))
    assert first.sha256 == second.sha256


def test_the_same_answer_on_another_day_is_an_export_that_came(sqlite: dict[str, str], puller: Puller) -> None:
    """An answer is as new as the question, so a database in which nothing changed is not late."""
    day = datetime(2026, 11, 5, 3, tzinfo=UTC)
    with told_by(lambda: day):
        (snapshot,) = puller(_source("select * from stops order by uid"), environment=sqlite)
    first_seen = replace(snapshot, pulled_at=day - timedelta(days=30))
    assert first_seen.handed_over(day) == day


@pytest.mark.parametrize(
    "sql", ["delete from stops", "insert into stops values ('4', 'x', 1, null) returning uid", "drop table stops"]
)
def test_a_contract_cannot_write_into_the_database(sql: str, sqlite: dict[str, str], puller: Puller) -> None:
    """The database itself refuses."""
    with pytest.raises(SourceError, match="readonly"):
        puller(_source(sql), environment=sqlite)


def test_a_wrong_query_is_told_in_one_sentence(sqlite: dict[str, str], puller: Puller) -> None:
    """With the database's own words."""
    with pytest.raises(SourceError, match="no such table: routes"):
        puller(_source("select * from routes"), environment=sqlite)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (sqlite3.DataError("invalid input syntax for type integer: \"Коваленко\"\nLINE 1"), "DataError"),
        (sqlite3.InternalError("raised by a function: F20.0"), "InternalError"),
        (sqlite3.OperationalError("Conversion failed when converting the varchar value 'F20.0' to data type int."),
         "OperationalError: Conversion failed when converting the varchar value … to data type int."),
        (sqlite3.ProgrammingError('relation "routes" does not exist'),
         'ProgrammingError: relation "routes" does not exist'),
    ],
)  # fmt: skip
def test_the_words_of_a_driver_that_may_quote_a_cell_are_not_told(error: Exception, told: str) -> None:
    """Its kind is; and what stands in quotes only where the query itself says it."""
    assert _words(DBAPIError("select * from routes", None, error), "select * from routes") == told


def test_a_query_with_too_many_rows_is_stopped(sqlite: dict[str, str], puller: Puller) -> None:
    """By the limit of the contract."""
    with pytest.raises(SourceError, match="more than 2 rows"):
        puller(_source("select * from stops", max_rows=2), environment=sqlite)


def test_an_address_that_cannot_be_used_is_not_repeated(puller: Puller) -> None:
    """It may hold a password."""
    with pytest.raises(SourceError) as caught:
        puller(_source("select 1"), environment={"CITY_DB": "nonsense:secret@host"})
    assert "secret" not in str(caught.value)


# --- PostgreSQL


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variable with the address of a PostgreSQL server started for these tests."""
    place = binaries()
    if place is None:
        pytest.skip(
            "left out: no PostgreSQL here; start the local portal once, or set VIDKRYTO_TEST_POSTGRES to its bin folder"
        )
    with serving(place, tmp_path_factory.mktemp("pg")) as server:
        yield {"CITY_DB": f"postgresql://{USER}:{WORD}@127.0.0.1:{server.port}/postgres"}


def test_postgresql_answers_with_exact_numbers_and_iso_dates(postgres: dict[str, str], puller: Puller) -> None:
    """numeric, double, date, timestamp with zone, boolean, json, array, NULL."""
    sql = (
        "select 1 as n, 12345678901234567890.10::numeric as exact, 2.7::float8 as f, date '2024-05-01' as d, "
        "timestamptz '2024-05-01 10:00:00+00' at time zone 'UTC' as t, true as b, '{\"ї\": 1}'::jsonb as j, "
        "array[1,2] as a, null::text as nothing"
    )
    (snapshot,) = puller(_source(sql), environment=postgres)
    assert snapshot.path.read_text(encoding="utf-8") == (
        "n,exact,f,d,t,b,j,a,nothing\n"
        '1,12345678901234567890.10,2.7,2024-05-01,2024-05-01T10:00:00,true,"{""ї"": 1}","[1, 2]",\n'
    )


def test_postgresql_streams_a_large_answer(postgres: dict[str, str], puller: Puller) -> None:
    """Two hundred thousand rows, in order."""
    sql = "select g as uid, 'Зупинка ' || g as label from generate_series(1, 200000) g order by g"
    (snapshot,) = puller(_source(sql), environment=postgres)
    lines = snapshot.path.read_text(encoding="utf-8").splitlines()
    assert (len(lines), lines[-1]) == (200_001, "200000,Зупинка 200000")


def test_postgresql_is_asked_to_refuse_writing(postgres: dict[str, str], puller: Puller) -> None:
    """The transaction is read-only, and a command that writes is no query."""
    (snapshot,) = puller(_source("select current_setting('transaction_read_only') as r"), environment=postgres)
    assert snapshot.path.read_text(encoding="utf-8") == "r\non\n"
    with pytest.raises(SourceError, match="the query failed"):
        puller(_source("create table x (a int)"), environment=postgres)


def test_postgresql_stops_a_query_that_takes_too_long(postgres: dict[str, str], puller: Puller) -> None:
    """By the database's own timeout."""
    with pytest.raises(SourceError, match="statement timeout"):
        puller(_source("select pg_sleep(30)", timeout=0.5), environment=postgres)


def test_a_database_that_is_not_there_is_told_without_its_password(puller: Puller) -> None:
    """Neither password nor host stand in the message."""
    with pytest.raises(SourceError) as caught:
        puller(_source("select 1"), environment={"CITY_DB": "postgresql://city:hidden-word@127.0.0.1:9/none"})
    assert "hidden-word" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
