"""The passport of data.gov.ua holds its fields, codes and limits for every dataset of the catalogue."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from vidkryto.catalogue import load_all, load_dataset
from vidkryto.catalogue.contract import Frequency
from vidkryto.catalogue.passport import FREQUENCY, passport_of
from vidkryto.cli.passport import passport

ROOT = Path(__file__).parents[2]


def test_every_frequency_has_a_code_of_the_portal() -> None:
    """A frequency without a code would leave a required field empty."""
    assert set(FREQUENCY) == set(Frequency)


def test_no_dataset_breaks_a_limit_of_the_portal() -> None:
    """Title, notes, keywords and purpose fit, and nothing required is empty."""
    datasets, _ = load_all(ROOT / "datasets")
    problems = [f"{dataset.name}: {text}" for dataset in datasets for text in passport_of(dataset).problems()]
    assert not problems, "\n".join(problems)


def test_the_passport_of_the_stops() -> None:
    """Codes are those of the national portal: `ua` for the language, `once a month` for monthly."""
    made = passport_of(load_dataset(ROOT / "datasets" / "transport" / "public-transport-stops"))
    assert made.language == "ua"
    assert made.update_frequency == "once a month"
    assert made.license_id == "cc-by"
    assert {"key": "publisherIdentifier", "value": "33332218"} in made.extras()
    assert made.as_form()["Частота оновлення"] == "Щомісяця"
    assert made.resources == (("stops", "Зупинки", "CSV"),)


def test_the_command_prints_form_and_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """`vidkryto passport` prints the form for people and both with --json."""
    monkeypatch.setenv("VIDKRYTO_ROOT", str(ROOT))
    app = typer.Typer()
    app.command()(passport)
    result = CliRunner().invoke(app, ["public-transport-stops", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["api"]["update_frequency"] == "once a month"
    assert "Зупинки громадського транспорту" in CliRunner().invoke(app, ["public-transport-stops"]).stdout
