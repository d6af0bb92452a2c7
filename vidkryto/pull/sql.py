"""The answer to one query, streamed into a CSV file; the database is asked to allow reading only."""

from __future__ import annotations

import csv
import datetime
import json
import re
import time
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from vidkryto import clock
from vidkryto.catalogue.source import SqlSource
from vidkryto.errors import SourceError
from vidkryto.pull.fetched import Fetched
from vidkryto.pull.redaction import redacted, secret

BATCH = 5_000


def fetch_sql(source: SqlSource, resource: str, environment: Mapping[str, str], work: Path) -> list[Fetched]:
    """The rows of the query as CSV: UTF-8, comma, NULL as an empty cell, numbers with all their digits.

    An answer is as new as the question: where it says the same as before, the export has come all the same.

    Raises SourceError when the database cannot be reached, refuses the query, or when a limit is passed.
    """
    address = _address(secret(environment, source.database_from, "the database"))
    target = work / "answer.csv"
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.pool.NullPool)
    secrets = (str(address.password or ""), str(address.host or ""), address.render_as_string(hide_password=False))
    try:
        with engine.connect() as connection:
            _read_only(connection, engine, source.timeout)
            _write(connection, source, target)
    except SQLAlchemyError as error:
        raise SourceError(
            f"the query failed: {redacted(_words(error, source.sql), *secrets)}",
            remedy="Try the query in the database's own program; check the variable with the address.",
        ) from None
    finally:
        engine.dispose()
    digest = re.sub(r"\s+", " ", source.sql.strip())[:80]
    origin = f"sql:{address.get_backend_name()}: {digest}"
    return [Fetched(f"{resource}.csv", target, origin, modified=clock.now().isoformat(timespec="seconds"))]


ABOUT_QUERY = frozenset({"ProgrammingError", "OperationalError", "NotSupportedError", "InterfaceError"})
"""Errors of a driver (PEP 249) about the query or the connection; the words of any other may quote a cell."""
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|«[^»]*»|“[^”]*”")


def _words(error: SQLAlchemyError, sql: str) -> str:
    """The error's kind, and the driver's first line where it is about the query: quoted is only what the query says."""
    cause = getattr(error, "orig", None) or error
    kind = type(cause).__name__
    if cause is not error and ABOUT_QUERY.isdisjoint(base.__name__ for base in type(cause).__mro__):
        return kind
    line = next(iter(str(cause).strip().splitlines()), "")
    return f"{kind}: {QUOTED.sub(lambda quote: quote[0] if quote[0][1:-1] in sql else '…', line)}"


def _address(text: str) -> URL:
    try:
        address = make_url(text)
        address.get_dialect()
    except (ArgumentError, NoSuchModuleError, ImportError):
        raise SourceError(
            "the address of the database cannot be used",
            remedy="Write it as postgresql+psycopg://user:password@host/name or sqlite:////path/to/file.",
        ) from None
    if address.drivername == "postgresql":
        return address.set(drivername="postgresql+psycopg")
    return address


def _read_only(connection: Connection, engine: Engine, timeout: float) -> None:
    """Ask the database itself to refuse writing: a contract may hold any SQL text."""
    if engine.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout * 1000)}")
    elif engine.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")


def _write(connection: Connection, source: SqlSource, target: Path) -> None:
    deadline = time.monotonic() + source.timeout
    streamed = connection.execution_options(stream_results=True, yield_per=BATCH)
    answer = streamed.execute(sqlalchemy.text(source.sql))
    if not answer.returns_rows:
        raise SourceError("the query returns no rows", remedy="Write one SELECT into `sql`.")
    count = 0
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(answer.keys())
        for batch in answer.partitions():
            writer.writerows(map(_cells, batch))
            count += len(batch)
            _limits(source, count, stream.tell(), deadline)


def _limits(source: SqlSource, rows: int, size: int, deadline: float) -> None:
    if rows > source.max_rows or size > source.max_megabytes * (1 << 20):
        raise SourceError(
            f"the answer has more than {source.max_rows} rows or {source.max_megabytes:g} MB",
            remedy="Raise the limits in the block source, if so much is right.",
        )
    if time.monotonic() > deadline:
        raise SourceError(
            f"the query took longer than {source.timeout:g} seconds",
            remedy="Raise timeout in the block source, or make the query lighter.",
        )


def _cells(row: Iterable[Any]) -> list[str | None]:
    return [_cell(value) for value in row]


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f") if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
