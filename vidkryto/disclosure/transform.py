"""Transformations by declaration: what happens to the values of a column before anybody outside sees them."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.classes import AddressPart, ColumnClass, DatePart, Generalise, TopCode
from vidkryto.disclosure.columns import search_column
from vidkryto.disclosure.detectors import BY_NAME, SURE_ENOUGH, readable, search
from vidkryto.settings import Secret

FREE_TEXT_LEAST = 0.3
"""In free text even a weak suspicion counts: the text goes to a person or the words are masked."""

ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Changed:
    """A column after its transformation; `failed` cells did not look as declared and are left empty."""

    column: pa.Array
    changed: int
    failed: int = 0


def each_distinct(column: pa.Array, change: Callable[[str], str | None]) -> Changed:
    """Apply `change` to each distinct value once; None from it empties the cell and is counted as failed."""
    encoded = column.dictionary_encode() if not isinstance(column, pa.DictionaryArray) else column
    old = encoded.dictionary.to_pylist()
    new = ["" if value == "" else change(value) for value in old]
    written = pa.array(["" if value is None else value for value in new], type=pa.string())
    differs = pa.array([after != before for before, after in zip(old, new, strict=True)], type=pa.bool_())
    bad = pa.array([after is None for after in new], type=pa.bool_())
    indices = encoded.indices
    return Changed(
        pc.fill_null(written.take(indices), ""),
        int(pc.sum(differs.take(indices)).as_py() or 0),
        int(pc.sum(bad.take(indices)).as_py() or 0),
    )


def hashed(column: pa.Array, salt: Secret, *, scope: str) -> Changed:
    """HMAC-SHA256 of each value under the salt; `scope` (dataset, resource, field) keeps columns unlinkable."""
    key = hmac.new(salt.reveal().encode(), f"vidkryto {scope}".encode(), hashlib.sha256).digest()

    def one(value: str) -> str:
        return hmac.new(key, " ".join(value.split()).encode(), hashlib.sha256).hexdigest()[:32]

    return each_distinct(column, one)


def masked(column: pa.Array) -> tuple[Changed, dict[str, int]]:
    """Free text with each hit replaced by `[приховано: kind]`, and the number of masked cells by kind.

    Searched again after masking: a text in which something still shows is emptied as a whole.
    """
    hits = search_column(column, least=FREE_TEXT_LEAST)
    clean = {text: _mask(text) for text in hits}
    kinds: dict[str, int] = {}
    if hits:
        counts = {row["values"]: row["counts"] for row in pc.value_counts(column).to_pylist()}
        for text, found in hits.items():
            for kind in {hit.kind for hit in found}:
                kinds[kind] = kinds.get(kind, 0) + counts.get(text, 0)
    return each_distinct(column, lambda text: clean.get(text, text)), dict(sorted(kinds.items()))


def _mask(text: str) -> str | None:
    text = readable(text)
    for _ in range(3):
        hits = search(text, least=FREE_TEXT_LEAST)
        if not hits:
            return text
        for hit in reversed(hits):
            text = f"{text[: hit.start]}[приховано: {BY_NAME[hit.kind].uk}]{text[hit.end :]}"
    return None if search(text, least=SURE_ENOUGH) else text


def generalised(column: pa.Array, way: Generalise, *, today: date) -> Changed:
    """Age bands, parts of dates, parts of addresses, groups. What does not look as declared is left empty."""
    if way.age_band:
        width = way.age_band
        return each_distinct(column, lambda value: _age_band(value, width, today))
    if way.date:
        part = way.date
        return each_distinct(column, lambda value: _date_part(value, part))
    if way.address:
        upto = way.address
        return each_distinct(column, lambda value: _address_part(value, upto))
    groups = {value: group for group, values in (way.groups or {}).items() for value in values}
    return each_distinct(column, lambda value: groups.get(value, "Інше"))


def _age_band(value: str, width: int, today: date) -> str | None:
    if match := ISO_DATE.match(value):
        born = _real_date(match)
        if born is None:
            return None
        age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    elif re.fullmatch(r"\d{1,3}(\.0+)?", value):
        age = int(float(value))
    elif re.fullmatch(r"(19|20)\d{2}", value):
        age = today.year - int(value)
    else:
        return None
    if not 0 <= age <= 120:
        return None
    lower = age // width * width
    return f"{lower}-{lower + width - 1}"


def _date_part(value: str, part: DatePart) -> str | None:
    match = ISO_DATE.match(value)
    day = _real_date(match) if match else None
    if day is None:
        return None
    if part is DatePart.YEAR:
        return f"{day.year:04d}"
    if part is DatePart.QUARTER:
        return f"{day.year:04d}-Q{(day.month + 2) // 3}"
    return f"{day.year:04d}-{day.month:02d}"


def _real_date(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


_STREET_END = re.compile(
    r"[,;]?\s*(?:буд(?:инок|\.)?|№|д\.)\s*\d.*$|[,;]\s*\d.*$|\s\d+\s?[-/]?\s?[а-яіїєґА-ЯІЇЄҐ]?(?:[/-]\d+)?\s*(?:[,;].*)?$"
)
_STREET_WORD = re.compile(r"(?i)(?:^|[\s,])(?:вул|пров|просп|пр-т|бульв|б-р|пл|шосе|узвіз|проїзд|мкр|набережна|майдан)")


def _address_part(value: str, part: AddressPart) -> str | None:
    """The street without a house, or the part before the street. An address without a house number stays."""
    if part is AddressPart.STREET:
        street = _STREET_END.sub("", value).strip(" ,;")
        return street or None
    match = _STREET_WORD.search(value)
    settlement = value[: match.start()] if match else value.split(",")[0]
    settlement = settlement.strip(" ,;")
    return settlement if settlement and not re.search(r"\d", settlement) else None


def rounded(column: pa.Array, base: float) -> Changed:
    """Each number to the nearest multiple of `base`, halves to the even multiple; the same in every run."""
    step = Decimal(str(base))

    def one(value: str) -> str | None:
        try:
            number = Decimal(value)
        except InvalidOperation:
            return None
        if not number.is_finite():
            return None
        near = (number / step).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * step
        return format(near.normalize() + 0, "f")

    return each_distinct(column, one)


def top_coded(column: pa.Array, rule: TopCode) -> Changed:
    """Numbers above the limit become one label."""
    limit, label = Decimal(str(rule.above)), rule.label or f"> {Decimal(str(rule.above)).normalize():f}"

    def one(value: str) -> str | None:
        try:
            number = Decimal(value)
        except InvalidOperation:
            return None
        return label if not number.is_finite() or number > limit else value

    return each_distinct(column, one)


def too_young(column: pa.Array, days: int, *, today: date) -> pa.Array:
    """A mask of the rows whose date is younger than the declared delay; a cell that is no date counts as young."""
    limit = (today - timedelta(days=days)).isoformat()
    isos = pc.match_substring_regex(column, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}")
    old = pc.and_(isos, pc.less_equal(pc.utf8_slice_codeunits(column, 0, 10), limit))
    return pc.invert(pc.fill_null(old, False))


def due_days(young: pa.Array, days: int) -> list[date]:
    """The first day on which one of these young rows is old enough; none where no cell is a date."""
    isos = young.filter(pc.match_substring_regex(young, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"))
    first = pc.min(pc.utf8_slice_codeunits(isos, 0, 10)).as_py() if len(isos) else None
    match = ISO_DATE.match(first) if first else None
    day = _real_date(match) if match else None
    return [day + timedelta(days=days)] if day else []


def transformed(column: pa.Array, declared: ColumnClass, *, today: date) -> Changed:
    """The transformation of one column that its class declares: generalise, round or top-code; else none."""
    if declared.generalise:
        return generalised(column, declared.generalise, today=today)
    if declared.round:
        return rounded(column, declared.round)
    if declared.top_code:
        return top_coded(column, declared.top_code)
    return Changed(column, 0)
