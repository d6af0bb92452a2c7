"""Random tables of counts with margins, like the ones of the study: 10 by 6, about one cell in ten small."""

from __future__ import annotations

import numpy as np
import pyarrow as pa


def count_table(seed: int, rows: int = 10, columns: int = 6) -> pa.Table:
    """A long table with its margins and its grand total."""
    rng = np.random.default_rng(seed)
    counts = rng.negative_binomial(1.25, 1.25 / (1.25 + 60), size=(rows, columns))
    lines = [(f"р{row}", f"в{column}", counts[row, column]) for row in range(rows) for column in range(columns)]
    lines += [(f"р{row}", "Всього", counts[row].sum()) for row in range(rows)]
    lines += [("Всього", f"в{column}", counts[:, column].sum()) for column in range(columns)]
    lines.append(("Всього", "Всього", counts.sum()))
    names = ("district", "age", "people")
    return pa.table({name: [str(line[place]) for line in lines] for place, name in enumerate(names)})
