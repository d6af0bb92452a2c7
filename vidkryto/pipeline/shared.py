"""A store that several machines share: what a run needs is drawn from it before, and given to it after.

Each worker has a state folder of its own, with a ledger of its own; archive, releases, records, history, plans and
receipts of a dataset meet in the store, any address that fsspec knows (file://…, s3://…).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from vidkryto.archive import renamed, sha256_of, written_atomically
from vidkryto.errors import StateError
from vidkryto.record.run import RunRecord
from vidkryto.release import Releases
from vidkryto.settings import Settings

DAMAGED = "The next run of its dataset on a worker that has this export puts it there anew."
DROPPED = "dropped"
"""Below it the store remembers, as names without content, which releases a rule took out of it."""
UNREACHED = "Check VIDKRYTO_STORE and the store's own credentials in the environment; the run can then be repeated."


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Any, str]]:
    """The store and its root. Raises StateError for whatever goes wrong with it inside the block."""
    import fsspec

    try:
        store, root = fsspec.core.url_to_fs(settings.store)
        store.invalidate_cache()  # another worker may have written since
        yield store, str(root).rstrip("/")
    except StateError:
        raise
    except Exception as error:  # every store has its own kinds of error, and their words may hold an address
        raise StateError(
            f"the shared store did not answer: {type(error).__name__}", remedy=UNREACHED, transient=True
        ) from None


def draw(settings: Settings, dataset: str) -> int:
    """Bring what other workers left of this dataset into the state folder; returns how many files came.

    Files that never change are fetched once, the others each time; of two decisions about one plan the later stays.
    What an earlier run or command here owes the store is given first. From now on this one owes: its end, however it
    comes, is followed by `give`, or by the next `draw`. Raises StateError when the store cannot be read.
    """
    if not settings.store:
        return 0
    with opened(settings) as (store, root):
        if _owed(settings, dataset).exists():
            _repay(settings, dataset, store, root)
        _owed(settings, dataset).parent.mkdir(parents=True, exist_ok=True)
        _owed(settings, dataset).touch()
        count = 0
        for folder in _folders(dataset):
            base = f"{root}/state/{folder}"
            for name in sorted(store.find(base)) if store.exists(base) else ():
                relative = folder + _after(name, base)
                target = settings.home / relative
                if not _concerns(relative, dataset) or (target.is_file() and not _changes(relative)):
                    continue
                if _decision(relative) and target.is_file() and not _later(store.cat(name), target.read_bytes()):
                    continue
                with written_atomically(target) as part:
                    store.get_file(name, str(part))
                count += 1
        return count


def give(settings: Settings, record: RunRecord) -> int:
    """Give the run's record, its exports, and what it changed to the store; returns how many files went."""
    return hand_over(settings, record.dataset, (record,))


def hand_over(settings: Settings, dataset: str, records: Iterable[RunRecord] = ()) -> int:
    """Give what a run or a command changed of this dataset; `records` are those of runs whose exports go too.

    What is pointed at goes before what points at it: another worker never finds a release that is not whole.
    Raises StateError when the store cannot be written; what was not given is then given by the next `draw`.
    """
    if not settings.store:
        return 0
    with opened(settings) as (store, root):
        count = _give_all(settings, dataset, records, store, root)
        _owed(settings, dataset).unlink(missing_ok=True)
        return count


def _give_all(
    settings: Settings, dataset: str, records: Iterable[RunRecord], store: Any, root: str, *, newer: bool = True
) -> int:
    """Files that never change, then, where ours are the newer ones, those that change."""
    count = 0
    for sha256 in {snapshot.sha256 for record in records for snapshot in record.snapshots}:
        path = settings.archive.path(sha256)
        count += _put(store, root, path, f"objects/{path.parent.name}/{path.name}", again=False)
    over = _over(settings, dataset, store, root)
    for relative in sorted(_own(settings, dataset), key=_changes):
        if relative.startswith(over):
            continue
        path, target = settings.home / relative, f"{root}/state/{relative}"
        if _decision(relative):
            wanted = not store.exists(target) or _later(path.read_bytes(), store.cat(target))
        else:
            wanted = newer or not _changes(relative)
        if wanted:
            count += _put(store, root, path, f"state/{relative}", again=_changes(relative))
    return count


def _over(settings: Settings, dataset: str, store: Any, root: str) -> tuple[str, ...]:
    """The folders of releases that a rule took out of the store, but for the live one and the one before it."""
    base = f"{root}/{DROPPED}/{dataset}"
    named = {name.rpartition("/")[2] for name in store.find(base)} if store.exists(base) else set()
    releases = Releases(settings.home / "releases" / dataset)
    if named and (live := releases.published()):
        before = releases.find(live.previous) if live.previous else None
        named -= {live.folder.name, before.folder.name if before else ""}
    return tuple(f"releases/{dataset}/{name}/" for name in named)


def _repay(settings: Settings, dataset: str, store: Any, root: str) -> None:
    """Give what was left here. Where another worker changed the portal since, its pointers and receipts stay."""
    runs = settings.home / "runs" / dataset
    left = [
        file
        for file in runs.glob("*/run.json")
        if not store.exists(f"{root}/state/runs/{dataset}/{file.parent.name}/run.json")
    ]
    latest = f"receipts/{dataset}/latest.json"
    ours, theirs = settings.home / latest, f"{root}/state/{latest}"
    newer = ours.is_file() and (not store.exists(theirs) or _ended(ours.read_bytes()) >= _ended(store.cat(theirs)))
    _give_all(settings, dataset, map(RunRecord.load, left), store, root, newer=newer)
    _owed(settings, dataset).unlink()


def _ended(receipt: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(receipt)["ended"])


def _owed(settings: Settings, dataset: str) -> Path:
    """Says that this state folder may hold what the store lacks."""
    return settings.home / "owed" / dataset


def owing(settings: Settings, last: RunRecord) -> bool:
    """Whether the last run of a dataset ended and could not give all to the store. A failure has nothing to give."""
    mark = _owed(settings, last.dataset)
    if not settings.store or last.outcome == "Failed" or not mark.exists():
        return False
    drawn = int(mark.stat().st_mtime)  # a run that is under way drew after the last one had ended
    return datetime.fromisoformat(last.finished).timestamp() >= drawn


def reached(settings: Settings) -> None:
    """Ask the store for anything. Raises StateError when it does not answer."""
    with opened(settings) as (store, root):
        store.exists(root)


def fetch(settings: Settings, sha256: str) -> Path:
    """An object of the archive, drawn from the store where this machine lacks it; the path may still not exist.

    Raises StateError when the store cannot be read, and for an object that is not what its hash says.
    """
    path = settings.archive.path(sha256)
    if settings.store and not path.is_file():
        with opened(settings) as (store, root):
            name = f"{root}/objects/{path.parent.name}/{path.name}"
            if store.exists(name):
                with written_atomically(path) as part:
                    store.get_file(name, str(part))
                    if sha256_of(part) != sha256:
                        raise StateError(f"{sha256[:12]} is damaged in the shared store", remedy=DAMAGED)
    return path


def forget(settings: Settings, dataset: str, objects: Iterable[str]) -> None:
    """Take these objects and what is kept of the dataset out of the store; else the next worker would draw it again."""
    if not settings.store:
        return
    with opened(settings) as (store, root):
        paths = [settings.archive.path(sha256) for sha256 in objects]
        for name in [f"{root}/objects/{path.parent.name}/{path.name}" for path in paths]:
            if store.exists(name):
                store.rm(name)
        for folder in (f"releases/{dataset}", f"runs/{dataset}", f"history/{dataset}.jsonl"):
            if store.exists(f"{root}/state/{folder}"):
                store.rm(f"{root}/state/{folder}", recursive=True)


def _folders(dataset: str) -> tuple[str, ...]:
    return (f"releases/{dataset}/", f"runs/{dataset}/", f"receipts/{dataset}/", "plans/", "history/")


def _after(name: str, base: str) -> str:
    """What stands after `base` in a name of the store, which may write its paths with or without a leading slash."""
    inner = base.lstrip("/")
    return name[name.index(inner) + len(inner) :]


def _changes(relative: str) -> bool:
    """Whether a file may be written again: all but records of runs, kept plans and the folders of releases."""
    parts = relative.split("/")
    return not (
        parts[0] == "runs"
        or parts[:2] == ["plans", "plans"]
        or (parts[0] == "releases" and len(parts) > 3 and parts[2] != "disclosed")
    )


def _own(settings: Settings, dataset: str) -> Iterator[str]:
    for folder in _folders(dataset):
        for path in (settings.home / folder).rglob("*"):
            relative = path.relative_to(settings.home)
            hidden = any(part.startswith(".") for part in relative.parts)
            if path.is_file() and not hidden and _concerns(relative.as_posix(), dataset):
                yield relative.as_posix()


def _concerns(relative: str, dataset: str) -> bool:
    """Histories of all datasets lie in one folder, a file for each."""
    return not relative.startswith("history/") or relative == f"history/{dataset}.jsonl"


def _decision(relative: str) -> bool:
    return relative.startswith("plans/approvals/")


def _later(one: bytes, other: bytes) -> bool:
    """Whether a decision was made after another about the same plan."""
    first, second = (datetime.fromisoformat(json.loads(text)["at"]) for text in (one, other))
    return first > second


def _put(store: Any, root: str, path: Path, relative: str, *, again: bool) -> int:
    """Put one file into the store; it gets its name there once it is whole. A file that is cut off is put anew."""
    target = f"{root}/{relative}"
    if not path.is_file() or (not again and store.exists(target) and store.size(target) == path.stat().st_size):
        return 0
    part = f"{root}/parts/{uuid4().hex}"
    for name in (part, target):
        store.makedirs(name.rpartition("/")[0], exist_ok=True)
    store.put_file(str(path), part)
    renamed(store, part, target)
    return 1
