"""Write the tables of a release: CSV, Parquet and GeoJSON, the same bytes on every run."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

BATCH = 50_000


def write_csv(table: pa.Table, path: Path, *, mark: bool = False) -> None:
    """Text columns as UTF-8 CSV: comma, quotes where needed (RFC 4180), LF, header row, null as nothing.

    Python's own writer: its output has been the same for decades, and the CSV's hash is our promise. With `mark` a byte
    order mark leads, by which spreadsheets know the encoding.
    """
    with path.open("w", encoding="utf-8-sig" if mark else "utf-8", newline="") as stream:
        writer = csv.writer(_LineFeeds(stream), lineterminator="\r\n")
        writer.writerow(table.column_names)
        for batch in table.to_batches(max_chunksize=BATCH):
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))


class _LineFeeds:
    """Rows that end in LF from a writer told to end them in CRLF.

    Python's writer before 3.13 quotes a cell only for the signs of its own line end: told LF, it would leave a lone
    carriage return bare, and a reader would see two rows.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, row: str) -> int:
        """One row, as the writer hands it over."""
        return self._stream.write(row[:-2] + "\n")


def write_parquet(table: pa.Table, path: Path) -> None:
    """Typed columns as Parquet with zstd."""
    pq.write_table(table, path, compression="zstd", version="2.6", store_schema=False)


def coordinates(schema: dict[str, Any]) -> tuple[str, str] | None:
    """The names of the latitude and longitude columns of a table, None where it has no such pair."""
    numbers = {field["name"] for field in schema["fields"] if field.get("type") == "number"}
    for pair in (("lat", "lon"), ("latitude", "longitude"), ("lat", "lng")):
        if set(pair) <= numbers:
            return pair
    return None


def write_geojson(table: pa.Table, path: Path, latitude: str, longitude: str) -> int:
    """Rows with both coordinates as points (RFC 7946: longitude first); returns how many there are.

    Coordinates keep the digits of the table: they are written as its text, not through a float.
    """
    names = table.column_names
    written = 0
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write('{"type": "FeatureCollection", "features": [')
        for batch in table.to_batches(max_chunksize=BATCH):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                row = dict(zip(names, values, strict=True))
                lat, lon = row.pop(latitude), row.pop(longitude)
                if lat and lon:
                    point = f'{{"type": "Point", "coordinates": [{lon}, {lat}]}}'
                    properties = json.dumps(row, ensure_ascii=False)
                    comma = "," if written else ""
                    stream.write(f'{comma}\n{{"type": "Feature", "geometry": {point}, "properties": {properties}}}')
                    written += 1
        stream.write("\n]}\n")
    return written


def sorted_by_key(canonical: pa.Table, typed: pa.Table, key: tuple[str, ...]) -> tuple[pa.Table, pa.Table]:
    """Both forms of a table in the order of its key, so that a shuffled export is the same release.

    Without a key the order of the export is kept.
    """
    if not key:
        return canonical, typed
    order = pc.sort_indices(typed, sort_keys=[(name, "ascending") for name in key])
    return canonical.take(order), typed.take(order)
