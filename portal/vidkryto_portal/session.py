"""A portal for a test session: it lives as long as whoever started it, and goes back to its first state on request.

Requests come as lines on standard input (`restore`, or `snapshot NAME`, `restore NAME`), each is answered by one line
of JSON. The end of the input, however the other side ended, wipes the portal; so nothing is left running after a test
run that was killed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import IO

from vidkryto_portal import portal, snapshots
from vidkryto_portal.errors import LocalPortalError
from vidkryto_portal.places import Home

FIRST_STATE = "first"


def serve(home: Home, port: int | None, requests: IO[str], answer: Callable[[str], None], *, keep: bool) -> None:
    """Bring the portal up, keep its first state, then do as asked until the input ends.

    `keep` leaves the portal up for the next session: for developers. Raises LocalPortalError when it cannot start.
    """
    if not keep:
        portal.reset(home)
    try:
        status = portal.up(home, port, throwaway=True, say=lambda line: print(line, file=sys.stderr, flush=True))
        if not (home.snapshots / FIRST_STATE).exists():
            snapshots.take(home, FIRST_STATE)
        elif keep:
            snapshots.restore(home, FIRST_STATE)
        answer(status.as_json())
        with ThreadPoolExecutor(max_workers=1) as aside:
            for line in requests:
                words = line.split() + ([FIRST_STATE] if line.strip() == "restore" else [])
                outcome = aside.submit(_done, home, words).result()  # after the preparation that may be under way
                answer(json.dumps(outcome, ensure_ascii=False))
                if words[:1] == ["restore"] and not outcome:
                    aside.submit(snapshots.prepare, home, words[1])  # for the next time, while the test runs
    finally:
        if not keep:
            portal.reset(home)
            (home.root / "lock").unlink(missing_ok=True)
            with suppress(OSError):  # something else lies there
                home.root.rmdir()


def _done(home: Home, words: list[str]) -> dict[str, str]:
    try:
        match words:
            case ["snapshot", name]:
                snapshots.take(home, name)
            case ["restore", name]:
                snapshots.restore(home, name)
            case _:
                return {"error": "wanted: snapshot NAME, restore, or restore NAME"}
    except LocalPortalError as trouble:
        return {"error": str(trouble)}
    return {}
