"""A run goes on while what it needs is away for a moment: Prefect's server, or the worker that reads its words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from rich.console import Console

from flows import publish, whereabouts


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


def test_a_run_goes_on_when_nobody_reads_its_words_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipe to a worker that was killed: rich, which writes the log, would end the process."""
    monkeypatch.setattr(Console, "on_broken_pipe", Console.on_broken_pipe)  # put back after the test
    reader, writer = os.pipe()
    os.close(reader)
    whereabouts.outlive_the_worker()
    stream = os.fdopen(writer, "w")
    Console(file=stream).print("words")  # without the above: SystemExit
    with suppress(BrokenPipeError):
        stream.close()
