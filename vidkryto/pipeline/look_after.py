"""After publication: is the portal still as the last receipts say?"""

from __future__ import annotations

from vidkryto.catalogue import find_dataset
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipts
from vidkryto.publish.watch import drift
from vidkryto.settings import Settings


def watched_datasets() -> tuple[str, ...]:
    """All datasets that were published to the portal of the settings."""
    return tuple(Receipts(Settings.from_environment().home / "receipts").datasets())


def drift_of(dataset: str) -> list[dict[str, str]]:
    """What differs between the portal and the dataset's last receipt: rows of dataset, code, message, remedy.

    Nothing is repaired. Empty for a dataset that is as published, or that never was.
    """
    settings = Settings.from_environment()
    receipt = Receipts(settings.home / "receipts").latest(dataset)
    if receipt is None:
        return []
    organization = settings.organization or find_dataset(settings.datasets, dataset).city.organization
    portal = CkanPortal(settings.ckan_url, settings.ckan_token, organization)
    language = settings.language
    return [
        {"dataset": dataset, "code": found.code, "message": found.message(language), "remedy": found.remedy(language)}
        for found in drift(receipt, portal)
    ]
