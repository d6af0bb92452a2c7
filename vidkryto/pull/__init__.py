"""Pulling: an export's bytes are fetched unchanged and kept in the archive by their sha256."""

from vidkryto.pull.fetched import Each, one_by_one
from vidkryto.pull.pull import pull
from vidkryto.pull.snapshot import Snapshot

__all__ = ["Each", "Snapshot", "one_by_one", "pull"]
