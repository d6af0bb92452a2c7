"""Quality of a large table: Great Expectations over pandas against DuckDB, same suite, same findings.

    python benchmarks/quality.py [ROWS]

Each engine runs in a process of its own; time is CPU seconds of the judgement, memory is the process' peak.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import pyarrow as pa

SUITE = [
    {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 10}},
    {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "uid"}},
    {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "amount"}},
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "amount", "min_value": 0, "max_value": 990}},
    {"type": "expect_column_mean_to_be_between", "kwargs": {"column": "amount", "min_value": 490, "max_value": 510}},
    {"type": "expect_column_max_to_be_between", "kwargs": {"column": "day", "min_value": "2026-01-01T00:00:00"}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "kind", "value_set": list("абвг")}},
    {"type": "expect_column_unique_value_count_to_be_between", "kwargs": {"column": "kind", "max_value": 9}},
    {"type": "expect_column_sum_to_be_between", "kwargs": {"column": "count", "min_value": 1}},
]


def table(rows: int) -> pa.Table:
    """Six columns as an export of appeals or fares has them."""
    chance = np.random.default_rng(5)
    words = pa.array(list("абвгґ"))
    return pa.table(
        {
            "uid": pa.array(np.arange(rows)),
            "amount": pa.array(chance.uniform(0, 1000, rows)),
            "count": pa.array(chance.integers(0, 50, rows)),
            "day": pa.array(chance.integers(20_000, 20_500, rows).astype("int32"), pa.date32()),
            "kind": words.take(pa.array(chance.integers(0, 5, rows))),
            "text": words.take(pa.array(chance.integers(0, 5, rows))),
        }
    )


def measure(engine: str, rows: int) -> None:
    """Judge once in this process and print what it took."""
    warnings.simplefilter("ignore")
    from vidkryto.quality import Suite, Surroundings, check_quality

    small = table(1000)
    suite = Suite.model_validate({"expectations": SUITE}).expectations
    limit = 0 if engine == "duckdb" else 10**12
    check_quality(Surroundings({"t": small}, {"t": pa.array(range(1000))}), suite, {}, large=limit)  # imports
    at = Surroundings({"t": table(rows)}, {"t": pa.array(np.arange(rows))})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    found = check_quality(at, suite, {}, large=limit)
    facts = {
        "cpu": round(time.process_time() - cpu, 2),
        "wall": round(time.perf_counter() - wall, 2),
        "more_mb": round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024),
        "findings": [repr(finding) for finding in found.findings],
    }
    print(json.dumps(facts))


def main() -> None:
    """Both engines, their ratio, and whether they agree."""
    if len(sys.argv) > 2:
        measure(sys.argv[1], int(sys.argv[2]))
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_500_000
    told = {
        engine: json.loads(
            subprocess.run([sys.executable, __file__, engine, str(rows)], capture_output=True, check=True).stdout
        )
        for engine in ("great-expectations", "duckdb")
    }
    for engine, facts in told.items():
        print(f"{engine:<20} cpu {facts['cpu']:>7} s  wall {facts['wall']:>7} s  memory +{facts['more_mb']} MB")
    slow, fast = told.values()
    print(f"rows {rows}; findings equal: {slow['findings'] == fast['findings']} ({len(fast['findings'])})")
    print(f"ratio of CPU seconds {slow['cpu'] / fast['cpu']:.1f}, of wall time {slow['wall'] / fast['wall']:.1f}")


if __name__ == "__main__":
    main()
