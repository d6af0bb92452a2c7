"""Exports in a folder: which one is picked, and that none is taken half written."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vidkryto.errors import ExportMissing, SourceError
from vidkryto.language import translated
from vidkryto.pull.picking import date_in

Puller = Callable[..., Any]


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """The folder of exports with three months."""
    folder = tmp_path / "exports"
    folder.mkdir()
    for number, name in enumerate(("stops_2024-03.csv", "stops_2024-01.csv", "stops_2024-02.csv"), start=1):
        (folder / name).write_text(name, encoding="utf-8")
        os.utime(folder / name, (1_700_000_000 + number, 1_700_000_000 + number))
    return folder


def test_the_newest_is_the_one_changed_last(exports: Path, puller: Puller) -> None:
    """By the time of change, not by name."""
    assert exports.is_dir()
    assert [item.file for item in puller({"pattern": "stops_*.csv", "pick": "newest"})] == ["stops_2024-02.csv"]


def test_the_same_bytes_written_again_are_an_export_that_came(exports: Path, puller: Puller) -> None:
    """By the time of change, from the first look on; a time to come is not believed, nor a date that is none."""
    (snapshot,) = puller({"pattern": "stops_2024-02.csv"})
    written, now = datetime.fromtimestamp(1_700_000_003, UTC), datetime(2023, 12, 1, tzinfo=UTC)
    month = timedelta(days=30)
    assert replace(snapshot, pulled_at=written - month).handed_over(now) == written
    assert replace(snapshot, pulled_at=written + month).handed_over(now + month) == written + month
    assert replace(snapshot, pulled_at=written - month).handed_over(written - timedelta(days=1)) < written
    by_http = replace(snapshot, pulled_at=written - month, modified="Tue, 14 Nov 2023 22:13:23 GMT")
    assert by_http.handed_over(now) == written
    for said in ("", "yesterday", "2023-14-14T00:00:00Z"):
        assert replace(by_http, modified=said).handed_over(now) == by_http.pulled_at


def test_the_dated_is_the_one_with_the_latest_date_in_its_name(exports: Path, puller: Puller) -> None:
    """Copying files does not change which month they are of."""
    assert exports.is_dir()
    assert [item.file for item in puller({"pattern": "stops_*.csv", "pick": "dated"})] == ["stops_2024-03.csv"]


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("stops_2024-05-01.csv", "20240501"),
        ("stops_20240501.csv", "20240501"),
        ("stops_01.05.2024.csv", "20240501"),
        ("stops_01.11.24.csv", "20241101"),
        ("stops_листопад 2024.csv", "20241100"),
        ("Зупинки_Листопад2024.csv", "20241100"),
        ("stops_2024_січень.csv", "20240100"),
        ("Звіт за 1 листопада 2024 року.xlsx", "20241101"),
        ("Звіт за січень-березень 2024.xlsx", "20240300"),
        ("Лист_2024.xlsx", "20240000"),
        ("stops_2024_05.csv", "20240500"),
        ("exports 2023/stops_v1.02.csv", ""),
        ("stops_v1.2.24.csv", ""),
        ("README.txt", ""),
    ],
)
def test_dates_in_names_are_known_in_many_spellings(name: str, date: str) -> None:
    """Years of two digits and months as words too; what the name does not tell is 00."""
    assert date_in(name) == date


@pytest.mark.parametrize(
    ("names", "unsure"),
    [
        (["stops_2024-05-01.csv", "stops_nov24.csv"], "stops_nov24.csv"),
        (["stops_2024-05-01.csv", "stops_2024.csv", "stops_2023.csv"], "stops_2024.csv"),
        (["stops_01.11.24.csv", "stops_листопад 2024.csv", "stops_2024-05-01.csv"], "stops_листопад 2024.csv"),
    ],
)
def test_no_dated_export_is_taken_while_a_later_one_may_lie_there(
    names: list[str], unsure: str, tmp_path: Path, puller: Puller
) -> None:
    """A name without its whole date is told; one of an earlier year or month harms nothing."""
    (tmp_path / "exports").mkdir()
    for name in names:
        (tmp_path / "exports" / name).write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(ExportMissing) as caught:
        puller({"pattern": "stops_*.csv", "pick": "dated"})
    assert (caught.value.finding.code, caught.value.finding.details["names"]) == ("export-unordered", unsure)
    assert "останнє" in translated(str(caught.value).splitlines()[0], "uk")
    (tmp_path / "exports" / unsure).unlink()
    assert [item.file for item in puller({"pattern": "stops_*.csv", "pick": "dated"})] == [names[0]]


def test_all_are_partitions_in_the_order_of_their_names(exports: Path, puller: Puller) -> None:
    """Three snapshots."""
    assert exports.is_dir()
    names = [item.file for item in puller({"pattern": "stops_*.csv", "pick": "all"})]
    assert names == ["stops_2024-01.csv", "stops_2024-02.csv", "stops_2024-03.csv"]


def test_several_files_are_ambiguous_unless_the_contract_picks(exports: Path, puller: Puller) -> None:
    """The finding names them."""
    assert exports.is_dir()
    with pytest.raises(ExportMissing) as caught:
        puller({"pattern": "stops_*.csv"})
    assert caught.value.finding.code == "export-ambiguous"
    assert "stops_2024-01.csv" in caught.value.finding.message("uk")


def test_nothing_there_is_a_missing_export(exports: Path, puller: Puller) -> None:
    """With the pattern in the message."""
    assert exports.is_dir()
    with pytest.raises(ExportMissing) as caught:
        puller({"pattern": "routes_*.csv"})
    assert caught.value.finding.message("en") == "No file matches the pattern 'routes_*.csv'."


def test_a_missing_folder_is_a_missing_export(puller: Puller) -> None:
    """Nobody has put anything there yet."""
    with pytest.raises(ExportMissing):
        puller({"folder": "elsewhere", "pattern": "*"})


def test_traces_of_programs_and_unfinished_uploads_are_not_exports(exports: Path, puller: Puller) -> None:
    """~$stops.xlsx, .~lock and *.part are passed over."""
    for name in ("~$new.csv", ".~lock.new.csv#", "new.csv.part", "new.csv.tmp"):
        (exports / name).write_text("x", encoding="utf-8")
    assert len(puller({"pattern": "*", "pick": "all"})) == 3


def test_a_link_that_leads_out_of_the_folder_is_not_followed(exports: Path, puller: Puller, tmp_path: Path) -> None:
    """A file elsewhere on the machine is no export."""
    (tmp_path / "secret.csv").write_text("secret", encoding="utf-8")
    (exports / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ExportMissing):
        puller({"pattern": "link.csv"})


def test_a_growing_file_is_waited_for(exports: Path, puller: Puller) -> None:
    """The snapshot holds all that the slow program wrote."""
    file = exports / "slow.csv"
    file.write_bytes(b"")

    def write() -> None:
        for _ in range(8):
            with file.open("ab") as stream:
                stream.write(b"x" * 1000)
            time.sleep(0.1)

    writer = threading.Thread(target=write)
    writer.start()
    (snapshot,) = puller({"pattern": "slow.csv", "settle": 0.4})
    writer.join()
    assert snapshot.size == 8000


def test_a_file_that_never_stops_growing_is_given_up(exports: Path, puller: Puller) -> None:
    """After the patience of the contract."""
    file, stop = exports / "endless.csv", threading.Event()
    file.write_bytes(b"")

    def write() -> None:
        while not stop.is_set():
            with file.open("ab") as stream:
                stream.write(b"x")
            time.sleep(0.02)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(SourceError, match="still changing"):
            puller({"pattern": "endless.csv", "settle": 0.3, "patience": 0.8})
    finally:
        stop.set()
        writer.join()


def test_equal_bytes_have_one_hash_and_lie_in_the_archive_once(exports: Path, puller: Puller, tmp_path: Path) -> None:
    """A second pull of the same file costs nothing and leaves nothing behind."""
    assert exports.is_dir()
    source = {"pattern": "stops_2024-01.csv"}
    assert puller(source)[0].sha256 == puller(source)[0].sha256
    assert len([path for path in (tmp_path / "objects").rglob("*") if path.is_file()]) == 1
