"""Where a run runs: said at its beginning, so that it is found when its process is killed."""

from __future__ import annotations

import os
import socket
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.runtime import deployment
from prefect.runtime import flow_run as running
from rich.console import Console


def say_where() -> None:
    """Note machine and process with the run; only in a worker's process, which has no other run in it.

    Prefect notes the process alone, whose number means nothing on another machine. A run that is tried again, or
    goes on after an approval, may do so elsewhere: the tag names the process too, and replaces that of an earlier
    start.
    """
    if not deployment.id or not running.id:
        return
    Console.on_broken_pipe = _speak_to_nobody  # type: ignore[assignment,method-assign]  # rich would end the process
    others = [tag for tag in running.tags if not tag.startswith("host:")]
    with get_client(sync_client=True) as client:
        client.update_flow_run(
            UUID(running.id),
            tags=sorted({*others, f"host:{socket.gethostname()}:{os.getpid()}"}),
            infrastructure_pid=str(os.getpid()),
        )


def _speak_to_nobody(console: Console) -> None:
    """A worker that was killed reads no more of what its runs say; they go on without saying it."""
    console.quiet = True
