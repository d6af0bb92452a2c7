"""`vidkryto deployments render | sync | status`: what the Prefect server runs, and when."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings, tell_error

if TYPE_CHECKING:
    from vidkryto.catalogue import Dataset
    from vidkryto.settings import Settings

NOT_ALL = 3
"""The exit code of a sync that left out contracts which do not load: to repeat it mends nothing."""
app = typer.Typer(help="Deployments and schedules on a Prefect server.", no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog="Example: vidkryto deployments render")
def render(
    check: Annotated[bool, typer.Option("--check", help="Only say whether prefect.yaml is fresh.")] = False,
) -> None:
    """Write prefect.yaml anew from the contracts. With --check: exit code 1 when it is stale, and no writing."""
    datasets, broken = _datasets(settings())
    if broken:
        raise typer.Exit(2)  # prefect.yaml without their entries would end their runs
    _write(settings(), datasets, check=check)


def _datasets(chosen: Settings) -> tuple[tuple[Dataset, ...], tuple[str, ...]]:
    """The datasets that load, and the names of those that do not; what is wrong with them is told."""
    from vidkryto.catalogue import load_all, names_not_loaded

    datasets, errors = load_all(chosen.datasets)
    for error in errors:
        tell_error(error)
    return datasets, names_not_loaded(chosen.datasets, datasets)


def _write(chosen: Settings, datasets: tuple[Dataset, ...], *, check: bool = False) -> None:
    from vidkryto.catalogue import deployments

    alerts = deployments.has_alerts(chosen.root)
    text = deployments.render(datasets, version("prefect"), alerts=alerts)
    file = chosen.root / "prefect.yaml"
    fresh = file.is_file() and file.read_text(encoding="utf-8") == text
    if check:
        stale = say("prefect.yaml is stale: run vidkryto deployments render")
        people().print(say("prefect.yaml is fresh.") if fresh else stale)
        raise typer.Exit(0 if fresh else 1)
    file.write_text(text, encoding="utf-8")
    count = len(deployments.entries(datasets, alerts=alerts))
    people().print(say("prefect.yaml: deployments {count}", count=count))


@app.command(epilog="Example: PREFECT_API_URL=http://127.0.0.1:4200/api vidkryto deployments sync")
def sync(as_json: Json = False) -> None:
    """Apply only the differences to the Prefect server of PREFECT_API_URL; stale deployments and schedules go.

    Exit code 0: done; 3: done, but for contracts that do not load, whose deployments stay as they are;
    otherwise the server did not take them.
    """
    from dataclasses import asdict

    from vidkryto.catalogue import deployments
    from vidkryto.pipeline.promised import note_promises

    chosen = settings()
    datasets, broken = _datasets(chosen)
    note_promises(chosen, datasets)
    if not broken:
        _write(chosen, datasets)
    wanted = deployments.entries(datasets, alerts=deployments.has_alerts(chosen.root))
    kept = {*broken, *(name for name, *_ in deployments.STANDING)} if broken else set()
    done = _flows(chosen.root).sync(wanted, chosen.root, deployments.limits(datasets), kept=kept)
    if as_json:
        print_json(asdict(done))
    else:
        words = "added {added}, changed {changed}, removed {removed}, schedules removed {schedules}, unchanged {same}"
        counts = {"added": len(done.added), "changed": len(done.changed), "removed": len(done.removed)}
        people().print(say(words, None, **counts, schedules=done.schedules_removed, same=done.unchanged))
    if broken:
        names = ", ".join(broken)
        people().print(say("Left as they were, their contracts do not load: {names}", names=names), markup=False)
        raise typer.Exit(NOT_ALL)


@app.command(epilog="Example: vidkryto deployments status --json")
def status(as_json: Json = False) -> None:
    """The deployments on the server: version, schedule, whether an officer paused them."""
    rows = _flows(settings().root).status()
    if as_json:
        print_json(rows)
    else:
        print_table(("name", "version", "paused", "schedules"), [list(row.values()) for row in rows])


def _flows(root: Any) -> Any:
    """The module that talks to Prefect; it wants a server and never a hidden one of its own."""
    from vidkryto.cli import prefect_here
    from vidkryto.errors import SettingsError

    prefect_here.use_if_up(settings().home)
    if not os.environ.get("PREFECT_API_URL"):
        raise SettingsError("no Prefect server is named", remedy="Start one with vidkryto up, or set PREFECT_API_URL")
    os.environ.setdefault("PREFECT_HOME", str(settings().home / "prefect"))
    sys.path.insert(0, str(root))
    from flows import deployments

    return deployments
