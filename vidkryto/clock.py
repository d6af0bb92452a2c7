"""The clock: the one place that says what time it is, so that sixty days can pass in a test in minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def _of_the_machine() -> datetime:
    return datetime.now(UTC)


_clock: Clock = _of_the_machine


def now() -> datetime:
    """The present moment in UTC, by the machine or by the clock that `told_by` put in its place.

    Promises, schedules, embargoes, approvals, records and alerts ask here. The lock on the portal does not: it
    is shared with other machines and lasts real minutes.
    """
    return _clock()


@contextmanager
def told_by(clock: Clock) -> Iterator[None]:
    """Let `clock` tell the time in all threads of this process until the block ends."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield
    finally:
        _clock = before
