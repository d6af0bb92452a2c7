#!/usr/bin/env python3
"""Verify a Vidkryto ledger: offline, on its own, with nothing but Python and `cryptography`.

    python verifier.py LEDGER [--against FILE_OR_URL]... [--key NAME+ID+KEY] [--objects FOLDER] [--runs FOLDER]
                       [--ledger-only] [--only DATASET_OR_RUN] [--allow-uncovered] [--lang uk|en] [--json]

LEDGER is the folder with `entries.jsonl` and `checkpoint`. Exit code: 0 everything holds, 1 something does
not, 2 it could not be checked. What is checked, in this order:

1. every line is canonical JSON (RFC 8785), numbered, and names the hash of the line before it;
2. the first entry names the signing key; every later key was signed for by the key it replaced;
3. the checkpoint (C2SP signed note) is signed by the key in force, and its Merkle root (RFC 6962) is the root
   of these very lines; lines after it are not covered by any signature and fail;
4. every older checkpoint that was kept elsewhere (`--against`: a file or address of one, or of the published
   table `checkpoints`), or cosigned by another office, is a prefix of this ledger. ONLY THIS shows a ledger that
   was rewritten whole by the holder of the key, so keep a copy;
5. every archived file that the ledger names is there and has its sha256 (`--objects`), unless it was withdrawn;
6. every run record is the one that the ledger fixed by its digest, and there is no other (`--runs`).
"""

from __future__ import annotations

import argparse
import base64
import csv
import hashlib
import io
import json
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TEXTS = {  # code: Ukrainian, English
    "chain": ("записів: {count}; усі канонічні, пронумеровані, кожен називає хеш попереднього",
              "entries: {count}; all canonical, numbered, each names the hash of the one before"),
    "empty": ("журнал порожній", "the ledger is empty"),
    "torn": ("останній рядок обірвано (байтів: {bytes}): запис перервався або його відрізано",
             "the last line is torn (bytes: {bytes}): a write was interrupted or cut off"),
    "line": ("запис {seq}: це не запис журналу в канонічній формі", "entry {seq}: no ledger entry in canonical form"),
    "order": ("запис {seq}: неправильний порядковий номер", "entry {seq}: wrong sequence number"),
    "prev": ("запис {seq}: не продовжує попередній (хеш не збігається)",
             "entry {seq}: does not continue the one before (hash differs)"),
    "key-first": ("перший запис не називає ключа журналу", "the first entry does not name the ledger's key"),
    "key-change": ("запис {seq}: новий ключ не підписано попереднім",
                   "entry {seq}: the new key is not signed by the one it replaces"),
    "key-pinned": ("ключ журналу — той, який ви назвали: {key}", "the ledger's key is the one you named: {key}"),
    "key-unpinned": ("ключ узято із самого журналу: {key}; звірте його з отриманим від міста й назвіть у --key",
                     "the key was taken from the ledger itself: {key}; compare with the one given to you (--key)"),
    "key-other": ("журнал підписано не тим ключем, який ви назвали", "the ledger is not signed by the key you named"),
    "signed": ("контрольну точку підписано чинним ключем; записів: {size}, корінь {root}",
               "the checkpoint is signed by the key in force; entries: {size}, root {root}"),
    "note": ("{name}: це не контрольна точка ({why})", "{name}: not a checkpoint ({why})"),
    "unsigned": ("{name}: немає дійсного підпису ключа журналу", "{name}: no valid signature of the ledger's key"),
    "origin": ("{name}: контрольна точка іншого журналу ({origin})", "{name}: checkpoint of another ledger ({origin})"),
    "root": ("{name}: записи не ті, над якими її підписано (корінь не збігається)",
             "{name}: the entries are not those it was signed over (root differs)"),
    "shorter": ("{name}: підписано записів {size}, а в журналі лише {count}: історію обрізано або відкочено",
                "{name}: {size} entries were signed, the ledger has {count}: history was cut or rolled back"),
    "uncovered": ("записи після контрольної точки не покрито підписом: {count}, починаючи із запису {first}",
                  "entries after the checkpoint are covered by no signature: {count}, from entry {first} on"),
    "unsigned-lines": ("запис {seq}: після контрольної точки стояли рядки без підпису: {count}; вони не діють",
                       "entry {seq}: unsigned lines stood after the checkpoint: {count}; they let nothing pass"),
    "grew": ("{name}: відтоді ({size}) журнал лише зростав", "{name}: since then ({size}) the ledger has only grown"),
    "cosigned": ("{name}: співпідписано: {who}", "{name}: cosigned by {who}"),
    "cosigner-missing": ("немає дійсного співпідпису: {who}", "no valid cosignature by {who}"),
    "alone": ("немає збереженої деінде контрольної точки (--against): повністю переписану історію так не виявити",
              "no checkpoint kept elsewhere (--against): a history rewritten as a whole cannot be seen this way"),
    "objects": ("архівних файлів на місці й незмінних: {count}", "archived files there and unchanged: {count}"),
    "ledger-only": ("перевірено лише журнал: архівних файлів і записів про запуски тут не шукали",
                    "the ledger alone was checked: archived files and run records were not looked for"),
    "folder-none": ("теки {name} немає, а журнал називає файлів із неї: {count} (маєте лише журнал: --ledger-only)",
                    "no folder {name}; files of it that the ledger names: {count} (the ledger alone: --ledger-only)"),
    "object-missing": ("запис {seq}: в архіві нема файлу {sha256}", "entry {seq}: file {sha256} is not in the archive"),
    "object-changed": ("запис {seq}: файл {sha256} в архіві змінено",
                       "entry {seq}: file {sha256} in the archive was changed"),
    "records": ("незмінних записів про запуски: {count}", "run records unchanged: {count}"),
    "record-missing": ("запис {seq}: немає запису про запуск {run}", "entry {seq}: the record of run {run} is missing"),
    "record-changed": ("запис {seq}: запис про запуск {run} змінено", "entry {seq}: record of run {run} was changed"),
    "record-unknown": ("запису про запуск {run} журнал не знає", "the ledger knows no record of run {run}"),
    "records-of": ("записів про запуски, що називають інший журнал: {count}; цей за них не свідчить",
                   "run records that name another ledger: {count}; this one does not vouch for them"),
    "good": ("ЖУРНАЛ ДІЙСНИЙ", "THE LEDGER HOLDS"),
    "bad": ("ЖУРНАЛ НЕ ПРОЙШОВ ПЕРЕВІРКИ", "THE LEDGER DOES NOT HOLD"),
    "unreadable": ("не вдалося перевірити: {why}", "could not be checked: {why}"),
}
FILES = ("snapshots", "outputs", "schemas")  # parts of an entry that list files of the archive
MARKS = {"ok": "✓", "warning": "!", "failure": "✗"}


@dataclass
class Report:
    """What was looked at, in order: (level, code, values); level is ok, warning or failure."""

    lines: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def ok(self, code: str, **values: Any) -> None:
        """This holds."""
        self.lines.append(("ok", code, values))

    def warning(self, code: str, **values: Any) -> None:
        """This could not be checked, or should be known."""
        self.lines.append(("warning", code, values))

    def failure(self, code: str, **values: Any) -> None:
        """This does not hold."""
        self.lines.append(("failure", code, values))

    @property
    def good(self) -> bool:
        """Whether nothing failed."""
        return all(level != "failure" for level, _, _ in self.lines)

    def text(self, language: str) -> str:
        """All of it in words, the verdict last."""
        said = [f"{MARKS[level]} {phrase(code, language, values)}" for level, code, values in self.lines]
        return "\n".join([*said, phrase("good" if self.good else "bad", language, {})])


def phrase(code: str, language: str, values: dict[str, Any]) -> str:
    """One line of the table above, filled."""
    return TEXTS[code][0 if language == "uk" else 1].format(**values)


def canonical(value: Any) -> bytes:
    """RFC 8785 for what a ledger holds: no fractions, keys in ASCII; then Python's own writer gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def no_fraction(text: str) -> None:
    """Refuse 1.0, NaN and the like."""
    raise ValueError(f"a fraction: {text[:20]}")


def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice, or is not plain ASCII."""
    if len(dict(pairs)) != len(pairs) or not all(key.isascii() for key, _ in pairs):
        raise ValueError("a repeated or foreign key")
    return dict(pairs)


def roots_of(lines: Iterable[bytes]) -> Iterator[bytes]:
    """After each line the RFC 6962 root over all lines so far."""
    peaks: list[bytes] = []  # roots of full subtrees, the largest first

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    for number, line in enumerate(lines):
        peaks.append(hashlib.sha256(b"\x00" + line).digest())
        while number & 1:
            right = peaks.pop()
            peaks.append(node(peaks.pop(), right))
            number >>= 1
        root = peaks[-1]
        for peak in reversed(peaks[:-1]):
            root = node(peak, root)
        yield root


def parse_key(text: str) -> tuple[str, int, bytes]:
    """name+id+base64(kind, key) as (name, kind, 32 bytes); kind 1 signs, kind 4 cosigns."""
    name, identifier, material = text.strip().split("+", 2)
    raw = base64.b64decode(material, validate=True)
    if len(raw) != 33 or raw[0] not in (1, 4) or key_id(name, raw[0], raw[1:]).hex() != identifier:
        raise ValueError("not a verifier key")
    return name, raw[0], raw[1:]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Four bytes by which a signature line names a key."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Ed25519."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True)
class Checkpoint:
    """A signed note: text, its three lines, and its signatures as (name, key id, bytes)."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def parse(cls, written: str) -> Checkpoint:
        """Read a note of exactly three lines; ValueError for anything spelt differently."""
        text, blank, below = written.rpartition("\n\n")
        origin, size, root = text.split("\n")
        if not blank or not below.endswith("\n") or str(int(size)) != size or int(size) < 1:
            raise ValueError("form")
        signatures = []
        for line in below[:-1].split("\n"):
            dash, name, encoded = line.split(" ")
            raw = base64.b64decode(encoded, validate=True)
            if dash != "—" or base64.b64encode(raw).decode() != encoded:
                raise ValueError("signature line")
            signatures.append((name, raw[:4], raw[4:]))
        decoded = base64.b64decode(root, validate=True)
        if base64.b64encode(decoded).decode() != root or len(decoded) != 32:
            raise ValueError("root")
        return cls(text + "\n", origin, int(size), decoded, tuple(signatures))

    def signed_by(self, key: str) -> bool:
        """Whether a signing key signed these three lines."""
        name, kind, public = parse_key(key)
        wanted = (name, key_id(name, kind, public))
        made = [content for *whose, content in self.signatures if tuple(whose) == wanted and kind == 1]
        return any(is_signed(public, content, self.text.encode()) for content in made)

    def cosigned_by(self, key: str) -> bool:
        """tlog-cosignature: eight bytes of time, then a signature over header, time and text."""
        name, _, public = parse_key(key)
        for found in self.signatures:
            time, signature = int.from_bytes(found[2][:8], "big"), found[2][8:]
            message = f"cosignature/v1\ntime {time}\n{self.text}".encode()
            if found[:2] == (name, key_id(name, 4, public)) and is_signed(public, signature, message):
                return True
        return False


@dataclass
class History:
    """The ledger as read: entries, the key in force from which size on, roots by size."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    roots: dict[int, bytes] = field(default_factory=dict)
    origin: str = ""
    whole: bool = False

    def key_at(self, size: int) -> str:
        """The key in force when the ledger had that many entries."""
        return [key for since, key in self.keys if since <= size][-1]


def read_history(content: bytes, report: Report) -> History:
    """Steps 1 and 2. Stops at the first broken line; every later statement would rest on it."""
    history, prev = History(), "0" * 64
    lines = content.split(b"\n")
    if torn := lines.pop():
        report.failure("torn", bytes=len(torn))
    if not lines:
        report.failure("empty")
    for seq, (line, root) in enumerate(zip(lines, roots_of(lines), strict=True)):
        try:
            entry = json.loads(line, parse_float=no_fraction, parse_constant=no_fraction, object_pairs_hook=no_repeats)
            broken = "" if is_shaped(entry) and canonical(entry) == line else "line"
        except (ValueError, TypeError, KeyError, AttributeError):
            broken = "line"
        if broken := broken or ("order" if entry["seq"] != seq else "prev" if entry["prev"] != prev else ""):
            report.failure(broken, seq=seq)
            return history
        if (entry["kind"] == "key" or seq == 0) and not take_key(entry, history, report):
            return history
        body = entry["body"]
        if entry["kind"] == "recovery" and (found := body.get("torn_lines") or body.get("uncovered_count")):
            report.warning("unsigned-lines", seq=seq, count=found)
        prev = hashlib.sha256(line).hexdigest()
        history.entries.append(entry)
        history.roots[seq + 1] = root
    history.whole = bool(lines)
    if report.good:
        report.ok("chain", count=len(lines))
    return history


def is_shaped(entry: dict[str, Any]) -> bool:
    """The six parts, of the right types; files are listed with a sha256 each, so later steps can rely on it."""
    body = entry["body"]
    hashes = [file["sha256"] for part in FILES for file in body.get(part, [])]
    words = [*hashes, *body.get("objects", []), *(body.get(part, "") for part in ("contract", "signature", "plan"))]
    words += [entry["dataset"], entry["time"]]
    return set(entry) == {"body", "dataset", "kind", "prev", "seq", "time"} and all(isinstance(x, str) for x in words)


def take_key(entry: dict[str, Any], history: History, report: Report) -> bool:
    """A key entry: the first one is believed (see --key), a later one must be signed by the key before it."""
    seq, body = entry["seq"], entry["body"]
    try:
        parse_key(body["key"])
        first = entry["kind"] == "key" and body["action"] == "create"
        good = is_rotation(entry, history) if seq else first
    except (KeyError, ValueError, TypeError):
        good = False
    if good:
        history.origin = body["origin"]
        history.keys.append((seq + 1, body["key"]))
    else:
        report.failure("key-change" if seq else "key-first", seq=seq)
    return good


def is_rotation(entry: dict[str, Any], history: History) -> bool:
    """The old key signs the new one together with the place in the ledger, so the entry cannot be moved."""
    body, old = entry["body"], history.keys[-1][1]
    unsigned = {name: value for name, value in body.items() if name != "signature"}
    message = canonical({**unsigned, "seq": entry["seq"], "prev": entry["prev"]})
    said = (body["action"], body["replaces"], body["origin"])
    signature = base64.b64decode(body["signature"], validate=True)
    return said == ("rotate", old, history.origin) and is_signed(parse_key(old)[2], signature, message)


def check_checkpoint(name: str, checkpoint: Checkpoint, history: History, report: Report) -> bool:
    """Steps 3 and 4: signed by the key that was in force at that size, and a prefix of this ledger."""
    count = len(history.entries)
    if checkpoint.origin != history.origin:
        report.failure("origin", name=name, origin=checkpoint.origin)
    elif checkpoint.size > count:
        report.failure("shorter", name=name, size=checkpoint.size, count=count)
    elif not checkpoint.signed_by(history.key_at(checkpoint.size)):
        report.failure("unsigned", name=name)
    elif checkpoint.root != history.roots[checkpoint.size]:
        report.failure("root", name=name)
    else:
        return True
    return False


def check_key(pinned: str, history: History, size: int, report: Report) -> None:
    """A key named by the auditor must be one that signed: in force at or before the size of the last checkpoint."""
    if not pinned:
        report.warning("key-unpinned", key=history.keys[0][1])
    elif pinned in [key for since, key in history.keys if since <= size]:
        report.ok("key-pinned", key=pinned)
    else:
        report.failure("key-other")


def tombstones(history: History) -> set[str]:
    """The hashes of files and records that a withdrawal or a retention names: they may be gone."""
    said = (entry for entry in history.entries if entry["kind"] in ("withdrawal", "retention"))
    return {sha256 for entry in said for sha256 in entry["body"].get("objects", [])}


def check_objects(folder: Path, entries: list[dict[str, Any]], history: History, report: Report) -> None:
    """Step 5."""
    named, gone, good = named_files(folder, entries), tombstones(history), 0
    if (wanted := named.keys() - gone) and not folder.is_dir():
        report.failure("folder-none", name=folder.name, count=len(wanted))
        return
    for sha256, (seq, places) in named.items():
        found = [place for place in places if place.is_file()]
        if not found and sha256 not in gone:
            report.failure("object-missing", seq=seq, sha256=sha256)
        elif any(file_hash(place) != sha256 for place in found):
            report.failure("object-changed", seq=seq, sha256=sha256)
        else:
            good += bool(found)
    report.ok("objects", count=good)


def named_files(objects: Path, entries: list[dict[str, Any]]) -> dict[str, tuple[int, list[Path]]]:
    """Each file that must be there: its hash, the entry that first names it, where it may lie.

    Everything lies under its hash; files of a published release may lie with their release instead.
    """
    named: dict[str, tuple[int, list[Path]]] = {}
    for entry in entries:
        body, release = entry["body"], entry["body"].get("release") or {}
        published = body.get("outcome") == "Published"
        files = [file for part in FILES if part != "outputs" or published for file in body.get(part, [])]
        single = ("contract", "signature", *(("plan",) if entry["kind"] in ("intent", "result") else ()))
        files += [{"sha256": body[part]} for part in single if len(body.get(part, "")) == 64]
        for file in files:
            places = [objects / file["sha256"][:2] / file["sha256"][2:]]
            if release:
                folder = f"{release.get('version')}-{str(release.get('sha256'))[:12]}"
                places.append(objects.parent / "releases" / entry["dataset"] / folder / str(file.get("name")))
            named.setdefault(file["sha256"], (entry["seq"], []))[1].extend(places)
    return named


def file_hash(path: Path) -> str:
    """The sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def check_runs(folder: Path, entries: list[dict[str, Any]], history: History, report: Report) -> None:
    """Step 6. Of a run that was cut off right after its entry the record still lies there as `.unsealed.json`."""
    wanted, gone, good, others = [entry for entry in entries if entry["body"].get("record")], tombstones(history), 0, 0
    if any(entry["body"]["record"] not in gone for entry in wanted) and not folder.is_dir():
        report.failure("folder-none", name=folder.name, count=len(wanted))
        return
    for entry in wanted:
        seq, run = entry["seq"], str(entry["body"].get("run"))
        files = [folder / entry["dataset"] / run / name for name in ("run.json", ".unsealed.json")]
        if not (found := [file for file in files if file.is_file()]):
            if entry["body"]["record"] not in gone:
                report.failure("record-missing", seq=seq, run=run)
            continue
        digest, said, point = read_record(found[0])
        proven = point is None or (said == seq < point.size and check_checkpoint(run, point, history, report))
        if digest == entry["body"]["record"] and proven:
            good += 1
        else:
            report.failure("record-changed", seq=seq, run=run)
    known = {f"{one['dataset']}/{one['body'].get('run')}" for one in history.entries if "record" in one["body"]}
    for file in sorted(folder.glob("*/*/run.json")):
        if "/".join(file.parts[-3:-1]) not in known:
            point = read_record(file)[2]
            if point and point.origin != history.origin:  # workers who share their records have a ledger each
                others += 1
            else:
                report.failure("record-unknown", run=file.parts[-2])
    if others:
        report.warning("records-of", count=others)
    if good:
        report.ok("records", count=good)


def read_record(file: Path) -> tuple[str, Any, Checkpoint | None]:
    """The digest of a run record, without `evidence`, which was filled in later; then entry and checkpoint of that."""
    try:
        record = json.loads(file.read_bytes())
        proof = record.pop("evidence", None) or {}
        digest = hashlib.sha256(canonical(record)).hexdigest() if proof.keys() <= {"checkpoint", "entry"} else ""
        return digest, proof.get("entry"), Checkpoint.parse(proof["checkpoint"]) if proof else None
    except (ValueError, AttributeError, KeyError, TypeError):
        return "", None, None


def fetch(place: str) -> str:
    """A file, or an https or http address when the auditor gives one: the only time the network is used."""
    if place.startswith(("https://", "http://")):
        with urllib.request.urlopen(place, timeout=30) as answer:  # noqa: S310 - the auditor's own, web only
            return str(answer.read(1 << 24).decode())
    return Path(place).read_text(encoding="utf-8")


def notes(place: str, written: str) -> Iterator[tuple[str, str]]:
    """The checkpoint at a place; or those of the table `checkpoints` that the city publishes, a row each."""
    if not written.startswith("size,"):
        yield place, written
        return
    for row in csv.DictReader(io.StringIO(written, newline="")):
        yield f"{place}#{row['size']}", str(row.get("note"))


def read_checkpoints(places: Iterable[tuple[str, str]], report: Report) -> list[tuple[str, Checkpoint]]:
    """Those that can be read, by name; the others are failures."""
    found = []
    for name, written in places:
        try:
            found.append((name, Checkpoint.parse(written)))
        except ValueError as error:
            report.failure("note", name=name, why=str(error)[:60])
    return found


def verify(  # the whole procedure, in the order of the docstring above
    ledger: Path, *, against: Iterable[str] = (), key: str = "", witnesses: Iterable[str] = (),
    objects: Path | None = None, runs: Path | None = None, only: str = "", allow_uncovered: bool = False,
) -> Report:
    """Check everything and say so. Raises OSError when a file that was named cannot be read."""
    report = Report()
    content = (ledger / "entries.jsonl").read_bytes()
    own = read_checkpoints([("checkpoint", (ledger / "checkpoint").read_text(encoding="utf-8"))], report)
    cosigned = [(f"cosigned/{file.name}", file.read_text(encoding="utf-8"))
                for file in sorted((ledger / "cosigned").glob("*.checkpoint"))]
    elsewhere = read_checkpoints([note for place in against for note in notes(place, fetch(place))], report)
    kept = read_checkpoints(cosigned, report) + elsewhere
    history = read_history(content, report)
    if not history.whole:
        return report
    check_key(key, history, max((point.size for _, point in own), default=0), report)
    for name, point in own:
        if check_checkpoint(name, point, history, report):
            report.ok("signed", size=point.size, root=base64.b64encode(point.root).decode())
        if (more := len(history.entries) - point.size) > 0:
            (report.warning if allow_uncovered else report.failure)("uncovered", count=more, first=point.size)
    for name, point in kept:
        if check_checkpoint(name, point, history, report):
            report.ok("grew", name=name, size=point.size)
    for witness in witnesses:
        held = [name for name, point in own + kept if point.cosigned_by(witness)]
        for name in held:
            report.ok("cosigned", name=name, who=parse_key(witness)[0])
        if not held:
            report.failure("cosigner-missing", who=parse_key(witness)[0])
    if not elsewhere:
        report.warning("alone")
    chosen = [entry for entry in history.entries if only in ("", entry["dataset"], entry["body"].get("run"))]
    for folder, check in ((objects, check_objects), (runs, check_runs)):
        if folder is not None:
            check(folder, chosen, history, report)
    if objects is runs is None:
        report.warning("ledger-only")
    return report


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, usage=argparse.SUPPRESS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--against", action="append", default=[], help="a checkpoint kept elsewhere: file or address")
    parser.add_argument("--key", default="", help="the ledger's key as you were given it")
    parser.add_argument("--witness", action="append", default=[], help="a cosigner's key that must have signed")
    parser.add_argument("--objects", type=Path, help="the archive; default: `objects` beside the ledger")
    parser.add_argument("--runs", type=Path, help="run records; default: `runs` beside the ledger")
    parser.add_argument("--ledger-only", action="store_true", help="you hold the ledger alone: no files, no records")
    parser.add_argument("--only", default="", help="a dataset or a run: files of others are not looked for")
    parser.add_argument("--allow-uncovered", action="store_true", help="entries after the checkpoint only warn")
    parser.add_argument("--lang", choices=("uk", "en"), default="en")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    beside = (None, None) if given.ledger_only else (given.ledger.parent / "objects", given.ledger.parent / "runs")
    try:
        report = verify(
            given.ledger, against=given.against, key=given.key, witnesses=given.witness,
            objects=given.objects or beside[0], runs=given.runs or beside[1], only=given.only,
            allow_uncovered=given.allow_uncovered,
        )
    except (OSError, ValueError) as error:
        print(phrase("unreadable", given.lang, {"why": error}), file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps({"good": report.good, "lines": report.lines}, ensure_ascii=False, indent=1))
    else:
        print(report.text(given.lang))
    return 0 if report.good else 1


if __name__ == "__main__":
    sys.exit(main())
