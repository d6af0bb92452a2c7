"""The bill of materials says what the lock files pin."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".venv-supply" / "bin"
VALID = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
sys.exit(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1], encoding="utf-8").read()) is not None)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lock", ["requirements.lock", "portal/requirements.lock"])
def test_the_bill_of_materials_holds_every_pin_with_its_hash(lock: str, tmp_path: Path) -> None:
    """Made from the lock alone, twice the same bytes; each pin is there with version and hashes."""
    subprocess.run(["make", ".venv-supply/.ready"], cwd=ROOT, check=True, capture_output=True)
    made = []
    for name in ("a.json", "b.json"):
        command = [TOOLS / "cyclonedx-py", "requirements", "--output-reproducible", "--sv", "1.6"]
        subprocess.run([*command, "--output-file", tmp_path / name, ROOT / lock], check=True, capture_output=True)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    subprocess.run([TOOLS / "python", "-c", VALID, tmp_path / "a.json"], check=True)
    parts = {(part["name"], part["version"]): part for part in json.loads(made[0])["components"]}
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = set(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))
    assert pins
    assert pins <= set(parts)
    assert all(any(one.get("hashes") for one in part["externalReferences"]) for part in parts.values())


@pytest.mark.parametrize(
    "lock",
    sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("requirements*.lock"), *ROOT.glob("portal/*.lock"))),
)
def test_every_pin_of_a_lock_has_its_hashes(lock: str) -> None:
    """One without would be taken from anywhere; the Makefile installs with --require-hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    assert [pin for pin in pins if not re.search(r"^[^ ]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", pin)] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"--require-hashes -r {re.escape(lock)}", makefile)


def _wheel(folder: Path, content: str) -> Path:
    """A package of one line."""
    path = folder / "vidkryto_probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("vidkryto_probe.py", content)
        wheel.writestr(
            "vidkryto_probe-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: vidkryto-probe\nVersion: 1.0\n"
        )
        wheel.writestr(
            "vidkryto_probe-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("vidkryto_probe-1.0.dist-info/RECORD", "")
    return path


@pytest.mark.slow
def test_a_package_that_was_changed_after_the_lock_is_not_installed(tmp_path: Path) -> None:
    """As the Makefile installs: the honest wheel comes in, the same name and version with another line does not."""
    wheel = _wheel(tmp_path, "x = 1\n")
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"vidkryto-probe==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--find-links",
        tmp_path,
        "--require-hashes",
    ]
    honest = subprocess.run([*pip, "--target", tmp_path / "a", "-r", lock], capture_output=True, text=True, check=False)
    assert honest.returncode == 0, honest.stderr
    _wheel(tmp_path, "x = 2\n")
    forged = subprocess.run([*pip, "--target", tmp_path / "b", "-r", lock], capture_output=True, text=True, check=False)
    assert forged.returncode != 0
    assert "DO NOT MATCH THE HASHES" in forged.stderr
    assert not (tmp_path / "b" / "vidkryto_probe.py").exists()
