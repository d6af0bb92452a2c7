"""Check a copy of the ledger as the portal publishes it: two tables, and of some entries only the hash."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Sequence

from vidkryto.record import verifier
from vidkryto.record.merkle import Frontier, leaf_hash
from vidkryto.record.verifier import History, Report

csv.field_size_limit(1 << 24)
verifier.TEXTS |= {
    "leaf": ("запис {seq}: рядок не той, геш якого наведено", "entry {seq}: the line is not the one of its hash"),
    "copy": (
        "записів у копії: {count}, з них показано повністю: {shown}",
        "entries in the copy: {count}, shown whole: {shown}",
    ),
}


def check_copy(entries: str, checkpoints: str, *, key: str = "") -> Report:
    """What the verifier says of `entries.csv` and `checkpoints.csv` (their text).

    Every line that is shown must be the entry of its row and have its hash; the hashes of all rows must give the root
    of every checkpoint; each checkpoint must be signed by the key in force then. Raises ValueError when a table is
    not one of ours.
    """
    report = Report()
    points = verifier.read_checkpoints(verifier.notes("checkpoints.csv", checkpoints), report)
    rows = list(csv.DictReader(io.StringIO(entries, newline="")))
    if not rows or not {"seq", "kind", "leaf", "line"} <= rows[0].keys() or not points:
        raise ValueError("these are not the tables `entries` and `checkpoints` of a published ledger")
    history = _history(rows, {point.size for _, point in points}, report)
    if not history.whole:
        return report
    verifier.check_key(key, history, report)
    largest = max(point.size for _, point in points)
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
        if line is None or (line and leaf_hash(line).hex() != row["leaf"]):
            report.failure("leaf", seq=seq)
            return history
        entry = json.loads(line) if line else {"kind": row["kind"], "dataset": row["dataset"], "body": {}}
        if line and (verifier.canonical(entry) != line or (entry["seq"], entry["kind"]) != (seq, row["kind"])):
            report.failure("line", seq=seq)
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


def _decoded(written: str) -> bytes | None:
    """The line that stands in a row in base64; None for what is not spelt as base64 spells it."""
    try:
        line = base64.b64decode(written, validate=True)
    except ValueError:
        return None
    return line if base64.b64encode(line).decode() == written else None
