"""After publication: is the portal still as the last receipts say?"""

from __future__ import annotations

from vidkryto.catalogue import find_dataset
from vidkryto.findings import Finding
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipts
from vidkryto.publish.watch import drift
from vidkryto.settings import Settings


def watched_datasets() -> tuple[str, ...]:
    """All datasets that were published to the portal of the settings."""
    return tuple(Receipts(Settings.from_environment().home / "receipts").datasets())


def drift_of(dataset: str) -> tuple[Finding, ...]:
    """What differs between the portal and the dataset's last receipt; nothing is repaired.

    Empty for a dataset that is as published, or that never was. Raises VidkrytoError when the portal does not answer.
    """
    settings = Settings.from_environment()
    receipt = Receipts(settings.home / "receipts").latest(dataset)
    if receipt is None:
        return ()
    organization = settings.organization or find_dataset(settings.datasets, dataset).city.organization
    return drift(receipt, CkanPortal.of(settings, organization))
