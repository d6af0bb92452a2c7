"""The text of a file as UTF-8: its encoding decided or as declared, mixed lines read by declaration."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read import encoding as encodings
from vidkryto.read.foreign import contradicting, cyrillic, odd_lines, one_byte
from vidkryto.read.pieces import Content, count, has, is_blank, kept, lines, load, pieces
from vidkryto.read.records import declared_codec

MAX_LINE = 64 << 20
"""Bytes without a line break; no table has such a line."""


@dataclass(slots=True)
class Text:
    """A delimited file as UTF-8 bytes, and what was found on the way there."""

    content: Content
    encoding: str
    verdict: encodings.Verdict
    findings: list[Finding] = field(default_factory=list)


def text_of(path: Path, reading: Reading, place: Place) -> Text:
    """The file's text as UTF-8 without a mark, its encoding decided or as declared."""
    content = load(path)
    if is_blank(content):
        raise ReadError(
            f"{place.file} is empty",
            (Finding("file-empty", place),),
            remedy="Export the table again; the file has no rows.",
        )
    _check_lines(content, reading, place)
    findings: list[Finding] = []
    if reading.encoding == "auto":
        verdict = encodings.decide(content)
        name = encodings.require(verdict, place)
    else:
        name = reading.encoding
        odd = _foreign_lines(content, name) if reading.mixed else ()
        verdict = encodings.Verdict(name, "declared", odd_lines=odd)
        findings += [] if reading.mixed else _against(content, name, place)
    if verdict.truncated:
        findings.append(Finding("file-truncated", place))
    decoded = _decode(content, name, verdict, reading, place, findings)
    if has(decoded, b"\0"):
        line = count(decoded, b"\n", decoded.find(b"\0")) + 1
        raise ReadError(
            f"{place.file} holds NUL bytes, the first in line {line}",
            (Finding("nul-bytes", Place(place.resource, place.file, row=line), count=count(decoded, b"\0")),),
            remedy="The file is damaged or is not a text file; export it again.",
        )
    return Text(decoded, name, verdict, findings)


def _against(content: Content, encoding: str, place: Place) -> list[Finding]:
    """What the letters say against a declared encoding: it is used all the same, and the findings hold it back."""
    if not one_byte(encoding):
        return []
    if other := contradicting(content, encoding):
        return [Finding("encoding-contradicted", place, found=other, wanted=encoding)]
    odd, other = odd_lines(content, encoding) if cyrillic(encoding) else ((), "")
    return [_mixed(place, encoding, other, odd)] if odd else []


def _mixed(place: Place, encoding: str, other: str, odd: tuple[int, ...]) -> Finding:
    details = {"encoding": encoding, "other": other, "lines": ", ".join(map(str, odd[:10]))}
    return Finding("encoding-mixed", place, count=len(odd), rows=odd[:10], details=details)


def _foreign_lines(content: Content, encoding: str) -> tuple[int, ...]:
    """Lines that are not in the declared encoding: bytes it does not have, or letters that make no sense in it."""
    try:
        codec = encodings.codec_of(encoding)
    except LookupError:
        return ()
    broken = []
    for number, line in enumerate(lines(content), start=1):
        try:
            line.decode(codec)
        except UnicodeDecodeError:
            broken.append(number)
    return tuple(sorted({*broken, *(odd_lines(content, encoding)[0] if one_byte(encoding) else ())}))


def _check_lines(content: Content, reading: Reading, place: Place) -> None:
    """Refuse a line of many megabytes before anything is copied: it is a cell without end or no text at all."""
    start, limit = 0, max(MAX_LINE, 4 * reading.max_cell)
    while len(content) - start > limit:
        end = content.rfind(b"\n", start, start + limit)
        if end < 0:
            raise cell_too_long(place, f"> {limit}", reading)
        start = end + 1


def cell_too_long(place: Place, found: str, reading: Reading) -> ReadError:
    """The one error for a cell beyond the limit."""
    return ReadError(
        f"{place.file}: a cell has {found} characters; the limit is {reading.max_cell}",
        (Finding("cell-too-long", place, found=found, wanted=str(reading.max_cell)),),
        remedy="Look for a quotation mark that is never closed; or raise `max_cell` in the block `reading`.",
    )


def _decode(
    content: Content, name: str, verdict: encodings.Verdict, reading: Reading, place: Place, findings: list[Finding]
) -> Content:
    codec = declared_codec(name, place)
    if verdict.how == "letters" and not verdict.odd_lines:
        odd, other = odd_lines(content, name)
        if odd:
            verdict = encodings.Verdict(name, "letters", verdict.margin, verdict.candidates, odd, other)
    if verdict.odd_lines:
        return _decode_mixed(content, codec, verdict, reading, place, findings)
    if codec in ("utf-8", "utf-8-sig") and not verdict.truncated:
        marked = content[:3] == codecs.BOM_UTF8
        if not marked and (verdict.how != "declared" or encodings.is_utf8(content)):
            return content
    return kept(_decoded(content, codec, place, truncated=verdict.truncated), 2 * len(content))


def _decoded(content: Content, codec: str, place: Place, *, truncated: bool = False) -> Iterator[bytes]:
    """The text in UTF-8, piece by piece, without a mark. `truncated`: a last letter that was cut off is left out."""
    decoder = codecs.getincrementaldecoder("utf-8" if codec == "utf-8-sig" else codec)()
    first, done = True, 0
    for piece in pieces(content):
        held = len(decoder.getstate()[0])
        last = done + len(piece) == len(content)
        try:
            text = decoder.decode(piece, final=last and not truncated)
        except UnicodeDecodeError as error:
            raise _broken(content, done - held + error.start, codec, place) from error
        yield (text.removeprefix("\ufeff") if first else text).encode()
        first, done = first and not text, done + len(piece)


def _broken(content: Content, position: int, codec: str, place: Place) -> ReadError:
    """A byte that the encoding does not have."""
    line = count(content, b"\n", position) + 1
    where = Place(place.resource, place.file, row=line)
    return ReadError(
        f"{place.file}, line {line}: not {codec} (byte {content[position]:#04x})",
        (Finding("encoding-broken", where, details={"encoding": codec}),),
        remedy="Check `encoding` in the contract, or export the file again.",
    )


def _decode_mixed(
    content: Content, codec: str, verdict: encodings.Verdict, reading: Reading, place: Place, findings: list[Finding]
) -> Content:
    """Lines of two encodings: read only when the contract says what the other one is."""
    other = reading.mixed
    shown = verdict.odd_encoding or "?"
    found = _mixed(place, verdict.encoding, other or shown, verdict.odd_lines)
    if not other:
        raise ReadError(
            f"{place.file}: {len(verdict.odd_lines)} lines are not in {verdict.encoding} (they look like {shown}); "
            f"the first is line {verdict.odd_lines[0]}",
            (found,),
            remedy=f"Mend the file, or write `mixed: {verdict.odd_encoding or 'windows-1251'}` into `reading`.",
        )
    odd = set(verdict.odd_lines)
    codecs_of = (codec if codec != "utf-8-sig" else "utf-8", declared_codec(other, place))

    def decoded() -> Iterator[bytes]:
        for number, line in enumerate(lines(content), start=1):
            named = codecs_of[number in odd]
            try:
                text = line.decode(named).removeprefix("\ufeff")
            except UnicodeDecodeError as error:
                where = Place(place.resource, place.file, row=number)
                raise ReadError(
                    f"{place.file}, line {number}: not {named} (byte {line[error.start]:#04x})",
                    (Finding("encoding-broken", where, details={"encoding": named}),),
                    remedy="Check `encoding` and `mixed` in the contract, or export the file again.",
                ) from error
            yield (b"" if number == 1 else b"\n") + text.encode()

    whole = kept(decoded(), 2 * len(content))
    findings.append(Finding("repair-encoding-mixed", place, count=len(odd), rows=found.rows, details=found.details))
    return whole
