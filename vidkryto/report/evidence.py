"""The evidence pack: a dataset or a run with all its proofs, in a folder that an auditor takes away."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vidkryto.archive import Archive
from vidkryto.errors import StateError
from vidkryto.record import Entry, Ledger, verifier
from vidkryto.record.run import RECORD, UNSEALED, RunRecord
from vidkryto.report.pages import render
from vidkryto.report.run_facts import Facts, run_facts

FIXED_TIME = (1980, 1, 1, 0, 0, 0)


def export_evidence(home: Path, name: str, target: Path) -> Path:
    """Write everything about `name`, a dataset or a run, to `target`: a new folder, or a ZIP if it ends in .zip.

    The pack is laid out like a state folder (ledger, objects, runs), so the verifier beside it checks it as it
    is. The whole ledger is in it: only the whole can be checked against its signed root. Raises StateError when
    nothing of that name is in the ledger or `target` exists.
    """
    ledger = Ledger.open(home)
    entries = [entry for entry in ledger.entries() if name in (entry.dataset, entry.body.get("run"))]
    if not entries:
        raise StateError(f"the ledger has nothing about {name!r}", remedy="See `vidkryto audit log`.")
    if target.exists():
        raise StateError(f"{target} exists already; it was left alone", remedy="Name a new folder or file.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".evidence-") as scratch:
        folder = Path(scratch) / "pack"
        _fill(folder, home, name, ledger, entries)
        if target.suffix == ".zip":
            _zip(folder, target)
        else:
            folder.rename(target)
    return target


def _fill(folder: Path, home: Path, name: str, ledger: Ledger, entries: list[Entry]) -> None:
    shutil.copytree(ledger.folder, folder / "ledger", ignore=shutil.ignore_patterns("lock", "torn"))
    shutil.copyfile(verifier.__file__, folder / "verifier.py")
    (folder / "proofs").mkdir()
    for entry in entries:
        (folder / "proofs" / f"{entry.seq}.json").write_bytes(entry.line)
        (folder / "proofs" / f"{entry.seq}.tlog-proof").write_text(ledger.proof(entry.seq), encoding="utf-8")
    pack = Archive(folder / "objects")
    pack.root.mkdir()
    named = verifier.named_files(home / "objects", [json.loads(entry.line) for entry in entries])
    kept = Archive(home / "objects")
    files = [_copied(facts, named[facts["sha256"]][1], pack) for facts in _files_of(entries)]
    files += [_copied(facts, [kept.path(facts["sha256"])], pack) for facts in _plans_of(entries, kept)]
    for receipt in sorted((home / "receipts" / entries[0].dataset).glob("*.json")):
        (folder / "receipts").mkdir(exist_ok=True)
        shutil.copyfile(receipt, folder / "receipts" / receipt.name)
    runs = [_run(home, folder, entry) for entry in entries if entry.body.get("record")]
    facts = {
        "page": "pack",
        "edition": "internal",
        "name": name,
        "files": files,
        "runs": runs,
        "receipts": sorted(f"receipts/{file.name}" for file in (folder / "receipts").glob("*.json")),
        "entries": [{"seq": entry.seq, "time": entry.time, "kind": entry.kind} for entry in entries],
        "verify": f"python verifier.py ledger --only {name}",
    }
    (folder / "index.html").write_text(render("index", facts, "uk"), encoding="utf-8")
    (folder / "index.en.html").write_text(render("index", facts, "en"), encoding="utf-8")


def _files_of(entries: list[Entry]) -> list[Facts]:
    """Every archived file that the entries name, once, with what it is."""
    found: dict[str, Facts] = {}
    for entry in entries:
        for role in verifier.FILES:
            if role == "outputs" and entry.body.get("outcome") != "Published":
                continue
            for file in entry.body.get(role, []):
                found.setdefault(file["sha256"], {"role": role, "name": file["name"], "sha256": file["sha256"]})
        for role in ("contract", "signature"):
            if (sha256 := entry.body.get(role)) and len(sha256) == 64:
                found.setdefault(sha256, {"role": role, "name": entry.dataset, "sha256": sha256})
    return list(found.values())


def _plans_of(entries: list[Entry], kept: Archive) -> list[Facts]:
    """The plans that runs made and people approved, as far as they were kept."""
    hashes = dict.fromkeys(str(entry.body["plan"]) for entry in entries if entry.body.get("plan"))
    return [{"role": "plan", "name": "plan.json", "sha256": item} for item in hashes if kept.holds(item)]


def _copied(facts: Facts, places: Sequence[Path], pack: Archive) -> Facts:
    """The file put into the pack under its hash; a withdrawn one is only named.

    Copied as it is, even if somebody changed it: the pack's verifier tells, the pack does not hide it.
    """
    source = next((place for place in places if place.is_file()), None)
    if source is None:
        return {**facts, "path": "", "bytes": 0}
    target = pack.path(facts["sha256"])
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return {**facts, "path": target.relative_to(pack.root.parent).as_posix(), "bytes": source.stat().st_size}


def _run(home: Path, folder: Path, entry: Entry) -> Mapping[str, Any]:
    file = Path("runs") / entry.dataset / str(entry.body["run"]) / RECORD
    if not (home / file).is_file():  # the run was cut off right after its entry
        file = file.with_name(UNSEALED)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(home / file, folder / file)
    return {**run_facts(RunRecord.load(home / file), "internal", ""), "file": file.as_posix()}


def _zip(folder: Path, target: Path) -> None:
    """A ZIP with fixed times and order and without compression: the same evidence is the same bytes."""
    with zipfile.ZipFile(target, "x") as pack:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            facts = zipfile.ZipInfo(file.relative_to(folder).as_posix(), FIXED_TIME)
            facts.external_attr = 0o644 << 16
            with file.open("rb") as source, pack.open(facts, "w") as stream:
                shutil.copyfileobj(source, stream)
