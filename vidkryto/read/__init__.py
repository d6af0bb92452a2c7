"""Reading: a snapshot becomes text cells with their place in the officer's own file; no guess, no lost row."""

from vidkryto.read.corrections import load_corrections
from vidkryto.read.reader import read
from vidkryto.read.table import Account, Table

__all__ = ["Account", "Table", "load_corrections", "read"]
