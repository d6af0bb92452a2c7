"""Garbage of the shared store: by the same rules, seen from what all machines have given to it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vidkryto.pipeline.shared import DROPPED, opened
from vidkryto.settings import Settings

GIVEN = timedelta(days=7)
"""A file so young may belong to a machine that is in the middle of giving, or that owes the store its record yet."""
DESCRIBES = re.compile(r"state/(releases/[^/]+/(published|[^/]+/release\.json)|runs/[^/]+/[^/]+/run\.json)")


def store_files(settings: Settings) -> tuple[Any, dict[str, str]]:
    """The store, and its names for its files by their paths below its root. Raises StateError when it is away."""
    with opened(settings) as (store, root):
        names = store.find(root) if store.exists(root) else ()
        inner = root.lstrip("/")
        return store, {name[name.index(inner) + len(inner) + 1 :]: name for name in names}


def described(settings: Settings, store: Any, files: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """What tells which releases and runs the store holds: their paths in a state folder, and their bytes."""
    with opened(settings):
        for path, name in files.items():
            if DESCRIBES.fullmatch(path):
                yield path.removeprefix("state/"), store.cat_file(name)


def mirrored(settings: Settings, store: Any, files: dict[str, str], folder: Path) -> None:
    """Write these into `folder`, as a state folder has them."""
    for path, content in described(settings, store, files):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def store_garbage(
    settings: Settings, now: datetime, judge: Callable[[Path], tuple[set[str], set[str]]]
) -> tuple[tuple[str, int, str], ...]:
    """What the store may lose: path below its root, bytes and rule. Reads only.

    `judge` gets a folder with all descriptions and tells which objects are needed and which releases may go.
    """
    if not settings.store:
        return ()
    store, files = store_files(settings)
    with tempfile.TemporaryDirectory() as folder:
        mirrored(settings, store, files, Path(folder))
        needed, old = judge(Path(folder))
    with opened(settings):
        found = []
        for path, name in files.items():
            parts = path.split("/")
            if parts[0] == "objects" and len(parts) == 3 and parts[1] + parts[2] not in needed:
                rule = "no release or run within the rule needs it"
            elif parts[0] == "parts":
                rule = "left behind by an interrupted run"
            elif len(parts) > 4 and "/".join(parts[1:4]) in old:
                rule = "release older than the rule"
            else:
                continue
            if now - _given(store, name, now) > GIVEN:
                found.append((path, int(store.size(name)), rule))
        return tuple(found)


def drop(settings: Settings, paths: list[str]) -> None:
    """Take these out of the store, a release's description last; one that is gone already is no error.

    The store remembers which releases went, so that no machine that still has one gives it again.
    """
    with opened(settings) as (store, root):
        for name in sorted({"/".join(path.split("/")[2:4]) for path in paths if path.startswith("state/releases/")}):
            mark = f"{root}/{DROPPED}/{name}"
            store.makedirs(mark.rpartition("/")[0], exist_ok=True)
            store.pipe_file(mark, b"")
        for path in sorted(paths, key=lambda path: path.endswith("/release.json")):
            if store.exists(f"{root}/{path}"):
                store.rm_file(f"{root}/{path}")


def _given(store: Any, name: str, now: datetime) -> datetime:
    """When a file came; where a store does not tell, now, so that it stays."""
    try:
        at: datetime = store.modified(name)
    except NotImplementedError:  # fsspec's own stores of FTP and the like
        return now
    return at if at.tzinfo else at.replace(tzinfo=UTC)
