"""Cells that were once read in a wrong encoding and saved so: «РњС–СЃС‚Рѕ» instead of «Місто»."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_CP1251 = "".join(bytes([byte]).decode("cp1251", "ignore") for byte in range(0x80, 0xC0))
_AS_CP1251 = "(?:[РС][" + "".join(f"\\x{{{ord(letter):x}}}" for letter in _CP1251) + "]){3}"
_AS_LATIN1 = r"(?:[ÐÑ][\x{80}-\x{bf}]){3}"
_WAYS = ((_AS_CP1251, "cp1251"), (_AS_LATIN1, "latin-1"))


def broken_letters(column: pa.Array) -> tuple[list[int], str, str]:
    """Indices of broken cells, the first of them, and what it should probably be; no indices when all is well."""
    for pattern, codec in _WAYS:
        mask = pc.fill_null(pc.match_substring_regex(column, pattern), False)
        if not mask.true_count:
            continue
        hits = [int(index) for index in np.flatnonzero(np.asarray(mask))]
        first = str(column[hits[0]].as_py())
        return hits, first, mended(first, codec)
    return [], "", ""


def mended(text: str, codec: str) -> str:
    """The text read again as UTF-8, as far as its letters allow; '' when they do not."""
    try:
        return text.encode(codec).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text.encode(codec, "ignore").decode("utf-8", "ignore")
