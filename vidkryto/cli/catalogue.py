"""Commands over the catalogue: `list`, `check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings, tell_error
from vidkryto.language import translated

if TYPE_CHECKING:
    from vidkryto.catalogue import Dataset


def list_datasets(as_json: Json = False) -> None:
    """List the datasets of the catalogue: who owns them, how often they are due, when they run.

    Example: vidkryto list
    """
    from vidkryto.catalogue import load_all

    chosen = settings()
    datasets, errors = load_all(chosen.datasets)
    rows = [
        {
            "dataset": dataset.name,
            "title": dataset.contract.title_in(chosen.language),
            "department": dataset.department.title_in(chosen.language),
            "frequency": dataset.contract.publication.frequency.value,
            "schedule": dataset.contract.publication.schedule.cron if dataset.contract.publication.schedule else "",
            "status": dataset.contract.publication.status,
            "tables": [resource.name for resource in dataset.contract.resources],
        }
        for dataset in datasets
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("dataset", "title", "department", "frequency", "schedule", "status")
        print_table(columns, [[row[column] for column in columns] for row in rows])
    _tell(errors)


def check(
    names: Annotated[list[str] | None, typer.Argument(help="Datasets; all of them when none is named.")] = None,
    as_json: Json = False,
) -> None:
    """Check contracts, schemas and suites without touching any portal or source.

    Example: vidkryto check public-transport-stops
    """
    from vidkryto.catalogue import find_dataset, load_all
    from vidkryto.catalogue.check import problems_of
    from vidkryto.errors import ContractError

    chosen = settings()
    errors: tuple[ContractError, ...] = ()
    if names:
        datasets = tuple(find_dataset(chosen.datasets, name) for name in names)
    else:
        datasets, errors = load_all(chosen.datasets)
    problems: dict[str, list[str]] = {}
    for dataset in datasets:
        found = list(problems_of(dataset))
        try:
            found += _problems_of_suite(dataset)
        except ContractError as error:
            found.append(error.told())
        problems[dataset.name] = found
    broken = [name for name, found in problems.items() if found]
    if as_json:
        print_json({"datasets": problems, "contracts": [str(error) for error in errors]})
    else:
        for name in broken:
            for problem in problems[name]:
                people().print(f"{name}: {translated(problem)}", markup=False)
        good, of = len(datasets) - len(broken), len(datasets) + len(errors)
        people().print(say("Datasets in order: {good} of {of}.", good=good, of=of))
        _tell(errors)
    if broken or errors:
        raise typer.Exit(2)


def lock(name: Annotated[str, typer.Argument(help="The dataset whose column names are locked.")]) -> None:
    """Lock the names under which columns are published: a later contract that renames one is told so.

    Writes columns.lock.yaml beside the contract; commit it. Say it after the first publication, and when columns came.

    Example: vidkryto lock public-transport-stops
    """
    from vidkryto.catalogue import find_dataset
    from vidkryto.read.lock import extend_lock

    dataset = find_dataset(settings().datasets, name)
    changed = [
        resource.name
        for resource in dataset.contract.resources
        if extend_lock(dataset.folder, resource.name, resource.reading, dataset.schemas[resource.name])
    ]
    people().print(f"columns.lock.yaml: {', '.join(changed) or say('nothing new')}", markup=False)


def _problems_of_suite(dataset: Dataset) -> list[str]:
    from vidkryto.quality.suite import load_suite

    suite = load_suite(dataset.folder)
    if not suite.all():
        return []
    from vidkryto.quality.rehearse import problems_of_suite  # Great Expectations takes seconds to import

    return list(problems_of_suite(suite, dataset.schemas, dataset.key_of))


def _tell(errors: tuple[Exception, ...]) -> None:
    for error in errors:
        tell_error(error)
