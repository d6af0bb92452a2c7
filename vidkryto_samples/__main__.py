"""Write the samples into `datasets/`: `python -m vidkryto_samples [department/dataset ...]`."""

from __future__ import annotations

import sys
from pathlib import Path

from vidkryto_samples.registry import SAMPLES, write


def main(names: list[str]) -> int:
    """Write the named samples, or all; tell the size of each file."""
    unknown = sorted(set(names) - set(SAMPLES))
    if unknown:
        sys.stderr.write(f"no sample for {', '.join(unknown)}; known: {', '.join(SAMPLES)}\n")
        return 2
    for file, size in write(Path("datasets"), names or list(SAMPLES)):
        sys.stdout.write(f"{size:>10,} {file}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
