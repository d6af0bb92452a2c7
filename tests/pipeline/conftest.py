"""A small city whose dataset goes through the whole pipeline to a real portal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalogue import write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.catalogue import load_dataset
from vidkryto.pipeline import Approver, new_job, publish_dataset
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import RunRecord
from vidkryto.settings import Secret, Settings

EXPORT = """\
uid;label;lat;lon;opened
2;Ринок;49,4201;26,9801;01.09.2020
1;Залізничний вокзал;49,4012;27,0011;
3;Гречани;49,4300;26,9500;15.03.2021
"""
READING = {
    "fields": {
        "lat": {"decimal": ","},
        "lon": {"decimal": ","},
        "opened": {"dates": ["дд.мм.рррр"]},
    }
}


@dataclass(frozen=True)
class City:
    """A city in a temporary folder: write an export, run its dataset, look at the record."""

    root: Path
    folder: Path
    settings: Settings

    def export(self, text: str, name: str = "stops.csv", encoding: str = "cp1251") -> Path:
        """Put an export into the department's folder, as Windows-1251 unless told otherwise."""
        file = self.folder / "exports" / name
        file.write_bytes(text.encode(encoding))
        return file

    def run(self, **options: Any) -> RunRecord:
        """One run of the dataset, with the contract as it lies there now."""
        return publish_dataset(new_job(load_dataset(self.folder), options.pop("settings", self.settings), **options))


@pytest.fixture
def make_city(tmp_path: Path, portal_session: LocalPortal) -> Callable[..., City]:
    """A city whose dataset has the name given, on the session's portal."""

    def make(name: str, contract: dict[str, Any]) -> City:
        root = tmp_path / name
        folder = write_catalogue(root, {**contract, "name": name})
        home = root / "state"
        settings = Settings(root, home, portal_session.url, Secret(portal_session.editor_token))
        key = tmp_path / f"{name}.key"
        SigningKey.generate("vidkryto-test/pipeline").save(key)
        (home).mkdir(parents=True)
        (home / "practice.key").write_bytes(key.read_bytes())
        (home / "practice.key").chmod(0o600)
        Ledger.create(home, key=home / "practice.key")
        return City(root, folder, settings)

    return make


APPROVER = Approver("data-office", "Відділ відкритих даних", "Перша публікація")
