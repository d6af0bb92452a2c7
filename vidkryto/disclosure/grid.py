"""Points moved to the middle of grid cells; where people live, only cells that enough addresses share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.classes import Snap

METRES_PER_DEGREE = 111_320.0
"""Of latitude, on the sphere of the mean radius."""

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Snapped:
    """Both coordinates after snapping; `withheld` points of people lay in cells with too few addresses."""

    latitude: pa.Array
    longitude: pa.Array
    withheld: int
    failed: int
    smallest: int
    """Addresses in the least shared grid cell that is published; 0 when nobody asked."""


def degrees(column: pa.Array | pa.ChunkedArray) -> Floats:
    """The numbers of a text column, decimal comma allowed; what is no number is not-a-number."""
    plain = pc.replace_substring(pc.utf8_trim_whitespace(column), ",", ".")
    numbers = pc.fill_null(pc.match_substring_regex(plain, r"^[+-]?[0-9]{1,3}(\.[0-9]+)?$"), False)
    values = pc.if_else(numbers, plain, "nan").cast(pa.float64())
    return np.asarray(values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy())


def snapped(
    latitude: pa.Array, longitude: pa.Array, rule: Snap, addresses: tuple[pa.Array, pa.Array] | None = None
) -> Snapped:
    """Move points to the middle of grid cells of `rule.grid` metres.

    With `rule.people` a cell needs `rule.addresses` different points among `addresses` (all addresses of the
    city, if given; else the points of this table, which can only be fewer) to be published.
    """
    north, east = degrees(latitude), degrees(longitude)
    real = (np.abs(north) <= 85) & (np.abs(east) <= 180)
    rows, columns = _cells(np.where(real, north, 0.0), np.where(real, east, 0.0), rule.grid)
    shared = np.zeros(len(rows), dtype=np.int64)
    keep = real
    if rule.people:
        known = (north[real], east[real]) if addresses is None else (degrees(addresses[0]), degrees(addresses[1]))
        shared = _shared(rows, columns, known, rule.grid)
        keep = real & (shared >= rule.addresses)
    filled = pc.or_(pc.greater(pc.binary_length(latitude), 0), pc.greater(pc.binary_length(longitude), 0))
    return Snapped(
        latitude=_written(_middle_north(rows, rule.grid), keep),
        longitude=_written((columns + 0.5) * _degrees_east(rows, rule.grid), keep),
        withheld=int(np.sum(real & ~keep)),
        failed=int(pc.sum(filled).as_py() or 0) - int(np.sum(real)),
        smallest=int(shared[keep].min()) if rule.people and keep.any() else 0,
    )


def _cells(north: Floats, east: Floats, grid: float) -> tuple[Whole, Whole]:
    """Row and column of the grid for each point."""
    rows = np.floor(north * METRES_PER_DEGREE / grid).astype(np.int64)
    return rows, np.floor(east / _degrees_east(rows, grid)).astype(np.int64)


def _middle_north(rows: Whole, grid: float) -> Floats:
    return np.asarray((rows + 0.5) * grid / METRES_PER_DEGREE, dtype=np.float64)


def _degrees_east(rows: Whole, grid: float) -> Floats:
    """Degrees of longitude that are `grid` metres long in the middle of these rows of the grid."""
    return np.asarray(grid / (METRES_PER_DEGREE * np.cos(np.radians(_middle_north(rows, grid)))), dtype=np.float64)


def _shared(rows: Whole, columns: Whole, addresses: tuple[Floats, Floats], grid: float) -> Whole:
    """For each point how many different addresses lie in its cell."""
    real = ~np.isnan(addresses[0]) & ~np.isnan(addresses[1])
    points = np.unique(np.column_stack([addresses[0][real], addresses[1][real]]), axis=0)
    cells = np.column_stack(_cells(points[:, 0], points[:, 1], grid))
    found, counts = np.unique(cells, axis=0, return_counts=True)
    known = {(int(row), int(column)): int(count) for (row, column), count in zip(found, counts, strict=True)}
    pairs = np.column_stack([rows, columns])
    unique, place = np.unique(pairs, axis=0, return_inverse=True)
    each = np.array([known.get((int(row), int(column)), 0) for row, column in unique], dtype=np.int64)
    return np.asarray(each[place.reshape(-1)], dtype=np.int64)


def _written(values: Floats, keep: npt.NDArray[np.bool_]) -> pa.Array:
    """Five decimals (about a metre), empty where a point is not kept."""
    unique, place = np.unique(values, return_inverse=True)
    texts = pa.array([f"{value:.5f}" for value in unique], pa.string()).take(pa.array(place.reshape(-1)))
    return pc.if_else(pa.array(keep), texts, "")
