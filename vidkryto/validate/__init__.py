"""Validate: Table Schema findings equal to those of frictionless 5.21, at the speed of reading columns."""

from vidkryto.validate.asked import Asked, validate_as_asked
from vidkryto.validate.file import validate_file, validate_resource
from vidkryto.validate.package import PackageValidation, validate_package
from vidkryto.validate.table import validate_table
from vidkryto.validate.typed import canonical, typed
from vidkryto.validate.validation import Validation
from vidkryto.validate.words import to_findings

__all__ = [
    "Asked",
    "PackageValidation",
    "Validation",
    "canonical",
    "to_findings",
    "typed",
    "validate_as_asked",
    "validate_file",
    "validate_package",
    "validate_resource",
    "validate_table",
]
