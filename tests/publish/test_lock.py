"""Whose lock it is: a run that lives is never taken for a dead one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from vidkryto.plan.live import Lock
from vidkryto.publish import lock as locks

NOW = datetime(2026, 11, 26, tzinfo=UTC)
OTHER = "from vidkryto.publish.lock import new_run; print(new_run(), flush=True); input()"


def held_by(run: str) -> Lock:
    """A lock with time left."""
    return Lock(run, "a" * 64, NOW + timedelta(minutes=9))


def test_a_lock_is_its_run_s_as_long_as_the_process_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alive, of another namespace with the same numbers, dead, a number given again."""
    with subprocess.Popen([sys.executable, "-c", OTHER], stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None
        run = process.stdout.readline().strip()
        lock = held_by(run)
        assert not locks.abandoned(lock, NOW)
        machine, number, token = run.split(".")
        assert locks.abandoned(held_by(f"{machine}.{process.pid}-1.{token}"), NOW)
        process.kill()
    assert number.startswith(f"{process.pid}-")
    assert locks.abandoned(lock, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(locks, "_namespace", lambda: "pid:[1]")
        assert not locks.abandoned(lock, NOW)
        assert locks.abandoned(lock, NOW + timedelta(minutes=9))
    with monkeypatch.context() as patch:
        patch.setattr(locks, "_boot", lambda: "another start of this machine")
        assert not locks.abandoned(lock, NOW)


def test_a_run_of_this_process_is_dead_when_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process lives on, and knows which of its runs do."""
    run = locks.new_run()
    monkeypatch.setattr(locks, "_active", {run})
    assert not locks.abandoned(held_by(run), NOW)
    monkeypatch.setattr(locks, "_active", set())
    assert locks.abandoned(held_by(run), NOW)
    assert locks.abandoned(held_by(locks.INTERRUPTED), NOW)
    assert not locks.abandoned(held_by("nonsense"), NOW)
