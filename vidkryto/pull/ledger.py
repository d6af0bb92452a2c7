"""The city's own ledger as an export: its signed checkpoints, and its entries as far as they are public.

A copy in foreign hands is what makes a rewritten history visible, so the copy is a dataset like any other. It holds
no more than the public edition of the report: of an entry in which a person decided, and of a dataset that never went
out, only the hash. The hashes suffice to compute the root of every checkpoint (RFC 6962).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from vidkryto import clock
from vidkryto.archive import written_atomically
from vidkryto.catalogue.source import LedgerSource
from vidkryto.errors import SourceError
from vidkryto.pull.fetched import Fetched

PERSONAL = frozenset({"approval", "exception", "withdrawal", "restore"})
"""Entries that name the account of a person."""
CHECKPOINTS = ("size", "time", "root", "note")
ENTRIES = ("seq", "time", "kind", "dataset", "leaf", "line")
VERIFY = "Run `vidkryto audit verify`; without a ledger, create one with `vidkryto audit init`."


def fetch_ledger(source: LedgerSource, dataset: str, ledger: Path, work: Path) -> list[Fetched]:
    """The checkpoints given out so far, or the entries that the last of them covers, as CSV.

    A new checkpoint is given out when the ledger has news since the last: an entry that is neither of `dataset`
    itself nor the result of a run that changed nothing. So the copy of one's own publication starts no other.
    `ledger` is the ledger's folder; the checkpoints given out lie there under `published/`. Raises SourceError.
    """
    try:
        lines = (ledger / "entries.jsonl").read_bytes().split(b"\n")[:-1]
        if source.ledger == "checkpoints":
            _give_out(ledger, dataset, lines)
        sizes = _sizes(ledger)
        entries = [json.loads(line) for line in lines[: sizes[-1]]] if sizes else []
    except (OSError, ValueError, IndexError) as error:
        raise SourceError(f"the ledger cannot be read: {type(error).__name__}", remedy=VERIFY) from None
    if not sizes:
        raise SourceError(
            "no checkpoint of the ledger was given out yet",
            remedy="Put the table with `ledger: checkpoints` before the one with `ledger: entries`.",
        )
    target = work / f"{source.ledger}.csv"
    if source.ledger == "checkpoints":
        _write(target, [CHECKPOINTS, *_checkpoints(ledger, sizes, entries)])
    else:
        _write(target, [ENTRIES, *_entries(lines, entries)])
    return [Fetched(target.name, target, f"ledger:{source.ledger}", modified=clock.now().isoformat(timespec="seconds"))]


def write_public_copy(ledger: Path, folder: Path) -> None:
    """Both tables as files in `folder`, up to the present checkpoint: what the public edition of the report gives."""
    size = _size((ledger / "checkpoint").read_text(encoding="utf-8"))
    lines = (ledger / "entries.jsonl").read_bytes().split(b"\n")[:-1][:size]
    entries = [json.loads(line) for line in lines]
    sizes = sorted({size, *(before for before in _sizes(ledger) if before < size)})
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "checkpoints.csv", [CHECKPOINTS, *_checkpoints(ledger, sizes, entries)])
    _write(folder / "entries.csv", [ENTRIES, *_entries(lines, entries)])


def _write(target: Path, rows: Iterable[tuple[object, ...]]) -> None:
    with target.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def published_datasets(entries: Iterable[dict[str, Any]]) -> frozenset[str]:
    """The datasets that ever went out, and none, for the entries that are about the ledger itself."""
    return frozenset({entry["dataset"] for entry in entries if entry["body"].get("outcome") == "Published"} | {""})


def as_public(entry: dict[str, Any], out: frozenset[str]) -> dict[str, Any]:
    """An entry as far as it is public: without its body, and of a dataset that is not in `out` without its name."""
    known = entry["dataset"] in out
    shown = known and entry["kind"] not in PERSONAL
    return {**entry, "dataset": entry["dataset"] if known else "", "body": entry["body"] if shown else {}}


def _size(note: str) -> int:
    return int(note.split("\n")[1])


def _give_out(ledger: Path, dataset: str, lines: list[bytes]) -> None:
    """Keep the present checkpoint among those given out, if there is news since the last."""
    note = (ledger / "checkpoint").read_text(encoding="utf-8")
    size = _size(note)
    folder = ledger / "published"
    last = max((int(file.stem) for file in folder.glob("*.checkpoint")), default=0)
    if not last or any(_is_news(json.loads(line), dataset) for line in lines[last:size]):
        with written_atomically(folder / f"{size:010}.checkpoint") as part:
            part.write_text(note, encoding="utf-8")


def _sizes(ledger: Path) -> list[int]:
    """The checkpoints given out, and those that a second office cosigned before the last of them."""
    given, cosigned = (
        {int(file.stem) for file in (ledger / folder).glob("*.checkpoint")} for folder in ("published", "cosigned")
    )
    return sorted(given | {size for size in cosigned if size <= max(given, default=0)})


def _is_news(entry: dict[str, Any], dataset: str) -> bool:
    unchanged = entry["kind"] == "result" and entry["body"].get("outcome") == "Unchanged"
    return bool(entry["dataset"] != dataset and not unchanged)


def _checkpoints(ledger: Path, sizes: Iterable[int], entries: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """Each with the signatures it has by now: a second office may have cosigned it."""
    for size in sizes:
        name = f"{size:010}.checkpoint"
        cosigned = ledger / "cosigned" / name
        kept = (cosigned, ledger / "published" / name, ledger / "checkpoint")
        note = next(file for file in kept if file.is_file()).read_text(encoding="utf-8")
        root = base64.b64decode(note.split("\n")[2], validate=True).hex()
        yield size, entries[size - 1]["time"], root, note


def _entries(lines: list[bytes], entries: list[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    out = published_datasets(entries)
    for line, entry in zip(lines, entries, strict=False):
        public = as_public(entry, out)
        # In base64: nothing on the way may change a byte, and no detector may take a run's name for a person's number.
        shown = base64.b64encode(line).decode() if public == entry else ""
        leaf = hashlib.sha256(b"\x00" + line).hexdigest()
        yield entry["seq"], entry["time"], entry["kind"], public["dataset"], leaf, shown
