"""The command `validate`: any table against any Table Schema, as frictionless would, only faster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidkryto.cli.common import Json, people, print_json, print_table, say, say_count

if TYPE_CHECKING:
    from vidkryto.validate import PackageValidation, Validation

SHOWN = 100
"""Findings shown to people; all of them are in the report."""
INVALID = 1


def validate(
    data: Annotated[list[str] | None, typer.Argument(help="A table (CSV, TSV …) or a datapackage.json.")] = None,
    schema: Annotated[str, typer.Option("--schema", help="The Table Schema; inferred without it.")] = "",
    dialect: Annotated[str, typer.Option("--dialect", help="A Table Dialect descriptor.")] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="The encoding; detected without it.")] = "",
    limit_errors: Annotated[int, typer.Option("--limit-errors", min=0, help="Stop after so many; 0: never.")] = 1000,
    report: Annotated[Path | None, typer.Option("--report", help="Write frictionless' report, as JSON.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Check only what frictionless checks.")] = False,
    as_json: Json = False,
) -> None:
    """Validate a table or a data package; a drop-in for `frictionless validate`, whose other options work too.

    Exit codes are those of frictionless: 0 valid, 1 invalid or not readable.

    Example: vidkryto validate stops.csv --schema stops.schema.json --report report.json
    """
    from vidkryto.errors import VidkrytoError
    from vidkryto.validate import validate_as_asked

    named = {"--schema": schema, "--dialect": dialect, "--encoding": encoding, "--limit-errors": str(limit_errors)}
    options = [f"{name}={value}" for name, value in named.items() if value]
    try:
        asked = validate_as_asked([*options, *(data or [])], extensions=not plain)
    except (VidkrytoError, OSError) as error:
        told = error.told() if isinstance(error, VidkrytoError) else str(error)
        people().print(f"vidkryto: {told}", markup=False, style="red")
        raise typer.Exit(INVALID) from error
    wants_text = asked.yaml or asked.json or as_json
    if report is not None or wants_text:
        _write(asked.outcome, report, yaml=asked.yaml, as_json=asked.json or as_json)
    if not wants_text:
        _tell(asked.place, asked.outcome)
    raise typer.Exit(0 if asked.outcome.valid else INVALID)


def _write(outcome: Validation | PackageValidation, report: Path | None, *, yaml: bool, as_json: bool) -> None:
    from vidkryto.archive import written_atomically

    descriptor = outcome.report_descriptor()
    if yaml:
        sys.stdout.write(outcome.report().to_yaml().strip() + "\n")
    elif as_json:
        print_json(descriptor)
    if report is not None:
        import json

        with written_atomically(report) as part:
            part.write_text(json.dumps(descriptor, ensure_ascii=False, indent=2, default=str) + "\n", encoding="utf-8")


def _tell(place: str, outcome: Validation | PackageValidation) -> None:
    """A summary on stderr, the first findings as a table on stdout."""
    from vidkryto.validate import PackageValidation

    packed = isinstance(outcome, PackageValidation)
    resources = outcome.resources if isinstance(outcome, PackageValidation) else ((Path(place).name, outcome),)
    if packed and len(outcome.findings):
        _show(Path(place).name, outcome.findings)
    for name, validation in resources:
        count = len(validation.findings)
        verdict = say("valid") if validation.valid else say_count("{n} finding", "{n} findings", count)
        verdict = (
            say("at least {findings}", findings=verdict) if validation.stopped and not validation.valid else verdict
        )
        how = validation.engine + (f" ({validation.reason})" if validation.reason else "")
        rows = say_count("{n} row", "{n} rows", validation.rows)
        people().print(f"{name}: {verdict}, {rows}, {validation.seconds} {say('s')}, {how}", markup=False)
        if count:
            _show(name, validation.findings)


def _show(name: str, findings: Any) -> None:
    columns = ("row", "field_number", "field", "type", "note", "cell")
    rows = findings.slice(0, SHOWN).select(columns).to_pylist()
    first = say("the first {shown} of {all}", shown=SHOWN, all=len(findings))
    title = name if len(findings) <= SHOWN else f"{name}: {first}"
    print_table(columns, [[row[column] for column in columns] for row in rows], title=title)
