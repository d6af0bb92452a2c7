"""How often the encoding of a re-encoded real text is told right, left undecided, or told wrong.

    python benchmarks/encodings.py FOLDER_WITH_EXPORTS

Each real text is written in each candidate encoding, and pieces of 200 bytes to 200 kB of it are judged. The letter
table was made from other texts (the descriptions of the mandated structures), so none of these was seen before.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from vidkryto.read.encoding import CYRILLIC, codec_of, decide

SIZES = (200, 500, 2_000, 20_000, 200_000)
CYRILLIC_TEXTS = (
    ("education/schools.csv", "cp1251"),
    ("health/covid_by_raion_MAP.csv", "cp1251"),
    *(
        (name, "utf-8-sig")
        for name in (
            "territory/KOATUU_23012017.csv",
            "transport/ports_transship_2015.csv",
            "territory/hromadas.csv",
            "health/hospital_procurement_with_regions.csv",
            "territory/fiz-geo-volynska.tsv",
            "territory/fiz-geo-khmelnytska.csv",
            "administration/frankivsk_services.csv",
            "finance/budget_classification.csv",
            "greenery/drohobych_removed_05_2021.csv",
            "territory/rename_settlements_01-07-2017.csv",
            "territory/kodifikator-16-05-2025.csv",
            "finance/openbudget_debts.csv",
            "statistics/ІСЦ 2017-2021.csv",
            "education/ternopil_charitable_contribs.csv",
            "transport/zhytomyr_stops.csv",
            "finance/state_budget_expenses_2014.csv",
        )
    ),
)
WESTERN_TEXTS = (("foreign/spanish_chars_budget_2011.csv", "cp1252"),)
WIDE = ("utf-8", "utf-16-le", "utf-16-be")

Verdicts = dict[tuple[str, int], Counter[str]]


def written(text: str, encoding: str) -> bytes:
    """The text as a program of the time wrote it: CP866 has no і, so a Latin i stood for it; the rest is left out."""
    if encoding == "cp866":
        text = text.translate(str.maketrans("іІґҐ", "iIгГ"))
    return text.encode(codec_of(encoding), "ignore")


def pieces(text: str, encoding: str, size: int, many: int, chance: random.Random) -> Iterator[bytes]:
    """Up to `many` pieces of about that size from anywhere in the text; none without letters beyond ASCII."""
    width = {"utf-16-le": 2, "utf-16-be": 2, "utf-8": 1.6}.get(encoding, 1)
    length = int(size / width)
    for _ in range(many):
        start = chance.randrange(max(1, len(text) - length))
        piece = text[start : start + length]
        if not piece.isascii():
            yield written(piece, encoding)


def measure(exports: Path, many: int) -> Verdicts:
    """Right, undecided and wrong verdicts by encoding and size."""
    chance, verdicts = random.Random(835), Verdicts()
    groups = ((CYRILLIC_TEXTS, (*CYRILLIC, *WIDE)), (WESTERN_TEXTS, ("windows-1252", "mac-roman", "cp850", *WIDE)))
    for texts, encodings in groups:
        for name, own in texts:
            text = (exports / name).read_bytes().decode(own)
            for encoding in encodings:
                for size in SIZES:
                    found = verdicts.setdefault((encoding, size), Counter())
                    for piece in pieces(text, encoding, size, many, chance):
                        found[judged(piece, encoding)] += 1
    return verdicts


def judged(piece: bytes, encoding: str) -> str:
    """right, undecided or WRONG; two encodings that read a piece alike are both right."""
    verdict = decide(piece)
    if not verdict.encoding:
        return "undecided"
    same = piece.decode(codec_of(verdict.encoding), "ignore") == piece.decode(codec_of(encoding), "ignore")
    return "right" if same and not verdict.odd_lines else "WRONG"


if __name__ == "__main__":
    table = measure(Path(sys.argv[1]), many=6)
    print("| encoding | " + " | ".join(f"{size:,} B" for size in SIZES) + " |")
    print("|---" * (len(SIZES) + 1) + "|")
    for name in dict.fromkeys(encoding for encoding, _ in table):
        cells = [table[name, size] for size in SIZES]
        shown = [f"{cell['right']} / {cell['undecided']} / {cell['WRONG']}" for cell in cells]
        print(f"| {name} | " + " | ".join(shown) + " |")
    print("right / undecided / wrong;", sum(sum(cell.values()) for cell in table.values()), "pieces")
