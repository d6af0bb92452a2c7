"""Every finding code of the stage is made by the code and asked for by a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidkryto.findings import codes

ROOT = Path(__file__).parents[2]
CODES = [name for name, code in codes().items() if code.stage == "disclosure"]


def words(*folders: str) -> str:
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py") if file != Path(__file__)]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize("name", CODES)
def test_a_code_is_made_and_tested(name: str) -> None:
    """A code without a case would be a promise nobody keeps."""
    assert f'"{name}"' in words("vidkryto/disclosure")
    assert f'"{name}"' in words("tests/disclosure")
