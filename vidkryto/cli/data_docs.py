"""`vidkryto data-docs`: Great Expectations' own pages, made to be read offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidkryto.cli.common import settings


def data_docs(
    name: Annotated[str, typer.Argument(help="The dataset.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder; default: data-docs in the state folder.")] = None,
) -> None:
    """Write the Data Docs of a dataset's suite over its present exports, for those who know Great Expectations.

    The pages quote cells of open columns: they are for the house. They ask nothing of the web.

    Example: vidkryto data-docs public-transport-stops --to docs
    """
    from vidkryto.catalogue import find_dataset
    from vidkryto.pipeline import new_job
    from vidkryto.pipeline.data_docs import build_data_docs

    chosen = settings()
    dataset = find_dataset(chosen.datasets, name)
    folder = to or chosen.home / "data-docs" / dataset.name
    typer.echo(build_data_docs(new_job(dataset, chosen), folder, chosen.language))
