"""Mandated transport tables become a GTFS feed, and a feed becomes the tables again."""

import csv
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from vidkryto.catalogue import load_dataset
from vidkryto.pipeline import new_job, stages
from vidkryto.release.gtfs import FEEDS, write_gtfs
from vidkryto.settings import Settings

ROOT = Path(__file__).parents[2]
TRANSPORT = ROOT / "datasets" / "transport"
NAMES = {
    "agency": "55_agency",
    "routes": "55_routes",
    "calendar": "56_calendar",
    "trips": "56_trips",
    "stop-times": "56_stopTimes",
    "stops": "27_stops",
}


def tables_of(name: str, home: Path) -> dict[str, pa.Table]:
    """The tables of a dataset as read from its sample, by key."""
    job = new_job(load_dataset(TRANSPORT / name), Settings(root=ROOT, home=home))
    read = stages.read_exports(job, stages.pull_exports(job))
    return {NAMES[resource]: text.columns for resource, text in read.texts.items()}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """All transport tables of the samples."""
    home = tmp_path_factory.mktemp("home")
    names = ("public-transport-routes", "public-transport-timetable", "public-transport-stops")
    return {key: table for name in names for key, table in tables_of(name, home).items()}


def rows(archive: zipfile.ZipFile, member: str) -> list[dict[str, str]]:
    """The rows of a file of a feed."""
    return list(csv.DictReader(io.StringIO(archive.read(member).decode())))


def test_a_feed_read_and_written_again_is_the_same_feed(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    """Every row and every filled field of the sample feed survives the way through the mandated tables."""
    write_gtfs(tables, tmp_path / "gtfs.zip")
    before = zipfile.ZipFile(TRANSPORT / "public-transport-timetable" / "exports" / "gtfs_zrazok_2026-09.zip")
    after = zipfile.ZipFile(tmp_path / "gtfs.zip")
    with before, after:
        for member in before.namelist():
            kept = [{k: v for k, v in row.items() if v} for row in rows(before, member)]
            assert [{k: v for k, v in row.items() if v} for row in rows(after, member)] == kept
        assert len(rows(after, "stops.txt")) == 431
        stops = {row["stop_id"] for row in rows(after, "stops.txt")}
        assert {row["stop_id"] for row in rows(after, "stop_times.txt")} <= stops


def test_the_same_tables_give_the_same_bytes(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    """No clock is in the archive."""
    write_gtfs(tables, tmp_path / "one.zip")
    write_gtfs(tables, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_contracts_and_feed_use_the_same_names() -> None:
    """The columns a contract reads from a feed are those the feed is written with."""
    for name in ("public-transport-routes", "public-transport-timetable"):
        dataset = load_dataset(TRANSPORT / name)
        for resource in dataset.contract.resources:
            known = FEEDS[NAMES[resource.name]].fields
            assert {field: known[field] for field in resource.reading.columns} == dict(resource.reading.columns)


def test_every_column_of_a_feed_is_in_the_mandated_schema() -> None:
    """A misspelt name in the mapping would silently lose a field."""
    import json

    for key, feed in FEEDS.items():
        schema = json.loads((ROOT / "schemas" / "835" / f"{key}.json").read_text("utf-8"))
        assert set(feed.fields.values()) <= {field["name"] for field in schema["fields"]}


def test_colours_and_dates_take_the_spelling_of_gtfs(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    """A colour in words is left out, a date loses its hyphens."""
    routes = tables["55_routes"].slice(0, 3)
    place = routes.column_names.index("colour")
    coloured = routes.set_column(place, "colour", pa.array(["червоний", "#ff0000", "00FF00"]))
    write_gtfs({**tables, "55_routes": coloured}, tmp_path / "gtfs.zip")
    with zipfile.ZipFile(tmp_path / "gtfs.zip") as archive:
        assert [row["route_color"] for row in rows(archive, "routes.txt")] == ["", "ff0000", "00FF00"]
        assert rows(archive, "calendar.txt")[0]["start_date"] == "20260901"


def test_a_feed_without_stops_is_refused(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    """The message names what is missing."""
    few = {key: table for key, table in tables.items() if key not in ("27_stops", "56_calendar")}
    with pytest.raises(ValueError, match="27_stops, 56_calendar or 56_calendarDates"):
        write_gtfs(few, tmp_path / "gtfs.zip")
