"""vidkryto portal: the portal's commands from the pipeline's command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = "from vidkryto.cli.portal import app; app(prog_name='vidkryto portal')"


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One command in an own state folder."""
    environment = {**os.environ, "VIDKRYTO_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-c", CODE, *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_status_is_passed_through_with_its_exit_code(tmp_path: Path) -> None:
    """The portal's own program runs in its own environment; its JSON comes out unchanged."""
    found = run(tmp_path, "status", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["state"] == "down"
    assert json.loads(found.stdout)["home"] == str(tmp_path / "portal")


def test_ctrl_c_is_heard_by_a_program_that_looks_after_the_portal(tmp_path: Path) -> None:
    """`vidkryto up` looks twice a minute; whoever presses Ctrl-C in that moment presses it once."""
    code = (
        "import os, signal, threading\n"
        "from vidkryto.cli import portal\n"
        "heard = []\n"
        "signal.signal(signal.SIGINT, lambda *_: heard.append(True))\n"
        "threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "code, told = portal.run('status', '--json', capture=True)\n"
        "print(code, heard, 'down' in told)\n"
    )
    environment = {**os.environ, "VIDKRYTO_HOME": str(tmp_path)}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == "0 [True] True\n", found.stderr


def test_a_refusal_has_exit_code_2(tmp_path: Path) -> None:
    """As everywhere in vidkryto."""
    assert run(tmp_path, "up", "--port", "70000").returncode == 2


def test_every_command_has_an_example(tmp_path: Path) -> None:
    """Help ends with a line to paste."""
    for command in ("up", "down", "status", "reset"):
        assert f"Example: vidkryto portal {command}" in run(tmp_path, command, "--help").stdout


def test_the_command_is_light_to_import() -> None:
    """Importing it brings in nothing of the portal and none of the heavy libraries."""
    heavy = "[name for name in ('vidkryto_portal', 'pandas', 'prefect') if name in sys.modules]"
    code = f"import sys, vidkryto.cli.portal; print({heavy})"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
