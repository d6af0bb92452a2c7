"""The feed of changes: one table for each dataset that says which rows changed in which release, and only grows."""

from __future__ import annotations

import csv
import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidkryto.plan.live import LiveDataset, Readable
from vidkryto.plan.names import table_id
from vidkryto.release.value import Release, ReleaseFile, ReleaseTable

FEED = "changes"
CSV = "changes.csv"
ROLE = "changes"


def _field(name: str, type_: str, words: tuple[str, str, str, str]) -> dict[str, Any]:
    title, description, title_en, description_en = words
    english = {"title": title_en, "description": description_en}
    return {"name": name, "type": type_, "title": title, "description": description, "translations": {"en": english}}


SCHEMA: dict[str, Any] = {
    "fields": [
        _field("release", "string", ("Випуск", "Версія набору, з якою рядок змінився.",
                                     "Release", "The dataset's version with which the row changed.")),
        _field("number", "integer", ("Номер", "Місце запису серед змін цього випуску, від 1.",
                                     "Number", "The entry's place among the changes of this release, from 1.")),
        _field("time", "datetime", ("Час", "Коли отримано вивантаження цього випуску (UTC).",
                                    "Time", "When the export of this release was taken over (UTC).")),
        _field("table", "string", ("Таблиця", "Ім’я таблиці набору.", "Table", "The name of the dataset's table.")),
        _field("kind", "string", ("Що сталося", "added — додано, changed — змінено, removed — вилучено.",
                                  "What happened", "added, changed or removed.")),
        _field("key", "string", ("Ключ", "Значення ключового поля. Для ключа з кількох полів або таблиці без ключа — "
                                 "об’єкт JSON з цими полями.",
                                 "Key", "The value of the key's field. For a key of several fields, or a table without "
                                 "a key, a JSON object of these fields.")),
    ],
    "primaryKey": ["release", "number"],
}  # fmt: skip
KEY = ("release", "number")
"""So that a request which reaches the portal twice, or late, cannot write an entry a second time."""
NAMES = tuple(field["name"] for field in SCHEMA["fields"])
LABELS = {field["name"]: {"uk": field["title"], "en": field["translations"]["en"]["title"]}
          for field in SCHEMA["fields"]}  # fmt: skip


def feed_id(dataset: str) -> str:
    """The id of the feed's table: a resource of its own, whatever the portal runs."""
    return table_id(dataset, CSV, apart=True)


@contextmanager
def fed(release: Release, live: LiveDataset | None, portal: Readable) -> Iterator[Release]:
    """The release with the feed as one more table, as long as the context lasts.

    The feed as it will be is what the portal shows of other releases, and after it the rows that this
    release changed. So applying it twice, or after a crash in the middle, adds nothing twice; and the feed
    of an earlier version that never got to its end is put right. It begins with the first release that
    changes rows. A dataset that has a table called `changes` of its own gets none.
    """
    files = [file for file in release.files if file.role == ROLE]
    id_ = feed_id(release.dataset)
    there = live is not None and id_ in live.tables
    if not (files or there) or any(table.resource == FEED for table in release.tables):
        yield release
        return
    with tempfile.TemporaryDirectory(prefix="vidkryto-feed-") as name:
        path = Path(name) / CSV
        rows = _written(path, release, files, _dumped(portal, id_, Path(name)) if there else None)
        title = {"uk": "Зміни рядків за випусками", "en": "Changes of rows by release"}
        description = {
            "uk": "Які рядки додано, змінено, вилучено і з яким випуском. Нові записи лише додаються.",
            "en": "Which rows were added, changed, removed, and with which release. Entries are only added.",
        }
        file = ReleaseFile(CSV, path, "changes", "CSV", "text/csv", path.stat().st_size, "", FEED, title, description)
        feed = ReleaseTable(FEED, file, None, SCHEMA, KEY, rows, LABELS)
        yield replace(release, tables=(*release.tables, feed))


def _dumped(portal: Readable, table: str, folder: Path) -> Path:
    portal.dump(table, folder / "live.csv")
    return folder / "live.csv"


def _written(path: Path, release: Release, files: list[ReleaseFile], live: Path | None) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(NAMES)
        for row in (*(_others(live, release) if live else ()), *_own(release, files)):
            writer.writerow(row)
            count += 1
    return count


def _others(live: Path, release: Release) -> Iterator[list[str]]:
    """Entries of other releases, as the portal shows them; those of a feed that had no numbers yet get theirs.

    Without a key they are whole rows: those of a table of which a deny list closes rows are shown no more.
    """
    whole = {table.resource for table in release.tables if table.discreet and not table.key}
    places: Counter[str] = Counter()
    with live.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            version = row.get("release") or ""
            if version != release.version and row.get("table") not in whole:
                places[version] += 1
                told = {"number": str(places[version])} | {name: text for name, text in row.items() if text}
                yield [told.get(name, "") for name in NAMES]


def _own(release: Release, files: list[ReleaseFile]) -> Iterator[list[str]]:
    """What this release changed: its lists of changes, in their order."""
    places = itertools.count(1)
    for file in files:
        with file.path.open(encoding="utf-8", newline="") as stream:
            lines = csv.reader(stream)
            _, *names = next(lines)
            for kind, *cells in lines:
                key = cells[0] if len(names) == 1 else json.dumps(dict(zip(names, cells, strict=True)),
                                                                  ensure_ascii=False)  # fmt: skip
                yield [release.version, str(next(places)), release.created, file.resource, kind, key]
