"""Whether the portal still gives out the files that were read back when they were published."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vidkryto.record.ledger import Ledger
from vidkryto.record.run import PublishedFile, RunRecord

SECONDS = 60


@dataclass(frozen=True, slots=True)
class PortalVerdict:
    """One file of one dataset: what the ledger says, and what the portal gives now."""

    dataset: str
    name: str
    url: str
    recorded: str
    found: str
    """The sha256 of what the portal gave; empty when it gave nothing."""
    problem: str = ""

    @property
    def same(self) -> bool:
        """Whether the portal gives the very bytes."""
        return self.recorded == self.found


def check_portal(home: Path) -> Iterator[PortalVerdict]:
    """Download every file that should be public now and compare it with the signed ledger.

    For each dataset the last entry that published counts, unless the dataset was withdrawn afterwards. The
    addresses come from the run's record, the hashes from the ledger, so neither can lie for the other.
    """
    for dataset, (run, hashes) in _published(Ledger.open(home)).items():
        record = RunRecord.load(home / "runs" / dataset / run / "run.json")
        for file in record.receipt.resources if record.receipt else ():
            found, problem = _downloaded(file)
            yield PortalVerdict(dataset, file.name, file.url, hashes.get(file.name, "-"), found, problem)


def _published(ledger: Ledger) -> dict[str, tuple[str, dict[str, str]]]:
    """By dataset: the run that published last, and the hashes that were read back from the portal then."""
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for entry in ledger.entries():
        if entry.kind == "withdrawal":
            found.pop(entry.dataset, None)
        elif entry.kind == "result" and entry.body["outcome"] == "Published":
            files = entry.body.get("portal", {}).get("resources", [])
            found[entry.dataset] = entry.body["run"], {file["name"]: file["sha256"] for file in files}
    return found


def _downloaded(file: PublishedFile) -> tuple[str, str]:
    """The sha256 of what the address gives, or what went wrong."""
    if not file.url.startswith(("https://", "http://")):
        return "", "not an address of the web"
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(file.url, timeout=SECONDS) as answer:  # noqa: S310 - checked above
            while chunk := answer.read(1 << 20):
                digest.update(chunk)
    except (OSError, urllib.error.URLError) as error:
        return "", str(error)[:200]
    return digest.hexdigest(), ""
