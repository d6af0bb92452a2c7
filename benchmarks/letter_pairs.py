"""Make vidkryto/read/letters.json: pairs of letter classes counted in the descriptions of the mandated datasets.

    python benchmarks/letter_pairs.py FOLDER_WITH_STRUCTURES

The texts are the official recommendations for Resolution 835 (schema.json files); only counts are kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vidkryto.read.letters import CLASSES, letter_class


def texts(value: Any) -> Iterator[str]:
    """Every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def count(folder: Path) -> np.ndarray:
    """Pairs of classes over all distinct texts of the folder's schema.json files."""
    seen = {text for file in folder.glob("*/schema.json") for text in texts(json.loads(file.read_text("utf-8-sig")))}
    index = {name: position for position, name in enumerate(CLASSES)}
    pairs = np.zeros((len(CLASSES), len(CLASSES)), dtype=int)
    for text in sorted(seen):
        classes = [index[letter_class(character)] for character in f"\n{text}\n"]
        np.add.at(pairs, (classes[:-1], classes[1:]), 1)
    return pairs


if __name__ == "__main__":
    target = Path(__file__).parents[1] / "vidkryto" / "read" / "letters.json"
    rows = [json.dumps(row) for row in count(Path(sys.argv[1])).tolist()]
    target.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
