"""`vidkryto calendar`: the promise, the schedule and what happened; iCalendar files for departments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, settings, tell_error

if TYPE_CHECKING:
    from vidkryto.pipeline.agenda import Appointment

COLUMNS = (
    "dataset",
    "state",
    "frequency",
    "next due",
    "days late",
    "last run",
    "next run",
    "missed runs",
    "paused since",
)


def calendar(
    department: Annotated[str, typer.Option("--department", help="Only this department's datasets.")] = "",
    icalendar: Annotated[
        Path | None, typer.Option("--icalendar", help="Write one .ics file for each department into this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What is promised, what is scheduled, and what happened.

    Example: vidkryto calendar --icalendar public/calendars
    """
    from vidkryto import clock
    from vidkryto.catalogue import load_all
    from vidkryto.pipeline.agenda import agenda

    chosen = settings()
    datasets, errors = load_all(chosen.datasets)
    rows = [row for row in agenda(chosen, datasets=datasets) if department in ("", row.dataset.department.name)]
    if icalendar is not None:
        from vidkryto.pipeline.icalendar import write_calendars

        for file in write_calendars(rows, icalendar, clock.now(), chosen.report_url):
            people().print(say("{file}: written", file=file.name), markup=False)
    told = [row_of(row) for row in rows]
    if as_json:
        print_json(told)
    else:
        print_table(COLUMNS, [_cells(line) for line in told])
    for error in errors:  # they have no row
        tell_error(error)


def row_of(row: Appointment) -> dict[str, str]:
    """An appointment as words and dates, for the table and for programs."""
    publication = row.dataset.contract.publication
    return {
        "dataset": row.dataset.name,
        "state": row.state,
        "frequency": publication.frequency.value,
        "next due": row.next_due.isoformat() if row.next_due else "",
        "days late": str(row.days_late or ""),
        "last run": row.last.started if row.last else "",
        "next run": row.next_run.isoformat(timespec="minutes") if row.next_run else "",
        "missed runs": str(row.missed or ""),
        "paused since": row.promised.paused,
    }


def _cells(line: dict[str, str]) -> list[str]:
    return [say(cell) if name in ("state", "frequency") else cell for name, cell in line.items()]
