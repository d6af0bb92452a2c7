"""Repairs of numbers, always in exact decimal text: no cell becomes a binary number on its way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.reading import FieldReading

if TYPE_CHECKING:
    from vidkryto.read.repair.steps import Step

SPACES = " \u00a0\u202f\u2009"
_PLAIN = re.compile(r"[-+]?\d+(?:\.\d+)?")
_EXACT = Context(prec=400)
_SIGNED = r"\d\s*%\s*$"
_BARE = r"^\s*[-+]?[\d .,'\x{a0}\x{202f}]*[1-9][\d .,'\x{a0}\x{202f}]*$"
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,3}")
_DEGREES = re.compile(
    r"\s*(?P<side>[NSEWnsew]|Пн|Пд|Сх|Зх|пн|пд|сх|зх)?\.?\s*(?P<minus>-)?(?P<deg>\d{1,3})\s*[°º˚]\s*"
    r"(?:(?P<min>\d{1,2})\s*['’′ʼ`‘]\s*)?(?:(?P<sec>\d{1,2}(?:[.,]\d+)?)\s*(?:[\"”″“]|['’′ʼ]{2})\s*)?"
    r"(?P<after>[NSEWnsew]|Пн|Пд|Сх|Зх|пн|пд|сх|зх)?\.?\s*"
)


def steps(declared: FieldReading, step: type[Step]) -> Iterator[Step]:
    """The repairs of numbers that a field declares."""
    if declared.drop:
        yield step("repair-unit", r"\d", without_units(declared.drop))
    if declared.units:
        yield step("repair-unit", r"\d", with_factors(declared))
    if declared.percent:
        yield step("repair-percent", _SIGNED, percent(declared.percent, declared.decimal))
    if declared.thousands:
        yield step("repair-thousands", r"\d", ungrouped(declared.thousands, declared.decimal))
    if declared.decimal == ",":
        yield step("repair-decimal-comma", r"^\s*[-+]?\d*,\d+\s*$", decimal_point)
    if declared.scientific:
        yield step("repair-scientific", r"\d[eE][-+]?\d", plain_decimal)
    if declared.float_artefacts:
        yield step("repair-float-artefact", r"^\s*-?[0-9.]{16,}(?:[eE][-+]?[0-9]+)?\s*$", without_artefact)


def without_unit(declared: FieldReading, column: pa.Array) -> tuple[str, pa.BooleanArray] | None:
    """Cells that are numbers and lack the sign or word that says how large they are; and the code that tells them.

    27 beside 27 % may be 27 % or 2700 %; 12 in a column of грн and тис. грн may be either. A zero is a zero.
    """
    if any(factor != 1 for factor in declared.units.values()) or (
        declared.percent and pc.any(pc.match_substring_regex(column, _SIGNED)).as_py()
    ):
        return "unit-missing", pc.fill_null(pc.match_substring_regex(column, _BARE), False)
    return None


def with_factors(declared: FieldReading) -> Callable[[str], str]:
    """Removes a declared unit from a number and multiplies the number by the unit's factor, in decimal.

    A number that is multiplied is written with the declared decimal mark, for the repairs that come after.
    """
    factors = {_bare(unit): factor for unit, factor in declared.units.items()}
    words = "|".join(re.escape(unit).replace(r"\ ", r"\s*") for unit in sorted(declared.units, key=len, reverse=True))
    around = re.compile(
        rf"(?:(?P<before>{words})\.?\s*)?(?P<number>[-+]?\d[\d\s.,'\u00a0\u202f]*?)\s*(?:(?P<after>{words})\.?)?",
        re.IGNORECASE,
    )
    flat = ungrouped(declared.thousands, declared.decimal) if declared.thousands else str

    def change(text: str) -> str:
        found = around.fullmatch(text.strip())
        if not found or bool(found["before"]) == bool(found["after"]):
            return text
        factor = factors[_bare(found["before"] or found["after"])]
        if factor == 1:
            return found["number"]
        number = flat(found["number"]).replace(declared.decimal, ".")
        if not _PLAIN.fullmatch(number):
            return text
        return _trimmed(_EXACT.multiply(Decimal(number), factor)).replace(".", declared.decimal)

    return change


def _bare(unit: str) -> str:
    return "".join(unit.split()).casefold()


def _trimmed(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_units(units: tuple[str, ...]) -> Callable[[str], str]:
    """Removes a declared unit from the end or the beginning of a cell that is otherwise a number."""
    words = "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))
    around = re.compile(
        rf"^(?:(?:{words})\.?)?\s*([-+]?\d[\d\s.,'\u00a0\u202f]*?)\s*(?:(?:{words})\.?)?$", re.IGNORECASE
    )

    def change(text: str) -> str:
        found = around.match(text.strip())
        return found[1] if found and found[1] != text.strip() else text

    return change


def percent(kind: str, decimal: str) -> Callable[[str], str]:
    """27 % becomes 27, or 0.27 when a fraction is wanted."""

    def change(text: str) -> str:
        bare = text.strip().removesuffix("%").strip()
        if kind == "number":
            return bare
        try:
            return format(Decimal(bare.replace(decimal, ".")).scaleb(-2), "f")
        except InvalidOperation:
            return text

    return change


def ungrouped(marks: tuple[str, ...], decimal: str) -> Callable[[str], str]:
    """1 234 567,8 becomes 1234567,8; groups that are not of three digits are left alone."""
    inside = "".join(SPACES if mark == "space" else re.escape(mark) for mark in marks)
    grouped = re.compile(rf"[-+]?\d{{1,3}}(?:[{inside}]\d{{3}})+(?:{re.escape(decimal)}\d+)?")
    remove = re.compile(f"[{inside}]")
    return lambda text: remove.sub("", text.strip()) if grouped.fullmatch(text.strip()) else text


def decimal_point(text: str) -> str:
    """27,9 becomes 27.9 and ,5 becomes 0.5."""
    sign, body = ("-", text.strip()[1:]) if text.strip().startswith("-") else ("", text.strip().removeprefix("+"))
    return sign + ("0" if body.startswith(",") else "") + body.replace(",", ".")


def plain_decimal(text: str) -> str:
    """1e+05 becomes 100000: the same digits, written out."""
    bare = text.strip()
    return format(Decimal(bare), "f") if _SCIENTIFIC.fullmatch(bare) else text


def without_artefact(text: str) -> str:
    """2.7000000000000002 becomes 2.7.

    Only for a number of 16 digits or more that is what a binary number looks like when printed in full: the shortest
    text of the same binary number is at least three digits shorter.
    """
    bare = text.strip()
    try:
        exact = Decimal(bare)
    except InvalidOperation:
        return text
    if len(exact.as_tuple().digits) < 15:
        return text
    short = Decimal(f"{float(exact):.15g}")
    if len(short.normalize().as_tuple().digits) > len(exact.as_tuple().digits) - 3:
        return text
    if float(short) != float(exact) and abs(short - exact) > abs(exact) * Decimal("4e-16"):
        return text
    return format(short.normalize(), "f")


def decimal_degrees(text: str) -> str:
    """N 50° 23’ 39" becomes 50.394167; S and W are negative. Source of the form: the register of geographical names."""
    found = _DEGREES.fullmatch(text)
    if not found:
        return text
    minutes, seconds = int(found["min"] or 0), Decimal((found["sec"] or "0").replace(",", "."))
    if minutes >= 60 or seconds >= 60:
        return text
    value = int(found["deg"]) + (Decimal(minutes) + seconds / 60) / 60
    side = (found["side"] or found["after"] or "").casefold()
    negative = bool(found["minus"]) or side in ("s", "w", "пд", "зх")
    return format((-value if negative else value).quantize(Decimal("0.000001")), "f")


def padded(digits: int, lost: int) -> Callable[[str], str]:
    """A code that lost leading zeros (or became 4376624.0) gets them back; one too long or too short is left alone."""

    def change(text: str) -> str:
        bare = text.strip().split(".")[0]
        return bare.zfill(digits) if digits - lost <= len(bare) <= digits else text

    return change
