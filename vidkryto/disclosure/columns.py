"""Columns judged by all detectors: a gate of patterns over the whole column, then each distinct suspect by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.disclosure.chance import chance_among_amounts, chance_among_codes
from vidkryto.disclosure.coordinates import coordinate_columns, filled_cells
from vidkryto.disclosure.detectors import BY_NAME, INVISIBLE, KINDS, SURE_ENOUGH, Hit, Kind, readable, search
from vidkryto.disclosure.detectors.bare import FEW_WORDS, bare_names
from vidkryto.disclosure.detectors.names import NAME

EVERY_DISTINCT = 50_000
"""Up to so many distinct suspects each is looked at; above, a sample decides first."""
SAMPLE = 20_000
TOGETHER = 50_000
"""Distinct values of a table that go through the gates as one column."""
BY_HAND = 20
"""Up to so many suspects are searched without a kind's own gate, which takes longer to compile."""
FIRST_ROWS = 5
HEAD = 1000
LARGEST_SHORT = 2_000_000_000
HALF = 0.5
FEW = 0.2
HEADER_SHARE = 0.5
"""A header word accuses a column only when at least this share of its cells looks like the kind."""
PLACEHOLDERS = (
    "",
    "-",
    "–",
    "—",
    "null",
    "NULL",
    "NA",
    "N/A",
    "n/a",
    "HIDDEN",
    "none",
    "None",
    "немає",
    "відсутній",
    "відсутня",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one detector saw in one column: counts and places, never a value."""

    kind: str
    cells: int
    share: float
    """Of the cells that are not empty."""
    confidence: float
    places: tuple[int, ...] = ()
    """Positions of the first few cells, from 0."""
    by: str = "value"
    """`value`, `header` (the name of the column and the look of its cells), `neighbours`, `alien`, or `share`
    (a column of bare names)."""
    sampled: bool = False
    """Whether `cells` is reckoned from a sample."""


def judge(
    column: pa.ChunkedArray | pa.Array, header: str = "", *, least: float = SURE_ENOUGH, kinds: tuple[Kind, ...] = KINDS
) -> tuple[Seen, ...]:
    """Everything the detectors see in a column of text under a header, gravest first.

    `header` is all that names the column: field name, title and the words in the officer's file.
    """
    cells = one_array(column)
    values = _compact(cells)
    return _judged(cells, values, _suspects(values, kinds), header, least, kinds)


def _judged(
    cells: pa.Array,
    values: pa.Array,
    suspects: pa.Array | None,
    header: str,
    least: float,
    kinds: tuple[Kind, ...] = KINDS,
) -> tuple[Seen, ...]:
    filled = filled_cells(cells)
    if filled == 0:
        return ()
    words = header_words(header)
    seen: dict[str, Seen] = {}
    for kind in kinds:
        found = _by_value(kind, suspects, cells, filled, least) if suspects is not None else None
        if kind.header and kind.header.search(words):
            found = _by_header(kind, cells, filled, found)
        if found:
            seen[kind.name] = found
    if NAME in kinds and "name" not in seen and (bare := _bare_names(values, cells, filled)):
        seen["name"] = bare
    for alien in _aliens(cells, values, filled):
        seen.setdefault(alien.kind, alien)
    return tuple(sorted(seen.values(), key=lambda one: (-one.confidence * one.share, one.kind)))


def judge_table(
    table: pa.Table,
    headers: Mapping[str, str] | None = None,
    *,
    least: Mapping[str, float] | None = None,
    threads: int = 2,
) -> dict[str, tuple[Seen, ...]]:
    """`judge` for every column, and pairs of neighbouring columns that are latitude and longitude."""
    names = table.column_names
    with ThreadPoolExecutor(max_workers=threads) as pool:
        cells = [one_array(table.column(place)) for place in range(len(names))]
        values = list(pool.map(_compact, cells))
        judged = pool.map(
            lambda name, texts, distinct, suspects: _judged(
                texts, distinct, suspects, (headers or {}).get(name, name), (least or {}).get(name, SURE_ENOUGH)
            ),
            names, cells, values, _suspects_of_all(values, pool),
        )  # fmt: skip
        result = dict(zip(names, judged, strict=True))
    places = frozenset(name for name, seen in result.items() if any(one.kind == "coordinates" for one in seen))
    for latitude, longitude in coordinate_columns(table, places, HEAD):
        for name in (latitude, longitude):
            if name not in places:
                result[name] = (
                    *result[name],
                    Seen("coordinates", filled_cells(table.column(name)), 1.0, 0.8, by="neighbours"),
                )
    return result


def column_words(schema: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """All that names each field of a Table Schema: its name, its titles in both languages, its header in the file.

    This is what `judge` and `judge_table` want as headers.
    """
    words = {}
    for item in schema.get("fields", ()):
        name = str(item["name"])
        english = item.get("translations", {}).get("en", {}).get("title", "")
        told = (name, str(item.get("title", "")), str(english), headers.get(name, ""))
        words[name] = "; ".join(dict.fromkeys(filter(None, told)))
    return words


def detect_protected(columns: pa.Table, words: Mapping[str, str] | None = None) -> frozenset[str]:
    """The columns in which any kind of personal value is seen, whatever the contract says.

    Asked before validation, so that not even a wrong declaration makes a finding quote such a value. `words` are
    those of `column_words`.
    """
    judged = judge_table(columns, words)
    return frozenset(name for name, seen in judged.items() if any(not BY_NAME[one.kind].place for one in seen))


def search_column(column: pa.ChunkedArray | pa.Array, *, least: float) -> dict[str, tuple[Hit, ...]]:
    """Every distinct text of a column that holds a hit, with its hits; every cell is searched."""
    cells = one_array(column)
    suspects = _suspects(cells, KINDS)
    if suspects is None:
        return {}
    texts = pc.unique(suspects).to_pylist()
    return {text: hits for text in texts if (hits := search(text, least=least))}


@cache
def header_words(header: str) -> str:
    """The words of a header in small letters: `contactPointName` also as `contact point name`."""
    split = re.sub(r"(?<=[a-zа-яіїєґ])(?=[A-ZА-ЯІЇЄҐ])|[_\n]+", " ", header)
    return f"{header} {split}".casefold()


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column of text in one piece; from 2 GiB on with long offsets, which short ones cannot hold."""
    if isinstance(column, pa.Array):
        return column
    large = column.nbytes >= LARGEST_SHORT and column.type == pa.string()
    whole = (column.cast(pa.large_string()) if large else column).combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _compact(cells: pa.Array) -> pa.Array:
    """The distinct values where a sample says that they are few, else the column as it is."""
    if len(cells) > 2 * SAMPLE:
        sample = cells.take(pa.array(range(0, len(cells), len(cells) // 2000)))
        if pc.count_distinct(sample).as_py() > len(sample) // 2:
            return cells
    return pc.unique(cells)


@cache
def _union(kinds: tuple[Kind, ...]) -> str:
    """One pattern for all gates: RE2 runs it at the price of one."""
    return "|".join([*(f"(?:{kind.gate})" for kind in kinds), INVISIBLE])


def _suspects(values: pa.Array, kinds: tuple[Kind, ...]) -> pa.Array | None:
    return _chosen(values, _gate_mask(values, kinds))


def _gate_mask(values: pa.Array, kinds: tuple[Kind, ...]) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(values, _union(kinds)), False)


def _chosen(values: pa.Array, mask: pa.Array) -> pa.Array | None:
    chosen = values.filter(mask)
    return chosen if len(chosen) else None


def _suspects_of_all(columns: list[pa.Array], pool: ThreadPoolExecutor) -> Iterable[pa.Array | None]:
    """The suspects of each column; small columns go through the gates together, as compiling these takes longest."""
    together = sum(map(len, columns)) <= TOGETHER and len({column.type for column in columns}) == 1
    if not together:
        return pool.map(lambda values: _suspects(values, KINDS), columns)
    mask = _gate_mask(pa.concat_arrays(columns), KINDS)
    ends = accumulate(map(len, columns))
    return [
        _chosen(values, mask.slice(end - len(values), len(values))) for values, end in zip(columns, ends, strict=True)
    ]


def _by_value(kind: Kind, suspects: pa.Array, cells: pa.Array, filled: int, least: float) -> Seen | None:
    """What the kind's own search says about the suspects that pass its gate.

    Of very many suspects an even sample is looked at first; only when it is clean all of them are.
    """
    gate = f"(?:{kind.gate})|{INVISIBLE}"
    few = len(suspects) <= BY_HAND
    chosen = pc.unique(suspects if few else suspects.filter(pc.match_substring_regex(suspects, gate)))
    if not len(chosen):
        return None
    sampled = len(chosen) > EVERY_DISTINCT
    looked = chosen.take(pa.array(range(0, len(chosen), len(chosen) // SAMPLE))) if sampled else chosen
    held, confidence = _search_each(kind, looked.to_pylist(), least)
    if sampled and not held:
        sampled, looked = False, chosen
        held, confidence = _search_each(kind, chosen.to_pylist(), least)
    if not held:
        return None
    mask = pc.is_in(cells, value_set=pa.array(held, type=cells.type))
    counted = int(pc.sum(mask).as_py() or 0)
    count = min(filled, round(counted * len(chosen) / len(looked))) if sampled else counted
    if kind.number and count / filled < HALF and chance_among_amounts(cells, mask):
        return None
    if kind.name == "rnokpp" and count / filled < FEW and chance_among_codes(cells, mask):
        return None
    return Seen(kind.name, count, count / filled, confidence, _first(mask), sampled=sampled)


def _search_each(kind: Kind, texts: list[str], least: float) -> tuple[list[str], float]:
    """The texts with a hit, and the highest confidence."""
    best, held = 0.0, []
    for text in texts:
        confidence = max((hit.confidence for hit in kind.search(readable(text))), default=0.0)
        if confidence >= least:
            held.append(text)
            best = max(best, confidence)
    return held, best


_ALIENS = {
    "id_card": r"^\s*[0-9]{9}\s*$",
    "birth_date": r"^\s*((0?[1-9]|[12][0-9]|3[01])\.(0?[1-9]|1[0-2])\.(19[2-9][0-9]|200[0-9]|201[0-5])"
    r"|(19[2-9][0-9]|200[0-9]|201[0-5])-[01][0-9]-[0-3][0-9])\s*$",
}
"""What by itself says nothing, and does not belong into a column of words or of small numbers."""


def _aliens(cells: pa.Array, values: pa.Array, filled: int) -> list[Seen]:
    """Nine digits or a date of a life in a few cells of a column that holds words, or numbers far smaller."""
    found: list[Seen] = []
    if filled < 10 or not _of_words_or_small_numbers(cells.slice(0, HEAD), words=0.8, numbers=0.8):
        return found
    if not pc.any(pc.match_substring_regex(values, "|".join(_ALIENS.values()))).as_py():
        return found
    for kind, pattern in _ALIENS.items():
        mask = pc.match_substring_regex(cells, pattern)
        count = int(pc.sum(mask).as_py() or 0)
        if not count or count > max(1, filled // 100):
            continue
        others = cells.filter(pc.and_(pc.invert(mask), pc.greater(pc.binary_length(cells), 0)))
        if _of_words_or_small_numbers(others, words=0.95, numbers=1.0):
            found.append(Seen(kind, count, count / filled, 0.5, _first(mask), by="alien"))
    return found


def _bare_names(values: pa.Array, cells: pa.Array, filled: int) -> Seen | None:
    """A column of given names or of surnames alone, as when a full name was split over columns."""
    confidence = bare_names(pc.unique(values.slice(0, HEAD)))
    if not confidence:
        return None
    mask = pc.match_substring_regex(cells, FEW_WORDS)
    count = int(pc.sum(mask).as_py() or 0)
    return Seen("name", count, count / filled, confidence, _first(mask), by="share")


def _of_words_or_small_numbers(cells: pa.Array, *, words: float, numbers: float) -> bool:
    """Whether so large a share of the filled cells holds letters, or is a number of six digits at most."""
    filled = filled_cells(cells)
    lettered = pc.sum(pc.match_substring_regex(cells, r"\p{L}")).as_py() or 0
    small = pc.sum(pc.match_substring_regex(cells, r"^[0-9]{1,6}([.,][0-9]+)?$")).as_py() or 0
    return bool(lettered >= words * filled or small >= numbers * filled)


def _by_header(kind: Kind, cells: pa.Array, filled: int, found: Seen | None) -> Seen | None:
    """A header that announces the kind accuses the column when its cells look like it."""
    if not kind.shape:
        return found
    told = pc.and_(pc.greater(pc.binary_length(cells), 0), pc.invert(pc.is_in(cells, value_set=pa.array(PLACEHOLDERS))))
    looks = pc.and_(told, pc.match_substring_regex(cells, f"^(?:{kind.shape})$"))
    real, count = int(pc.sum(told).as_py() or 0), int(pc.sum(looks).as_py() or 0)
    if not real or count / real < HEADER_SHARE:
        return found
    if found and found.cells >= count:
        return replace(found, confidence=max(found.confidence, 0.95))
    return Seen(kind.name, count, count / filled, 0.95 if found else 0.7, _first(looks), by="header")


def _first(mask: pa.Array) -> tuple[int, ...]:
    return tuple(pc.indices_nonzero(mask)[:FIRST_ROWS].to_pylist())
