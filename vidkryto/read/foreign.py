"""What stands in another one-byte encoding than was decided or declared: a whole text, single lines, single cells."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from vidkryto.read.encoding import CYRILLIC, MARGIN, WESTERN, codec_of, decide_by_letters, pairs_by_line, scores_of
from vidkryto.read.letters import RUSSIAN, UKRAINIAN, pair_scores
from vidkryto.read.pieces import Content, whole_lines

FOREIGN_MARGIN = 15.0
"""Natural logarithm of how much likelier a line or cell must be in the other encoding. Of 100,000 different cells of
real exports, written in six encodings each, four are so in KOI8-U («КНП ММР ЦПМСД») and none in the others.
"""
ODD = -5.0
"""Mean log-likelihood of a letter below which a line looks foreign; an unusual Ukrainian line stays above -4."""
USUAL = -2.0
"""Mean log-likelihood of a letter that hardly any text is above."""
FEWEST = 6
"""Letters beyond ASCII without which neither a line nor a cell is judged."""
WORDS = 0.8
"""Of the bytes beyond ASCII so many must be letters in the encoding that is said to be meant."""
_LETTERS = {*UKRAINIAN, *RUSSIAN}
CELLS = 20_000
"""Cells that are scored at once."""


def one_byte(encoding: str) -> bool:
    """Whether this is an encoding of one byte for each letter; False for a name that nobody knows."""
    return len(_beyond_ascii(encoding)) >= 96


def cyrillic(encoding: str) -> bool:
    """Whether this is a one-byte encoding with Cyrillic letters (those of Ukrainian alone may be absent)."""
    return one_byte(encoding) and set(UKRAINIAN) - set("ґєії") <= set(_beyond_ascii(encoding))


def _beyond_ascii(encoding: str) -> str:
    try:
        return bytes(range(0x80, 0x100)).decode(codec_of(encoding), "ignore")
    except LookupError:
        return ""


def contradicting(content: Content, encoding: str) -> str:
    """The Cyrillic encoding for which the letters speak beyond the margin, against the one-byte one declared; or ''."""
    decided = decide_by_letters(content).encoding
    if not decided or decided in WESTERN or codec_of(decided) == codec_of(encoding):
        return ""
    scores = scores_of(content, (decided, encoding))
    return decided if scores[decided] - scores[encoding] >= MARGIN else ""


def odd_lines(content: Content, encoding: str) -> tuple[tuple[int, ...], str]:
    """Lines of a one-byte file that are plainly in another encoding, and which one; at least six letters a line."""
    others = _others(encoding)
    rows: list[NDArray[np.intp]] = []
    gains: list[NDArray[np.float64]] = []
    before = 0
    for piece in whole_lines(content):
        found, gain, count = _foreign(piece, encoding, others)
        rows.append(found + before)
        gains.append(gain)
        before += count
    gained = np.concatenate(gains, axis=1) if gains else np.zeros((len(others), 0))
    best, name = np.zeros(gained.shape[1]), ""
    for other, gain in zip(others, gained, strict=True):
        if gain.max(initial=-np.inf) > max(best.max(initial=0), FOREIGN_MARGIN):
            best, name = gain, other
    return tuple(int(line) + 1 for line in np.concatenate(rows)[best > FOREIGN_MARGIN]) if rows else (), name


def _others(encoding: str) -> list[str]:
    return [name for name in CYRILLIC if codec_of(name) != codec_of(encoding)]


def _foreign(piece: bytes, encoding: str, others: list[str]) -> tuple[NDArray[np.intp], NDArray[np.float64], int]:
    """Of whole lines: those that look foreign, how much likelier each other encoding makes them, how many there are."""
    pairs, starts = pairs_by_line(piece)
    letters = np.add.reduceat((pairs & 0x80 > 0).astype(np.uint32), starts)
    if not letters.any():
        return starts[:0], np.zeros((len(others), 0)), len(starts)
    own = np.add.reduceat(_scores(encoding)[pairs], starts, dtype=np.float64)
    foreign = np.flatnonzero((letters >= FEWEST) & (own < ODD * letters))
    return foreign, _gains(piece, pairs, starts, foreign, own, others), len(starts)


def _gains(
    piece: bytes,
    pairs: NDArray[np.uint16],
    starts: NDArray[np.intp],
    chosen: NDArray[np.intp],
    own: NDArray[np.float64],
    others: list[str],
) -> NDArray[np.float64]:
    """How much likelier each other encoding makes the chosen lines, shape (others, chosen); 0 where it makes no words.

    Capitals of one encoding are quotation marks and dashes of another, which no pair of letters speaks against.
    """
    gain = np.zeros((len(others), len(chosen)))
    if not len(chosen):
        return gain
    ends = np.append(starts[1:], len(pairs))
    for place, other in enumerate(others):
        gain[place] = np.add.reduceat(_scores(other)[pairs], starts, dtype=np.float64)[chosen] - own[chosen]
        for column in np.flatnonzero(gain[place] > FOREIGN_MARGIN):
            line = piece[starts[chosen[column]] : ends[chosen[column]]]
            gain[place, column] *= _share_of_letters(line, other) >= WORDS
    return gain


def _share_of_letters(line: bytes, encoding: str) -> float:
    """Of the bytes beyond ASCII how many are letters of Ukrainian or Russian."""
    high = bytes(byte for byte in line if byte >= 0x80)
    text = high.decode(codec_of(encoding), "replace").casefold()
    return sum(text.count(letter) for letter in set(text) & _LETTERS) / max(len(high), 1)


def _scores(encoding: str) -> NDArray[np.float32]:
    """Of each pair of bytes; no single pair condemns a line."""
    return np.maximum(pair_scores(codec_of(encoding)), np.float32(-30))


def foreign_cells(column: pa.Array, encoding: str) -> tuple[list[int], str]:
    """Indices of cells, read with a Cyrillic one-byte encoding, that are text only in another one, and which one.

    A cell is judged by itself: the line that it stands in may be in order.
    """
    different = column.unique()
    different = different.filter(pc.invert(pc.fill_null(pc.string_is_ascii(different), True)))
    bad: list[str] = []
    name, most = "", 0.0
    for start in range(0, len(different), CELLS):
        texts = different.slice(start, CELLS).to_pylist()
        for index, other, gain in _foreign_texts(texts, encoding):
            bad.append(texts[index])
            name, most = max((name, most), (other, gain), key=lambda one: one[1])
    if not bad:
        return [], ""
    hits = pc.is_in(column, pa.array(bad, column.type))
    return [int(index) for index in np.flatnonzero(np.asarray(hits))], name


def _foreign_texts(texts: list[str], encoding: str) -> list[tuple[int, str, float]]:
    """Index, encoding and gain of each text that is far likelier, and likely, in another encoding."""
    content = "\n".join(text.replace("\n", " ") for text in texts).encode(codec_of(encoding), "replace")
    pairs, starts = pairs_by_line(content)
    letters = np.add.reduceat((pairs & 0x80 > 0).astype(np.uint32), starts)
    own = np.add.reduceat(_scores(encoding)[pairs], starts, dtype=np.float64)
    hopeful = np.flatnonzero((letters >= FEWEST) & (own < USUAL * letters - FOREIGN_MARGIN))
    if not len(hopeful):
        return []
    others = _others(encoding)
    gains = _gains(content, pairs, starts, hopeful, own, others)
    best = gains.max(axis=0)
    clear = best + own[hopeful] > ODD * letters[hopeful]
    found = np.flatnonzero((best > FOREIGN_MARGIN) & clear)
    return [(int(hopeful[one]), others[int(gains[:, one].argmax())], float(best[one])) for one in found]
