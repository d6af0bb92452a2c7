"""The command `passport`: a dataset as data.gov.ua wants it described."""

from __future__ import annotations

from typing import Annotated

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings
from vidkryto.language import translated


def passport(
    dataset: Annotated[str, typer.Argument(help="The dataset's name in the catalogue.")],
    as_json: Json = False,
) -> None:
    """Print the passport of data.gov.ua: the fields of its form, or with --json also the codes and extras of its API.

    Exit code 1 when the national portal would refuse or cut something.

    Example: vidkryto passport public-transport-stops
    """
    from dataclasses import asdict

    from vidkryto.catalogue import find_dataset
    from vidkryto.catalogue.passport import passport_of

    made = passport_of(find_dataset(settings().datasets, dataset))
    problems = list(made.problems())
    if as_json:
        print_json({"form": made.as_form(), "api": {**asdict(made), "extras": made.extras()}, "problems": problems})
    else:
        rows = [(name, value) for name, value in made.as_form().items() if isinstance(value, str)]
        rows += [(say("Resource {name}", name=name), f"{text}; {kind}") for name, text, kind in made.resources]
        print_table(("field", "value"), rows)
    for problem in problems:
        people().print(translated(problem), markup=False)
    if problems:
        raise typer.Exit(1)
