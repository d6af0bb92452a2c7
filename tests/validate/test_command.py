"""`vidkryto validate`: the same exit codes and the same report as `frictionless validate`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.validate.test_file import SCHEMA, TEXT, report_difference
from vidkryto.cli.validate import validate

app = typer.Typer()
app.command()(validate)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid and an invalid table with their schema."""
    schema = {key: value for key, value in SCHEMA.items() if key == "fields"}
    (tmp_path / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    (tmp_path / "bad.csv").write_text(TEXT, encoding="utf-8")
    (tmp_path / "good.csv").write_text("id,name,day,boss\n1,Олена,2026-01-31,\n", encoding="utf-8")
    return tmp_path


def frictionless(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The reference command."""
    program = "from frictionless.console import console; console()"
    command = [sys.executable, "-c", program, "validate", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_exit_codes_and_reports_are_those_of_frictionless(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 for a valid table, 1 for an invalid one; the JSON is the same but for time."""
    monkeypatch.chdir(folder)
    for name, code in (("good.csv", 0), ("bad.csv", 1)):
        reference = frictionless(folder, name, "--schema", "schema.json", "--json")
        ours = CliRunner().invoke(app, [name, "--schema", "schema.json", "--json"])
        assert (reference.returncode, ours.exit_code) == (code, code)
        wanted, got = json.loads(reference.stdout), json.loads(ours.stdout)
        wanted["tasks"][0].update(name="table")
        got["tasks"][0]["place"] = name
        assert report_difference(wanted, got, stopped=False) is None


@pytest.mark.parametrize("arguments", [["absent.csv"], ["bad.csv", "--schema", "absent.json"]])
def test_what_cannot_be_read_ends_with_code_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """As frictionless does, with one message and no traceback."""
    monkeypatch.chdir(folder)
    assert frictionless(folder, *arguments).returncode == 1
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_people_see_the_findings_and_a_report_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table on stdout, the summary on stderr, frictionless' report in the file."""
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(app, ["bad.csv", "--schema", "schema.json", "--report", "report.json"])
    assert result.exit_code == 1
    assert "2026-02-30" in result.stdout
    assert "bad.csv" in result.stderr
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["valid"] is False
