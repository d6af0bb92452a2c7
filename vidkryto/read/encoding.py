"""The encoding of a text, decided with evidence: BOM, strict UTF-8, UTF-16 by its shape, then letter statistics."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place
from vidkryto.read.letters import pair_scores
from vidkryto.read.pieces import Content, is_ascii, lines, pieces, whole_lines

CYRILLIC = ("windows-1251", "koi8-u", "cp866", "cp1125", "mac-cyrillic", "iso-8859-5")
WESTERN = ("windows-1252", "windows-1250", "mac-roman", "cp850")
_CODECS = {"mac-cyrillic": "mac_cyrillic", "mac-roman": "mac_roman"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_PLAUSIBLE = r"[\u00a0-\u017f\u0400-\u04ff\u02bc\u2000-\u22ff\ufeff]"

FEWEST = 12
"""Letters beyond ASCII without which nothing is decided by letters."""
WESTERN_SHARE = 0.4
"""In a western text the letters beyond ASCII are a small part of all letters."""
MARGIN = 14.0
"""Natural logarithm of how much likelier the best reading must be than the second: e^14 is about a million to 1."""
WESTERN_MARGIN = 6.0
"""Between two western code pages little differs but a few letters; the letters that do differ must agree."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One encoding that could be meant: how its letters score, and a line of the file read with it."""

    encoding: str
    score: float
    sample: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided and on what evidence.

    `encoding` is empty when nothing could be decided. `how` is bom, ascii, utf-8, utf-16, letters or declared.
    `margin` is the logarithm of the likelihood ratio to the second candidate, where letters decided.
    `odd_lines` are lines that are in another encoding than the rest.
    """

    encoding: str
    how: str
    margin: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    odd_lines: tuple[int, ...] = ()
    odd_encoding: str = ""
    truncated: bool = False


def codec_of(encoding: str) -> str:
    """Python's name of an encoding; raises LookupError for a name it does not know."""
    return codecs.lookup(_CODECS.get(encoding.lower(), encoding)).name


def decide(content: Content) -> Verdict:
    """The verdict over the whole content; never a guess: below the margin `encoding` is empty."""
    for mark, name in _BOMS:
        if content[: len(mark)] == mark:
            return Verdict(name, "bom") if name != "utf-8-sig" else _utf8(content, "bom")
    if wide := _utf16(content):
        return Verdict(wide, "utf-16")
    if is_ascii(content):
        return Verdict("utf-8", "ascii")
    return _utf8(content, "utf-8")


def _utf8(content: Content, how: str) -> Verdict:
    name = "utf-8-sig" if how == "bom" else "utf-8"
    if is_utf8(content):
        chance = how != "bom" and len(content) < 1 << 20 and _by_chance(content)
        return decide_by_letters(content) if chance else Verdict(name, how)
    if _is_cut_off(content):
        return Verdict(name, how, truncated=True)
    return _mixed(content, name, how) or decide_by_letters(content)


def _is_cut_off(content: Content) -> bool:
    """Whether this is UTF-8 but for a last letter of which bytes are missing."""
    for left in range(1, min(4, len(content))):
        try:
            content[-left:].decode("utf-8")
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and error.start == 0:
                whole = memoryview(content)[:-left]
                return is_utf8(whole) and bool((np.frombuffer(whole, dtype=np.uint8) >= 0x80).any())
    return False


def is_utf8(content: Content | memoryview) -> bool:
    """Whether all bytes are strict UTF-8, by Arrow's vectorised check and without making a second copy."""
    offsets = pa.py_buffer(np.array([0, len(content)], dtype=np.int64))
    whole = pa.Array.from_buffers(pa.large_binary(), 1, [None, offsets, pa.py_buffer(content)])
    try:
        whole.cast(pa.large_string())
    except pa.ArrowInvalid:
        return False
    return True


def _by_chance(content: Content) -> bool:
    """Whether so few bytes beyond ASCII fit UTF-8, as characters no table uses, that another encoding is as likely."""
    high = [found.group().decode() for found in islice(re.finditer(rb"[\xc2-\xf4][\x80-\xbf]+", content), 4)]
    return len(high) < 4 and not any(re.match(_PLAUSIBLE, letter) for letter in high)


def _mixed(content: Content, name: str, how: str) -> Verdict | None:
    """A file in which some lines are UTF-8 and others are not; None when no line speaks for UTF-8."""
    if not any(_speaks_for_utf8(piece) for piece in whole_lines(content)):
        return None
    valid, broken = [], []
    for number, line in enumerate(lines(content), start=1):
        if line.isascii():
            continue
        try:
            if len(re.findall(_PLAUSIBLE, line.decode("utf-8"))) > 1:  # one pair of bytes may fit by chance
                valid.append(number)
        except UnicodeDecodeError:
            broken.append((number, line))
    if not valid or not broken:
        return None
    letters = decide_by_letters(b"\n".join(line for _, line in broken))
    if len(valid) >= len(broken):
        return Verdict(
            name,
            how,
            odd_lines=tuple(number for number, _ in broken),
            odd_encoding=letters.encoding,
            candidates=letters.candidates,
        )
    if how == "bom":
        return Verdict(name, how, odd_lines=tuple(number for number, _ in broken), odd_encoding=letters.encoding)
    return Verdict(letters.encoding, letters.how, letters.margin, letters.candidates, tuple(valid), "utf-8")


def _not_utf8() -> NDArray[np.bool_]:
    """Of each pair of bytes whether UTF-8 rules it out, shape (65536,)."""
    byte = np.arange(256)
    lead, inside = (byte >= 0xC2) & (byte < 0xF5), (byte >= 0x80) & (byte < 0xC0)
    never = (byte >= 0xC0) & ~lead
    return ((lead[:, None] & ~inside) | ((byte < 0x80)[:, None] & inside) | never).reshape(-1)


def _speaks_for_utf8(piece: bytes) -> bool:
    """Whether one of these whole lines is UTF-8 with letters beyond ASCII; cheap where the encoding has one byte."""
    pairs, starts = pairs_by_line(piece)
    high = np.logical_or.reduceat(pairs & 0x80 > 0, starts)
    hopeful = np.flatnonzero(high & ~np.logical_or.reduceat(_not_utf8()[pairs], starts))
    ends = np.append(starts[1:], len(pairs))
    for line in hopeful:
        try:
            if len(re.findall(_PLAUSIBLE, piece[starts[line] : ends[line]].decode("utf-8"))) > 1:
                return True
        except UnicodeDecodeError:
            continue
    return False


def pairs_by_line(piece: bytes) -> tuple[NDArray[np.uint16], NDArray[np.intp]]:
    """The pairs of neighbouring bytes of whole lines, and where each line's begin: with the break before it."""
    bytes_ = np.frombuffer(b"\n" + piece + b"\n", dtype=np.uint8)
    starts = np.flatnonzero(bytes_[:-1] == 10)
    if piece.endswith(b"\n"):
        starts = starts[:-1]
    return ((bytes_[:-1].astype(np.uint16) << 8) | bytes_[1:]).astype(np.uint16, copy=False), starts


def _utf16(content: Content) -> str:
    """utf-16-le or utf-16-be without a mark: nearly every other byte is 0 (Latin) or 4 (Cyrillic)."""
    if len(content) < 4 or len(content) % 2 or b"\0" not in content[: 1 << 16]:
        return ""
    head = np.frombuffer(content[: 1 << 20], dtype=np.uint8)
    head = head[: len(head) // 2 * 2].reshape(-1, 2)
    share = np.isin(head, (0, 4)).mean(axis=0)
    zero = (head == 0).mean(axis=0)
    for side, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if share[side] > 0.9 and zero[side] > 0.02 and zero[1 - side] < 0.05:
            try:
                decoder = codecs.getincrementaldecoder(name)()
                for piece in pieces(content):
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return ""
            return name
    return ""


def _pairs(content: Content) -> NDArray[np.int64]:
    """How often each pair of neighbouring bytes occurs; a line break stands before the first and after the last."""
    counts = np.zeros(65536, dtype=np.int64)
    before = b"\n"
    for piece in (*pieces(content), b"\n"):
        part = np.frombuffer(before + piece, dtype=np.uint8).astype(np.uint16)
        counts += np.bincount((part[:-1] << 8) | part[1:], minlength=65536)
        before = piece[-1:]
    return counts


def scores_of(content: Content, encodings: Sequence[str]) -> dict[str, float]:
    """How likely the whole content is in each of these one-byte encodings, as a natural logarithm."""
    return _scored(_pairs(content), encodings)


def _scored(counts: NDArray[np.int64], encodings: Sequence[str]) -> dict[str, float]:
    """Repeats of one pair are weighed by their square root: the same word a thousand times is no thousand witnesses."""
    present = np.flatnonzero(counts)
    present = present[(present >= 0x8000) | (present & 0x80 > 0)]
    weight = np.sqrt(counts[present])
    return {name: float((pair_scores(codec_of(name))[present] * weight).sum()) for name in encodings}


def decide_by_letters(content: Content) -> Verdict:
    """The likeliest one-byte encoding by its pairs of letters, over the whole content."""
    counts = _pairs(content)
    scores = _scored(counts, (*CYRILLIC, *WESTERN))
    single = counts.reshape(256, 256).sum(axis=0)
    if _lacks_i(single):
        scores.pop("cp1125", None)
    high = int(single[0x80:].sum())
    if high > WESTERN_SHARE * (high + int(single[0x41:0x5B].sum() + single[0x61:0x7B].sum())):
        scores = {name: score for name, score in scores.items() if name not in WESTERN}
    ranked = _distinct(scores, bytes(int(byte) for byte in np.flatnonzero(single) if byte >= 0x80))
    candidates = tuple(Candidate(name, scores[name], _sample(content, name)) for name in ranked[:4])
    margin = candidates[0].score - candidates[1].score if len(candidates) > 1 else float("inf")
    needed = WESTERN_MARGIN if candidates[0].encoding in WESTERN else MARGIN
    decided = candidates[0].encoding if margin >= needed and high >= FEWEST else ""
    return Verdict(decided, "letters", margin, candidates)


def _lacks_i(single: NDArray[np.int64]) -> bool:
    """Whether a text of CP1125 would be without і and ї: then it is CP866, which has no і."""
    letters = single[0x80:0xB0].sum() + single[0xE0:0xFA].sum()
    return bool(letters >= 100 and single[0xF6:0xFA].sum() == 0)


def _distinct(scores: dict[str, float], high: bytes) -> list[str]:
    """Candidates from the best; of several that read the bytes beyond ASCII alike only the first is kept."""
    texts: dict[str, str] = {}
    for name in sorted(scores, key=lambda name: (-scores[name], (*CYRILLIC, *WESTERN).index(name))):
        texts.setdefault(high.decode(codec_of(name), "replace"), name)
    return list(texts.values())


def _sample(content: Content, encoding: str) -> str:
    """The first line with letters beyond ASCII, read with `encoding`, at most 80 characters."""
    found = re.search(rb"[\x80-\xff]", content)
    if not found:
        return ""
    end = content.find(b"\n", found.start())
    line = content[content.rfind(b"\n", 0, found.start()) + 1 : len(content) if end < 0 else end]
    start = next(place for place, byte in enumerate(line) if byte >= 0x80)
    return line[max(0, start - 20) :][:80].decode(codec_of(encoding), "replace").strip()


def require(verdict: Verdict, place: Place) -> str:
    """The decided encoding; raises ReadError with the candidates and a line of each when there is none."""
    if verdict.encoding:
        return verdict.encoding
    listed = "; ".join(f"{item.encoding}: «{item.sample}»" for item in verdict.candidates)
    finding = Finding("encoding-undecided", place, details={"candidates": listed or "—"})
    raise ReadError(
        f"{place.file}: the encoding cannot be told apart with certainty ({listed})",
        (finding,),
        remedy="Choose the reading that makes sense and write `encoding: NAME` into the block `reading`.",
    )
