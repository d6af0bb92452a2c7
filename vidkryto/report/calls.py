"""Calls that a developer pastes and runs: one table asked by curl, Python, R and JavaScript, without any package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

ROWS = 5


@dataclass(frozen=True, slots=True)
class Call:
    """One sample: the language it is written in, how it is run, and its text."""

    language: str
    """curl, python, r or javascript."""
    code: str


def calls_of(portal: str, table: str, example: Mapping[str, str]) -> tuple[Call, ...]:
    """The calls for a table, by its alias or id; `example` is a value of each key column, to filter by."""
    query = {"resource_id": table, "limit": str(ROWS)}
    first = f"{portal}/api/3/action/datastore_search?{urlencode(query)}"
    filtered = {"resource_id": table, "filters": json.dumps(dict(example), ensure_ascii=False)}
    return (
        Call("curl", _curl(first, portal, filtered)),
        Call("python", _python(portal, table, example)),
        Call("r", _r(portal, table)),
        Call("javascript", _javascript(portal, table, example)),
    )


def _curl(first: str, portal: str, filtered: Mapping[str, str]) -> str:
    parts = " \\\n  ".join(f"--data-urlencode {_quoted(f'{name}={value}')}" for name, value in filtered.items())
    return (
        f"curl --silent --show-error --fail {_quoted(first)}\n"
        f"curl --silent --show-error --fail --get \\\n  {parts} \\\n"
        f"  {_quoted(f'{portal}/api/3/action/datastore_search')}\n"
    )


def _quoted(text: str) -> str:
    """A word of the shell that means exactly this text."""
    return "'" + text.replace("'", "'\\''") + "'"


def _python(portal: str, table: str, example: Mapping[str, str]) -> str:
    return f"""\
import json
from urllib.parse import urlencode
from urllib.request import urlopen

API = {json.dumps(f"{portal}/api/3/action/datastore_search")}
TABLE = {json.dumps(table)}

def ask(**query):
    with urlopen(f"{{API}}?{{urlencode({{'resource_id': TABLE, **query}})}}") as answer:
        return json.load(answer)["result"]

first = ask(limit={ROWS})
print(first["total"], "rows;", first["records"][0])
chosen = ask(filters=json.dumps({_literal(example)}))
print(chosen["records"])
"""


def _r(portal: str, table: str) -> str:
    address = f"{portal}/datastore/dump/{quote(table)}?limit={ROWS}"
    return f"""\
rows <- read.csv({json.dumps(address)}, encoding = "UTF-8", check.names = FALSE)
print(nrow(rows))
str(rows)
"""


def _javascript(portal: str, table: str, example: Mapping[str, str]) -> str:
    return f"""\
const api = {json.dumps(f"{portal}/api/3/action/datastore_search")};

async function ask(query) {{
  const words = new URLSearchParams({{ resource_id: {json.dumps(table)}, ...query }});
  const answer = await fetch(`${{api}}?${{words}}`);
  if (!answer.ok) throw new Error(`${{answer.status}}`);
  return (await answer.json()).result;
}}

const first = await ask({{ limit: {ROWS} }});
console.log(first.total, "rows;", first.records[0]);
const chosen = await ask({{ filters: JSON.stringify({_literal(example)}) }});
console.log(chosen.records);
"""


def _literal(example: Mapping[str, str]) -> str:
    """An object of strings that Python and JavaScript read alike."""
    return json.dumps(dict(example), ensure_ascii=False)
