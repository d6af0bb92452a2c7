"""The ledger: an append-only file of canonical JSON lines under a signed checkpoint."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock

from vidkryto import clock
from vidkryto.archive import written_atomically
from vidkryto.errors import LedgerError, raise_state_error
from vidkryto.record.canonical import canonical
from vidkryto.record.entries import Kind, checked_body
from vidkryto.record.keys import SigningKey, VerifierKey, key_file
from vidkryto.record.merkle import Frontier, inclusion_proof, leaf_hash
from vidkryto.record.note import Checkpoint, Note

LOCK_SECONDS = 60
DATASET = re.compile(r"[a-z0-9_-]{0,100}")
FIRST_PREVIOUS = "0" * 64
VERIFY = "Run `vidkryto audit verify` and compare with a copy of the checkpoint kept elsewhere; do not edit the ledger."


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    seq: int
    time: str
    kind: str
    dataset: str
    body: Mapping[str, Any]
    prev: str
    """The sha256 of the line before."""
    line: bytes
    """The entry's bytes, without the line end: what is hashed and signed."""

    @property
    def sha256(self) -> str:
        """The hash that the next entry names as its `prev`."""
        return hashlib.sha256(self.line).hexdigest()

    @classmethod
    def parse(cls, line: bytes) -> Entry:
        """Read a line. Raises ValueError when it is not an entry in canonical form."""
        value = json.loads(line)
        if not isinstance(value, dict) or canonical(value) != line:
            raise ValueError("not canonical JSON")
        if set(value) != {"body", "dataset", "kind", "prev", "seq", "time"}:
            raise ValueError("not the fields of an entry")
        return cls(**value, line=line)


@dataclass(slots=True)
class _Known:
    """What one process has read so far; other processes may have appended since."""

    frontier: Frontier
    offset: int = 0
    prev: str = FIRST_PREVIOUS
    origin: str = ""
    key: str = ""
    signed: int = 0
    """The size of the last checkpoint seen."""


class Ledger:
    """The ledger of one state folder. Safe to append to from several threads, processes and machines' workers.

    Every entry is on disk and under a signed checkpoint when `append` returns. Before it signs, `append`
    proves that what it read continues the last checkpoint: a log must not sign an inconsistent checkpoint
    (C2SP tlog-checkpoint, "Signatures").
    """

    def __init__(self, folder: Path, key: Path) -> None:
        self.folder = folder
        self.file = folder / "entries.jsonl"
        self.checkpoint_file = folder / "checkpoint"
        self._key_file = key
        self._known = _Known(Frontier())

    @classmethod
    def open(cls, home: Path, *, key: Path | None = None) -> Ledger:
        """The ledger of the state folder `home`; the key is read at the first append.

        Raises LedgerError when there is none yet.
        """
        ledger = cls(home / "ledger", key or key_file())
        if not ledger.file.is_file():
            raise LedgerError(f"there is no ledger in {home}", remedy="Create it once with `vidkryto audit init`.")
        return ledger

    @property
    def signing_key_file(self) -> Path:
        """Where the key lies that signs."""
        return self._key_file

    @classmethod
    def create(cls, home: Path, *, key: Path | None = None) -> Ledger:
        """Begin a ledger with the key that lies at `key`; the key's name is the ledger's name (its origin).

        A beginning that was interrupted before its first checkpoint is begun again. Raises LedgerError when there
        is a ledger already.
        """
        ledger = cls(home / "ledger", key or key_file())
        signer = SigningKey.load(ledger._key_file)
        ledger.folder.mkdir(parents=True, exist_ok=True)
        with ledger._locked():
            if ledger.checkpoint_file.exists() or (ledger.file.exists() and len(ledger._lines()) > 1):
                raise LedgerError(f"there is a ledger in {home} already; it was left alone", remedy="Just use it.")
            ledger.file.touch()
            body = {"action": "create", "origin": signer.name, "key": str(signer.verifier())}
            ledger._write("key", "", body, signer, clock.now())
        return ledger

    def append(self, kind: Kind, dataset: str, body: Mapping[str, Any], *, at: datetime | None = None) -> Entry:
        """Add one entry and sign a checkpoint over it; when this returns, both are on the disk.

        `body` must fit the shape of its kind (`vidkryto.record.entries`): anything else is refused, so that
        no cell value, address or personal datum gets into a file that cannot forget. Raises LedgerError, and
        StateError for a disk that cannot be written.
        """
        if kind in ("key", "recovery"):
            raise LedgerError(f"entries of kind {kind} are written by the ledger itself", remedy="Use `rotate`.")
        checked = checked_body(kind, body)
        signer = SigningKey.load(self._key_file)
        with self._locked():
            self._catch_up(signer)
            return self._write(kind, dataset, checked, signer, at or clock.now())

    def rotate(self, new: SigningKey, reason: str) -> Entry:
        """Hand the ledger over to `new`, signed by the present key; from the next entry on only `new` signs."""
        old = SigningKey.load(self._key_file)
        with self._locked():
            self._catch_up(old)
            statement = checked_body(
                "key",
                {
                    "action": "rotate",
                    "origin": self._known.origin,
                    "key": str(new.verifier()),
                    "replaces": str(old.verifier()),
                    "reason": reason,
                },
            )
            signed = canonical({**statement, "seq": self._known.frontier.size, "prev": self._known.prev})
            body = {**statement, "signature": base64.b64encode(old.sign(signed)).decode()}
            return self._write("key", "", body, new, clock.now())

    def entries(self) -> Iterator[Entry]:
        """All entries that the last checkpoint covers, oldest first: a line after it counts for nothing.

        Raises LedgerError at the first that cannot be read.
        """
        for number, line in enumerate(self._covered()):
            try:
                yield Entry.parse(line)
            except (ValueError, TypeError, LedgerError) as error:
                raise LedgerError(f"entry {number} of the ledger cannot be read", remedy=VERIFY) from error

    def signed_entries(self, kind: Kind) -> Iterator[Entry]:
        """The entries of one kind that the last checkpoint covers, oldest first; other lines are not parsed.

        Raises LedgerError when one of them cannot be read.
        """
        mark = f'"kind":"{kind}"'.encode()
        for number, line in enumerate(self._covered()):
            if mark not in line:
                continue
            try:
                entry = Entry.parse(line)
            except (ValueError, TypeError) as error:
                raise LedgerError(f"entry {number} of the ledger cannot be read", remedy=VERIFY) from error
            if entry.kind == kind:
                yield entry

    def taken_in(self) -> tuple[range, ...]:
        """Entries that stood behind the checkpoint when they were found, and that earlier versions signed over.

        Nobody can tell by whom they were written, so they let nothing pass. None come to a ledger any more.
        """
        found: list[range] = []
        for entry in reversed(list(self.signed_entries("recovery"))):
            count = entry.body.get("uncovered_count", 0)
            if count and not any(entry.seq in others for others in found):
                found.append(range(entry.body["uncovered_first"], entry.body["uncovered_first"] + count))
        return tuple(found)

    def checkpoint(self) -> Note:
        """The last signed checkpoint as it lies on the disk; `audit verify` checks it."""
        try:
            return Note.parse(self.checkpoint_file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise LedgerError("the ledger's checkpoint cannot be read", remedy=VERIFY) from error

    def proof(self, seq: int) -> str:
        """A C2SP tlog-proof that entry `seq` stands in the ledger, good on its own together with the entry."""
        note = self.checkpoint()
        size = Checkpoint.parse(note.text).size
        leaves = [leaf_hash(line) for line in self._lines()[:size]]
        path = "".join(base64.b64encode(part).decode() + "\n" for part in inclusion_proof(seq, leaves))
        return f"c2sp.org/tlog-proof@v1\nindex {seq}\n{path}\n{note}"

    def _covered(self) -> list[bytes]:
        """The lines that the checkpoint covers; it is read first, because another process may be writing."""
        size = Checkpoint.parse(self.checkpoint().text).size
        return self._lines()[:size]

    def _lines(self) -> list[bytes]:
        return self.file.read_bytes().split(b"\n")[:-1]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time; the lock falls with the process that holds it."""
        try:
            with FileLock(self.folder / "lock", timeout=LOCK_SECONDS):
                yield
        except TimeoutError as error:
            raise LedgerError(
                f"another process has held the ledger for {LOCK_SECONDS} seconds",
                remedy="See what runs; the lock falls by itself when that process ends.",
            ) from error
        except OSError as error:
            raise_state_error(error, "ledger")

    def _catch_up(self, signer: SigningKey) -> None:
        """Read what was added since, prove that it continues the last checkpoint, set aside what it does not cover."""
        note = self.checkpoint()
        checkpoint = Checkpoint.parse(note.text)
        with self.file.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) < self._known.offset or checkpoint.size < self._known.signed:
                raise LedgerError("the ledger became shorter than it was a moment ago", remedy=VERIFY)
            stream.seek(self._known.offset)
            self._read_signed(stream, checkpoint)
            self._known.signed = checkpoint.size
            rest = stream.read()
        if checkpoint.origin != self._known.origin or not note.signed_by(VerifierKey.parse(self._known.key)):
            raise LedgerError("the checkpoint is not signed by the ledger's key", remedy=VERIFY)
        if str(signer.verifier()) != self._known.key:
            raise LedgerError(
                "the key given is not the ledger's present key",
                remedy="Point VIDKRYTO_AUDIT_KEY at the right key, or hand over with `vidkryto audit rotate`.",
            )
        if rest:
            self._set_aside(rest, signer)

    def _read_signed(self, stream: BinaryIO, checkpoint: Checkpoint) -> None:
        while self._known.frontier.size < checkpoint.size:
            line = stream.readline()
            if not line.endswith(b"\n"):
                raise LedgerError(
                    f"the checkpoint covers {checkpoint.size} entries, the file has {self._known.frontier.size}",
                    remedy=VERIFY,
                )
            self._take(line[:-1])
        if self._known.frontier.root() != checkpoint.root:
            raise LedgerError("the entries are not those that the checkpoint was signed over", remedy=VERIFY)

    def _take(self, line: bytes) -> None:
        """Count a line in. Only entries about keys are read; of the rest the hash is enough."""
        if b'"kind":"key"' in line:
            entry = Entry.parse(line)
            if entry.kind == "key":
                self._known.origin, self._known.key = entry.body["origin"], entry.body["key"]
        self._known.frontier.add(leaf_hash(line))
        self._known.prev = hashlib.sha256(line).hexdigest()
        self._known.offset += len(line) + 1

    def _set_aside(self, rest: bytes, signer: SigningKey) -> None:
        """Cut off what stands behind the checkpoint, and say so in the ledger.

        No `append` ever returned for it: a write was interrupted, or somebody without the key added lines. To sign
        over it would make the second look like the first. Its bytes are kept under `torn/` by their hash.
        """
        name = hashlib.sha256(rest).hexdigest()
        with written_atomically(self.folder / "torn" / name) as part:
            part.write_bytes(rest)
        body = {"torn_bytes": len(rest), "torn_lines": rest.count(b"\n"), "torn_sha256": name}
        self._write("recovery", "", checked_body("recovery", body), signer, clock.now())

    def _write(self, kind: str, dataset: str, body: Mapping[str, Any], signer: SigningKey, at: datetime) -> Entry:
        if not DATASET.fullmatch(dataset):
            raise LedgerError("the dataset's name is not one of a contract", remedy="Use letters, digits and hyphens.")
        fields = {
            "seq": self._known.frontier.size,
            "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "kind": kind,
            "dataset": dataset,
            "body": body,
            "prev": self._known.prev,
        }
        entry = Entry.parse(canonical(fields))
        try:
            self._put(entry.line, signer)
        except BaseException:
            # What reached the disk is unknown now; the next append reads the ledger from its beginning.
            self._known = _Known(Frontier())
            raise
        return entry

    def _put(self, line: bytes, signer: SigningKey) -> None:
        """First the line, then the checkpoint; each is on the disk before the next step."""
        with self.file.open("rb+") as stream:
            stream.seek(self._known.offset)
            stream.write(line + b"\n")
            stream.truncate()
            stream.flush()
            os.fsync(stream.fileno())
        self._take(line)
        checkpoint = Checkpoint(self._known.origin, self._known.frontier.size, self._known.frontier.root())
        with written_atomically(self.checkpoint_file) as part:
            part.write_text(str(checkpoint.signed(signer)), encoding="utf-8")
        _sync_folder(self.folder)
        self._known.signed = checkpoint.size


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself last, where the system offers that."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
