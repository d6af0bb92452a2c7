"""What the Prefect server of this machine is started with."""

from __future__ import annotations

import subprocess
import sys
import zoneinfo
from pathlib import Path

import pytest

from vidkryto.cli.prefect_here import server_environment, time_zones

PROGRAM = """
import datetime, sys, zoneinfo
zoneinfo.available_timezones()
listed, opened = [], []
kept = {"os.scandir": listed, "open": opened}
sys.addaudithook(lambda event, given: kept[event].append(given[0]) if event in kept else None)
names = zoneinfo.available_timezones()
print("Europe/Kyiv" in names, "UTC" in names, len(listed))
opened.clear()
kyiv = datetime.datetime(2027, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Kyiv"))
print(kyiv.utcoffset(), [str(file) for file in opened if str(file).endswith("Kyiv")])
"""


def test_prefects_server_knows_all_time_zones_without_going_through_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names come from one file, the rules of a zone from the system where it has them."""
    monkeypatch.delenv("PYTHONTZPATH", raising=False)
    told = time_zones(tmp_path)
    assert time_zones(tmp_path) == told, "a second start finds the links as they are"
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=told, capture_output=True, text=True, check=True)
    names, rules = done.stdout.splitlines()
    assert names == "True True 1", "one folder is listed, and none below it"
    system = any((Path(place) / "Europe" / "Kyiv").is_file() for place in zoneinfo.TZPATH)
    link = str(tmp_path / "prefect" / "zoneinfo" / "Europe" / "Kyiv")
    assert rules == (f"3:00:00 ['{link}']" if system else rules)
    assert rules.startswith("3:00:00")


def test_who_names_the_time_zones_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONTZPATH of the environment is an officer's own choice."""
    monkeypatch.setenv("PYTHONTZPATH", "/srv/zones")
    assert time_zones(tmp_path) == {}
    assert not (tmp_path / "prefect").exists()


def test_browsers_ask_the_server_where_the_city_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a reverse proxy an officer's browser would ask its own computer; the machine's programs do not."""
    here, outside = "http://127.0.0.1:4200/api", "https://prefect.city.example/api"
    monkeypatch.delenv("PREFECT_SERVER_UI_API_URL", raising=False)
    assert server_environment(tmp_path, here)["PREFECT_SERVER_UI_API_URL"] == here
    monkeypatch.setenv("PREFECT_SERVER_UI_API_URL", outside)
    told = server_environment(tmp_path, here)
    assert (told["PREFECT_SERVER_UI_API_URL"], told["PREFECT_API_URL"]) == (outside, here)
