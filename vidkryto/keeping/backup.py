"""Back up the state folder to any fsspec store, check the copy, and restore it into an empty folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from filelock import FileLock

from vidkryto import clock
from vidkryto.archive import sha256_of, written_atomically
from vidkryto.errors import StateError
from vidkryto.settings import Settings

LEFT_OUT = frozenset({"portal", "prefect", "site", "report", "lock"})
"""Made again by their owners: the local portal, Prefect's database, the pages."""
MANIFEST = "backup.json"
WRONG = "Make a new backup, and keep an older one until it has been restored once."


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied. `copied` counts the files that were not in the store already."""

    files: int
    copied: int
    bytes: int


def back_up(settings: Settings, target: str) -> Backup:
    """Copy the state folder to `target`, a folder or any fsspec address such as s3://bucket/backup.

    Files are kept by their hash, so a second backup copies what is new only. The ledger is copied under its lock,
    last of all: whatever it names is then in the copy. Raises StateError when a file cannot be read or written.
    """
    store, root = fsspec.core.url_to_fs(target)
    entries: list[dict[str, Any]] = []
    copied = 0
    ledger = settings.home / "ledger"
    for path in (path for path in _files(settings.home) if ledger not in path.parents):
        copied += _keep(store, root, path, settings.home, entries)
    with FileLock(ledger / "lock", timeout=60):
        for path in (path for path in _files(settings.home) if ledger in path.parents):
            copied += _keep(store, root, path, settings.home, entries)
    text = json.dumps({"at": clock.now().isoformat(timespec="seconds"), "files": entries}, indent=1) + "\n"
    with store.open(f"{root}/{MANIFEST}", "wb") as stream:
        stream.write(text.encode())
    return Backup(len(entries), copied, sum(entry["bytes"] for entry in entries))


def restore(source: str, home: Path) -> int:
    """Put a backup into `home`, which must be empty or absent; every file is checked by its hash.

    Returns the number of files. Raises StateError for a folder that holds something, and for a copy that is damaged:
    then `home` is left as it was.
    """
    if home.exists() and any(home.iterdir()):
        raise StateError(
            f"{home.name} is not empty", remedy="Restore into a new folder, look at it, then swap the two."
        )
    store, root = fsspec.core.url_to_fs(source)
    try:
        with store.open(f"{root}/{MANIFEST}", "rb") as stream:
            manifest = json.loads(stream.read())
    except (OSError, ValueError) as error:
        raise StateError(f"{MANIFEST} of the backup cannot be read ({type(error).__name__})", remedy=WRONG) from None
    part = home.with_name(f".{home.name}.restoring")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        for entry in manifest["files"]:
            _put_back(store, root, entry, part)
        home.parent.mkdir(parents=True, exist_ok=True)
        part.replace(home)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return len(manifest["files"])


def _files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        parts = path.relative_to(home).parts
        if path.is_file() and not path.is_symlink() and parts[0] not in LEFT_OUT and parts[-1] != "lock":
            yield path


def _keep(store: Any, root: str, path: Path, home: Path, entries: list[dict[str, Any]]) -> int:
    """Copy one file unless its bytes are there; a file that a run removed meanwhile is no loss."""
    try:
        sha256, mode, size = sha256_of(path), path.stat().st_mode & 0o777, path.stat().st_size
        target = f"{root}/files/{sha256[:2]}/{sha256[2:]}"
        new = not store.exists(target)
        if new:
            store.makedirs(target.rpartition("/")[0], exist_ok=True)
            store.put_file(str(path), target)
    except FileNotFoundError:
        return 0
    entries.append({"name": path.relative_to(home).as_posix(), "sha256": sha256, "bytes": size, "mode": mode})
    return int(new)


def _put_back(store: Any, root: str, entry: dict[str, Any], part: Path) -> None:
    name = Path(entry["name"])
    if name.is_absolute() or ".." in name.parts:
        raise StateError("the backup names a file outside the state folder", remedy=WRONG)
    target = part / name
    with written_atomically(target) as file:
        try:
            store.get_file(f"{root}/files/{entry['sha256'][:2]}/{entry['sha256'][2:]}", str(file))
        except FileNotFoundError:
            raise StateError(f"{entry['name']} is not in the backup", remedy=WRONG) from None
        if hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
            raise StateError(f"{entry['name']} is damaged in the backup", remedy=WRONG)
    target.chmod(entry["mode"])
