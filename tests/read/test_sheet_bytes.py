"""How far a sheet's XML reaches: whole arrays of bytes say what the regular expressions say, of any text."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vidkryto.read.sheet_bytes import reach, whole

ODD = re.compile(rb"r(?:=[\s']|\s+=)")
REFERENCE = re.compile(rb"\br\s*=\s*['\"]")
ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\sr="(\d+)')
FAR = re.compile(rb'r="[A-Za-z]+(\d{5,})')
WIDE = re.compile(rb'r="([A-Za-z]{2,})\d')
NARROW = re.compile(rb'r="[A-Za-z]\d')

PIECES = (
    b"<row", b"<c", b"<x:row", b" ", b"\n", b"r", b"=", b'r="', b' r="', b'"', b"'", b"r ='", b'<row r="', b'<c r="',
    b'row r="', b"A", b"z", b"XF", b"AAB", b"0", b"7", b"10000", b"99999", b"1234567", b"12345678", b"99999999999",
    b"00010000", b'">', b"/>", b' hidden="1"', b' t="e"', b't="', b"e", b"hidden", "ґ".encode(), b'"><v>5</v></c>',
    b'spr="B12345"', b'<row spans="1:2"', b'<rows r="5"',
)  # fmt: skip


def by_expressions(text: bytes) -> tuple[bytes, int, bytes, bool, bool, bool]:
    """The same by the regular expressions alone."""
    text = REFERENCE.sub(b'r="', text) if ODD.search(text) else text
    row = max(map(whole, [*ROW.findall(text), *FAR.findall(text)]), default=0)
    wide = max({b"", *WIDE.findall(text)}, key=lambda letters: (len(letters), letters))
    return text, row, wide, bool(NARROW.search(text)), b"hidden=" in text, b't="e"' in text


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
@example([b'<row r="', b"0", b"0", b'" r="', b"9", b'"/>'])
@example([b'<row spans="1:2"', b' r="', b"12345678", b'"'])
def test_a_text_reaches_as_far_as_the_expressions_say(pieces: list[bytes]) -> None:
    """Odd spaces, other quotation marks, prefixes, leading zeros, digits and letters without number among them."""
    text = b"".join(pieces)
    became, found = reach(text)
    assert (became, found.row, found.wide, found.narrow, found.hides, found.errs) == by_expressions(text)


@pytest.mark.parametrize("digits", [b"1" * 300_000, b"0" * 300_000 + b"5"])
def test_a_number_of_very_many_digits_costs_no_time(digits: bytes) -> None:
    """Of a row and of a cell; it is cut above a thousand million."""
    _, found = reach(b'<row r="' + digits + b'"><c r="A' + digits + b'">')
    assert found.row == whole(digits)
