"""Errors: what stops a run, as opposed to findings, which are noticed in the data.

VidkrytoError                 everything below; a message for a person, exit code 2
├── ContractError             a contract, schema, suite or department file cannot be used
├── SettingsError             the environment or a settings value cannot be used
├── SourceError               an export could not be fetched for a technical reason
│   └── ExportMissing         the source answers, but the export is not there; carries a finding
├── ReadError                 a file cannot be turned into a table; carries findings
├── StateError                the state folder cannot be read or written (full disk, no rights)
│   └── RunInProgress         a run of the dataset is under way
├── TimeLimitExceeded         a run took longer than its contract allows
├── PortalError               the portal refused, is unreachable or is not what was expected
│   └── PortalMoved         the portal changed since the plan was made
├── PlanError                 a plan is stale, not approved or not applicable
├── LedgerError               the ledger is damaged or cannot be extended
└── DefectError               something of our own that went wrong; says where, never with what value

A message says what was checked, what was wanted, what was found and what to do next.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from vidkryto.language import Language, say, translated

if TYPE_CHECKING:
    from vidkryto.findings import Finding


class VidkrytoError(Exception):
    """Base of every error raised on purpose.

    `where` is filled in by `stage()` on the way up: "dataset public-transport-stops, pull".
    `remedy` is what the reader can do next. `transient` says that the same call may succeed later.
    """

    def __init__(self, message: str, *, remedy: str = "", transient: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.transient = transient
        self.where = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}\n  What to do: {self.remedy}" if self.remedy else text

    def told(self, language: Language | None = None) -> str:
        """The same for people: in the language chosen, as far as the catalogue has the words."""
        text = translated(self.message, language)
        if self.where:
            text = f"{translated(self.where, language)}: {text}"
        if not self.remedy:
            return text
        return f"{text}\n  {say('What to do', language)}: {translated(self.remedy, language)}"


class ContractError(VidkrytoError):
    """A contract, schema, suite or department file cannot be used."""


class SettingsError(VidkrytoError):
    """The environment or a settings value cannot be used."""


class SourceError(VidkrytoError):
    """An export could not be fetched for a technical reason."""


class ExportMissing(SourceError):
    """The source answers, but the export is not there, or the contract does not say which one; `finding` says so."""

    def __init__(self, message: str, finding: Finding, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.finding = finding


class ReadError(VidkrytoError):
    """A file cannot be turned into a table; `findings` say why, each with its place."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = (), *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.findings = findings


class StateError(VidkrytoError):
    """The state folder cannot be read or written."""


class RunInProgress(StateError):
    """A run of the dataset is under way."""


class TimeLimitExceeded(VidkrytoError):
    """A run took longer than its contract allows."""


class PortalError(VidkrytoError):
    """The portal refused, is unreachable or is not what was expected."""


class PortalMoved(PortalError):
    """The portal changed since the plan was made."""


class PlanError(VidkrytoError):
    """A plan is stale, not approved or not applicable."""


class LedgerError(VidkrytoError):
    """The ledger is damaged or cannot be extended."""


class DefectError(VidkrytoError):
    """Something of our own went wrong. The message of a library may quote a cell, so none of it is kept."""

    @classmethod
    def of(cls, error: Exception) -> DefectError:
        """What an unexpected error may say: its kind, and the lines of this program it came through."""
        root = f"{Path(__file__).parent}{os.sep}"
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(root)]
        lines = [f"{frame.filename.removeprefix(root)}:{frame.lineno}" for frame in frames[-3:]]
        return cls(
            f"unexpected {type(error).__name__} at {' ← '.join(reversed(lines)) or 'an unknown place'}",
            remedy="This is a defect of the program: report it with this line. Nothing was half published.",
        )


@contextmanager
def stage(dataset: str, name: str) -> Iterator[None]:
    """Add to errors raised inside where they happened: which dataset, which stage.

    An error of the operating system becomes a StateError, any other a DefectError: one dataset's trouble
    must stop no other, and what a library says may hold a protected value.
    """
    try:
        yield
    except VidkrytoError as error:
        error.where = error.where or f"{dataset}, {name}"
        raise
    except OSError as error:
        raise_state_error(error, f"{dataset}, {name}")
    except Exception as error:  # what nobody foresaw, told without its words
        defect = DefectError.of(error)
        defect.where = f"{dataset}, {name}"
        raise defect from None


def raise_state_error(error: OSError, where: str) -> NoReturn:
    """Turn an operating system error into a StateError that says what to do."""
    import errno

    remedies = {
        errno.ENOSPC: "Free space on the disk of VIDKRYTO_HOME, then run again; nothing was half published.",
        errno.EACCES: "Give the user that runs vidkryto the right to read and write this path.",
        errno.EROFS: "The file system is read-only; set VIDKRYTO_HOME to a writable folder.",
    }
    failure = StateError(
        f"{error.strerror or error}: {error.filename or 'state folder'}",
        remedy=remedies.get(error.errno or 0, "Look at the path named above, then run again."),
    )
    failure.where = where
    raise failure from error
