"""`vidkryto validate`: the same exit codes and the same report as `frictionless validate`."""

import gzip
import json
from pathlib import Path

import pytest
import typer
import yaml
from frictionless.console import console
from typer.testing import CliRunner, Result

from tests.validate.test_file import SCHEMA, TEXT, report_difference
from vidkryto.cli.validate import validate

app = typer.Typer()
app.command(context_settings={"ignore_unknown_options": True})(validate)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid and an invalid table with their schema."""
    schema = {key: value for key, value in SCHEMA.items() if key == "fields"}
    (tmp_path / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    (tmp_path / "bad.csv").write_text(TEXT, encoding="utf-8")
    (tmp_path / "good.csv").write_text("id,name,day,boss\n1,Олена,2026-01-31,\n", encoding="utf-8")
    (tmp_path / "good.csv.gz").write_bytes(gzip.compress((tmp_path / "good.csv").read_bytes()))
    resources = [{"name": name, "path": f"{name}.csv", "schema": "schema.json"} for name in ("good", "bad")]
    documents = {"datapackage": {"name": "two", "resources": resources}, "resource": resources[1]}
    documents["inquiry"] = {"tasks": [{"path": f"{name}.csv"} for name in ("good", "bad")]}
    for name, document in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return tmp_path


def frictionless(*arguments: str) -> Result:
    """The reference command."""
    return CliRunner().invoke(console, ["validate", *arguments])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["good.csv", "--schema", "schema.json"], 0),
        (["bad.csv", "--schema", "schema.json"], 1),
        (["bad.csv", "--schema", "schema.json", "--name", "people", "--encoding", "utf-8", "--limit-errors", "2"], 1),
        (["bad.csv", "--schema", "schema.json", "--skip-errors", "type-error,constraint-error"], 1),
        (["bad.csv", "--schema", "schema.json", "--checks", "table-dimensions:numRows=1"], 1),
        (["bad.csv", "--schema", "schema.json", "--limit-rows", "1"], 0),
        (["bad.csv", "--schema", "schema.json", "--rows", "40", "--hash", "md5:0"], 1),
        (["bad.csv", "--comment-rows", "1", "--header-rows", "2", "--field-type", "string"], 1),
        (["good.csv", "--field-names", "a,b,c,d", "--sample-size", "1"], 1),
        (["good.csv", "--schema", "schema.json", "--schema-sync", "--field-missing-values", "-,1"], 0),
        (["good.csv", "bad.csv"], 1),
        (["good.csv", "good.csv"], 1),
        (["datapackage.json"], 1),
        (["datapackage.json", "--name", "good"], 0),
        (["datapackage.json", "--name", "absent"], 1),
        (["resource.json"], 1),
        (["inquiry.json", "--type", "inquiry"], 1),
        (["schema.json", "--type", "schema"], 0),
        (["good.csv.gz", "--schema", "schema.json"], 0),
    ],
)
@pytest.mark.filterwarnings("ignore")  # frictionless warns of an old option of its own, and leaves a gzip file open
def test_exit_codes_and_reports_are_those_of_frictionless(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    """Any option of that command is understood; the JSON is the same but for time."""
    monkeypatch.chdir(folder)
    reference = frictionless(*arguments, "--json")
    ours = CliRunner().invoke(app, [*arguments, "--json", "--plain"])
    assert (reference.exit_code, ours.exit_code) == (code, code), reference.stdout + ours.output
    wanted, got = json.loads(reference.stdout or "{}"), json.loads(ours.stdout or "{}")
    assert bool(wanted) == bool(got)
    assert not wanted or report_difference(wanted, got, stopped="--limit-errors" in arguments) is None


def test_yaml_and_unknown_options_are_those_of_frictionless(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--yaml prints the report as YAML; an option that does not exist is a wrong use with code 2."""
    monkeypatch.chdir(folder)
    ours = CliRunner().invoke(app, ["good.csv", "--schema", "schema.json", "--yaml"])
    assert yaml.safe_load(ours.stdout)["valid"] is True
    assert frictionless("good.csv", "--bogus").exit_code == 2
    assert CliRunner().invoke(app, ["good.csv", "--bogus"]).exit_code == 2


@pytest.mark.parametrize("arguments", [[], ["absent.csv"], ["bad.csv", "--schema", "absent.json"]])
def test_what_cannot_be_read_ends_with_code_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """As frictionless does, with one message and no traceback."""
    monkeypatch.chdir(folder)
    assert frictionless(*arguments).exit_code == 1
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
