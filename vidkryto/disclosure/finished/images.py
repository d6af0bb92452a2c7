"""Pictures: what a camera or an editor wrote beside the picture itself (EXIF, XMP, IPTC, comments)."""

from __future__ import annotations

from collections.abc import Iterator

from vidkryto.disclosure.finished.saw import Saw, metadata, unread

EXIF = metadata("EXIF: камера, час, можливо місце зйомки", "EXIF: camera, time, perhaps the place of the photograph")
XMP = metadata("XMP: автор, програма, історія правок", "XMP: author, program, history of edits")
IPTC = metadata("IPTC: автор, підпис, місце", "IPTC: author, caption, place")
COMMENT = metadata("текстова примітка в зображенні", "a text note inside the picture")

_PNG_TEXTS = {b"eXIf": EXIF, b"tEXt": COMMENT, b"iTXt": XMP, b"zTXt": COMMENT}
_WEBP = {b"EXIF": EXIF, b"XMP ": XMP}


def is_image(content: bytes) -> bool:
    """Whether the bytes begin like a picture of a known kind."""
    starts = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
    return content.startswith(starts) or content[8:12] == b"WEBP" or _is_tiff(content)


def _is_tiff(content: bytes) -> bool:
    return content[:4] in (b"II*\x00", b"MM\x00*")


def in_image(content: bytes) -> Iterator[Saw]:
    """Each kind of metadata that a JPEG, PNG, WebP, GIF or TIFF carries."""
    found: list[Saw] = []
    try:
        if content[:3] == b"\xff\xd8\xff":
            found = list(_jpeg(content))
        elif content[:4] == b"\x89PNG":
            found = list(_png(content))
        elif content[8:12] == b"WEBP":
            found = list(_webp(content))
        elif content[:3] == b"GIF" and b"\x21\xfe" in content:
            found = [COMMENT]
        elif _is_tiff(content):
            found = [EXIF]
    except (IndexError, ValueError):
        found = [unread("зображення пошкоджене", "the picture is damaged")]
    yield from dict.fromkeys(found)


def _jpeg(content: bytes) -> Iterator[Saw]:
    """Segments up to the first scan (ITU T.81, annex B)."""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF and content[place + 1] != 0xDA:
        marker, size = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        body = content[place + 4 : place + 2 + size]
        if marker == 0xE1 and body.startswith(b"Exif\x00"):
            yield EXIF
        elif marker == 0xE1 and b"adobe.com/xap" in body[:40]:
            yield XMP
        elif marker == 0xED:
            yield IPTC
        elif marker == 0xFE:
            yield COMMENT
        place += 2 + max(size, 2)


def _png(content: bytes) -> Iterator[Saw]:
    place = 8
    while place + 8 <= len(content):
        size, name = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if name in _PNG_TEXTS:
            yield _PNG_TEXTS[name]
        place += 12 + size


def _webp(content: bytes) -> Iterator[Saw]:
    place = 12
    while place + 8 <= len(content):
        size, name = int.from_bytes(content[place + 4 : place + 8], "little"), content[place : place + 4]
        if name in _WEBP:
            yield _WEBP[name]
        place += 8 + size + size % 2
