"""Validates data packages: every resource, with foreign keys between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frictionless import FrictionlessException, Package, Report

from vidkryto.validate.fallback import unusable
from vidkryto.validate.file import elapsed, validate_resource
from vidkryto.validate.run import Progress
from vidkryto.validate.validation import Validation, table_of_errors


@dataclass(frozen=True, slots=True)
class PackageValidation:
    """Findings on the resources of a package, in their order, and on its descriptor."""

    resources: tuple[tuple[str, Validation], ...]
    errors: tuple[Any, ...] = ()
    """frictionless' errors on the descriptor; where there are any, no resource was read."""
    seconds: float = 0.0

    @property
    def valid(self) -> bool:
        """Whether nothing was found."""
        return not self.errors and all(validation.valid for _, validation in self.resources)

    @property
    def findings(self) -> Any:
        """The findings on the descriptor; those on resources stand in their validations."""
        return table_of_errors(self.errors)

    def report(self) -> Any:
        """The same as a frictionless Report object."""
        if self.errors:
            return Report.from_validation(time=self.seconds, errors=list(self.errors))
        reports = [validation.report() for _, validation in self.resources]
        return Report.from_validation_reports(time=self.seconds, reports=reports)

    def report_descriptor(self) -> dict[str, Any]:
        """The report as JSON would hold it."""
        descriptor: dict[str, Any] = self.report().to_descriptor()
        return descriptor


def validate_package(
    descriptor: str | Path, *, limit_errors: int = 0, progress: Progress | None = None, extensions: bool = True
) -> PackageValidation:
    """Validate the data package that a `datapackage.json` describes; see `validate_file`.

    `limit_errors` holds for each resource. Raises ContractError when the descriptor cannot be used.
    """
    try:
        package = Package.from_descriptor(str(descriptor))
    except FrictionlessException as error:
        raise unusable(error) from error

    def each(resource: Any) -> Validation:
        return validate_resource(resource, limit_errors=limit_errors, progress=progress, extensions=extensions)

    return of_resources(package, each)


def of_resources(package: Any, each: Callable[[Any], Validation], *, name: str | None = None) -> PackageValidation:
    """The validation of a frictionless Package whose resources are validated by `each`; `name` chooses one of them."""
    began = time.perf_counter()
    try:
        chosen = package.resources if name is None else [package.get_resource(name)]
    except FrictionlessException as error:
        raise unusable(error) from error
    try:
        package.to_descriptor(validate=True)
    except FrictionlessException as error:
        return PackageValidation((), tuple(error.to_errors()), elapsed(began))
    resources = tuple((resource.name, each(resource)) for resource in chosen)
    return PackageValidation(resources, (), elapsed(began))
