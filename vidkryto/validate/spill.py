"""Texts of key fields that do not fit in memory: kept by DuckDB in a file, which finds those that repeat."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from vidkryto.validate.arrays import TEXT, Rows

MEMORY = 256 << 20
"""Bytes of key texts kept in memory for one table."""
DUCKDB_MEMORY = "512MB"


@dataclass(frozen=True, slots=True)
class Spilled:
    """Stands for the accepted texts of a key field in one segment, now in a file."""

    spill: Spill
    length: int

    def __len__(self) -> int:
        return self.length


class Spill:
    """A DuckDB file with the texts of key fields by their place in the table."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="vidkryto-keys-")
        self._session = duckdb.connect(str(Path(self._folder.name) / "keys.duckdb"))
        self._session.execute(f"set memory_limit = '{DUCKDB_MEMORY}'")
        self._session.execute("set preserve_insertion_order = false")
        self._session.execute("create table cells (field integer, place bigint, text varchar)")

    def close(self) -> None:
        """Remove the file."""
        self._session.close()
        self._folder.cleanup()

    def take(self, field: int, start: int, texts: Any, accepted: Any) -> Spilled:
        """Keep the accepted ones of `texts`, the first of which stands at place `start`."""
        places = pa.array(np.arange(start, start + len(texts)))
        columns = {"field": pa.array(np.full(len(texts), field, np.int32)), "place": places, "text": texts}
        batch = pa.table(columns).filter(pa.array(accepted))
        self._session.register("batch", batch)
        self._session.execute("insert into cells select * from batch")
        self._session.unregister("batch")
        return Spilled(self, len(texts))

    def repeated(self, field: int) -> tuple[Rows, Rows]:
        """The places of texts that stand more than once, and for each the first place of its text."""
        query = """
            with again as (
                select text, min(place) as first from cells where field = $1 group by text having count(*) > 1
            )
            select place, first from cells join again using (text) where field = $1
        """
        answer = self._session.execute(query, [field]).fetchnumpy()
        return np.asarray(answer["place"], np.int64), np.asarray(answer["first"], np.int64)

    def first_places(self, field: int, texts: Collection[str]) -> dict[str, int]:
        """The first place of each of these texts that stands in the table."""
        self._session.register("wanted", pa.table({"text": pa.array(sorted(texts), TEXT)}))
        query = "select text, min(place) from cells semi join wanted using (text) where field = $1 group by text"
        found = dict(self._session.execute(query, [field]).fetchall())
        self._session.unregister("wanted")
        return found

    def texts(self, field: int, places: Sequence[int]) -> dict[int, str]:
        """The texts at these places."""
        self._session.register("wanted", pa.table({"place": pa.array(places, pa.int64())}))
        query = "select place, text from cells semi join wanted using (place) where field = $1"
        found = dict(self._session.execute(query, [field]).fetchall())
        self._session.unregister("wanted")
        return found
