"""Exports in a folder: a fresh or growing file is waited for, never taken half written."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from vidkryto.catalogue.source import FolderSource
from vidkryto.errors import SourceError
from vidkryto.pull.fetched import Each, Fetched, one_by_one
from vidkryto.pull.limits import copy_limited
from vidkryto.pull.picking import Offered, picked

_TEMPORARY = ("~$", ".~lock", ".", "~")
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


def fetch_folder(
    source: FolderSource, folder: Path, resource: str, work: Path, each: Each = one_by_one
) -> list[Fetched]:
    """The picked files, copied into `work` once they stopped growing.

    Raises ExportMissing when nothing matches, SourceError when the folder cannot be read or a file keeps changing.
    """
    root = (folder / source.folder).resolve()
    try:
        offered = [Offered(str(path), path.stat().st_mtime) for path in _matching(root, source.pattern)]
    except OSError as error:
        raise SourceError(
            f"the folder {source.folder} cannot be read: {error.strerror}",
            remedy="Check that the share is mounted and that the user who runs vidkryto may read it.",
        ) from error
    items = picked(offered, source.pick, source.pattern, resource)
    return [*each(partial(_taken, root, source, work), [(str(n), item.path) for n, item in enumerate(items)])]


def _matching(root: Path, pattern: str) -> Iterator[Path]:
    """Files under `root` that match, without the traces of office programs and unfinished uploads."""
    if not root.is_dir():
        if root.exists():
            raise NotADirectoryError(20, "not a folder", str(root))
        return
    with os.scandir(root) as entries:
        next(entries, None)  # a folder without read permission raises here, glob would stay silent
    for path in root.glob(pattern):
        inside = path.resolve().is_relative_to(root)
        if not inside or not path.is_file() or path.name.startswith(_TEMPORARY):
            continue
        if path.suffix.casefold() not in _UNFINISHED:
            yield path


def _taken(root: Path, source: FolderSource, work: Path, item: tuple[str, str]) -> Fetched:
    """Copy one file into `work`; `item` is the name it gets there and its path."""
    path, target = Path(item[1]), work / item[0]
    deadline = time.monotonic() + source.patience
    while True:
        before = _settled(path, source.settle, deadline)
        copy_limited(path, target, source.max_megabytes)
        if _state(path) == before:
            break
        if time.monotonic() > deadline:
            raise _growing(path, source.patience)
    modified = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(before[1] / 1e9))
    name = path.relative_to(root).as_posix()
    return Fetched(name, target, f"folder:{name}", modified=modified)


def _state(path: Path) -> tuple[int, int]:
    try:
        facts = path.stat()
    except OSError as error:
        raise SourceError(
            f"{path.name} vanished while it was waited for", remedy="Run again when the department has finished."
        ) from error
    return facts.st_size, facts.st_mtime_ns


def _settled(path: Path, settle: float, deadline: float) -> tuple[int, int]:
    """Size and time of change, once both stayed the same for `settle` seconds; a file older than that needs no wait."""
    state = _state(path)
    quiet_since = min(state[1] / 1e9, time.time())
    while time.time() - quiet_since < settle:
        if time.monotonic() > deadline:
            raise _growing(path, settle)
        time.sleep(min(0.2, settle))
        if (now := _state(path)) != state:
            state, quiet_since = now, time.time()
    return state


def _growing(path: Path, seconds: float) -> SourceError:
    return SourceError(
        f"{path.name} was still changing after {seconds:.0f} seconds",
        remedy="Let the department write under another name and rename at the end; then run again.",
    )
