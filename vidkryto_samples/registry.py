"""Which sample belongs to which dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from vidkryto_samples import administration, democracy, education, environment, finance, housing, social, transport

README = """# Зразок

Ці файли вигадані й створені програмою `python -m vidkryto_samples` з цього сховища: вони показують, як працює
конвеєр, і не містять справжніх даних про людей, установи чи об'єкти.

These files are invented and written by `python -m vidkryto_samples` of this repository: they show how the pipeline
works and hold no real data about people, institutions or places.
"""

SAMPLES: Mapping[str, Callable[[], Mapping[str, bytes]]] = {
    "finance/budget-execution": finance.budget_execution,
    "transport/public-transport-stops": transport.public_transport_stops,
    "transport/public-transport-vehicles": transport.vehicles,
    "transport/public-transport-routes": transport.timetable,
    "transport/public-transport-timetable": transport.timetable,
    "education/schools": education.schools,
    "administration/hotline-appeals": administration.appeals,
    "administration/administrative-services": administration.administrative_services,
    "democracy/petitions": democracy.petitions,
    "democracy/participatory-budget": democracy.participatory_budget,
    "democracy/open-government-plan": democracy.open_government_plan,
    "democracy/co-creation": democracy.co_creation,
    "environment/green-plantings": environment.plantings,
    "environment/waste-containers": environment.waste_containers,
    "environment/air-quality": environment.air_quality,
    "environment/greenhouse-gas": environment.greenhouse_gas,
    "environment/energy-of-municipal-buildings": environment.energy_of_buildings,
    "social/displaced-people-services": social.displaced_people,
    "social/veterans-services": social.veterans,
    "housing/tariffs": housing.tariffs,
    "housing/shelters": housing.shelters,
    "housing/accessibility-of-buildings": housing.accessibility,
    "housing/playgrounds": housing.playgrounds,
    "finance/charitable-aid": housing.charitable_aid,
}
"""Folder of the dataset to the function that makes its exports, by file name."""


def write(root: Path, names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Write the exports of the named datasets below `root`; yields each file and its size in bytes."""
    for name in names:
        folder = root / name / "exports"
        folder.mkdir(parents=True, exist_ok=True)
        (folder.parent / "README.md").write_text(README, encoding="utf-8", newline="\n")
        for file, content in SAMPLES[name]().items():
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            yield f"{name}/exports/{file}", len(content)
