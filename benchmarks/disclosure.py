"""How fast the disclosure gate looks: every detector over a table, as a ratio to reading that table; and suppression.

    python benchmarks/disclosure.py [ROWS]

Writes an invented table of appeals (ten columns: codes, dates, amounts, addresses, coordinates, free text) as CSV,
reads it with pyarrow's own reader on all cores, then runs every detector over every column. 2,000,000 rows unless
told otherwise; the goal of the project is a ratio under 3 at 10,000,000.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from tests.disclosure.count_tables import count_table
from vidkryto.catalogue.classes import Cells
from vidkryto.disclosure.columns import judge_table
from vidkryto.disclosure.suppression import protect_cells

STREETS = (
    "Зарічанська",
    "Проскурівська",
    "Подільська",
    "Кам’янецька",
    "Свободи",
    "Соборна",
    "Героїв Майдану",
    "Прибузька",
)
NOTES = (
    "Відсутнє гаряче водопостачання",
    "Не працює ліхтар",
    "Заявку прийнято",
    "Яма на дорозі",
    "Потрібне кронування",
)
BLOCK = 500_000


def appeals(rng: np.random.Generator, first: int, rows: int) -> pa.Table:
    """One block of the invented table."""

    def pick(words: tuple[str, ...]) -> pa.Array:
        return pa.array(np.array(words)[rng.integers(0, len(words), rows)])

    def text(numbers: np.ndarray) -> pa.Array:
        return pc.cast(pa.array(numbers), pa.string())

    days = np.datetime64("2024-01-01T00:00:00") + rng.integers(0, 60_000_000, rows).astype("timedelta64[s]")
    return pa.table(
        {
            "uid": text(np.arange(first, first + rows)),
            "receivedDateTime": text(days),
            "organizationName": pick(tuple(f"Комунальне підприємство № {number}" for number in range(400))),
            "organizationId": text(rng.integers(10_000_000, 45_000_000, rows)),
            "amount": text(np.round(rng.gamma(2, 50_000, rows), 2)),
            "address": pc.binary_join_element_wise("вул. ", pick(STREETS), ", ", text(rng.integers(1, 200, rows)), ""),
            "lat": text(np.round(49.4 + rng.random(rows) * 0.05, 6)),
            "lon": text(np.round(26.9 + rng.random(rows) * 0.1, 6)),
            "content": pc.binary_join_element_wise(pick(NOTES), text(rng.integers(1, 10**6, rows)), " № "),
            "status": pick(("Виконано", "У роботі", "Відхилено")),
        }
    )


def write(path: Path, rows: int) -> None:
    """The table in blocks, so that making it needs little memory."""
    rng = np.random.default_rng(835)
    with arrow_csv.CSVWriter(path, appeals(rng, 0, 1).schema) as writer:
        for first in range(0, rows, BLOCK):
            writer.write_table(appeals(rng, first, min(BLOCK, rows - first)))


def speed(rows: int) -> None:
    """Reading and looking, in seconds, and their ratio."""
    with tempfile.TemporaryDirectory(prefix="vidkryto-bench-") as folder:
        path = Path(folder) / "appeals.csv"
        write(path, rows)
        names = appeals(np.random.default_rng(1), 0, 1).column_names
        options = arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        start, worked = time.perf_counter(), time.process_time()
        table = arrow_csv.read_csv(path, convert_options=options)
        read, read_work = time.perf_counter() - start, time.process_time() - worked
        start, worked = time.perf_counter(), time.process_time()
        seen = judge_table(table)
        looked, look_work = time.perf_counter() - start, time.process_time() - worked
        size = path.stat().st_size / 1e6
    kinds = {name: [one.kind for one in found] for name, found in seen.items() if found}
    print(f"{table.num_rows:,} rows, {table.num_columns} columns, {size:,.0f} MB; load {os.getloadavg()[0]:.1f}")
    print(f"read {read:.2f} s, all detectors {looked:.2f} s, ratio {looked / read:.2f}; seen {kinds}")
    print(f"in processor time: {read_work:.2f} s, {look_work:.2f} s, ratio {look_work / read_work:.2f}")


def suppression(tables: int = 20) -> None:
    """Seconds for a table of 10 by 6 with its margins, and the share of cells that is hidden."""
    rule = Cells(counts="people", over=("district", "age"), threshold=10, width=5)
    start = time.perf_counter()
    outcomes = [protect_cells(count_table(seed), rule) for seed in range(tables)]
    spent = time.perf_counter() - start
    hidden, small = sum(one.hidden for one in outcomes), sum(one.evidence["small"] for one in outcomes)
    print(f"{tables} tables of 10 by 6: {spent / tables:.2f} s each; {small} small, {hidden} hidden of {tables * 60}")


if __name__ == "__main__":
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000)
    suppression()
