"""frictionless itself, for what lies outside the proven ground; the result says so."""

from __future__ import annotations

from typing import Any

from frictionless import FrictionlessException

from vidkryto.errors import ContractError
from vidkryto.validate.validation import Origin, Validation, table_of_errors


def by_frictionless(resource: Any, *, limit: int, reason: str, checklist: Any = None, rows: int = 0) -> Validation:
    """Let frictionless validate `resource`, with a checklist of its own and no more than so many rows if given.

    Raises ContractError when frictionless itself fails, as it does on a pattern that is no regular expression.
    """
    try:
        report = resource.validate(checklist, limit_errors=limit, limit_rows=rows or None)
    except FrictionlessException as error:
        raise unusable(error) from error
    except Exception as error:  # frictionless has no one class for its own failures
        raise ContractError(
            f"the table cannot be checked against its schema: {type(error).__name__}: {error}",
            remedy="Correct the schema: frictionless itself fails on it. A pattern must be a regular expression of"
            " Python, bounds must be values of the field's type, and keys cannot be built from objects or arrays.",
        ) from error
    return of_report(report, limit=limit, reason=reason)


def of_report(report: Any, *, limit: int, reason: str) -> Validation:
    """The validation that a report of frictionless on one resource stands for."""
    task = report.tasks[0]
    errors = tuple(task.errors)
    stopped = any(warning.startswith("reached error limit") for warning in task.warnings)
    return Validation(
        findings=table_of_errors(errors),
        rows=task.stats.get("rows") or 0,
        engine="frictionless",
        reason=reason,
        stopped=stopped,
        limit=limit,
        seconds=report.stats["seconds"],
        warnings=tuple(task.warnings),
        head=errors,
        origin=Origin(name=task.name, type=task.type, place=task.place, labels=tuple(task.labels)),
        told=report,
    )


def unusable(error: FrictionlessException) -> ContractError:
    """What to say of a schema or descriptor that frictionless refuses."""
    notes = "; ".join(reason.message for reason in error.to_errors())
    return ContractError(
        f"the schema or descriptor cannot be used: {notes}",
        remedy="Correct what is named; the specification of Table Schema is at https://datapackage.org/standard/.",
    )
