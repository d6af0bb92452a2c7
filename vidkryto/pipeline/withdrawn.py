"""What a person withdrew stays away until a person brings it back: the ledger tells both."""

from __future__ import annotations

from vidkryto.outcome import Withheld
from vidkryto.pipeline.remember import ledger_of
from vidkryto.publish.receipt import Receipts
from vidkryto.settings import Settings


def withdrawn_since(settings: Settings) -> dict[str, str]:
    """The datasets that are withdrawn, and since when (UTC): their last entry is a withdrawal, not a restore."""
    if not (settings.home / "ledger" / "checkpoint").is_file():
        return {}
    ledger = ledger_of(settings)
    said = [entry for kind in ("withdrawal", "restore") for entry in ledger.signed_entries(kind)]
    last = {entry.dataset: entry for entry in sorted(said, key=lambda entry: entry.seq)}
    return {name: entry.time for name, entry in last.items() if entry.kind == "withdrawal"}


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
