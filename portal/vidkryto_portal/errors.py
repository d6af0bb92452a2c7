"""The one error of the local portal: what is wrong and what to do about it."""

from __future__ import annotations


class LocalPortalError(Exception):
    """The portal cannot do what was asked; nothing is left half done. Exit code 2."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  What to do: {self.remedy}" if self.remedy else self.message
