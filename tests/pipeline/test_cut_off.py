"""A run that is cut off around its entry in the ledger leaves a ledger that holds, at once and after the next run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline.conftest import EXPORT, READING
from tests.support.catalogue import CONTRACT, write_catalogue
from tests.support.runs import published_without_portal
from vidkryto.catalogue import load_dataset
from vidkryto.pipeline import new_job
from vidkryto.pipeline.job import Job
from vidkryto.pipeline.remember import PRACTICE_KEY, finish_records, last_run
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import UNSEALED, RunRecord
from vidkryto.record.verifier import verify
from vidkryto.report.evidence import export_evidence
from vidkryto.settings import Settings

NAME = "cut-off"


@pytest.fixture
def a_job(tmp_path: Path) -> Callable[[], Job]:
    """New runs of a small dataset, in a city without a portal."""
    contract = {**CONTRACT, "name": NAME, "resources": [{**CONTRACT["resources"][0], "reading": READING}]}
    folder = write_catalogue(tmp_path, contract)
    (folder / "exports" / "stops.csv").write_bytes(EXPORT.encode("cp1251"))
    settings = Settings(root=tmp_path, home=tmp_path / "home")
    SigningKey.generate("vidkryto-practice/test").save(settings.home / PRACTICE_KEY)
    Ledger.create(settings.home, key=settings.home / PRACTICE_KEY)
    return lambda: new_job(load_dataset(folder), settings)


def holds(home: Path) -> bool:
    """Whether the ledger holds, with archive and records."""
    return verify(home / "ledger", objects=home / "objects", runs=home / "runs").good


def cut_off(job: Job, monkeypatch: pytest.MonkeyPatch, kind: type, method: str, call: int) -> None:
    """A run that ends without a word right before a call of a method."""
    real, calls = getattr(kind, method), []

    def dies(*given: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        return real(*given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(kind, method, dies)
        with pytest.raises(KeyboardInterrupt):
            published_without_portal(job)


def test_a_record_whose_entry_was_written_is_finished_later(
    a_job: Callable[[], Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Killed between the entry and the record: the ledger holds before and after the record is finished."""
    job = a_job()
    home = job.settings.home
    cut_off(job, monkeypatch, RunRecord, "save", 2)
    assert last_run(job.settings, NAME) is None
    assert holds(home)
    export_evidence(home, job.run, tmp_path / "pack")
    assert holds(tmp_path / "pack")
    finish_records(job.settings, NAME)
    record = last_run(job.settings, NAME)
    assert record is not None
    assert record.evidence is not None
    assert (record.run_id, record.evidence.entry) == (job.run, 1)
    assert list(home.rglob(UNSEALED)) == []
    assert holds(home)
    published_without_portal(a_job())
    assert holds(home)


def test_a_record_whose_entry_was_not_written_goes(a_job: Callable[[], Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the entry: nothing vouches for that record, and no page is made from it."""
    job = a_job()
    home = job.settings.home
    cut_off(job, monkeypatch, Ledger, "append", 1)
    assert holds(home)
    finish_records(job.settings, NAME)
    assert list((home / "runs" / NAME).iterdir()) == []
    assert holds(home)


def test_a_record_that_is_finished_already_stays_as_it_is(a_job: Callable[[], Job]) -> None:
    """Killed right before the first copy was taken away."""
    job = a_job()
    home = job.settings.home
    file = home / "runs" / NAME / published_without_portal(job) / "run.json"
    before = file.read_bytes()
    RunRecord.load(file).save(home, UNSEALED)
    finish_records(job.settings, NAME)
    assert [(path.name, path.read_bytes()) for path in file.parent.iterdir()] == [("run.json", before)]


def test_the_next_run_finishes_what_was_left(a_job: Callable[[], Job], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipeline does so before it looks at the last run."""
    from vidkryto.pipeline import publish_dataset

    job = a_job()
    cut_off(job, monkeypatch, RunRecord, "save", 2)
    publish_dataset(a_job())
    assert (job.settings.home / "runs" / NAME / job.run / "run.json").is_file()
    assert holds(job.settings.home)
