"""A message: several causes in one language, for people."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from vidkryto.alerts.cause import Cause
from vidkryto.language import Language, say, say_count

SHOWN_DATASETS = 12


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent on a route: new causes, and in a digest those still open. `id` is the same when it is sent again."""

    id: str
    subject: str
    new: tuple[Cause, ...]
    open: tuple[Cause, ...]
    language: Language

    def text(self) -> str:
        """The whole message as plain text."""
        parts = [part for cause in self.new for part in (_told(cause, self.language), "")]
        if self.open:
            parts += [say("Still open:", self.language), ""]
            parts += [f"- {cause.words(self.language)[0]}" for cause in self.open]
        return "\n".join(parts).strip() + "\n"


def compose(route: str, new: Sequence[Cause], still: Sequence[Cause], language: Language, city: str) -> Message:
    """One message; its id comes from the route and the causes, so that a repeated one can be recognised."""
    digest = hashlib.sha256("\n".join((route, *sorted(cause.id for cause in (*new, *still)))).encode()).hexdigest()
    if len(new) == 1:
        subject = new[0].words(language)[0]
    else:
        count = len(new) or len(still)
        subject = say_count("{n} matter needs action", "{n} matters need action", count, language)
    return Message(digest[:24], f"{city}: {_one_line(subject)}", tuple(new), tuple(still), language)


def _told(cause: Cause, language: Language) -> str:
    title, step = cause.words(language)
    lines = [title]
    if len(cause.datasets) > 1:
        count = say_count("{n} dataset", "{n} datasets", len(cause.datasets), language)
        more = ", …" if len(cause.datasets) > SHOWN_DATASETS else ""
        lines.append(f"{count}: {', '.join(cause.datasets[:SHOWN_DATASETS])}{more}")
    lines.append(f"→ {step}")
    if cause.link:
        lines.append(cause.link)
    return "\n".join(lines)


def _one_line(text: str) -> str:
    """A subject is a header: nothing in it may begin another one."""
    return " ".join(text.split())[:180]
