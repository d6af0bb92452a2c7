"""What a person withdrew stays away until a person brings it back: the ledger tells both.

Where machines share a store, the receipt of a withdrawal made on another one counts too.
"""

from __future__ import annotations

from datetime import datetime

from vidkryto.outcome import Withheld
from vidkryto.pipeline.remember import ledger_of
from vidkryto.publish.receipt import Receipts
from vidkryto.record import Entry
from vidkryto.settings import Settings


def withdrawn_since(settings: Settings) -> dict[str, str]:
    """The datasets that are withdrawn, and since when (UTC): the last word on them is a withdrawal, not a restore."""
    last: dict[str, Entry] = {}
    if (settings.home / "ledger" / "checkpoint").is_file():
        ledger = ledger_of(settings)
        said = [entry for kind in ("withdrawal", "restore") for entry in ledger.signed_entries(kind)]
        last = {entry.dataset: entry for entry in sorted(said, key=lambda entry: entry.seq)}
    here = {name: entry.time for name, entry in last.items() if entry.kind == "withdrawal"}
    return {**_elsewhere(settings, last), **here} if settings.store else here


def _elsewhere(settings: Settings, last: dict[str, Entry]) -> dict[str, str]:
    """What the newest receipts say to be withdrawn, and nobody here brought back since."""
    receipts = Receipts(settings.home / "receipts")
    newest = {name: receipt for name in receipts.datasets() if (receipt := receipts.latest(name)) is not None}
    return {
        name: receipt.ended
        for name, receipt in newest.items()
        if receipt.outcome == "withdrawn"
        and not (name in last and datetime.fromisoformat(last[name].time) > datetime.fromisoformat(receipt.ended))
    }


def withdrawn(settings: Settings, dataset: str) -> Withheld | None:
    """Why a dataset is not run: somebody withdrew it, and nobody has brought it back."""
    since = withdrawn_since(settings).get(dataset)
    if since is None:
        return None
    receipt = Receipts(settings.home / "receipts").latest(dataset)
    reason = f": {receipt.reason}" if receipt is not None and receipt.outcome == "withdrawn" else ""
    return Withheld(
        f"набір вилучено {since[:10]}{reason}; повертає його лише vidkryto restore",
        f"the dataset was withdrawn on {since[:10]}{reason}; only vidkryto restore brings it back",
    )
