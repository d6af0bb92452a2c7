"""Check a copy of the ledger as the portal publishes it: two tables, and of some entries only the hash."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from vidkryto.record import verifier
from vidkryto.record.merkle import Frontier, leaf_hash
from vidkryto.record.verifier import History, Report

csv.field_size_limit(1 << 24)
ENTRIES = {"seq", "time", "kind", "dataset", "leaf", "line"}
HASH = re.compile("[0-9a-f]{64}")
BESIDE = ("time", "kind", "dataset")
"""What a row says of its entry outside the line."""
verifier.TEXTS |= {
    "leaf": ("запис {seq}: рядок не той, геш якого наведено", "entry {seq}: the line is not the one of its hash"),
    "cells": (
        "{name}: у рядку таблиці не те, що в самому записі",
        "{name}: the row of the table does not say what it holds",
    ),
    "copy": (
        "записів у копії: {count}, з них показано повністю: {shown}",
        "entries in the copy: {count}, shown whole: {shown}",
    ),
}


def check_copy(entries: str, checkpoints: str, *, key: str = "") -> Report:
    """What the verifier says of `entries.csv` and `checkpoints.csv` (their text).

    Every line that is shown must be the entry of its row, cell by cell, and have its hash; the hashes of all rows must
    give the root of every checkpoint; each checkpoint must be signed by the key in force then, and say what stands
    beside it. What a row says of an entry that is given by its hash alone cannot be checked. Raises ValueError when a
    table is not one of ours.
    """
    report = Report()
    points = verifier.read_checkpoints(verifier.notes("checkpoints.csv", checkpoints), report)
    rows = list(csv.DictReader(io.StringIO(entries, newline="")))
    if not rows or not rows[0].keys() >= ENTRIES or not points:
        raise ValueError("these are not the tables `entries` and `checkpoints` of a published ledger")
    history = _history(rows, {point.size for _, point in points}, report)
    if not history.whole:
        return report
    largest = max(point.size for _, point in points)
    verifier.check_key(key, history, largest, report)
    _check_beside(checkpoints, rows, report)
    for name, point in points:
        if verifier.check_checkpoint(name, point, history, report):
            report.ok("grew", name=name, size=point.size)
    if len(rows) > largest:
        report.failure("uncovered", count=len(rows) - largest, first=largest)
    return report


def _history(rows: Sequence[dict[str, str]], sizes: set[int], report: Report) -> History:
    """The history as far as it is shown; stops at the first row that is not what it says."""
    history, frontier, before = History(), Frontier(), None
    for seq, row in enumerate(rows):
        line = _decoded(row["line"])
        if row["seq"] != str(seq):
            report.failure("order", seq=seq)
            return history
        if line is None or not HASH.fullmatch(row["leaf"]) or (line and leaf_hash(line).hex() != row["leaf"]):
            report.failure("leaf", seq=seq)
            return history
        entry = _entry(line) if line else {"kind": row["kind"], "dataset": row["dataset"], "body": {}}
        if entry is None or (line and entry["seq"] != seq):
            report.failure("line", seq=seq)
            return history
        if line and any(entry[name] != row[name] for name in BESIDE):
            report.failure("cells", name=f"entries.csv#{seq}")
            return history
        if line and before and entry["prev"] != hashlib.sha256(before).hexdigest():
            report.failure("prev", seq=seq)
            return history
        if (entry["kind"] == "key" or seq == 0) and not verifier.take_key(entry, history, report):
            return history
        before = line
        history.entries.append(entry)
        frontier.add(bytes.fromhex(row["leaf"]))
        if seq + 1 in sizes:
            history.roots[seq + 1] = frontier.root()
    history.whole = True
    report.ok("copy", count=len(rows), shown=sum(bool(row["line"]) for row in rows))
    return history


def _entry(line: bytes) -> dict[str, Any] | None:
    """The entry of a line; None when it is no entry in its one spelling."""
    try:
        entry = json.loads(line, parse_float=verifier.no_fraction, parse_constant=verifier.no_fraction)
        return entry if verifier.is_shaped(entry) and verifier.canonical(entry) == line else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _check_beside(checkpoints: str, rows: Sequence[dict[str, str]], report: Report) -> None:
    """What the table says beside each checkpoint: its size, its root, the time of its last entry."""
    for row in csv.DictReader(io.StringIO(checkpoints, newline="")):
        try:
            point = verifier.Checkpoint.parse(row["note"])
        except ValueError:
            continue  # told already
        time = rows[point.size - 1]["time"] if point.size <= len(rows) else row.get("time")
        if (row.get("size"), row.get("root"), row.get("time")) != (str(point.size), point.root.hex(), time):
            report.failure("cells", name=f"checkpoints.csv#{point.size}")


def _decoded(written: str) -> bytes | None:
    """The line that stands in a row in base64; None for what is not spelt as base64 spells it."""
    try:
        line = base64.b64decode(written, validate=True)
    except ValueError:
        return None
    return line if base64.b64encode(line).decode() == written else None
