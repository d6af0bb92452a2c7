"""The register of datasets (Resolution 835, annex 7), made of the contracts: the city's catalogue as a dataset."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from vidkryto.archive import written_atomically
from vidkryto.catalogue.contract import Frequency
from vidkryto.catalogue.load import Dataset

COLUMNS = (
    "uid",
    "title",
    "description",
    "accrualPeriodicity",
    "keywords",
    "purpose",
    "url",
    "distributionFormat",
    "publisherName",
    "publisherId",
    "contactPointName",
    "contactPointEmail",
)
"""Columns of schemas/835/07_register.json."""

PERIODICITY = {
    Frequency.CONTINUOUS: "Більш як один раз на день",
    Frequency.DAILY: "Щодня",
    Frequency.WEEKLY: "Щотижня",
    Frequency.MONTHLY: "Щомісяця",
    Frequency.QUARTERLY: "Щокварталу",
    Frequency.SEMIANNUAL: "Кожного півріччя",
    Frequency.ANNUAL: "Щороку",
}
"""The words of the structure. It has none for «on change» and «irregular»: such a dataset is looked after monthly."""

GENERAL_PURPOSE = "Закон України «Про доступ до публічної інформації»"


def register_rows(datasets: Iterable[Dataset], portal: str) -> list[tuple[str, ...]]:
    """A row for each dataset that is published, by name. `portal` is the address of the portal without a last slash.

    Planned datasets have no page yet and are not in the register; they stand in the calendar.
    """
    published = [dataset for dataset in datasets if dataset.contract.publication.status == "active"]
    return [_row(dataset, portal) for dataset in sorted(published, key=lambda dataset: dataset.name)]


def _row(dataset: Dataset, portal: str) -> tuple[str, ...]:
    contract, publication = dataset.contract, dataset.contract.publication
    contact = publication.contact or dataset.department.contact
    return (
        dataset.name,
        contract.title,
        contract.description.strip(),
        PERIODICITY.get(publication.frequency, PERIODICITY[Frequency.MONTHLY]),
        ", ".join(contract.keywords),
        publication.purpose or GENERAL_PURPOSE,
        f"{portal}/dataset/{dataset.name}",
        "CSV, JSON, PARQUET",
        dataset.department.title,
        dataset.department.edrpou,
        contact.name,
        contact.email,
    )


def register_csv(datasets: Iterable[Dataset], portal: str) -> bytes:
    """The register as CSV in UTF-8, the same bytes for the same contracts."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(register_rows(datasets, portal))
    return stream.getvalue().encode()


def write_register(content: bytes, file: Path) -> bool:
    """Write a register to `file` if it would change; whether it did. An unchanged register starts no new run."""
    if file.is_file() and file.read_bytes() == content:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    with written_atomically(file) as part:
        part.write_bytes(content)
    return True
