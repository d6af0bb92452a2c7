"""Find the causes that are open now, from the state folder alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime

from vidkryto import clock
from vidkryto.alerts.cause import OFFICE, Cause, both
from vidkryto.alerts.expiry import expiring
from vidkryto.alerts.oversight import down, drifted, not_cosigned
from vidkryto.catalogue import Dataset, load_dataset
from vidkryto.catalogue.calendar import CITY_TIME
from vidkryto.catalogue.load import dataset_folders
from vidkryto.errors import ContractError
from vidkryto.language import translated
from vidkryto.pipeline.agenda import Appointment, agenda
from vidkryto.pipeline.approving import WAITING
from vidkryto.record.run import RunRecord, Text
from vidkryto.report.summary import finding_of
from vidkryto.settings import Settings

YAML_FILE = re.compile(r"[\w./-]+\.ya?ml")
GRACE_RUNS = 1
"""One scheduled moment may have come a minute ago: its run may be under way."""


def causes(
    settings: Settings, now: datetime | None = None, datasets: Sequence[Dataset] | None = None
) -> tuple[Cause, ...]:
    """Every open cause, once: a failure that stops twenty datasets for one reason is one cause.

    `datasets` are all that load, where the caller has loaded them.
    """
    moment = now or clock.now()
    found: dict[str, Cause] = {}
    for cause in _all(settings, moment, datasets):
        known = found.get(cause.id)
        if known is None:
            found[cause.id] = cause
        else:
            stopped = tuple(sorted({*known.datasets, *cause.datasets}))
            found[cause.id] = Cause(
                known.kind, known.key, known.department, stopped, known.title, known.next_step, known.link
            )
    return tuple(found.values())


def _all(settings: Settings, now: datetime, datasets: Sequence[Dataset] | None) -> Iterator[Cause]:
    rows = agenda(settings, now, datasets)
    yield from _unloadable(settings, {row.dataset.name for row in rows})
    for row in rows:
        if row.dataset.contract.publication.status == "active":
            yield from _of_dataset(row, settings)
    yield from down(settings)
    yield from drifted(settings)
    yield from not_cosigned(settings, now)
    yield from expiring(settings, now)


def _unloadable(settings: Settings, loaded: Collection[str]) -> Iterator[Cause]:
    """Contracts that do not load: nothing else is told of their datasets. One file that stops many is one cause."""
    for folder in dataset_folders(settings.datasets):
        if folder.name in loaded:
            continue
        try:
            load_dataset(folder)
        except ContractError as error:
            file = YAML_FILE.search(error.message)
            reason = Text(translated(error.message, "uk"), error.message)
            said = both("The contract of {dataset} does not load: {reason}", dataset=folder.name, reason=reason)
            step = both("Mend the file: vidkryto check names its lines. Until then the dataset is not run.")
            yield Cause("contract", file[0] if file else folder.name, OFFICE, (folder.name,), said, step)


def _of_dataset(row: Appointment, settings: Settings) -> Iterator[Cause]:
    title = Text(row.dataset.contract.title, row.dataset.contract.title_in("en"))
    link = f"{settings.report_url}/datasets/{row.dataset.name}/" if settings.report_url else ""
    department = row.dataset.department.name
    if row.last is not None and row.last.outcome == "Withheld":
        yield from _withheld(row.last, department, title, link)
    if row.last is not None and row.last.outcome == "Failed":
        yield _failed(row.last, link)
    failed = row.last is not None and row.last.outcome == "Failed"
    if row.promised.paused:
        yield _paused(row, title, link)
    if row.days_late and row.next_due and not failed:  # the export may well have come: the failure is told instead
        yield _late(row, row.next_due, title, link)
    if row.missed > GRACE_RUNS:
        yield _missed(row, link)


def _paused(row: Appointment, title: Text, link: str) -> Cause:
    """Neither late nor missed: somebody wanted it so, and somebody has to want it otherwise again."""
    since = datetime.fromisoformat(row.promised.paused).astimezone(CITY_TIME)
    time = f"{since:%Y-%m-%d %H:%M}"
    said = both("“{title}” is paused by a person since {time}: it is not published by schedule", title=title, time=time)
    step = both("When it may go on, resume {name} in Prefect's pages; one run catches up.", name=row.dataset.name)
    key = f"{row.dataset.name} {row.promised.paused}"
    return Cause("paused", key, OFFICE, (row.dataset.name,), said, step, link)


def _late(row: Appointment, day: date, title: Text, link: str) -> Cause:
    """What has never run is the data office's to run; else the department owes an export."""
    name, due = row.dataset.name, day.isoformat()
    if row.last is None:
        said = both("“{title}” was never published: its first release was promised for {day}", title=title, day=due)
        step = both("Run it, or see why it does not run: vidkryto publish {name}", name=name)
        return Cause("late", f"{name} {due}", OFFICE, (name,), said, step, link)
    said = both("The export of “{title}” is late: it was due on {day}", title=title, day=due)
    step = both("Put the new export where the contract looks for it, or tell the data office when it will come.")
    return Cause("late", f"{name} {due}", row.dataset.department.name, (name,), said, step, link)


def _missed(row: Appointment, link: str) -> Cause:
    if row.last is not None:
        said = both("Scheduled runs do not happen: the last one began at {time}", time=row.last.started)
    else:
        said = both("Scheduled runs do not happen: none began since {time}", time=row.promised.since)
    step = both("See whether the server and the worker run: vidkryto doctor. One run catches up on all.")
    return Cause("missed", "runs", OFFICE, (row.dataset.name,), said, step, link)


def _withheld(run: RunRecord, department: str, title: Text, link: str) -> Iterator[Cause]:
    """The same findings in the same export are one cause; a new export that is wrong again is another.

    What the contract itself holds back (an embargo, restricted access) is no cause: nobody has to act.
    """
    reason = run.reason or Text("", "")
    errors = [task for task in run.tasks if task.severity == "error"]
    if waiting := WAITING.search(reason.en):
        said = both("A publication of “{title}” waits for approval", title=title)
        command = f'vidkryto approve {waiting[1]} --as … --role … --reason "…"'
        step = both("Look at the plan, then decide: {command}", command=command)
        yield Cause("approval", f"{run.dataset} {waiting[1]}", OFFICE, (run.dataset,), said, step, link)
    elif errors:
        places = sorted({f"{task.code} {task.resource} {task.field}" for task in errors})
        exports = sorted(snapshot.sha256 for snapshot in run.snapshots)
        said = both("“{title}” was not published: {reason}", title=title, reason=reason)
        finding = finding_of(errors[0])
        step = Text(finding.remedy("uk"), finding.remedy("en"))
        yield Cause(
            "withheld", "\n".join((run.dataset, *places, *exports)), department, (run.dataset,), said, step, link
        )


def _failed(run: RunRecord, link: str) -> Cause:
    """A technical failure concerns the data office, and one that stops many datasets is told once."""
    reason = run.reason or Text("", "")
    general = reason.en.removeprefix(f"{run.dataset}, ")
    stage, _, what = general.partition(": ")
    key = re.sub(r"\d+", "#", (what or stage).replace(run.dataset, "…"))
    said = both("A run failed: {reason}", reason=reason)
    step = run.next_step or both("Look at the run in the report; the last good release stays live.")
    return Cause("failed", key, OFFICE, (run.dataset,), said, step, link)
