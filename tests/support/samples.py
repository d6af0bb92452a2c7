"""Run the code samples of a developer page as a developer would: with curl, Python, R and Node from the machine."""

from __future__ import annotations

import shutil
import subprocess
import sys

RUNNERS = {
    "curl": ("sh", "-e", "-c"),
    "python": (sys.executable, "-I", "-c"),
    "r": ("Rscript", "--vanilla", "-e"),
    "javascript": ("node", "--input-type=module", "-e"),
}
PROGRAMS = {"curl": "curl", "python": sys.executable, "r": "Rscript", "javascript": "node"}


def missing(language: str) -> str:
    """Why samples of a language cannot be run here; empty when they can."""
    program = PROGRAMS[language]
    return "" if shutil.which(program) else f"left out: {program}, which runs samples in {language}, is not here"


def run_sample(language: str, code: str) -> str:
    """What a sample prints; fails the test when it ends badly or says nothing."""
    ended = subprocess.run([*RUNNERS[language], code], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, f"{language}: {ended.stderr[-500:]}\n{code}"
    assert ended.stdout.strip(), f"{language} printed nothing:\n{code}"
    return ended.stdout
