"""An old workbook opened in a process of its own first: what kills the parser kills that process and not the run.

The formats XLS and XLSB are sequences of binary records whose lengths the parser believes. Fuzzing found files that
make it panic, files that make it ask for more memory than there is, which ends a process at once, and files with
more columns than the format has. XLSX and ODS are text: how far their cells reach is measured by `workbook_scan`
and `ods_scan` first, and they are read in this process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place

BINARY = ("xls", "xlsb")
SECONDS = 120
"""Processor seconds for one workbook."""
MEGABYTES = 4096
"""Address space for one workbook."""


def probe(path: Path, kind: str, place: Place) -> None:
    """Let another process open every sheet. Raises ReadError when it does not survive that."""
    runner = Path(__file__).with_name("probe_runner.py")
    command = [sys.executable, "-I", str(runner), str(path.resolve()), kind, str(SECONDS), str(MEGABYTES)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=10 * SECONDS, check=False, env={"PATH": ""})
    except subprocess.TimeoutExpired:
        raise _refused(place) from None
    if done.returncode:
        raise _refused(place)


def _refused(place: Place) -> ReadError:
    return ReadError(
        f"{place.file} cannot be opened as a workbook: the parser did not survive it",
        (Finding("workbook-damaged", place),),
        remedy="Open it in the office program, save it again as XLSX and export that.",
    )
