"""Signed notes, checkpoints and cosignatures as C2SP writes them (signed-note, tlog-checkpoint, tlog-cosignature)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from vidkryto.errors import LedgerError
from vidkryto.record.keys import COSIGNATURE, SIGNATURE, SigningKey, VerifierKey

DASH = "— "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: the name of the key, its identifier, the bytes."""

    name: str
    identifier: bytes
    content: bytes

    def __str__(self) -> str:
        return f"{DASH}{self.name} {base64.b64encode(self.identifier + self.content).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures under it. Signatures of unknown keys are kept and ignored, as C2SP demands."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))

    @classmethod
    def parse(cls, written: str) -> Note:
        """Read a signed note. Raises LedgerError for anything that is not spelt exactly as the rules say."""
        text, blank, lines = written.rpartition("\n\n")
        if not blank or not text or not lines.endswith("\n"):
            raise LedgerError("this is not a signed note", remedy="Give the file `checkpoint` of a ledger, unchanged.")
        return cls(text + "\n", tuple(_signature(line) for line in lines[:-1].split("\n")))

    def signed_by(self, key: VerifierKey) -> bool:
        """Whether `key` signed this text; for a cosigner's key see `cosigned_by`."""
        return any(key.verifies(found.content, self.text.encode()) for found in self._of(key))

    def cosigned_by(self, key: VerifierKey) -> int | None:
        """When the cosigner signed, in seconds since 1970, or None."""
        for found in self._of(VerifierKey(key.name, key.public, COSIGNATURE)):
            time, signature = int.from_bytes(found.content[:8]), found.content[8:]
            if len(found.content) == 72 and key.verifies(signature, _cosigned_message(self.text, time)):
                return time
        return None

    def _of(self, key: VerifierKey) -> list[Signature]:
        return [found for found in self.signatures if (found.name, found.identifier) == (key.name, key.identifier)]


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(DASH).partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    found = Signature(name, raw[:4], raw[4:])
    if len(raw) < 5 or not name or str(found) != line + "\n":
        raise LedgerError("a signature line cannot be read", remedy="Give the ledger's file `checkpoint`, unchanged.")
    return found


def _cosigned_message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a ledger states about itself: its name, how many entries it has, the Merkle root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the three lines; extension lines are refused, because nobody could check them."""
        lines = text.split("\n")
        try:
            found = cls(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True))
        except (IndexError, ValueError) as error:
            raise LedgerError("this is not a checkpoint", remedy="Give the file `checkpoint` of a ledger.") from error
        if found.text != text or not found.origin or found.size < 0 or len(found.root) != 32:
            raise LedgerError("this is not a checkpoint", remedy="Give the file `checkpoint` of a ledger, unchanged.")
        return found

    def signed(self, key: SigningKey) -> Note:
        """The checkpoint as a signed note."""
        content = key.sign(self.text.encode())
        return Note(self.text, (Signature(key.name, key.verifier(SIGNATURE).identifier, content),))


def cosigned(note: Note, key: SigningKey, time: int) -> Note:
    """The note with one more line: `key` saw at `time` (seconds since 1970) that the ledger only grew."""
    content = time.to_bytes(8) + key.sign(_cosigned_message(note.text, time))
    line = Signature(key.name, key.verifier(COSIGNATURE).identifier, content)
    return Note(note.text, (*note.signatures, line))
