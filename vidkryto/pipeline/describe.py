"""A dataset as the report site describes it, from its contract."""

from __future__ import annotations

from vidkryto.catalogue import Dataset
from vidkryto.record.run import Department, Promise, Text
from vidkryto.report import DatasetDescription


def describe(dataset: Dataset) -> DatasetDescription:
    """Title, owner and promise of a dataset; the runs themselves come from the state folder."""
    contract, department = dataset.contract, dataset.department
    return DatasetDescription(
        dataset.name,
        Text(contract.title, contract.title_in("en")),
        Department(Text(department.title, department.title_in("en")), department.contact.email),
        Promise(contract.publication.frequency.value),
        section=contract.publication.section or "",
    )
