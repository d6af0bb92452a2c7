"""Back up the state folder to any fsspec store, check the copy, and restore it into an empty folder."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import fsspec
from filelock import FileLock

from vidkryto import clock
from vidkryto.archive import CHUNK, renamed, sha256_of, written_atomically
from vidkryto.errors import StateError, VidkrytoError
from vidkryto.settings import Settings

LEFT_OUT = frozenset({"portal", "prefect", "site", "report", "lock"})
"""Made again by their owners: the local portal, Prefect's database, the pages."""
MANIFEST = "backup.json"
UNREACHED = "See that the disk has space and the address and its credentials are right, then do it once more."
WRONG = "Make a new backup, and keep an older one until it has been restored once."


@dataclass(frozen=True, slots=True)
class Backup:
    """What was copied. `copied` counts the files that were not in the store already."""

    files: int
    copied: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Copy:
    """A file as it lies in the store. `looks` is how the original looked then: while it looks so, it is the same."""

    name: str
    sha256: str
    bytes: int
    mode: int
    looks: tuple[int, int, int]
    new: bool


def back_up(settings: Settings, target: str) -> Backup:
    """Copy the state folder to `target`, a folder or any fsspec address such as s3://bucket/backup.

    Files are kept by their hash, so a second backup copies what is new only. The last pass holds the ledger's lock
    and takes the ledger with all that came since the passes before: whatever the ledger names is then in the copy.
    Raises StateError when a file cannot be read or written; the backup made before is then whole as it was.
    """
    with _told():
        store, root = fsspec.core.url_to_fs(target)
        ledger = settings.home / "ledger"
        copies: dict[str, _Copy] = {}
        for _ in range(2):  # the second is short, so that the third holds no run up
            files = (path for path in _files(settings.home) if ledger not in path.parents)
            copies = _pass(store, root, settings.home, files, copies)
        with FileLock(ledger / "lock", timeout=60):
            copies = _pass(store, root, settings.home, _files(settings.home), copies)
        listed = [
            {"name": copy.name, "sha256": copy.sha256, "bytes": copy.bytes, "mode": copy.mode}
            for copy in copies.values()
        ]
        text = json.dumps({"at": clock.now().isoformat(timespec="seconds"), "files": listed}, indent=1) + "\n"
        _write(store, root, io.BytesIO(text.encode()), lambda _: f"{root}/{MANIFEST}")
    copied = len({copy.sha256 for copy in copies.values() if copy.new})
    return Backup(len(copies), copied, sum(copy.bytes for copy in copies.values()))


def restore(source: str, home: Path) -> int:
    """Put a backup into `home`, which must be empty or absent; every file is checked by its hash.

    Returns the number of files. Raises StateError for a folder that holds something, and for a copy that is damaged:
    then `home` is left as it was.
    """
    if home.exists() and any(home.iterdir()):
        raise StateError(
            f"{home.name} is not empty", remedy="Restore into a new folder, look at it, then swap the two."
        )
    try:
        store, root = fsspec.core.url_to_fs(source)
        with store.open(f"{root}/{MANIFEST}", "rb") as stream:
            manifest = json.loads(stream.read())
    except Exception as error:  # every store has its own kinds of error
        raise StateError(f"{MANIFEST} of the backup cannot be read ({type(error).__name__})", remedy=WRONG) from None
    part = home.with_name(f".{home.name}.restoring")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with _told():
            part.mkdir(parents=True)
            for entry in manifest["files"]:
                _put_back(store, root, entry, part)
            part.replace(home)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return len(manifest["files"])


def _files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        parts = path.relative_to(home).parts
        if path.is_file() and not path.is_symlink() and parts[0] not in LEFT_OUT and parts[-1] != "lock":
            yield path


def _pass(store: Any, root: str, home: Path, files: Iterable[Path], before: Mapping[str, _Copy]) -> dict[str, _Copy]:
    """Copy what is not in the store; what looks as it did in the pass before is not read again."""
    copies = {}
    for path in files:
        name = path.relative_to(home).as_posix()
        try:
            status = path.stat()
            looks = (status.st_ino, status.st_mtime_ns, status.st_size)
            known = before.get(name)
            if known is None or known.looks != looks:
                new, sha256, size = _keep(store, root, path)
                known = _Copy(name, sha256, size, status.st_mode & 0o777, looks, new)
            copies[name] = known
        except FileNotFoundError:
            if path.exists():  # then it is the store that lacks something
                raise
    return copies


def _keep(store: Any, root: str, path: Path) -> tuple[bool, str, int]:
    """Copy one file unless its bytes are there whole; whether it was copied, the hash and size of what is there.

    A file may grow while it is copied: its name in the store is the hash of the bytes that were written there.
    """
    sha256, size = sha256_of(path), path.stat().st_size
    target = _place(root, sha256)
    if store.exists(target) and store.size(target) == size:
        return False, sha256, size
    with path.open("rb") as source:
        return True, *_write(store, root, source, lambda sha256: _place(root, sha256))


def _write(store: Any, root: str, source: BinaryIO, place: Callable[[str], str]) -> tuple[str, int]:
    """Write to a name of its own first: a copy that was cut off is never taken for a whole one."""
    part = f"{root}/.{uuid4().hex}.part"
    store.makedirs(root, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with store.open(part, "wb") as stream:
            while block := source.read(CHUNK):
                digest.update(block)
                size += len(block)
                stream.write(block)
        target = place(digest.hexdigest())
        store.makedirs(target.rpartition("/")[0], exist_ok=True)
        renamed(store, part, target)
    except BaseException:
        with suppress(Exception):
            store.rm_file(part)
        raise
    return digest.hexdigest(), size


def _place(root: str, sha256: str) -> str:
    return f"{root}/files/{sha256[:2]}/{sha256[2:]}"


@contextmanager
def _told() -> Iterator[None]:
    """Whatever breaks off, told as a StateError: in the system's words, or else by its kind alone."""
    try:
        yield
    except VidkrytoError:
        raise
    except Exception as error:  # every store has its own kinds of error, and their words may hold an address
        what = getattr(error, "strerror", None) or type(error).__name__
        raise StateError(f"the backup broke off: {what}", remedy=UNREACHED) from None


def _put_back(store: Any, root: str, entry: dict[str, Any], part: Path) -> None:
    name = Path(entry["name"])
    if name.is_absolute() or ".." in name.parts:
        raise StateError("the backup names a file outside the state folder", remedy=WRONG)
    target = part / name
    with written_atomically(target) as file:
        try:
            store.get_file(_place(root, entry["sha256"]), str(file))
        except FileNotFoundError:
            raise StateError(f"{entry['name']} is not in the backup", remedy=WRONG) from None
        if sha256_of(file) != entry["sha256"]:
            raise StateError(f"{entry['name']} is damaged in the backup", remedy=WRONG)
    target.chmod(entry["mode"])
