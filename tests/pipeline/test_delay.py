"""Rows that the contract delays go out when their time has passed, although the department hands over nothing new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pipeline.test_going_back import COLUMNS, EXPORT, Town
from tests.support.runs import published_without_portal
from vidkryto import clock
from vidkryto.catalogue import load_dataset
from vidkryto.pipeline import new_job, stages
from vidkryto.pipeline.due import due_datasets
from vidkryto.pipeline.going_out import delay_ends, same_as_last_run
from vidkryto.pipeline.job import Job
from vidkryto.pipeline.remember import last_run
from vidkryto.pipeline.reproduce import reproduce


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Twenty days of thirty have passed for one row."""
    town = Town(tmp_path / "city")
    day = clock.now() - timedelta(days=20)
    export = f"{EXPORT}4;Нова;49,4400;26,9600;{day:%d.%m.%Y}\n"
    (town.folder / "exports/stops.csv").write_bytes(export.encode("cp1251"))
    release = town.publish(
        columns={**COLUMNS, "opened": {"class": "open", "delay": 30}}, schedule={"cron": "0 4 1 1 *"}
    )
    assert release.tables[0].rows == 3
    return town


def job_in(town: Town, days: int) -> Job:
    """A job that begins so many days later."""
    job = new_job(load_dataset(town.folder), town.settings)
    return replace(job, started=job.started + timedelta(days=days), run=f"{job.run}-{days}")


def stands(town: Town, days: int) -> bool:
    job = job_in(town, days)
    last = last_run(town.settings, "stops")
    assert last is not None
    exports = stages.pull_exports(job).first_seen(last.snapshots)
    return same_as_last_run(job, exports, last)


def test_a_delayed_row_goes_out_on_its_day(town: Town) -> None:
    """Until then the release stands; on the day the unchanged export gives a new one, and then it stands again."""
    assert delay_ends(town.settings, "stops") == (clock.now() + timedelta(days=10)).date()
    assert [stands(town, days) for days in (1, 9, 10, 60)] == [True, True, False, False]

    run = published_without_portal(job_in(town, 10))
    published = town.releases.published()
    assert published is not None
    assert published.tables[0].rows == 4
    assert delay_ends(town.settings, "stops") is None
    assert stands(town, 60)
    assert reproduce(town.settings, run).same


def test_the_dataset_is_due_on_that_day(town: Town) -> None:
    """Nobody waits for the next day of its schedule."""

    def due(days: int) -> list[str]:
        return [one.name for one in due_datasets(town.settings, clock.now() + timedelta(days=days))]

    assert due(9) == []
    assert due(10) == ["stops"]


def test_versions_of_one_export_follow_by_number(town: Town) -> None:
    """1.10.0 is newer than 1.9.0."""
    release = town.releases.all()[0]
    for version in ("1.10.0", "1.9.0"):
        text = (release.folder / "release.json").read_text(encoding="utf-8")
        folder = town.releases.folder / f"{version}-x"
        folder.mkdir()
        text = text.replace('"version": "1.0.0"', f'"version": "{version}"')
        (folder / "release.json").write_text(text, encoding="utf-8")
    assert [one.version for one in town.releases.all()] == ["1.0.0", "1.9.0", "1.10.0"]
