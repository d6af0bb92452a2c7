"""What the last look saw in a part of a file, before it is decided whether it may stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from vidkryto.disclosure.columns import Seen, judge, judge_table, search_column
from vidkryto.disclosure.detectors import SURE_ENOUGH, readable, search


@dataclass(frozen=True, slots=True)
class Saw:
    """One thing in one part of a file. `part` is a column, a sheet or a path; it may hold personal data itself."""

    code: str
    part: str = ""
    field: str = ""
    kind: str = ""
    count: int = 1
    what: tuple[str, str] = ("", "")
    """What it is, in Ukrainian and English, for findings without a kind."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is known about a file before it is opened."""

    known: frozenset[str] = frozenset()
    """Contacts that are public by the contract."""
    words: Mapping[str, str] = field(default_factory=dict)
    """All that names each field of the file's table."""


def in_table(table: pa.Table, part: str = "", words: Mapping[str, str] | None = None) -> Iterator[Saw]:
    """Everything in a table: its cells, judged by all that names them, and the names of its columns."""
    texts = pa.table({name: table.column(name).cast(pa.string()).fill_null("") for name in table.column_names})
    for name, seen in judge_table(texts, words).items():
        yield from in_text(name, f"{part}колонка")
        for one in seen:
            yield Saw("file-personal", f"{part}{name}", name, one.kind, one.cells)


def in_column(texts: list[str], field: str, part: str, known: frozenset[str], words: str = "") -> Iterator[Saw]:
    """Everything in texts of one kind of place under these words; contacts in `known` are public by the contract."""
    column = pa.array(texts, pa.string())
    seen = judge(column, words or field)
    if known and seen:
        seen = tuple(_without_known(column, seen, known))
    for one in seen:
        yield Saw("file-personal", part, field, one.kind, one.cells)


def _without_known(column: pa.Array, seen: tuple[Seen, ...], known: frozenset[str]) -> Iterator[Seen]:
    """What is left when each hit that is a known contact is taken away."""
    left: dict[str, int] = {}
    for text, hits in search_column(column, least=SURE_ENOUGH).items():
        for hit in hits:
            if readable(text)[hit.start : hit.end].strip().casefold() not in known:
                left[hit.kind] = left.get(hit.kind, 0) + 1
    strangers = bool(left) or any(text.strip().casefold() not in known for text in column.to_pylist() if text)
    for one in seen:
        if one.kind in left or (one.by == "header" and strangers):
            yield one


def in_text(text: str, part: str, known: frozenset[str] = frozenset()) -> Iterator[Saw]:
    """Everything in a running text, line by line."""
    counts: dict[str, int] = {}
    for line in readable(text).splitlines() or [text]:
        for hit in search(line):
            if line[hit.start : hit.end].strip().casefold() not in known:
                counts[hit.kind] = counts.get(hit.kind, 0) + 1
    for kind, count in counts.items():
        yield Saw("file-personal", part, "", kind, count)


def in_texts(texts: Iterable[str], part: str, known: frozenset[str] = frozenset()) -> Iterator[Saw]:
    """Everything in several short texts: names, properties, headers."""
    yield from in_text("\n".join(texts), part, known)


def hidden(uk: str, en: str, count: int = 1) -> Saw:
    """Content that does not show when the file is opened."""
    return Saw("file-hidden", what=(uk, en), count=count)


def metadata(uk: str, en: str) -> Saw:
    """A fact about people or machines that the file carries along."""
    return Saw("file-metadata", what=(uk, en))


def unread(uk: str, en: str) -> Saw:
    """Why a file or a part of it could not be looked at."""
    return Saw("file-unread", what=(uk, en))
