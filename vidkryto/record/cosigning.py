"""Cosigning: a second office states that the ledger only grew since it last looked (C2SP tlog-cosignature)."""

from __future__ import annotations

from pathlib import Path

from vidkryto.archive import written_atomically
from vidkryto.record.keys import COSIGNATURE, SigningKey
from vidkryto.record.note import Checkpoint, Note, cosigned
from vidkryto.record.verifier import Report, verify


def cosign_ledger(
    ledger: Path, signer: SigningKey, kept: Path, *, log_key: str = "", now: int
) -> tuple[Report, Path | None]:
    """Verify the ledger against everything this office signed before; if it holds, cosign its checkpoint.

    The cosigned checkpoint is written twice: beside the ledger under `cosigned/`, where every verifier finds
    it, and into `kept`, which belongs to the office and makes a rollback visible. Returns what was found and
    the kept file, or None when nothing was signed.
    """
    memory = sorted(str(file) for file in kept.glob("*.checkpoint"))
    report = verify(ledger, against=memory, key=log_key)
    if not report.good:
        return report, None
    note = Note.parse((ledger / "checkpoint").read_text(encoding="utf-8"))
    size = Checkpoint.parse(note.text).size
    beside = ledger / "cosigned" / f"{size:010}.checkpoint"
    if beside.is_file():
        note = Note.parse(beside.read_text(encoding="utf-8"))
    if note.cosigned_by(signer.verifier(COSIGNATURE)) is None:
        note = cosigned(note, signer, now)
    target = kept / beside.name
    for file in (target, beside):
        with written_atomically(file) as part:
            part.write_text(str(note), encoding="utf-8")
    return report, target
