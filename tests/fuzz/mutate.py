"""Files changed at random, the same for the same number: bytes turned, cut, doubled, spliced; also inside archives."""

from __future__ import annotations

import io
import random
import zipfile
import zlib

from tests.fuzz.corpus import zipped

TOKENS = (
    b"\0", b"\xff", b'"', b"'", b"\r", b"\n", b"\r\n", b";", b",", b"\t", b"|", b"\xef\xbb\xbf", b"\xff\xfe",
    b"\x00\xd8",
    b"\xed\xa0\x80", b"\xc3\x28", "Є".encode(), "Є".encode("cp1251"), "\u202e".encode(), "\u2028".encode(),
    b"=1+1", b"-0", b"1e999", b"-1e-999", b"NaN", b"Infinity", b"9" * 400, b"0" * 60 + b"1", b"99999999999999999999",
    b"2024-02-30", b"0000-00-00", b"9999-12-31T23:59:60", b"[" * 300, b"{" * 300, b'{"a":', b"\\ud800", b"\\u0000",
    b"null", b"true", b"[]", b"{}", b"<a>" * 300, b"</", b"<![CDATA[", b"<!--", b"&lt;", b"&#0;", b"&#x110000;", b"&a;",
    b'<!DOCTYPE r [<!ENTITY a "ha">]>', b'<!DOCTYPE r SYSTEM "file:///etc/passwd">', b'encoding="utf-7"',
    b'encoding="utf-16"', b' number-columns-repeated="999999999"', b' table:number-rows-repeated="2147483647"',
    b'r="XFD1048576"', b'r="A99999999999"', b't="s"', b't="e"', b"<v>-1</v>", b"<v>99999999</v>",
    b'ref="A1:ZZZ9999999"',
    b"\x01\x00\x00\x00", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"PK\x03\x04", b"PK\x01\x02",
    b"PK\x05\x06", b"PAR1", b"../../x", b"/etc/passwd", b"x" * 5000,
)  # fmt: skip
"""Words that parsers trip over: ends of ranges, quotes, entities, repeated cells, marks of other formats."""


def mutated(content: bytes, number: int, others: tuple[bytes, ...], salt: str) -> bytes:
    """`content` changed in one to eight places; archives mostly inside one member, so that its checksum is right."""
    chance = random.Random(f"{salt}:{number}")
    if content.startswith(b"PK\x03\x04") and chance.random() < 0.75:
        return _inside(content, chance, others)
    return _bytes(content, chance, others)


def _inside(content: bytes, chance: random.Random, others: tuple[bytes, ...]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    largest = sorted(members, key=lambda name: -len(members[name]))
    chosen = chance.choice(largest[:2] if chance.random() < 0.6 else largest)
    deed = chance.random()
    if deed < 0.9:
        members[chosen] = _bytes(members[chosen], chance, others)
    elif deed < 0.94:
        del members[chosen]
    elif deed < 0.97:
        members[chance.choice(("../../x.csv", "/x.csv", "a\\b.csv", "x" * 300, "\u202ecsv.exe"))] = members[chosen]
    else:
        members[chosen] = zlib.compress(members[chosen])
    made = zipped(members)
    return made if chance.random() < 0.9 else _bytes(made, chance, others)


def _bytes(content: bytes, chance: random.Random, others: tuple[bytes, ...]) -> bytes:
    work = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        _once(work, chance, others)
    return bytes(work)


def _once(work: bytearray, chance: random.Random, others: tuple[bytes, ...]) -> None:
    size = len(work)
    place = chance.randrange(size + 1)
    span = min(chance.choice((1, 2, 4, 8, 16, 64, 256)), size)
    match chance.randrange(9):
        case 0 if size:
            work[place % size] ^= 1 << chance.randrange(8)
        case 1 if size:
            work[place % size] = chance.randrange(256)
        case 2:
            del work[place : place + span]
        case 3:
            work[place:place] = work[place : place + span] * chance.choice((1, 2, 20))
        case 4:
            work[place:place] = chance.choice(TOKENS)
        case 5:
            token = chance.choice(TOKENS)
            work[place : place + len(token)] = token
        case 6:
            del work[place:]
        case 7:
            other = chance.choice(others)
            start = chance.randrange(len(other) + 1)
            work[place : place + span] = other[start : start + span]
        case _:
            end = min(place + span, size)
            work[place:end] = bytes(chance.randrange(256) for _ in range(end - place))
