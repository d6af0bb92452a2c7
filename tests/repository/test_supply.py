"""The bill of materials says what the lock files pin."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("lock", ["requirements.lock", "portal/requirements.lock"])
def test_the_bill_of_materials_holds_every_pin_with_its_hash(lock: str, tmp_path: Path) -> None:
    """Made from the lock alone, twice the same bytes; each pin is there with version and hashes."""
    made = []
    for name in ("a.json", "b.json"):
        tool = Path(sys.executable).with_name("cyclonedx-py")
        command = [tool, "requirements", "--output-reproducible", "--sv", "1.6"]
        subprocess.run([*command, "--output-file", tmp_path / name, ROOT / lock], check=True, capture_output=True)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    parts = {(part["name"], part["version"]): part for part in json.loads(made[0])["components"]}
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = set(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))
    assert pins
    assert pins <= set(parts)
    assert all(any(one.get("hashes") for one in part["externalReferences"]) for part in parts.values())
