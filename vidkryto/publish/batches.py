"""Rows cut into requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

ROWS_PER_REQUEST = 5_000
BYTES_PER_REQUEST = 2_000_000
OVERHEAD = 8
"""Bytes of JSON around each cell, about."""

Item = TypeVar("Item")


def in_requests(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in requests of at most 5,000 rows or about 2 MB: larger ones are not faster and cost the portal memory."""
    batch: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = sum(len(name) + OVERHEAD + 2 * len(str(value)) for name, value in row.items())
        if batch and (len(batch) == ROWS_PER_REQUEST or size + length > BYTES_PER_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch


def chunks(items: Iterable[Item], length: int) -> Iterator[list[Item]]:
    """Items in lists of at most `length`."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == length:
            yield batch
            batch = []
    if batch:
        yield batch
