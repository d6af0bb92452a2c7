"""What is said of a release beside its data: notes of the version, and the announcement of a breaking change."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from vidkryto.findings import Finding, Language
from vidkryto.plan.live import LiveDataset
from vidkryto.release.value import Release

STRUCTURAL = frozenset(
    {"plan-field-removed", "plan-field-retyped", "plan-field-renamed", "plan-key-changed", "plan-table-retired"}
)
"""Findings that programs of users trip over, and so are announced ahead. Fewer rows are no such change."""
NOTICE = ("breaking_change", "breaking_change_en", "breaking_change_from", "breaking_change_of")
"""Extras of the announcement: the words, the day, and the hash of the change that was announced."""
KINDS: Mapping[Language, Mapping[str, str]] = {
    "uk": {"added": "додано", "changed": "змінено", "removed": "вилучено"},
    "en": {"added": "added", "changed": "changed", "removed": "removed"},
}
ANEW: Mapping[Language, str] = {
    "uk": "Будову таблиць змінено, дивіться словник даних",
    "en": "The structure of tables has changed, see the data dictionary",
}


def version_notes(release: Release, language: Language) -> str:
    """The release in one line: which rows of which table changed since the version before, and whether columns did."""
    words = KINDS[language]
    parts = []
    for file in release.files:
        if file.role == "changes":
            counts = dict(_counts(str(file.path), file.sha256))
            told = ", ".join(f"{words[kind]} {counts[kind]}" for kind in words if counts.get(kind))
            parts.append(f"{file.resource}: {told}" if told else "")
    if release.previous and release.previous.split(".")[0] != release.version.split(".")[0]:
        parts.append(ANEW[language])
    line = "; ".join(part for part in parts if part)
    return f"{release.previous} → {release.version}. {line}." if line and release.previous else line


@lru_cache(maxsize=64)
def _counts(path: str, _sha256: str) -> tuple[tuple[str, int], ...]:
    with open(path, encoding="utf-8", newline="") as stream:  # noqa: PTH123 - a cached function takes plain text
        lines = csv.reader(stream)
        next(lines)
        return tuple(Counter(row[0] for row in lines if row).items())


@dataclass(frozen=True, slots=True)
class Announcement:
    """A breaking change that users are told of before it happens."""

    of: str
    """The hash of what changes: the same from night to night, while rows may differ."""
    day: date
    uk: str
    en: str
    made: bool
    """Whether the portal shows it already."""

    def extras(self) -> dict[str, str]:
        """The announcement as the dataset's extras."""
        return dict(zip(NOTICE, (self.uk, self.en, self.day.isoformat(), self.of), strict=True))


def announcement(findings: Sequence[Finding], live: LiveDataset | None, days: int, today: date) -> Announcement | None:
    """What users must be told before these findings come true; None when nothing breaks for them.

    The day of an announcement that the portal shows stays, as long as what changes stays the same.
    """
    breaking = [finding for finding in findings if finding.code in STRUCTURAL]
    if not breaking or days <= 0 or live is None:
        return None
    named = sorted(f"{f.code} {f.place.resource} {f.place.file} {f.place.field} {f.found} {f.wanted}" for f in breaking)
    of = hashlib.sha256("\n".join(named).encode()).hexdigest()[:12]
    shown: dict[str, Any] = {extra["key"]: extra["value"] for extra in live.fields.get("extras", ())}
    made = shown.get("breaking_change_of") == of
    day = _day(shown.get("breaking_change_from", "")) if made else None
    day = day or today + timedelta(days=days)
    texts = {language: " ".join(finding.message(language) for finding in breaking) for language in ("uk", "en")}
    return Announcement(of, day, f"З {day:%d.%m.%Y}: {texts['uk']}", f"From {day.isoformat()}: {texts['en']}", made)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
