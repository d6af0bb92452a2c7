"""Causes that no single run shows: a drifted portal, a checkpoint nobody else signed, programs that are down."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from vidkryto import clock
from vidkryto.alerts.cause import OFFICE, Cause, both
from vidkryto.archive import written_atomically
from vidkryto.findings import Finding
from vidkryto.pipeline import ledger_of
from vidkryto.record.note import Checkpoint, Note
from vidkryto.record.run import Text
from vidkryto.settings import Settings

COSIGNED_WITHIN = timedelta(days=8)
"""An office that cosigns once a week, and a day for it."""

DOWN_FILE = "down.json"
"""In up/ of the state folder: the programs that `vidkryto up` starts again and again in vain."""
PUBLISHING = ("prefect-server", "prefect-worker")
"""Without these nothing is published by schedule."""


def keep_drift(settings: Settings, dataset: str, found: Sequence[Finding]) -> None:
    """Remember what a watch found, so that it is told once and seen to be mended."""
    values = [
        {"code": item.code, "uk": item.message("uk"), "en": item.message("en"), "remedy": item.remedy("en")}
        for item in found
    ]
    with written_atomically(_drift_file(settings, dataset)) as part:
        at = clock.now().isoformat(timespec="seconds")
        part.write_text(json.dumps({"at": at, "found": values}, ensure_ascii=False) + "\n", encoding="utf-8")


def drifted(settings: Settings) -> Iterator[Cause]:
    """What the last watch of each dataset found."""
    for file in sorted((settings.home / "watch").glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))["found"]
        if found:
            name = file.stem
            words = Text(found[0]["uk"], found[0]["en"])
            said = both("The portal is not as we published “{name}”: {what}", name=name, what=words)
            step = both("Ask who changed it; to put it back: vidkryto watch {name} --repair", name=name)
            key = " ".join((name, *sorted(item["code"] for item in found)))
            link = f"{settings.report_url}/datasets/{name}/" if settings.report_url else ""
            yield Cause("drift", key, OFFICE, (name,), said, step, link)


def not_cosigned(settings: Settings, now: datetime) -> Iterator[Cause]:
    """Where another office cosigns, whether it did so within the time it promised.

    A ledger that nobody ever cosigned has no such promise, and is told by `vidkryto doctor` only.
    """
    files = sorted((settings.home / "ledger" / "cosigned").glob("*.checkpoint"))
    if not files:
        return
    size = Checkpoint.parse(Note.parse(files[-1].read_text(encoding="utf-8")).text).size
    later = next((entry for entry in ledger_of(settings).entries() if entry.seq >= size), None)
    if later is None or now - datetime.fromisoformat(later.time) <= COSIGNED_WITHIN:
        return
    said = both("The ledger has entries since {day} that no other office has cosigned", day=later.time[:10])
    step = both("Ask the cosigning office to run: vidkryto audit cosign")
    yield Cause("not-cosigned", str(size), OFFICE, (), said, step)


def down(settings: Settings) -> Iterator[Cause]:
    """What `vidkryto up` cannot keep running, without which no scheduled run happens."""
    file = settings.home / "up" / DOWN_FILE
    names = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    for name in names:
        if name in PUBLISHING:
            said = both("{program} does not stay up: nothing is published by schedule", program=name)
            step = both("Read {log} in up/ of the state folder, then: vidkryto doctor", log=f"{name}.log")
            yield Cause("missed", name, OFFICE, (), said, step)


def _drift_file(settings: Settings, dataset: str) -> Path:
    return settings.home / "watch" / f"{dataset}.json"
