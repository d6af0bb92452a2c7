"""A cause: the one thing that is wrong, however many runs notice it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from vidkryto.language import Language, say
from vidkryto.record.run import Text

Kind = Literal[
    "late", "missed", "paused", "withheld", "failed", "contract", "drift", "approval", "not-cosigned", "expiring"
]
KINDS: tuple[Kind, ...] = (
    "late",
    "missed",
    "paused",
    "withheld",
    "failed",
    "contract",
    "drift",
    "approval",
    "not-cosigned",
    "expiring",
)
OFFICE = ""
"""The department of causes that are the data office's own."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What is wrong, whom it concerns, what to do. `key` tells it from another cause of the same kind."""

    kind: Kind
    key: str
    department: str
    datasets: tuple[str, ...]
    title: Text
    next_step: Text
    link: str = ""

    @property
    def id(self) -> str:
        """Stable over runs: kind, department and key decide. Datasets that join a cause do not make another."""
        return hashlib.sha256(f"{self.kind}\n{self.department}\n{self.key}".encode()).hexdigest()[:16]

    def words(self, language: Language) -> tuple[str, str]:
        """Title and next step in one language."""
        return getattr(self.title, language), getattr(self.next_step, language)


def both(text: str, /, **values: str | Text) -> Text:
    """`text` in both languages, from the catalogue; a value that is itself a Text is taken in the same language."""
    uk = {name: value.uk if isinstance(value, Text) else value for name, value in values.items()}
    en = {name: value.en if isinstance(value, Text) else value for name, value in values.items()}
    return Text(say(text, "uk", **uk), say(text, "en", **en))
