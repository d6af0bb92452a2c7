"""Old things go by rule and leave a tombstone; what is live or promised stays; a backup brings everything back."""

from __future__ import annotations

import copy
import errno
import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem

from tests.pipeline.conftest import APPROVER, EXPORT, READING, City, make_city
from tests.support.catalogue import CONTRACT
from vidkryto.archive import sha256_of
from vidkryto.clock import told_by
from vidkryto.errors import StateError
from vidkryto.keeping import backup
from vidkryto.keeping.backup import back_up, restore
from vidkryto.keeping.gc import collect, garbage
from vidkryto.pipeline import ledger_of
from vidkryto.pipeline.reproduce import reproduce
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.verifier import verify
from vidkryto.settings import Settings

__all__ = ["make_city"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
_numbers = itertools.count(1)
START = datetime(2026, 1, 10, 4, 30, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.fixture
def city(make_city: Callable[..., City]) -> City:
    """A city that keeps two releases, and others for thirty days."""
    contract = copy.deepcopy(CONTRACT)
    contract["resources"][0]["reading"] = READING
    contract["resources"][0]["source"]["settle"] = 0
    contract["publication"]["retention"] = {"releases": 2, "keep": "30d"}
    return make_city(f"keeping-{next(_numbers)}", contract)


def publish(city: City, label: str, at: datetime) -> str:
    """Publish an export with this label at a time of its own; returns the run."""
    city.export(EXPORT.replace("Ринок", label))
    with told_by(lambda: at):
        record = city.run(approval=APPROVER)
    assert record.outcome == "Published"
    for file in city.settings.archive.root.glob("??/*"):
        os.utime(file, (at.timestamp(), at.timestamp()))
    return record.run_id


def test_gc_removes_old_releases_and_exports_and_the_ledger_still_holds(city: City) -> None:
    """Four releases over a year: the live one, the one before it and what the rule keeps stay. Of the two old runs the
    exports and the plans go; the rules are those of the live run too, and stay."""
    runs = [publish(city, f"Ринок {number}", START + number * YEAR / 4) for number in range(4)]
    now = START + YEAR
    removals = garbage(city.settings, now)
    assert sorted(removal.rule for removal in removals) == [
        *["no release or run within the rule needs it"] * 4,
        *["release older than the rule"] * 2,
    ]
    with told_by(lambda: now):
        freed = collect(city.settings, removals)
    assert freed == sum(removal.bytes for removal in removals)
    assert garbage(city.settings, now) == ()
    ledger = city.settings.home / "ledger"
    assert verify(ledger, objects=city.settings.home / "objects").good
    assert verify(ledger, objects=city.settings.home / "objects", only=city.folder.name).good
    assert [entry.kind for entry in ledger_of(city.settings).entries()][-1] == "retention"
    assert reproduce(city.settings, runs[-1]).same


def test_gc_keeps_everything_of_a_dataset_whose_contract_does_not_load(city: City) -> None:
    """Without a rule nothing may go."""
    for number in range(3):
        publish(city, f"Ринок {number}", START + number * YEAR)
    (city.folder / "dataset.yaml").write_text("name: [", encoding="utf-8")
    assert garbage(city.settings, START + 4 * YEAR) == ()


def test_a_restored_backup_verifies_and_the_next_run_is_unchanged(city: City, tmp_path: Path) -> None:
    """The drill: back up, lose the folder, restore, verify the ledger, run the night."""
    publish(city, "Ринок", START)
    first = back_up(city.settings, str(tmp_path / "backup"))
    again = back_up(city.settings, str(tmp_path / "backup"))
    assert first.copied > 0
    assert (again.files, again.copied) == (first.files, 0)
    back = replace(city.settings, home=tmp_path / "back" / "state")
    assert restore(str(tmp_path / "backup"), back.home) == first.files
    assert verify(back.home / "ledger", objects=back.home / "objects").good
    assert (back.home / "practice.key").stat().st_mode & 0o777 == 0o600
    assert city.run(settings=back).outcome == "Unchanged"
    with pytest.raises(StateError, match="is not empty"):
        restore(str(tmp_path / "backup"), back.home)


def test_a_damaged_backup_is_found_and_nothing_is_put_back(city: City, tmp_path: Path) -> None:
    """Every file is checked by its hash."""
    publish(city, "Ринок", START)
    back_up(city.settings, str(tmp_path / "backup"))
    victim = next(file for file in (tmp_path / "backup" / "files").rglob("*") if file.is_file())
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(StateError, match="is damaged in the backup"):
        restore(str(tmp_path / "backup"), tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.fixture
def state(tmp_path: Path) -> Settings:
    """A state folder with a ledger and a large and a small object."""
    home = tmp_path / "state"
    SigningKey.generate("vidkryto-test/backup").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    settings = Settings(tmp_path, home)
    settings.archive.put_bytes(b"x" * 5_000_000)
    settings.archive.put_bytes(b"small")
    return settings


def entry(settings: Settings, content: bytes) -> None:
    """What a run does: the object first, then the ledger's entry that names it."""
    sha256 = settings.archive.put_bytes(content)
    named = [{"name": "stops", "sha256": sha256, "bytes": len(content)}]
    body = {"run": "r", "rules": "0" * 64, "code": {"version": "0.1.0"}, "findings": {}, "outcome": "Withheld"}
    ledger_of(settings).append("result", "stops", {**body, "record": "0" * 64, "snapshots": named})


class FullDisk(LocalFileSystem):
    """A folder on a disk that becomes full in the middle of a large file."""

    def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        """A stream that takes one mebibyte."""
        stream = super().open(path, mode, **options)
        if mode == "wb":
            write = stream.write
            stream.write = lambda block: write(block) if stream.tell() < 1 << 20 else self.full()
        return stream

    def full(self) -> None:
        """What the operating system says then."""
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_backup_that_met_a_full_disk_is_made_whole_by_the_next(
    state: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy that was cut off is not taken for a file that is there, be it one of a backup of long ago."""
    target = str(tmp_path / "backup")
    with monkeypatch.context() as full:
        full.setattr("fsspec.core.url_to_fs", lambda address: (FullDisk(skip_instance_cache=True), address))
        with pytest.raises(StateError, match="No space left on device"):
            back_up(state, target)
    assert not list((tmp_path / "backup").glob("*.part"))
    large = next(path for path in state.archive.root.glob("??/*") if path.stat().st_size > 1 << 20)
    torn = tmp_path / "backup" / "files" / large.parent.name / large.name
    torn.parent.mkdir(parents=True, exist_ok=True)
    torn.write_bytes(b"x" * 1000)
    done = back_up(state, target)
    assert restore(target, tmp_path / "back") == done.files
    assert (tmp_path / "back" / large.relative_to(state.home)).stat().st_size == 5_000_000


def test_a_run_in_the_middle_of_a_backup_leaves_it_whole(
    state: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that came after its folder was copied is in the copy when the ledger's copy names it."""
    passed = backup._pass
    contents = iter([b"came in the first pass", b"came in the second"])

    def during(*arguments: Any) -> Any:
        copies = passed(*arguments)
        for content in itertools.islice(contents, 1):
            entry(state, content)
        return copies

    monkeypatch.setattr(backup, "_pass", during)
    back_up(state, str(tmp_path / "backup"))
    restore(str(tmp_path / "backup"), tmp_path / "back")
    assert verify(tmp_path / "back" / "ledger", objects=tmp_path / "back" / "objects").good
    assert len(list((tmp_path / "back" / "objects").glob("??/*"))) == 4


def test_a_file_that_grows_while_it_is_copied_is_kept_under_the_hash_of_what_was_written(
    state: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run writes on while a backup is made; what was copied can be put back."""
    log = state.home / "history" / "stops.jsonl"
    log.parent.mkdir()
    log.write_text("1\n", encoding="utf-8")

    def hashed(path: Path) -> str:
        found = sha256_of(path)
        if path == log:
            log.write_text("1\n2\n", encoding="utf-8")
        return found

    with monkeypatch.context() as growing:
        growing.setattr(backup, "sha256_of", hashed)
        done = back_up(state, str(tmp_path / "backup"))
    assert restore(str(tmp_path / "backup"), tmp_path / "back") == done.files
    assert (tmp_path / "back" / "history" / "stops.jsonl").read_text(encoding="utf-8") == "1\n2\n"


def test_a_store_without_such_a_folder_is_an_error_and_not_an_empty_backup(
    state: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store says that a file is not found where its bucket is missing."""

    class NoBucket(LocalFileSystem):
        def open(self, path: str, mode: str = "rb", **options: Any) -> Any:
            raise FileNotFoundError("The specified bucket does not exist")

    monkeypatch.setattr("fsspec.core.url_to_fs", lambda address: (NoBucket(skip_instance_cache=True), address))
    with pytest.raises(StateError, match="broke off: FileNotFoundError"):
        back_up(state, str(tmp_path / "backup"))
