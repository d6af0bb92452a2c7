"""The documents: kept in one SQLite file, their words in memory; the file decides, memory follows."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidkryto_portal.search.answer import Answer, Parameters, matching_keys, search
from vidkryto_portal.search.postings import Postings, readable
from vidkryto_portal.search.schema import UNIQUE
from vidkryto_portal.search.values import date_term

TABLE = "CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, body TEXT NOT NULL)"


class Index:
    """One index. Several threads may use it; a change is on disk before it is seen, whole or not at all.

    Another process may change the file too (a snapshot is put back): SQLite tells, and memory is made anew.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._file = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
        path.chmod(0o600)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute(TABLE)
        self._postings = Postings()
        self._seen = -1

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def add(self, documents: Sequence[dict[str, Any]]) -> None:
        """Add documents, all or none. Raises BadRequestError when one cannot be added."""
        with self._lock:
            postings = self._current()
            dated = [{"indexed_ts": date_term("NOW"), **document} for document in documents]
            postings.prepare(dated)
            with self._transaction():
                self._file.executemany(
                    "INSERT OR REPLACE INTO documents VALUES (?, ?)",
                    [(document[UNIQUE], json.dumps(document, ensure_ascii=False)) for document in dated],
                )
            for document in dated:
                postings.put(document)

    def delete(self, *, query: str | None = None, keys: Sequence[str] = ()) -> None:
        """Delete what a query finds, or documents by key. Raises BadRequestError for a query that cannot be read."""
        with self._lock:
            postings = self._current()
            gone = [*keys, *(matching_keys(postings, query) if query else ())]
            with self._transaction():
                self._file.executemany("DELETE FROM documents WHERE key = ?", [(key,) for key in gone])
            for key in gone:
                postings.remove(key)

    def search(self, parameters: Parameters) -> Answer:
        """Answer one search. Raises BadRequestError."""
        with self._lock:
            return search(self._current(), parameters)

    def clear(self) -> None:
        """Delete everything."""
        with self._lock, self._transaction():
            self._file.execute("DELETE FROM documents")
            self._seen = -1

    def save(self, target: Path) -> None:
        """Keep a copy of the index in another file."""
        target.unlink(missing_ok=True)
        with self._lock:
            self._file.execute("VACUUM INTO ?", (str(target),))

    def load(self, source: Path) -> None:
        """Put a kept copy in place of everything, in one step."""
        with self._lock:
            self._file.execute("ATTACH DATABASE ? AS kept", (str(source),))
            try:
                with self._transaction():
                    self._file.execute("DELETE FROM documents")
                    self._file.execute("INSERT INTO documents SELECT key, body FROM kept.documents ORDER BY rowid")
            finally:
                self._file.execute("DETACH DATABASE kept")
            self._seen = -1

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    def _current(self) -> Postings:
        """The words in memory, made anew if another process changed the file.

        PRAGMA data_version moves when, and only when, another connection has changed the file.
        """
        version = self._file.execute("PRAGMA data_version").fetchone()[0]
        if version != self._seen:
            postings = Postings()
            for (body,) in self._file.execute("SELECT body FROM documents ORDER BY rowid"):
                postings.put(readable(body))
            self._postings, self._seen = postings, version
        return self._postings
