"""The calendar: the promise, the schedule, and what happened."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from typer.testing import CliRunner

from tests.alerts.conftest import Office
from tests.support.catalogue import CONTRACT, make_dataset, write_catalogue
from vidkryto.catalogue import Dataset, load_all, load_dataset
from vidkryto.catalogue.calendar import is_due, late_after, missed_moments, next_run
from vidkryto.catalogue.contract import Schedule
from vidkryto.catalogue.deployments import entries
from vidkryto.catalogue.working_days import next_working_day
from vidkryto.cli.app import app
from vidkryto.clock import told_by
from vidkryto.pipeline import due_datasets, is_due_now
from vidkryto.pipeline.agenda import agenda
from vidkryto.pipeline.icalendar import write_calendars
from vidkryto.pipeline.promised import note_pauses, note_promises, promised
from vidkryto.record.run import Exemption
from vidkryto.settings import Settings

KYIV = ZoneInfo("Europe/Kyiv")
MONTHLY = Schedule(cron="30 4 1 * *")
SHIFTED = Schedule(cron="30 4 1 * *", holidays="next-working-day")


def test_a_date_on_a_weekend_moves_to_monday_where_the_contract_says_so() -> None:
    """1 November 2026 is a Sunday; and 8 March 2021 was a holiday, while under martial law it is none."""
    after = datetime(2026, 10, 15, tzinfo=UTC)
    assert next_run(MONTHLY, after) == datetime(2026, 11, 1, 4, 30, tzinfo=KYIV)
    assert next_run(SHIFTED, after) == datetime(2026, 11, 2, 4, 30, tzinfo=KYIV)
    assert next_run(SHIFTED, datetime(2026, 11, 1, 12, tzinfo=UTC)) == datetime(2026, 11, 2, 4, 30, tzinfo=KYIV)
    assert next_working_day(date(2021, 3, 8)) == date(2021, 3, 9)
    assert next_working_day(date(2026, 12, 25)) == date(2026, 12, 25)
    assert late_after(date(2026, 11, 1), SHIFTED) == date(2026, 11, 2)


def test_after_an_outage_of_a_week_a_daily_dataset_is_due_once() -> None:
    """Seven moments were missed; the run that catches up is one, after which nothing is due."""
    daily = Schedule(cron="30 4 * * *")
    last, now = datetime(2026, 11, 1, 4, 30, tzinfo=KYIV), datetime(2026, 11, 8, 9, tzinfo=KYIV)
    assert missed_moments(daily, last, now) == 7
    assert is_due(daily, last, now)
    assert not is_due(daily, now, now + timedelta(hours=1))


def test_the_agenda_tells_promise_schedule_and_what_happened(tmp_path: Path) -> None:
    """A dataset that ran well a month ago and whose export did not come since."""
    write_catalogue(tmp_path)
    office = Office(Settings(tmp_path, tmp_path / "state"))
    now = datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert [row.state for row in agenda(office.settings, now)] == ["never run"]
    office.good("2026-11-24", datetime(2026, 11, 2, tzinfo=UTC))
    [row] = agenda(office.settings, now)
    assert (row.state, row.days_late, row.missed) == ("late", 1, 0)
    assert row.next_run == datetime(2026, 12, 1, 4, 30, tzinfo=KYIV)


def test_a_promise_that_was_never_kept_counts_from_the_day_it_was_first_seen(tmp_path: Path) -> None:
    """A monthly dataset for which no run ever began: its moments are missed, and after a month it is late."""
    write_catalogue(tmp_path)
    office = Office(Settings(tmp_path, tmp_path / "state"))
    seen = datetime(2026, 9, 15, 8, tzinfo=UTC)
    for day in range(3):  # whoever looks again does not begin it anew
        note_promises(office.settings, load_all(office.settings.datasets)[0], seen + timedelta(days=day))
    [row] = agenda(office.settings, seen + timedelta(days=5))
    assert (row.state, row.next_due, row.days_late, row.missed) == ("never run", date(2026, 10, 16), 0, 0)
    [row] = agenda(office.settings, datetime(2026, 11, 2, 8, tzinfo=UTC))
    assert (row.state, row.days_late, row.missed) == ("run missed", 17, 2)
    office.ran("Failed", datetime(2026, 11, 2, 9, tzinfo=UTC))
    [row] = agenda(office.settings, datetime(2026, 11, 2, 10, tzinfo=UTC))
    assert (row.state, row.next_due, row.missed) == ("needs action", None, 0)


def test_a_promise_ends_with_its_contract_and_not_with_a_mistake_in_it(tmp_path: Path) -> None:
    """A contract that does not load for a while promises all the same; one that is planned again does not."""
    contract = copy.deepcopy(CONTRACT)
    folder = write_catalogue(tmp_path, contract)
    settings, seen = Settings(tmp_path, tmp_path / "state"), datetime(2026, 9, 15, 8, tzinfo=UTC)

    def look(day: int) -> None:
        note_promises(settings, load_all(settings.datasets)[0], seen + timedelta(days=day))

    look(0)
    good = (folder / "dataset.yaml").read_text(encoding="utf-8")
    (folder / "dataset.yaml").write_text("titel: x\n", encoding="utf-8")
    look(1)
    (folder / "dataset.yaml").write_text(good, encoding="utf-8")
    look(2)
    assert promised(settings)["stops"].since == "2026-09-15T08:00:00+00:00"
    contract["publication"]["status"] = "planned"
    write_catalogue(tmp_path, contract)
    look(3)
    assert promised(settings) == {}


def test_what_a_person_paused_is_neither_missed_nor_late(tmp_path: Path) -> None:
    """Nor are, once it is resumed, the nights before; those that come after it count as ever."""
    contract = copy.deepcopy(CONTRACT)
    contract["publication"]["schedule"]["cron"] = "30 4 * * *"
    write_catalogue(tmp_path, contract)
    office = Office(Settings(tmp_path, tmp_path / "state"))
    office.good("2026-11-05", datetime(2026, 11, 1, 4, tzinfo=UTC))

    def row_of(day: int, hour: int = 8) -> tuple[str, int, int]:
        [row] = agenda(office.settings, datetime(2026, 11, day, hour, tzinfo=UTC))
        return row.state, row.days_late, row.missed

    assert row_of(10) == ("run missed", 5, 9)
    for day, paused in ((2, True), (9, True), (12, False), (13, False)):
        note_pauses(office.settings, {"stops": paused}, datetime(2026, 11, day, 7, tzinfo=UTC))
        if paused:
            assert row_of(10) == ("paused", 0, 0)
            assert promised(office.settings)["stops"].paused == "2026-11-02T07:00:00+00:00"
    assert row_of(12) == ("on time", 0, 0)
    assert row_of(14) == ("run missed", 2, 2)


def test_a_departments_calendar_keeps_the_identity_of_its_dates(tmp_path: Path) -> None:
    """The file is read by another's program: the dates, moved to a working day, with a reminder."""
    contract = copy.deepcopy(CONTRACT)
    contract["publication"]["schedule"]["holidays"] = "next-working-day"
    write_catalogue(tmp_path, contract)
    office = Office(Settings(tmp_path, tmp_path / "state"))
    office.good("2026-11-28", datetime(2026, 11, 2, tzinfo=UTC))
    now = datetime(2026, 11, 25, 10, tzinfo=UTC)
    [file] = write_calendars(agenda(office.settings, now), tmp_path / "public", now, "https://report.example")
    events = Calendar.from_ical(file.read_bytes()).walk("VEVENT")
    assert file.name == "transport.ics"
    assert str(events[0]["summary"]) == "Строк вивантаження: Зупинки"
    assert str(events[0]["uid"]) == "stops-2026-11-28@vidkryto"
    assert events[0].decoded("dtstart") == date(2026, 11, 30)
    assert len(events) == 12
    write_calendars(agenda(office.settings, now), tmp_path / "again", now, "https://report.example")
    assert (tmp_path / "again" / "transport.ics").read_bytes() == file.read_bytes()


def test_a_schedule_that_moves_asks_prefect_every_day_and_runs_when_it_is_due(tmp_path: Path) -> None:
    """Prefect's cron knows no holidays: the flow decides by the contract's calendar."""
    contract = copy.deepcopy(CONTRACT)
    contract["publication"]["schedule"]["holidays"] = "next-working-day"
    office = Office(Settings(tmp_path, tmp_path / "state"))
    entry, *standing = entries([make_dataset(tmp_path, contract)])
    assert [item["name"] for item in standing] == ["catch-up", "watch-portal", "housekeeping"]
    main = {"cron": "30 4 * * *", "timezone": "Europe/Kyiv", "slug": "main", "parameters": {"when_due": True}}
    assert entry["schedules"] == [main]
    office.good("", datetime(2026, 10, 15, tzinfo=UTC))
    for day, due in ((date(2026, 11, 1), False), (date(2026, 11, 2), True)):
        with told_by(lambda day=day: datetime.combine(day, time(12), UTC)):
            assert is_due_now(office.settings, "stops") is due


def test_a_dataset_whose_run_failed_is_due_again_in_an_hour(tmp_path: Path) -> None:
    """An outage of the portal on the first of the month does not cost a monthly dataset its month."""
    write_catalogue(tmp_path)
    office = Office(Settings(tmp_path, tmp_path / "state"))
    at = datetime(2026, 11, 1, 4, tzinfo=UTC)
    office.ran("Failed", at)
    due = [bool(due_datasets(office.settings, at + timedelta(minutes=minutes))) for minutes in (5, 59, 60, 600)]
    assert due == [False, False, True, True]
    office.good("2026-12-02", at + timedelta(hours=11))
    assert due_datasets(office.settings, at + timedelta(hours=20)) == ()


def test_the_end_of_an_exception_makes_its_dataset_due(tmp_path: Path) -> None:
    """An exception is for a time: on the day after its last, a run looks at the dataset, whatever its schedule."""
    contract = copy.deepcopy(CONTRACT)
    del contract["publication"]["schedule"]
    write_catalogue(tmp_path, contract)
    office = Office(Settings(tmp_path, tmp_path / "state"))
    at = datetime(2026, 11, 2, 8, tzinfo=UTC)
    exception = Exemption(("class-contradicted",), "a-1 + b-2", "відділ даних", "службові телефони", "2026-11-20")
    office.ran("Published", at, exceptions=(exception,))
    days = [day for day in range(3, 30) if due_datasets(office.settings, datetime(2026, 11, day, tzinfo=UTC))]
    assert days == list(range(21, 30))
    office.ran("Failed", datetime(2026, 11, 21, 8, tzinfo=UTC))
    hours = [hour for hour in (8, 9) if due_datasets(office.settings, datetime(2026, 11, 21, hour, tzinfo=UTC))]
    assert hours == [9]
    office.withheld(started=datetime(2026, 11, 21, 10, tzinfo=UTC))
    assert due_datasets(office.settings, datetime(2026, 11, 29, tzinfo=UTC)) == ()


def test_what_a_department_owes_is_looked_for_every_day(tmp_path: Path) -> None:
    """A late export, or a wrong one, goes out when it is there, though the schedule's moment is weeks away."""
    write_catalogue(tmp_path)
    office = Office(Settings(tmp_path, tmp_path / "state"))
    office.good("2026-11-05", datetime(2026, 11, 1, 4, tzinfo=UTC))
    days = [day for day in range(2, 30) if due_datasets(office.settings, datetime(2026, 11, day, 8, tzinfo=UTC))]
    assert days == list(range(6, 30))
    office.good("2026-12-05", datetime(2026, 11, 6, 8, tzinfo=UTC))
    assert due_datasets(office.settings, datetime(2026, 11, 29, tzinfo=UTC)) == ()
    office.withheld(started=datetime(2026, 11, 10, 8, tzinfo=UTC))
    hours = [hour for hour in (1, 22, 23, 40) if due_datasets(
        office.settings, datetime(2026, 11, 10, 8, tzinfo=UTC) + timedelta(hours=hour))]  # fmt: skip
    assert hours == [23, 40]


@pytest.mark.parametrize("words", [("calendar", "--json"), ("publish", "--due", "--json")], ids=" ".join)
def test_a_command_loads_each_contract_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """A catalogue of hundreds takes seconds to load; what is broken in it is told from the same reading."""
    root = tmp_path / "city"
    write_catalogue(root)
    (write_catalogue(root, {**CONTRACT, "name": "broken"}) / "dataset.yaml").write_text("titel: x\n", encoding="utf-8")
    settings = Settings(root, tmp_path / "state")
    Office(settings).good("2099-01-01", datetime.now(UTC))
    monkeypatch.setenv("VIDKRYTO_ROOT", str(root))
    monkeypatch.setenv("VIDKRYTO_HOME", str(settings.home))
    monkeypatch.setattr("vidkryto.cli.run.build_report", lambda settings: None)
    loaded: list[str] = []

    def counted(folder: Path) -> Dataset:
        loaded.append(folder.name)
        return load_dataset(folder)

    monkeypatch.setattr("vidkryto.catalogue.load.load_dataset", counted)
    done = CliRunner().invoke(app, list(words))
    assert "unknown key `titel`" in done.stderr
    assert loaded == ["broken", "stops"]
