"""Measures validation: frictionless, ours, and the floor of merely reading, in CPU seconds and wall time.

    python benchmarks/validate.py                          # 1,000,000 rows of every kind, about ten quiet minutes
    python benchmarks/validate.py --rows 100000 --kinds clean,bad1
    python benchmarks/validate.py --large                  # 10,000,000 rows for memory as well
    python benchmarks/validate.py --file stops.csv --schema stops.schema.json

Every figure is of a fresh process. The table is printed as Markdown; --write puts it into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import _validation_data as data  # noqa: E402  # the path above comes first

KINDS: dict[str, tuple[str, dict[str, Any], float]] = {
    "clean": ("clean", {}, 60),
    "bad1": ("1 % of cells bad", {"bad": 0.01}, 40),
    "bad20": ("20 % of cells bad", {"bad": 0.2}, 100),
    "windows": ("Windows-1251, `;`, CRLF", {"delimiter": ";", "encoding": "cp1251", "newline": "\r\n"}, 40),
    "quoted": ("every cell quoted, CRLF", {"quoted": True, "newline": "\r\n"}, 40),
    "hard": ("hard types, all distinct", {"hard": True}, 40),
}
"""Kind: what it is, how it is made, the ratio of CPU seconds to frictionless that is the goal."""
SMALL = (100, 1_000, 10_000)
WARM = 3
BEGIN, END = "<!-- validate: begin -->", "<!-- validate: end -->"


# ---- one measurement, in a process of its own


def engine(name: str, path: Path, schema: dict[str, Any] | None, limit: int) -> Callable[[], int]:
    """A function that does the work once and returns the number of findings."""
    if name == "frictionless":
        from frictionless import Resource, Schema

        def by_frictionless() -> int:
            described = {} if schema is None else {"schema": Schema.from_descriptor(json.loads(json.dumps(schema)))}
            report = Resource(path=path.name, basepath=str(path.parent), **described).validate(limit_errors=limit)
            return len(report.tasks[0].errors)

        return by_frictionless
    if name == "vidkryto":
        from vidkryto.validate import validate_file

        def by_us() -> int:
            validation = validate_file(path, schema=schema, limit_errors=limit)
            if validation.engine != "columnar":
                raise SystemExit(f"declined to frictionless: {validation.reason}")
            return len(validation.findings)

        return by_us
    if name == "pyarrow":
        from pyarrow import csv

        return lambda: int(csv.read_csv(path).num_rows * 0)
    import duckdb

    return lambda: int(duckdb.sql(f"select count(columns(*)) from read_csv('{path}')").fetchall()[0][0] * 0)


def measure(name: str, path: Path, schema: dict[str, Any] | None, limit: int, repeat: int) -> dict[str, Any]:
    """CPU and wall seconds of the first call after the imports and the best of the later ones; peak memory."""
    runs = []
    began = time.perf_counter()
    work = engine(name, path, schema, limit)
    imports = time.perf_counter() - began
    for _ in range(1 + repeat):
        cpu, wall = time.process_time(), time.perf_counter()
        findings = work()
        runs.append((time.process_time() - cpu, time.perf_counter() - wall))
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    best = min(runs[1:] or runs)
    return {
        "imports": imports,
        "first": runs[0],
        "warm": best,
        "findings": findings,
        "memory": int(peak.split()[1]) // 1024,
    }


def measured(name: str, path: Path, schema: Path | None, *, limit: int = 0, repeat: int = WARM) -> dict[str, Any]:
    """The same, in a fresh process."""
    command = [sys.executable, __file__, "--worker", name, "--file", str(path), "--limit", str(limit)]
    command += ["--repeat", str(repeat)] + ([] if schema is None else ["--schema", str(schema)])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} on {path.name} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {name:12} {path.name:16} {result}  load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return result


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process keeps a core busy meanwhile."""
    burner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        burner.kill()
        burner.wait()


# ---- the tables


def row(label: str, path: Path, schema: Path | None, goal: float | None) -> str:
    """One row of the table of ratios."""
    ours, theirs = measured("vidkryto", path, schema), measured("frictionless", path, schema, repeat=0)
    floor = measured("pyarrow", path, None)
    with busy_core():
        busy = measured("vidkryto", path, schema)
    if ours["findings"] != theirs["findings"]:
        raise SystemExit(f"findings differ on {path}: {ours['findings']} and {theirs['findings']}")
    cpu = theirs["first"][0] / ours["warm"][0]
    verdict = "" if goal is None else f"{goal:g}× {'reached' if cpu >= goal else '**not reached**'}"
    cells = (
        label,
        f"{ours['findings']:,}",
        pair(theirs["first"]),
        pair(ours["first"]),
        pair(ours["warm"]),
        f"**{cpu:.0f}×** ({theirs['first'][0] / ours['first'][0]:.0f}× first)",
        f"{theirs['first'][1] / ours['warm'][1]:.0f}× ({theirs['first'][1] / busy['warm'][1]:.0f}× with a core busy)",
        f"{ours['warm'][0] / floor['warm'][0]:.1f}×",
        f"{theirs['memory']} / {ours['memory']} MB",
        verdict,
    )
    return "| " + " | ".join(cells) + " |"


def pair(seconds: tuple[float, float]) -> str:
    """CPU and wall seconds."""
    return f"{seconds[0]:.2f} / {seconds[1]:.2f}"


HEADER = (
    "| table | findings | frictionless, CPU / wall s | ours, first call | ours, warm | ratio of CPU | ratio of wall "
    "| CPU to pyarrow's typed read | peak memory, theirs / ours | goal |\n|---|---|---|---|---|---|---|---|---|---|"
)


def small_table(folder: Path) -> list[str]:
    """Small files: the median of warm calls, both engines in one process each."""
    lines = ["| rows | frictionless, ms | ours, ms | ratio |", "|---|---|---|---|"]
    for rows in SMALL:
        path, schema = make(folder, f"small{rows}", rows, {})
        theirs, ours = (median_of(name, path, schema, 0) for name in ("frictionless", "vidkryto"))
        lines.append(f"| {rows:,} | {theirs:.1f} | {ours:.1f} | {theirs / ours:.1f}× |")
    return lines


def limit_table(folder: Path, rows: int) -> list[str]:
    """Early stops: limit_errors=1000, frictionless' default."""
    lines = ["| table | frictionless, ms | ours, ms | ratio |", "|---|---|---|---|"]
    for kind in ("bad1", "bad20"):
        label, options, _ = KINDS[kind]
        path, schema = make(folder, kind, rows, options)
        theirs, ours = (median_of(name, path, schema, 1000) for name in ("frictionless", "vidkryto"))
        lines.append(f"| {label} | {theirs:.0f} | {ours:.0f} | {theirs / ours:.1f}× |")
    return lines


def median_of(name: str, path: Path, schema: Path, limit: int) -> float:
    """Median wall time of a warm call, in milliseconds."""
    work = engine(name, path, json.loads(schema.read_text()), limit)
    work()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def large_table(folder: Path) -> list[str]:
    """Ten million rows: time and memory of ours and of the floor."""
    path, schema = make(folder, "large", 10_000_000, {})
    ours = measured("vidkryto", path, schema, repeat=1)
    floor, duck = (measured(name, path, None) for name in ("pyarrow", "duckdb"))
    lines = ["| 10,000,000 rows | CPU / wall s | peak memory |", "|---|---|---|"]
    for label, result in (("ours", ours), ("pyarrow, typed read", floor), ("duckdb, typed read", duck)):
        lines.append(f"| {label} | {pair(result['warm'])} | {result['memory']:,} MB |")
    path.unlink()
    return lines


def make(folder: Path, name: str, rows: int, options: dict[str, Any]) -> tuple[Path, Path]:
    """A table and its schema, made once."""
    path, schema = folder / f"{name}.csv", folder / f"{name}.schema.json"
    if not path.exists():
        schema.write_text(json.dumps(data.write(path, rows, **options)))
    return path, schema


def report(options: argparse.Namespace) -> str:
    """All tables as Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [HEADER]
        for kind in options.kinds.split(","):
            label, how, goal = KINDS[kind]
            rows = options.rows * 3 // 10 if kind == "hard" else options.rows
            path, schema = make(folder, kind, rows, how)
            lines.append(row(f"{label}, {rows:,} × {9 if kind != 'hard' else 7}", path, schema, goal))
        lines += ["", "Small tables, warm:", "", *small_table(folder)]
        lines += ["", "With `limit_errors=1000`, warm:", "", *limit_table(folder, options.rows)]
        if options.large:
            lines += ["", *large_table(folder)]
    machine = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[1]:.1f} at the end"
    return "\n".join([f"Seed {data.SEED}; {machine}.", "", *lines])


def write(text: str) -> None:
    """Put the tables between their marks in docs/benchmarks.md."""
    page = ROOT / "docs" / "benchmarks.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--large", action="store_true", help="10,000,000 rows as well (1 GB on disk)")
    parser.add_argument("--file", type=Path, help="a table of your own")
    parser.add_argument("--schema", type=Path, help="its Table Schema")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--limit", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=WARM, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        schema = json.loads(options.schema.read_text(encoding="utf-8")) if options.schema else None
        print(json.dumps(measure(options.worker, options.file, schema, options.limit, options.repeat)))
    elif options.file:
        print(HEADER, row(options.file.name, options.file, options.schema, None), sep="\n")
    else:
        text = report(options)
        print(text)
        if options.write:
            write(text)


if __name__ == "__main__":
    main()
