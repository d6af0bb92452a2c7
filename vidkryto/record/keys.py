"""Keys of the ledger: Ed25519, in the spelling of C2SP signed notes, kept outside the repository."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vidkryto.errors import LedgerError

SIGNATURE, COSIGNATURE = 1, 4
"""Kinds of signature: signed-note, section "Signatures"; tlog-cosignature, section "Format"."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under; written `name+id+key` (C2SP signed-note, "Verifier keys")."""

    name: str
    public: bytes
    kind: int = SIGNATURE

    @property
    def identifier(self) -> bytes:
        """Four bytes that a signature line names the key by."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.identifier.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+id+key`. Raises LedgerError when it is not one, or is of a kind other than Ed25519."""
        name, _, rest = text.strip().partition("+")
        identifier, _, material = rest.partition("+")
        try:
            raw = base64.b64decode(material, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if not name or len(raw) != 33 or raw[0] not in (SIGNATURE, COSIGNATURE):
            raise LedgerError("this is not a verifier key of Ed25519", remedy="A key reads name+0123abcd+base64.")
        key = cls(name, raw[1:], raw[0])
        if key.identifier.hex() != identifier:
            raise LedgerError("the verifier key does not match its own identifier", remedy="Copy the key again, whole.")
        return key

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` over `message` was made with this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key and its name. The key itself never shows in a repr, is not pickled, lies in a 0600 file."""

    __slots__ = ("_private", "name")

    def __init__(self, name: str, seed: bytes) -> None:
        if not name or "+" in name or any(letter.isspace() for letter in name):
            raise LedgerError(
                f"{name!r} cannot name a key", remedy="Use a name without spaces and plus signs: city.example/ledger."
            )
        self.name = name
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    def __repr__(self) -> str:
        return f"SigningKey({self.name!r}, …)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a signing key is not pickled")

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A new key from the system's randomness."""
        return cls(name, os.urandom(32))

    def verifier(self, kind: int = SIGNATURE) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw(), kind)

    def sign(self, message: bytes) -> bytes:
        """64 bytes of Ed25519 (RFC 8032)."""
        return self._private.sign(message)

    def save(self, file: Path) -> None:
        """Write the key to a new file that its owner alone can read. Raises LedgerError when the file is there."""
        material = base64.b64encode(bytes([SIGNATURE]) + self._private.private_bytes_raw()).decode()
        text = f"PRIVATE+KEY+{self.name}+{self.verifier().identifier.hex()}+{material}\n"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise LedgerError(
                f"there is a key at {file} already; it was left alone", remedy="Name another file with --key."
            ) from error
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())

    @classmethod
    def load(cls, file: Path) -> SigningKey:
        """Read a key from a file that only its owner can read. The error never quotes the file."""
        try:
            mode = file.stat().st_mode & 0o777
            text = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LedgerError(
                f"the ledger's key cannot be read at {file}",
                remedy="Create one with `vidkryto audit init`, or point VIDKRYTO_AUDIT_KEY at it.",
            ) from error
        if mode & 0o077:
            raise LedgerError(f"the key file {file} can be read by others (mode {mode:o})", remedy=f"chmod 600 {file}")
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Read the spelling of Go's `note` package: PRIVATE+KEY+name+id+base64."""
        head, _, rest = text.partition("PRIVATE+KEY+")
        name, _, rest = rest.partition("+")
        identifier, _, material = rest.partition("+")
        try:
            raw = base64.b64decode(material, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if head or len(raw) != 33 or raw[0] != SIGNATURE:
            raise LedgerError("the key file does not hold a signing key", remedy="Restore it from your safe copy.")
        key = cls(name, raw[1:])
        if key.verifier().identifier.hex() != identifier:
            raise LedgerError("the key file is damaged", remedy="Restore it from your safe copy.")
        return key


def key_file(environment: Mapping[str, str] | None = None) -> Path:
    """Where the ledger's key lies: VIDKRYTO_AUDIT_KEY, else the user's configuration folder."""
    env = os.environ if environment is None else environment
    if named := env.get("VIDKRYTO_AUDIT_KEY"):
        return Path(named).expanduser().absolute()
    base = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config").expanduser()
    return base / "vidkryto" / "audit.key"
