"""Since when each dataset is promised, and since when a person has paused it: `promised/datasets.json`.

No run says either: a dataset that was never run has no record, and one that is paused has no new one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock

from vidkryto import clock
from vidkryto.archive import written_atomically
from vidkryto.catalogue import Dataset, names_not_loaded
from vidkryto.errors import StateError
from vidkryto.settings import Settings


@dataclass(frozen=True, slots=True)
class Promised:
    """Moments in ISO 8601, each empty where there is none."""

    since: str = ""
    """When the active dataset was first seen: its promise began."""
    paused: str = ""
    """When its pause in Prefect's pages was first seen, while it lasts."""
    resumed: str = ""
    """When the last pause was seen to have ended."""


def promised(settings: Settings) -> dict[str, Promised]:
    """What is known of each dataset, by name. Raises StateError when the file cannot be read."""
    return _read(_file(settings))


def note_promises(settings: Settings, datasets: Sequence[Dataset], now: datetime | None = None) -> None:
    """Note the active ones of all datasets that load, unless seen before; forget those that are not active any more.

    What a contract that does not load promised stays promised.
    """
    active = {dataset.name for dataset in datasets if dataset.contract.publication.status == "active"}
    kept = active.union(names_not_loaded(settings.datasets, datasets))
    at = _text(now or clock.now())
    with _changing(settings) as known:
        for name in known.keys() - kept:
            del known[name]
        for name in sorted(active - known.keys()):
            known[name] = Promised(since=at)


def note_pauses(settings: Settings, paused: Mapping[str, bool], now: datetime | None = None) -> None:
    """Note of each dataset in `paused` whether a person has paused it; the others stay as they are."""
    at = _text(now or clock.now())
    with _changing(settings) as known:
        for name, is_paused in paused.items():
            before = known.get(name, Promised(since=at))
            if is_paused and not before.paused:
                before = replace(before, paused=at)
            elif before.paused and not is_paused:
                before = replace(before, paused="", resumed=at)
            known[name] = before


@contextmanager
def _changing(settings: Settings) -> Iterator[dict[str, Promised]]:
    """What is known, held by this process alone, and written when it has changed."""
    file = _file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.parent / "lock", timeout=60):
        before = _read(file)
        known = dict(before)
        yield known
        if known != before:
            with written_atomically(file) as part:
                values = {name: asdict(value) for name, value in sorted(known.items())}
                part.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _read(file: Path) -> dict[str, Promised]:
    try:
        values = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return {name: Promised(**value) for name, value in values.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise StateError(
            f"{file.name} of the promises cannot be read ({type(error).__name__})",
            remedy="Restore promised/datasets.json from a backup, or remove it: promises then count from today.",
        ) from None


def _file(settings: Settings) -> Path:
    return settings.home / "promised" / "datasets.json"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
