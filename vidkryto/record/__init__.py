"""Record: the signed ledger of runs and decisions, and the record of each run."""

from vidkryto.record.keys import SigningKey, VerifierKey, key_file
from vidkryto.record.ledger import Entry, Ledger
from vidkryto.record.note import Checkpoint, Note

__all__ = ["Checkpoint", "Entry", "Ledger", "Note", "SigningKey", "VerifierKey", "key_file"]
