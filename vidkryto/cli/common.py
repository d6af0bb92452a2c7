"""What all commands share: settings, output for people and programs, the choice of language."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.language import say, say_count

if TYPE_CHECKING:
    from rich.console import Console

    from vidkryto.settings import Settings

__all__ = ["Json", "people", "print_json", "print_table", "say", "say_count", "settings", "tell_error"]

PortalName = Annotated[str, typer.Option("--portal", help="A portal of portals.toml; default: the environment's.")]
Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]


def settings(portal: str = "") -> Settings:
    """Settings from the environment, read once for a command; those of a portal of `portals.toml` if one is named."""
    from vidkryto.portals import settings_of
    from vidkryto.settings import Settings

    chosen = Settings.from_environment()
    return settings_of(chosen, portal) if portal else chosen


def people() -> Console:
    """Where summaries for people go: stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def tell_error(error: Exception) -> None:
    """An error that does not end the command, for people, in the language chosen."""
    from vidkryto.errors import VidkrytoError

    people().print(error.told() if isinstance(error, VidkrytoError) else str(error), markup=False)


def print_json(value: Any) -> None:
    """Data for programs on stdout: UTF-8, one document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str = "") -> None:
    """A table for people on stdout; its heads are told in the language chosen."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(say(column), overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)
