"""Answers what `frictionless validate` may be asked: its own arguments, read by its own command, checked in columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import typer.main
from frictionless import FrictionlessException, Report, Resource, system
from frictionless.console import console
from frictionless.console import helpers as readers
from frictionless.resources import MetadataResource, PackageResource, ResourceResource

from vidkryto.errors import ContractError
from vidkryto.validate.fallback import by_frictionless, of_report, unusable
from vidkryto.validate.file import validate_resource
from vidkryto.validate.package import PackageValidation, of_resources
from vidkryto.validate.validation import Validation

DIALECT = ("header_rows", "header_join", "comment_char", "comment_rows", "sheet", "table", "keys", "keyed")
DETECTOR = (
    *("buffer_size", "sample_size", "field_type", "field_names"),
    *("field_confidence", "field_float_numbers", "field_missing_values", "schema_sync"),
)
CHECKLIST = ("checks", "pick_errors", "skip_errors")
RESOURCE = (
    *("scheme", "format", "compression", "innerpath", "encoding"),
    *("hash", "bytes", "fields", "rows", "schema", "basepath"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer, and how it is wanted."""

    outcome: Validation | PackageValidation
    place: str
    """What was validated, for a title."""
    yaml: bool
    json: bool


def validate_as_asked(arguments: Sequence[str], *, extensions: bool = True) -> Asked:
    """Validate what the arguments of `frictionless validate` 5.21 name.

    Every option of that command is understood, since its own parser reads them. Checklists and a limit of rows are
    left to frictionless itself, and the result says so. Raises ContractError when a descriptor or the schema cannot be
    used, OSError when a file cannot be read, and typer's usage error for options that do not exist.
    """
    options = parsed(arguments)
    source = readers.create_source(options["source"] or None, path=options["path"])
    if not source and not options["path"]:
        raise ContractError(
            "no table or package is named", remedy="Name one: vidkryto validate stops.csv --schema stops.schema.json"
        )
    if options["trusted"]:
        system.trusted = True
    if options["standards"]:
        system.standards = options["standards"]
    try:
        resource = resource_of(source, options)
        checklist = checklist_of(options)
    except FrictionlessException as error:
        raise unusable(error) from error
    place = " ".join(options["source"] or [options["path"] or ""])
    return Asked(answered(resource, checklist, options, extensions), place, options["yaml"], options["json"])


def parsed(arguments: Sequence[str]) -> Mapping[str, Any]:
    """The options by their names, as frictionless' own command reads them; it raises typer's usage errors."""
    command: Any = typer.main.get_command(console)
    validate = command.commands["validate"]
    given: Mapping[str, Any] = validate.make_context("validate", list(arguments)).params
    return {parameter.name: given.get(parameter.name) for parameter in validate.params}


def resource_of(source: Any, options: Mapping[str, Any]) -> Any:
    """The frictionless Resource that the options describe, made as frictionless' command makes it."""
    resource = Resource(
        source=source,
        name=options["name"] or options["resource_name"],
        path=options["path"],
        datatype=options["type"] or "",
        detector=readers.create_detector(**{name: options[name] for name in DETECTOR}),
        **{name: options[name] for name in RESOURCE},
    )
    resource.dialect = readers.create_dialect(
        descriptor=options["dialect"], **{name: options[name] for name in DIALECT}
    )
    return resource


def checklist_of(options: Mapping[str, Any]) -> Any:
    """The checklist that was asked for; None when it would hold the baseline alone, which is what we check."""
    given = {name: options[name] for name in CHECKLIST}
    if options["checklist"] is None and not any(given.values()):
        return None
    return readers.create_checklist(descriptor=options["checklist"], **given)


def answered(
    resource: Any, checklist: Any, options: Mapping[str, Any], extensions: bool
) -> Validation | PackageValidation:
    """The validation, in columns where nothing but the baseline is asked for."""
    limit, rows = options["limit_errors"], options["limit_rows"] or 0
    if checklist is not None or rows:
        reason = "a checklist was asked for" if checklist is not None else "a limit of rows was asked for"
        each = partial(by_frictionless, limit=limit, reason=reason, checklist=checklist, rows=rows)
    else:
        each = partial(validate_resource, limit_errors=limit, extensions=extensions)
    if isinstance(resource, MetadataResource):
        return described_source(resource, each, options)
    validation: Validation = each(resource)
    return validation


def described_source(
    resource: Any, each: Callable[[Any], Validation], options: Mapping[str, Any]
) -> Validation | PackageValidation:
    """The validation of a source that is a descriptor: a package, a resource, or another one of frictionless."""
    reason = "the source is a descriptor"
    try:
        described = resource.read_metadata()
        if isinstance(resource, PackageResource):
            return of_resources(described, each, name=options["name"] or options["resource_name"])
    except FrictionlessException as error:
        return PackageValidation((), tuple(error.to_errors()))
    if isinstance(resource, ResourceResource):
        return each(described)
    report = resource.validate()
    tasks = tuple((task.name, of_report(report_of(task), limit=0, reason=reason)) for task in report.tasks)
    return PackageValidation(tasks, tuple(report.errors))


def report_of(task: Any) -> Any:
    """A report on one task alone, as one on several holds it."""
    stats = {"tasks": 1, **{name: task.stats[name] for name in ("errors", "warnings", "seconds")}}
    return Report(valid=task.valid, stats=stats, warnings=[], errors=[], tasks=[task])
