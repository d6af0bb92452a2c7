"""The text of a file as UTF-8: its encoding decided or as declared, mixed lines read by declaration."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vidkryto.catalogue.reading import Reading
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read import encoding as encodings

MAX_LINE = 64 << 20
"""Bytes without a line break; no table has such a line."""


@dataclass(slots=True)
class Text:
    """A delimited file as UTF-8 bytes, and what was found on the way there."""

    content: bytes
    encoding: str
    verdict: encodings.Verdict
    findings: list[Finding] = field(default_factory=list)


def text_of(path: Path, reading: Reading, place: Place) -> Text:
    """The file's text as UTF-8 without a mark, its encoding decided or as declared."""
    content = path.read_bytes()
    if not content or content.isspace():
        raise ReadError(
            f"{place.file} is empty",
            (Finding("file-empty", place),),
            remedy="Export the table again; the file has no rows.",
        )
    _check_lines(content, reading, place)
    if reading.encoding == "auto":
        verdict = encodings.decide(content)
        name = encodings.require(verdict, place)
    else:
        name = reading.encoding
        odd = _foreign_lines(content, name) if reading.mixed else ()
        verdict = encodings.Verdict(name, "declared", odd_lines=odd)
    findings: list[Finding] = []
    if verdict.truncated:
        findings.append(Finding("file-truncated", place))
    decoded = _decode(content, name, verdict, reading, place, findings)
    if b"\0" in decoded:
        line = decoded[: decoded.index(b"\0")].count(b"\n") + 1
        raise ReadError(
            f"{place.file} holds NUL bytes, the first in line {line}",
            (Finding("nul-bytes", Place(place.resource, place.file, row=line), count=decoded.count(b"\0")),),
            remedy="The file is damaged or is not a text file; export it again.",
        )
    return Text(decoded, name, verdict, findings)


def _foreign_lines(content: bytes, encoding: str) -> tuple[int, ...]:
    """Lines that are not in the declared encoding: bytes it does not have, or letters that make no sense in it."""
    try:
        codec = encodings.codec_of(encoding)
    except LookupError:
        return ()
    broken = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        try:
            line.decode(codec)
        except UnicodeDecodeError:
            broken.append(number)
    one_byte = codec not in ("utf-8", "utf-8-sig") and not codec.startswith("utf")
    return tuple(sorted({*broken, *(encodings.odd_lines(content, encoding)[0] if one_byte else ())}))


def _check_lines(content: bytes, reading: Reading, place: Place) -> None:
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
    content: bytes, name: str, verdict: encodings.Verdict, reading: Reading, place: Place, findings: list[Finding]
) -> bytes:
    try:
        codec = encodings.codec_of(name)
    except LookupError:
        raise ReadError(
            f"the contract names the encoding {name!r}, which does not exist",
            (Finding("encoding-unknown", place, found=name),),
            remedy="Write for example windows-1251, utf-8, koi8-u or cp866.",
        ) from None
    if verdict.how == "letters" and not verdict.odd_lines:
        lines, other = encodings.odd_lines(content, name)
        if lines:
            verdict = encodings.Verdict(name, "letters", verdict.margin, verdict.candidates, lines, other)
    if verdict.odd_lines:
        return _decode_mixed(content, codec, verdict, reading, place, findings)
    if codec in ("utf-8", "utf-8-sig"):
        plain = content.removeprefix(b"\xef\xbb\xbf")
        if verdict.how == "declared" or verdict.truncated:
            _strict(plain, codec, place, truncated=verdict.truncated)
            if verdict.truncated:
                plain = plain.decode("utf-8", "ignore").encode()
        return plain
    return _strict(content, codec, place).encode()


def _strict(content: bytes, codec: str, place: Place, *, truncated: bool = False) -> str:
    try:
        return content.decode(codec, "ignore" if truncated else "strict").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        where = Place(place.resource, place.file, row=line)
        raise ReadError(
            f"{place.file}, line {line}: not {codec} (byte {content[error.start]:#04x})",
            (Finding("encoding-broken", where, details={"encoding": codec}),),
            remedy="Check `encoding` in the contract, or export the file again.",
        ) from error


def _decode_mixed(
    content: bytes, codec: str, verdict: encodings.Verdict, reading: Reading, place: Place, findings: list[Finding]
) -> bytes:
    """Lines of two encodings: read only when the contract says what the other one is."""
    other = reading.mixed
    shown = verdict.odd_encoding or "?"
    found = Finding(
        "encoding-mixed",
        place,
        count=len(verdict.odd_lines),
        rows=verdict.odd_lines[:10],
        details={
            "encoding": verdict.encoding,
            "other": other or shown,
            "lines": ", ".join(map(str, verdict.odd_lines[:10])),
        },
    )
    if not other:
        raise ReadError(
            f"{place.file}: {len(verdict.odd_lines)} lines are not in {verdict.encoding} (they look like {shown}); "
            f"the first is line {verdict.odd_lines[0]}",
            (found,),
            remedy=f"Mend the file, or write `mixed: {verdict.odd_encoding or 'windows-1251'}` into `reading`.",
        )
    odd, lines = set(verdict.odd_lines), content.split(b"\n")
    main = codec if codec != "utf-8-sig" else "utf-8"
    parts = [
        _strict(line, encodings.codec_of(other) if number in odd else main, place)
        for number, line in enumerate(lines, start=1)
    ]
    findings.append(Finding("repair-encoding-mixed", place, count=len(odd), rows=found.rows, details=found.details))
    return "\n".join(parts).encode()
