"""The registers of units and of the structure (Resolution 835, annexes 2 and 3), made of the departments' files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from vidkryto.catalogue.contract import City, Department, Office
from vidkryto.catalogue.load import Dataset

UNIT_COLUMNS = (
    "uid", "name", "description", "constituentDocUrl", "homepage", "headName", "headPost", "unitOfId", "unitOfName",
    "subUnitOfId", "subUnitOfName", "CATUTTC", "addressThoroughfare", "addressLocatorDesignator",
    "addressLocatorName", "addressPostCode", "contactPointName", "contactPointEmail", "contactPointTelephone",
    "openingHours", "availabilityRestriction",
)  # fmt: skip
"""Columns of schemas/835/02_organizationUnits.json; those that are the same in every row stand in the contract."""

POST_COLUMNS = ("uid", "authorityName", "authorityId", "positionName", "unitName", "unitId", "value")
"""Columns of schemas/835/03_orgStructure.json."""


def units_csv(datasets: Iterable[Dataset]) -> bytes:
    """A row for each department that describes its office, by name; the same bytes for the same files."""
    return _csv(UNIT_COLUMNS, [_unit(city, department, office) for city, department, office in _offices(datasets)])


def structure_csv(datasets: Iterable[Dataset]) -> bytes:
    """A row for each position of a department's staff list; positions and numbers, never names."""
    rows = [row for city, department, office in _offices(datasets) for row in _posts(city, department, office)]
    return _csv(POST_COLUMNS, rows)


def _offices(datasets: Iterable[Dataset]) -> list[tuple[City, Department, Office]]:
    found = {dataset.department.name: dataset for dataset in datasets}
    return [
        (dataset.city, dataset.department, dataset.department.office)
        for _, dataset in sorted(found.items())
        if dataset.department.office is not None
    ]


def _unit(city: City, department: Department, office: Office) -> Sequence[str]:
    told = {
        "uid": department.name,
        "name": department.title,
        "description": office.description,
        "headName": office.head_name,
        "headPost": office.head_post,
        "unitOfId": city.edrpou,
        "unitOfName": city.title,
        "CATUTTC": city.katottg,
        "addressThoroughfare": office.street,
        "addressLocatorDesignator": office.building,
        "addressPostCode": office.postcode,
        "contactPointName": department.contact.name,
        "contactPointEmail": department.contact.email,
        "contactPointTelephone": office.telephone,
        "openingHours": office.hours,
    }
    return [told.get(column, "") for column in UNIT_COLUMNS]


def _posts(city: City, department: Department, office: Office) -> list[Sequence[str]]:
    return [
        (
            f"{department.name}-{number:02d}",
            city.title,
            city.edrpou,
            post,
            department.title,
            department.edrpou,
            f"{count:g}",
        )
        for number, (post, count) in enumerate(office.posts.items(), 1)
    ]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return stream.getvalue().encode()
