"""A run waits for its place under a limit while Prefect's server is away for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError

from flows import publish


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What Prefect was asked; it cannot answer the first two times."""
    questions: list[list[str]] = []

    @contextmanager
    def concurrency(names: list[str], **_: object) -> Iterator[None]:
        questions.append(names)
        if len(questions) < 3:
            raise ConcurrencySlotAcquisitionError("no server")
        yield

    monkeypatch.setattr(publish, "concurrency", concurrency)
    return questions


def test_a_server_that_is_away_is_asked_again(asked: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is then held once."""
    monkeypatch.setattr(publish, "ASKED_AGAIN", (0, 0))
    with ExitStack() as stack:
        publish._take_places(stack, ["portal"])
    assert asked == [["portal"]] * 3


def test_a_server_that_stays_away_ends_the_run(asked: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """With Prefect's own error."""
    monkeypatch.setattr(publish, "ASKED_AGAIN", (0,))
    with ExitStack() as stack, pytest.raises(ConcurrencySlotAcquisitionError):
        publish._take_places(stack, ["portal"])
    assert asked == [["portal"]] * 2
