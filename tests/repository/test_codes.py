"""Every finding code has a case: a test that makes the finding and asks for it by its name."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from vidkryto.findings import codes

ROOT = Path(__file__).parents[2]
CONFORMANCE = ROOT.parent / "shared" / "conformance" / "cases.jsonl.gz"
STANDARD = "validate"
"""Codes of this stage are frictionless' error types: their cases are the conformance cases, beside our own tests."""
INHERITED = {
    # Types that frictionless declares and that a table with a Table Schema never gives: they belong to packages,
    # remote files and descriptors. Their words are there for the day when it does.
    "source-error",
    "scheme-error",
    "format-error",
    "compression-error",
    "hash-count",
    "byte-count",
    "field-count",
    "row-count",
    "blank-header",
    "unmatched-header",
    "resource-error",
    "package-error",
    "schema-error",
    "field-error",
    "dialect-error",
    "metadata-error",
}


def asked_for() -> set[str]:
    """Every code that a test or the case of a real export names, but for this file."""
    files = [file for file in (ROOT / "tests").rglob("*") if file.suffix in (".py", ".yaml") and file != Path(__file__)]
    words = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return set(re.findall(r"[a-z]+(?:-[a-z]+)*", words)) & set(codes())


def test_a_code_is_asked_for_by_a_test() -> None:
    """No code without a case."""
    lacking = {name for name, code in codes().items() if code.stage != STANDARD} - asked_for()
    assert lacking == set(), f"write a test that asks for {sorted(lacking)}"


def test_a_standard_code_has_its_conformance_case() -> None:
    """Each of frictionless' types that tables give is in the conformance cases or in a test of ours."""
    if not CONFORMANCE.is_file():
        pytest.skip("left out: the conformance cases (../shared/conformance) are not on this machine")
    seen = asked_for()
    with gzip.open(CONFORMANCE, "rt", encoding="utf-8") as lines:
        for line in lines:
            seen |= _types(json.loads(line))
    standard = {name for name, code in codes().items() if code.stage == STANDARD}
    assert standard - seen <= INHERITED


def _types(part: object) -> set[str]:
    """Every value of a key `type` in a JSON document."""
    if isinstance(part, dict):
        own = {part["type"]} if isinstance(part.get("type"), str) else set()
        return own.union(*(_types(value) for value in part.values()))
    return set().union(*(_types(item) for item in part)) if isinstance(part, list) else set()
