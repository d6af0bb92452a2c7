"""Whether the portal still gives out the files that were read back when they were published."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vidkryto.errors import StateError
from vidkryto.record.ledger import Ledger
from vidkryto.record.run import RunRecord
from vidkryto.release import load_release

SECONDS = 60
GONE = (401, 403, 404, 410)
"""How a web server says that it has nothing to give."""


@dataclass(frozen=True, slots=True)
class PortalVerdict:
    """One file of one dataset: what the ledger says, and what the portal gives now."""

    dataset: str
    name: str
    url: str
    recorded: str
    """The sha256 in the ledger; empty for a file of a withdrawn dataset, which must be gone."""
    found: str
    """The sha256 of what the portal gave; empty when it gave nothing."""
    problem: str = ""

    @property
    def same(self) -> bool:
        """Whether the portal gives the very bytes, or nothing where it must give nothing."""
        return self.recorded == self.found and not self.problem


@dataclass(frozen=True, slots=True)
class _Due:
    """What the portal must give of a dataset by its last entry in the ledger."""

    run: str
    """The run that published last: its record has the addresses."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    restored: tuple[str, str] | None = None
    """Version and sha256 of a release that was put back since; its manifest has the hashes."""
    gone: bool = False


def check_portal(home: Path) -> Iterator[PortalVerdict]:
    """Download every file that should be public now and compare it with the signed ledger.

    For each dataset its last publication or restore counts; of one that was withdrawn afterwards no file may be
    given out any more. The addresses come from the run's record, the hashes from the ledger, or from the manifest
    whose hash the ledger names, so neither can lie for the other.
    """
    for dataset, due in _due(Ledger.open(home)).items():
        record = RunRecord.load(home / "runs" / dataset / due.run / "run.json")
        addresses = {file.name: file.url for file in record.receipt.resources} if record.receipt else {}
        if due.gone:
            for name, url in addresses.items():
                found, problem = _downloaded(url, gone=True)
                yield PortalVerdict(dataset, name, url, "", found, problem)
            continue
        hashes, problem = (due.hashes, "") if due.restored is None else _of_release(home, dataset, *due.restored)
        if problem:
            yield PortalVerdict(dataset, "", "", "-", "", problem)
        for name, sha256 in hashes.items():
            if name in addresses:
                found, problem = _downloaded(addresses[name])
                yield PortalVerdict(dataset, name, addresses[name], sha256, found, problem)
            elif due.restored is None:
                yield PortalVerdict(dataset, name, "", sha256, "", "the record of the run has no address of it")


def _due(ledger: Ledger) -> dict[str, _Due]:
    """By dataset what must be on the portal, or must be gone from it."""
    found: dict[str, _Due] = {}
    for entry in ledger.entries():
        known = found.get(entry.dataset)
        if entry.kind == "result" and entry.body["outcome"] == "Published":
            files = entry.body.get("portal", {}).get("resources", [])
            found[entry.dataset] = _Due(entry.body["run"], {file["name"]: file["sha256"] for file in files})
        elif entry.kind == "restore" and known:
            release = entry.body["release"]
            found[entry.dataset] = _Due(known.run, restored=(release["version"], release["sha256"]))
        elif entry.kind == "withdrawal" and known:
            found[entry.dataset] = _Due(known.run, gone=True)
    return found


def _of_release(home: Path, dataset: str, version: str, sha256: str) -> tuple[dict[str, str], str]:
    """The hashes of a release that was put back, but for its list of changes: the portal's is of all releases."""
    try:
        release = load_release(home / "releases" / dataset / f"{version}-{sha256[:12]}")
    except StateError:
        return {}, f"the restored release {version} cannot be read"
    if release.sha256 != sha256:
        return {}, f"the restored release {version} is not the one in the ledger"
    return {file.name: file.sha256 for file in release.files if file.role != "changes"}, ""


def _downloaded(url: str, *, gone: bool = False) -> tuple[str, str]:
    """The sha256 of what the address gives, or what went wrong; `gone`: that it gives nothing is right."""
    if not url.startswith(("https://", "http://")):
        return "", "not an address of the web"
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - checked above
            while chunk := answer.read(1 << 20):
                digest.update(chunk)
    except (OSError, urllib.error.URLError) as error:
        right = gone and isinstance(error, urllib.error.HTTPError) and error.code in GONE
        return "", "" if right else str(error)[:200]
    return digest.hexdigest(), "withdrawn, and still given out" if gone else ""
