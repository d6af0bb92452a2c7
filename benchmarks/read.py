"""Reading compared with pandas, frictionless and openpyxl on the same files, in one run.

    python benchmarks/read.py FOLDER_WITH_EXPORTS [--rows 1000000] [--repeat 5]

Every reader gets every file in turn, `repeat` times over (ten times as often a file below 1 MB, which takes
milliseconds), so that a busy moment of the machine hits all of them; the best wall time and the best processor time of
each are reported, with the load. What is compared is not the same work: ours decides the encoding over the whole file,
numbers the lines, accounts for every row and looks for broken letters; pandas converts types; frictionless types and
checks every cell; openpyxl only hands out the values.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vidkryto.catalogue.reading import Reading
from vidkryto.findings import Place
from vidkryto.pull import Snapshot
from vidkryto.read import read
from vidkryto.read.files import grids_of

STREETS = ("вул. Зарічанська", "вул. Свободи", "просп. Миру", "вул. Героїв Маріуполя", "вул. Прибузька", "пл. Перемоги")
SMALL = 1_000_000
Reader = Callable[[Path], Any]


def write_table(path: Path, rows: int, *, quoted: bool) -> None:
    """A table of a city: number, code, street, date, amount, count, note; the seed is fixed."""
    chance = random.Random(835)
    mark = '"' if quoted else ""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write("uid,edrpou,street,date,amount,count,lat,lon,note\n")
        for number in range(rows):
            cells = (
                number, f"{chance.randrange(10**8):08d}", chance.choice(STREETS),
                f"20{chance.randrange(10, 25)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
                f"{chance.randrange(10**7) / 100:.2f}", chance.randrange(500), f"49.{chance.randrange(10**6):06d}",
                f"26.{chance.randrange(10**6):06d}", f"запис {chance.randrange(10**6)}",
            )  # fmt: skip
            stream.write(",".join(f"{mark}{cell}{mark}" for cell in cells) + "\n")


def ours_grid(path: Path) -> Any:
    """Cells, encoding, lines."""
    return grids_of(
        path, Reading(max_columns=5000, sheet=("*",) if path.suffix != ".csv" else ()), Place("r", path.name)
    )


def ours_table(path: Path) -> Any:
    """The whole stage: header, columns by name, account."""
    import csv

    with path.open(encoding="utf-8", newline="") as stream:
        names = next(csv.reader(stream))
    snapshot = Snapshot("r", path.name, path, "0" * 64, path.stat().st_size, datetime.now(UTC), "benchmark")
    schema = {"fields": [{"name": name, "type": "any"} for name in names]}
    return read([snapshot], Reading(), schema, resource="r")


def pandas_arrow(path: Path) -> Any:
    """pandas with the pyarrow engine, as pandas gives it by default."""
    import pandas as pd

    return pd.read_csv(path, engine="pyarrow")


def pandas_text(path: Path) -> Any:
    """pandas with the pyarrow engine, every column text: the same result as ours."""
    import pandas as pd

    return pd.read_csv(path, engine="pyarrow", dtype=str)


def frictionless_rows(path: Path) -> Any:
    """All cells of frictionless, with the schema it infers."""
    import frictionless

    with frictionless.Resource(path=path.name, basepath=str(path.parent)) as resource:
        return sum(len(row.to_list()) for row in resource.row_stream)


def openpyxl_rows(path: Path) -> Any:
    """All values of all sheets, in openpyxl's read-only mode."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    return sum(1 for sheet in book for _ in sheet.iter_rows(values_only=True))


def pandas_calamine(path: Path) -> Any:
    """pandas over the same library as ours."""
    import pandas as pd

    return pd.read_excel(path, sheet_name=None, header=None, engine="calamine")


def best(readers: dict[str, Reader], path: Path, repeat: int) -> dict[str, tuple[float, float]]:
    """Best wall and processor time of each reader, in seconds; slow ones run once."""
    found: dict[str, tuple[float, float]] = {}
    for turn in range((repeat if path.stat().st_size > SMALL else 10 * repeat) + 1):
        for name, reader in readers.items():
            if turn > 1 and found[name][0] > 8:
                continue
            wall, processor = time.perf_counter(), time.process_time()
            reader(path)
            took = time.perf_counter() - wall, time.process_time() - processor
            if turn:  # the first round warms caches and imports
                before = found.get(name, took)
                found[name] = min(before[0], took[0]), min(before[1], took[1])
            elif took[0] > 8:
                found[name] = took
    return found


def show(title: str, times: dict[str, tuple[float, float]], base: str) -> None:
    """One table: seconds and how they compare with ours."""
    print(f"\n{title}; load {os.getloadavg()[0]:.1f}")
    print("| reader | wall s | CPU s | wall / ours | CPU / ours |\n|---|---|---|---|---|")
    for name, (wall, processor) in times.items():
        ours = times[base]
        print(f"| {name} | {wall:.3f} | {processor:.3f} | {wall / ours[0]:.2f} | {processor / ours[1]:.2f} |")


def main() -> None:
    """Write the synthetic tables, run all readers, print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("exports", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    text = {
        "ours, cells": ours_grid, "ours, table": ours_table, "pandas pyarrow": pandas_arrow,
        "pandas pyarrow, text": pandas_text, "frictionless": frictionless_rows,
    }  # fmt: skip
    books = {"ours, cells": ours_grid, "pandas calamine": pandas_calamine, "openpyxl": openpyxl_rows}
    with tempfile.TemporaryDirectory() as folder:
        plain, quoted = Path(folder) / "plain.csv", Path(folder) / "quoted.csv"
        write_table(plain, options.rows, quoted=False)
        write_table(quoted, options.rows, quoted=True)
        for path in (plain, quoted):
            fast = {name: reader for name, reader in text.items() if name != "frictionless"}
            times = best(fast, path, options.repeat)
            show(f"{path.name}, {options.rows:,} rows, {path.stat().st_size >> 20} MB", times, "ours, table")
    for name in ("finance/openbudget_debts.csv", "health/hospital_procurement_with_regions.csv",
                 "territory/hromadas.csv", "transport/ports_transship_2015.csv"):  # fmt: skip
        path = options.exports / name
        size = path.stat().st_size >> 10
        show(f"{name}, {size:,} kB", best(text, path, options.repeat), "ours, table")
    for name in ("administration/PEC_protocols_votes_21.04.2019.xlsx", "finance/openbudget_output_multisheet.xlsx",
                 "administration/835_orgs_and_required_datasets_Oct24.xlsx"):  # fmt: skip
        path = options.exports / name
        show(f"{name}, {path.stat().st_size >> 10:,} kB", best(books, path, options.repeat), "ours, cells")


if __name__ == "__main__":
    main()
