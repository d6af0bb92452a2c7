"""`vidkryto doctor` and `vidkryto metrics`: what an operator looks at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings

COLUMNS = ("check", "state", "found", "remedy")


def doctor(as_json: Json = False) -> None:
    """Look at settings, portal, clock, disk, keys, schedules, programs, pins and alerts, and say what mends each.

    Exit code 0: all in order; 1: warnings; 2: something will fail.

    Example: vidkryto doctor
    """
    from dataclasses import asdict

    from vidkryto.cli.night_watch import programs
    from vidkryto.language import translated
    from vidkryto.observe.doctor import examine

    chosen = settings()
    checks = examine(chosen, {"programs": programs})
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        words = [(say(c.name), say(c.state), translated(c.found), translated(c.remedy)) for c in checks]
        print_table(COLUMNS, words)
    states = {check.state for check in checks}
    raise typer.Exit(2 if "error" in states else 1 if "warning" in states else 0)


def metrics(
    write: Annotated[Path | None, typer.Option("--write", help="Write this file, for a textfile collector.")] = None,
    serve: Annotated[int, typer.Option("--serve", help="Serve /metrics on this port of loopback.")] = 0,
) -> None:
    """Metrics in Prometheus' text format: runs, outcomes, durations, bytes, rows, findings, lateness, the portal.

    Example: vidkryto metrics --write /var/lib/node_exporter/vidkryto.prom
    """
    from vidkryto.observe.metrics import metrics as collected
    from vidkryto.observe.metrics import write_metrics

    chosen = settings()
    if write is not None:
        write_metrics(chosen, write)
        people().print(say("{file}: written", file=write.name), markup=False)
    elif serve:
        from vidkryto.observe.endpoint import serve_metrics

        serve_metrics(chosen, serve)
    else:
        sys.stdout.write(collected(chosen).decode())
