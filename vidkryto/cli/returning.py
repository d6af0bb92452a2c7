"""`vidkryto return`: the officer's own spreadsheet back, with marks where something is to be mended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidkryto.cli.common import people, say, settings


def return_exports(
    name: Annotated[str, typer.Argument(help="The dataset.")],
    to: Annotated[Path, typer.Option(help="Folder for the workbooks.")] = Path(),
    language: Annotated[str, typer.Option(help="uk or en; default: that of department.yaml.")] = "",
) -> None:
    """Write a copy of each export of the last judged run, with comments in the cells that have findings.

    The first sheet lists all tasks with what to do. The copies hold the department's own data: give them back to
    that department only.

    Example: vidkryto return public-transport-stops --to /tmp
    """
    from vidkryto.catalogue import find_dataset
    from vidkryto.errors import StateError
    from vidkryto.pipeline.whole_list import with_whole_list
    from vidkryto.report.history import read_history
    from vidkryto.report.returned import Reader, return_export

    chosen = settings()
    dataset = find_dataset(chosen.datasets, name)
    history = read_history(chosen.home, name, None)
    if history.decisive is None:
        raise StateError(f"{name} has never run", remedy=f"Run it first: vidkryto publish {name}")
    record = history.record(history.decisive.run_id)
    tasks = with_whole_list(record.tasks, history.folder / record.run_id)
    exports: dict[tuple[str, str], dict[str, Reader]] = {}
    for snapshot in record.snapshots:
        reader = Reader(dataset.resource(snapshot.resource).reading, dataset.schemas[snapshot.resource])
        exports.setdefault((snapshot.file, snapshot.sha256), {})[snapshot.resource] = reader
    for (file, sha256), readers in exports.items():
        returned = return_export(
            chosen.archive.path(sha256),
            tasks,
            to / f"{Path(file).stem}.{record.run_id}.xlsx",
            file=file,
            readers=readers,
            language="en" if (language or dataset.department.language) == "en" else "uk",
        )
        words = "Cells marked: {marked}; tasks without a cell: {rest}"
        people().print(say(words, marked=returned.marked, rest=returned.without_cell))
        typer.echo(str(returned.file))
