"""The command `register`: the catalogue written as the dataset that Resolution 835 asks for."""

from __future__ import annotations

from typing import Annotated

import typer

from vidkryto.cli.common import people, say, settings, tell_error

PORTAL = "https://data.khm.example"
"""The address in the sample register; a city gives its own."""
EXPORT = "administration/dataset-register/exports/reiestr_naboriv.csv"
UNITS = "administration/reference-book/exports/pidrozdily.csv"
STRUCTURE = "administration/organisational-structure/exports/struktura.csv"


def register(
    portal: Annotated[str, typer.Option("--portal", help="Public address of the portal in the links.")] = PORTAL,
) -> None:
    """Write the registers that the catalogue itself knows, as exports of their datasets.

    They are the register of datasets (of the contracts), the reference book of units and the organisational structure
    (of department.yaml). Run it after every change of a contract; the register has to follow within three working days.

    Example: vidkryto register --portal https://data.khm.example
    """
    from vidkryto.catalogue import load_all
    from vidkryto.catalogue.offices import structure_csv, units_csv
    from vidkryto.catalogue.register import register_csv, write_register

    chosen = settings()
    datasets, errors = load_all(chosen.datasets)
    for error in errors:
        tell_error(error)
    if errors:
        raise typer.Exit(2)
    registers = {
        EXPORT: register_csv(datasets, portal.rstrip("/")),
        UNITS: units_csv(datasets),
        STRUCTURE: structure_csv(datasets),
    }
    for file, content in registers.items():
        changed = write_register(content, chosen.datasets / file)
        people().print(f"{file}: {say('written') if changed else say('unchanged')}", markup=False)
