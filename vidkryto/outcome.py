"""Outcomes: how a run of a dataset ended. They are values; nothing but the first changes what is live."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

from vidkryto.errors import VidkrytoError
from vidkryto.findings import Finding, Severity, code
from vidkryto.language import translated


class ExitCode(IntEnum):
    """Exit codes of the command line: the gravest outcome of all datasets named."""

    OK = 0
    WITHHELD = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class Published:
    """The release is live and was read back."""

    version: str
    rows: int
    name: ClassVar[Literal["Published"]] = "Published"
    exit_code: ClassVar[ExitCode] = ExitCode.OK


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Exports and rules are those of the live release."""

    version: str
    name: ClassVar[Literal["Unchanged"]] = "Unchanged"
    exit_code: ClassVar[ExitCode] = ExitCode.OK


@dataclass(frozen=True, slots=True)
class Withheld:
    """Findings or a missing approval stop publication; the last good release stays live."""

    reason_uk: str
    reason_en: str
    findings: tuple[Finding, ...] = ()
    not_before: str = ""
    """The moment (ISO 8601) from which the release may go out, where it waits for that alone."""
    name: ClassVar[Literal["Withheld"]] = "Withheld"
    exit_code: ClassVar[ExitCode] = ExitCode.WITHHELD

    @classmethod
    def because(cls, findings: tuple[Finding, ...]) -> Withheld:
        """Withheld for the findings of severity error among `findings`; the first of them gives the reason."""
        errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
        count = sum(finding.count for finding in errors)
        title = code(errors[0].code).title
        return cls(f"{title['uk']} (усього помилок: {count})", f"{title['en']} (errors in all: {count})", errors)


@dataclass(frozen=True, slots=True)
class Failed:
    """Something broke that is no matter of the data; the last good release stays live."""

    error: str
    remedy: str = ""
    error_uk: str = ""
    """The error in Ukrainian, as far as the catalogue has its words."""
    remedy_uk: str = ""
    name: ClassVar[Literal["Failed"]] = "Failed"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    @classmethod
    def because(cls, error: VidkrytoError) -> Failed:
        """Failed for an error raised on purpose, in both languages."""
        place = f"{error.where}: " if error.where else ""
        in_ukrainian = f"{translated(error.where, 'uk')}: " if error.where else ""
        said = translated(error.message, "uk"), translated(error.remedy, "uk")
        return cls(place + error.message, error.remedy, in_ukrainian + said[0], said[1])


Outcome = Published | Unchanged | Withheld | Failed
