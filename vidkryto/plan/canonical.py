"""Canonical cell texts: one spelling for each value, so that a CSV and a portal's dump can be compared as text.

A row's line is the concatenation of `<length in bytes>:<text>` for each cell in the order of the columns,
`-` for a missing value. A table's hash is the sha256 of the sorted sha256 (hexadecimal) of all its lines,
joined by nothing: it depends on the rows alone, not on their order, and twenty lines of any language
recompute it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from vidkryto.plan.columns import Column, Form

LARGEST_EXPONENT = 1000


def plain_number(text: str | None) -> str | None:
    """A number as PostgreSQL's numeric prints it: no exponent, scale kept. None when it is not a number."""
    if text is None:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if number.is_nan():
        return "NaN"
    if number.is_infinite():
        return "Infinity" if number > 0 else "-Infinity"
    if abs(number.adjusted()) > LARGEST_EXPONENT:
        return None
    plain = format(number, "f")
    return plain.removeprefix("-") if not number else plain


def plain_json(text: str | None) -> str | None:
    """JSON as jsonb keeps it (keys sorted, the last of equal keys, numbers exact). None when it is not JSON."""
    if text is None:
        return None
    try:
        return _compact(json.loads(text, parse_float=Decimal, parse_constant=_refused))
    except (ValueError, RecursionError):
        return None


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _compact(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}:{_compact(value[key])}" for key in sorted(value))
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    if isinstance(value, Decimal):
        return plain_number(str(value)) or "null"
    return json.dumps(value, ensure_ascii=False)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def canonical_sql(column: Column, cell: str) -> str:
    """The canonical text of `cell` (an SQL expression of text) in DuckDB; null for a value that is not one."""
    text = f"nullif({cell}, '')" if column.empty_is_null else cell
    return FORMS[column.form].replace("{c}", text)


PLAIN_INTEGER = "regexp_full_match({c}, '0|-?[1-9][0-9]*')"
PLAIN_NUMBER = r"regexp_full_match({c}, '(0|-?[1-9][0-9]*|-?[1-9][0-9]*\.[0-9]+|0\.[0-9]+|-0\.[0-9]*[1-9][0-9]*)')"
MOMENT = "make_timestamp(epoch_us(try_cast({c} as timestamptz)))"

FORMS: Mapping[Form, str] = {
    "text": "{c}",
    "integer": (
        f"case when {PLAIN_INTEGER} then {{c}} "
        "when regexp_full_match({c}, '[+-]?[0-9]+') then cast(try_cast({c} as hugeint) as varchar) end"
    ),
    "number": f"case when {PLAIN_NUMBER} then {{c}} else plain_number({{c}}) end",
    "boolean": (
        "case when lower({c}) in ('true', 't', '1', 'yes') then 'true' "
        "when lower({c}) in ('false', 'f', '0', 'no') then 'false' end"
    ),
    "date": (
        r"case when regexp_full_match({c}, '[0-9]{4}-[0-9]{2}-[0-9]{2}') and {c} >= '0001' "
        "and try_cast({c} as date) is not null then {c} end"
    ),
    "datetime": (
        f"strftime({MOMENT}, '%Y-%m-%dT%H:%M:%S') || "
        f"case when epoch_us({MOMENT}) % 1000000 = 0 then '' else '.' || strftime({MOMENT}, '%f') end || 'Z'"
    ),
    "time": "cast(try_cast({c} as time) as varchar)",
    "json": "plain_json({c})",
}
"""For each form the SQL of its canonical text. A moment without an offset is UTC, as Table Schema says."""


def line_sql(columns: tuple[Column, ...]) -> str:
    """The line of a row, in DuckDB."""
    cells = (f"coalesce(strlen({quoted(column.name)}) || ':' || {quoted(column.name)}, '-')" for column in columns)
    return " || ".join(cells)


def object_sql(columns: tuple[Column, ...], *, numbered: bool) -> str:
    """The row as a JSON object, in DuckDB, from canonical cells; with the portal's `_id` where `numbered`."""
    cells = ["""'"_id":' || _id"""] if numbered else []
    for column in columns:
        name, cell = json.dumps(column.name, ensure_ascii=False).replace("'", "''"), quoted(column.name)
        text = cell if column.form == "json" else f"cast(to_json({cell}) as varchar)"
        cells.append(f"'{name}:' || coalesce({text}, 'null')")
    return "'{' || " + " || ',' || ".join(cells) + " || '}'"
