"""The command `register`: the catalogue written as the dataset that Resolution 835 asks for."""

from __future__ import annotations

from typing import Annotated

import typer

from vidkryto.cli.common import people, say, settings, tell_error

PORTAL = "https://data.khm.example"
"""The address in the sample register; a city gives its own."""
EXPORT = "administration/dataset-register/exports/reiestr_naboriv.csv"


def register(
    portal: Annotated[str, typer.Option("--portal", help="Public address of the portal in the links.")] = PORTAL,
) -> None:
    """Write the register of datasets from the contracts, as the export of the dataset `dataset-register`.

    Run it after every change of a contract; the register has to follow within three working days.

    Example: vidkryto register --portal https://data.khm.example
    """
    from vidkryto.catalogue import load_all
    from vidkryto.catalogue.register import write_register

    chosen = settings()
    datasets, errors = load_all(chosen.datasets)
    for error in errors:
        tell_error(error)
    if errors:
        raise typer.Exit(2)
    changed = write_register(datasets, portal.rstrip("/"), chosen.datasets / EXPORT)
    people().print(f"{EXPORT}: {say('written') if changed else say('unchanged')}", markup=False)
