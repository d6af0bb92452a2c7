"""Commands that run datasets and tell how they stand: `publish`, `status`, `report`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.cli.common import Json, PortalName, people, print_json, print_table, say, say_count, settings, tell_error

if TYPE_CHECKING:
    from vidkryto.language import Language
    from vidkryto.record.run import RunRecord
    from vidkryto.report.run_facts import Edition
    from vidkryto.settings import Settings

EXIT_CODES = {"Published": 0, "Unchanged": 0, "Withheld": 1, "Failed": 2}
COLOURS = {"Published": "green", "Unchanged": "green", "Withheld": "yellow", "Failed": "red"}
COLUMNS = ("dataset", "outcome", "version", "rows", "findings", "seconds")


def publish(
    names: Annotated[list[str] | None, typer.Argument(help="Datasets to publish.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All active datasets.")] = False,
    due: Annotated[bool, typer.Option("--due", help="Those whose scheduled time has passed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Go on although nothing changed since the last run.")] = False,
    approve_as: Annotated[str, typer.Option(help="Account that approves what would wait for a person.")] = "",
    role: Annotated[str, typer.Option(help="Office of that account.")] = "",
    reason: Annotated[str, typer.Option(help="Why it is approved; goes into the ledger.")] = "",
    portal: PortalName = "",
    as_json: Json = False,
) -> None:
    """Pull, check and publish datasets to the portal; whatever is wrong leaves the last good release live.

    Exit code 0: all published or unchanged; 1: one was withheld; 2: one failed or could not be run
    because a run of it is under way; the others go on.

    Example: vidkryto publish public-transport-stops
    """
    from vidkryto.catalogue import find_dataset, load_all
    from vidkryto.errors import SettingsError, VidkrytoError
    from vidkryto.pipeline import Approver, due_datasets, new_job, publish_dataset
    from vidkryto.pipeline.promised import note_promises

    chosen = settings(portal)
    if sum((bool(names), every, due)) != 1:
        raise SettingsError("name datasets, or say --all, or --due", remedy="Example: vidkryto publish schools")
    if bool(approve_as) != bool(reason):
        raise SettingsError("an approval needs --approve-as and --reason", remedy="Give both; --role names the office.")
    errors: list[VidkrytoError] = []
    if names:
        datasets = tuple(find_dataset(chosen.datasets, name) for name in names)
    else:
        known, broken = load_all(chosen.datasets)
        errors += broken
        note_promises(chosen, known)
        active = tuple(item for item in known if item.contract.publication.status == "active")
        datasets = due_datasets(chosen, datasets=active) if due else active
    approval = Approver(approve_as, role or "vidkryto", reason) if approve_as else None
    records = []
    for dataset in datasets:
        try:
            records.append(publish_dataset(new_job(dataset, chosen, force=force, approval=approval)))
        except VidkrytoError as error:  # another run of it is under way, or no record could be kept
            errors.append(error)
        else:
            tell(records[-1], chosen.language)
    build_report(chosen)
    if as_json:
        from vidkryto.record.run import to_json

        print_json([to_json(record) for record in records])
    else:
        print_table(COLUMNS, [row_of(record) for record in records])
    for left_out in errors:
        tell_error(left_out)
    raise typer.Exit(max([EXIT_CODES[record.outcome] for record in records] + [2] * bool(errors), default=0))


def tell(record: RunRecord, language: Language) -> None:
    """One run in a few lines for people: outcome, why, and the first tasks with their remedies."""
    from vidkryto.report.summary import finding_of

    console = people()
    reason = getattr(record.reason, language) if record.reason else ""
    console.print(f"[{COLOURS[record.outcome]}]{say(record.outcome, language)}[/] {record.dataset}", end=" ")
    console.print(reason, markup=False)
    if record.next_step:
        console.print(f"    → {getattr(record.next_step, language)}", markup=False)
    errors = [task for task in record.tasks if task.severity == "error"]
    for task in errors[:10]:
        where = [
            task.file,
            task.sheet,
            say("row {row}", language, row=task.row) if task.row else "",
            task.field or task.column,
        ]
        finding = finding_of(task)
        words = f"  {', '.join(part for part in where if part)}: {finding.message(language)}"
        console.print(words, markup=False)
        console.print(f"    → {finding.remedy(language)}", markup=False)
    if len(errors) > 10:
        more = say_count("{n} more in the report", "{n} more in the report", len(errors) - 10, language)
        console.print(f"  … {more}")


def row_of(record: RunRecord) -> tuple[Any, ...]:
    """A run as a row of the summary table."""
    seconds = sum(stage.milliseconds for stage in record.stages) / 1000
    rows = sum(table.rows for table in record.tables) if record.tables else None
    findings = sum(task.count for task in record.tasks if task.severity != "note")
    version = record.live.version if record.live else ""
    return record.dataset, say(record.outcome), version, "" if rows is None else rows, findings, f"{seconds:.1f}"


def status(as_json: Json = False) -> None:
    """How every dataset stands: the last run, what is live, when the next export is due.

    Example: vidkryto status --json
    """
    from vidkryto.catalogue import load_all
    from vidkryto.pipeline import last_run

    chosen = settings()
    datasets, _ = load_all(chosen.datasets)
    rows = []
    for dataset in datasets:
        record = last_run(chosen, dataset.name)
        rows.append(
            {
                "dataset": dataset.name,
                "status": dataset.contract.publication.status,
                "outcome": record.outcome if record else "never run",
                "live": record.live.version if record and record.live else "",
                "last run": record.started if record else "",
                "next due": record.promise.next_due if record else "",
                "reason": getattr(record.reason, chosen.language) if record and record.reason else "",
            }
        )
    if as_json:
        print_json(rows)
    else:
        columns = ("dataset", "status", "outcome", "live", "last run", "next due", "reason")
        worded = [{**row, "status": say(row["status"]), "outcome": say(row["outcome"])} for row in rows]
        print_table(columns, [[row[column] for column in columns] for row in worded])


def report(
    public: Annotated[
        bool, typer.Option("--public", help="The edition for everybody: no values, files, accounts.")
    ] = False,
) -> None:
    """Build the report site anew where something changed, and print its folder.

    Example: vidkryto report --public
    """
    typer.echo(build_report(settings(), "public" if public else "internal"))


def build_report(chosen: Settings, edition: Edition = "internal") -> str:
    """The report site of all datasets in one of its editions; returns its folder."""
    from vidkryto.catalogue import load_all
    from vidkryto.pipeline.describe import describe
    from vidkryto.report import build_site

    datasets, _ = load_all(chosen.datasets)
    return str(build_site(chosen.home, [describe(dataset) for dataset in datasets], edition=edition))
