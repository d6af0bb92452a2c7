"""Bring a table to the rows of a release, and prove it: read back, compare, then write what still differs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vidkryto.errors import PortalError, PortalMoved
from vidkryto.plan.columns import Column
from vidkryto.plan.delta import Shown, delta
from vidkryto.plan.live import Mark
from vidkryto.plan.rows import Comparison, Digest, RowChange, compared, digest_of
from vidkryto.plan.value import TableChange
from vidkryto.publish import staging
from vidkryto.publish.batches import chunks, in_requests
from vidkryto.publish.portal import AnswerLost, Portal, Refused

NUMBERS_PER_REQUEST = 10_000
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table as it was read back: equal to the release's."""

    digest: Digest
    rounds: int
    """How often rows were written before the table was equal; 0 when it was equal already."""
    route: str
    whole: bool = True
    """Whether all rows were read back, or those that were written, the portal saying that no other was touched."""


def bring(
    portal: Portal,
    change: TableChange,
    csv: Path,
    columns: tuple[Column, ...],
    *,
    expected: RowChange | None,
    before_write: Callable[[], None],
    shown: Shown | None = None,
    pause: float = 0.5,
) -> Loaded:
    """Make the portal's rows equal to the release's and return what was read back.

    With `shown`, the file that the plan compared the rows with, the difference is written in one transaction that
    begins by making sure that nobody touched the table, and what it wrote is read back; where that does not come
    out, the whole table is read, as without it.

    `expected` is what the plan says will change: when the portal differs from that, PortalMoved is raised
    before anything is written. None when an interrupted run is finished: then the portal is between two
    states and the plan's counts say nothing. `before_write` is called before every request that writes.
    """
    if shown is not None and change.since and expected is not None:
        loaded = _bring_delta(portal, change, csv, columns, shown, before_write, pause)
        if loaded is not None:
            return loaded
    return _bring_whole(portal, change, csv, columns, expected, before_write, pause)


def _bring_whole(
    portal: Portal,
    change: TableChange,
    csv: Path,
    columns: tuple[Column, ...],
    expected: RowChange | None,
    before_write: Callable[[], None],
    pause: float,
) -> Loaded:
    """Read the whole table, and write what differs, until what was read equals the release."""
    route = change.route if change.route == "staging" else "stock"
    mark = change.sha256 if change.marks else ""
    refused: Refused | None = None
    ignored: tuple[int, int, int] | None = None
    for round_ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="vidkryto-live-") as folder:
            dump = Path(folder) / "live.csv"
            portal.dump(change.id, dump)
            settled = round_ > 0 or (expected is not None and not expected)
            if settled and (digest := digest_of(dump, columns)).sha256 == change.sha256:
                # What was read back is the release's table: no need to look for differences.
                _renew_total(portal, change.id, digest.rows, pause)
                return Loaded(digest, round_, route if round_ else "none")
            with compared(csv, dump, columns, change.key) as comparison:
                if comparison.equal:
                    _renew_total(portal, change.id, comparison.wanted.rows, pause)
                    return Loaded(digest_of(dump, columns), round_, route if round_ else "none")
                if round_ == 0 and expected is not None:
                    _as_planned(comparison.counts, expected, change.resource)
                if ignored == comparison.counts:
                    # The staging table took the rows and the target did not move: its trigger is gone.
                    route = "stock"
                    with suppress(AnswerLost):  # what stays there is private, and withdraw takes it away
                        staging.empty(portal, change.id)
                try:
                    _write(portal, change.id, comparison, route, before_write, mark)
                    ignored = comparison.counts if route == "staging" else None
                except AnswerLost:
                    time.sleep(pause)
                except Refused as error:
                    if refused is not None and refused.message == error.message:
                        raise
                    refused = error
    raise PortalError(
        f"the table {change.resource} did not become equal to the release in {ROUNDS} rounds",
        remedy="Look whether another program writes to this table; then run again.",
    )


def _bring_delta(
    portal: Portal,
    change: TableChange,
    csv: Path,
    columns: tuple[Column, ...],
    shown: Shown,
    before_write: Callable[[], None],
    pause: float,
) -> Loaded | None:
    """Write the difference between two files and read back what was written. None: the whole table must be read.

    A request that reaches the portal twice, or late, finds another state than `change.since` and does nothing.
    """
    with delta(csv, shown.csv, columns, change.key, (change.after, change.before)) as comparison:
        if comparison is None:
            return None
        mark: Mark | None = None
        for _ in range(ROUNDS):
            refused = False
            try:
                staging.send_delta(portal, change, comparison, before_write)
            except AnswerLost:
                time.sleep(pause)
            except Refused:
                refused = True
            mark = portal.mark(change.id)
            if refused or (mark is not None and mark.sha256 == change.sha256):
                break
        added, changed, _ = comparison.counts
        reached = mark is not None and mark.sha256 == change.sha256 and len(mark.written) == added + changed
        if mark is None or not reached or not _as_written(portal, change, columns, comparison, mark.written):
            with suppress(AnswerLost):  # a mark that stays is refused again, and read past again
                staging.empty(portal, change.id)
            return None
    _renew_total(portal, change.id, change.after, pause)
    return Loaded(Digest(change.after, change.sha256), 1, "staging", whole=False)


def _as_written(
    portal: Portal, change: TableChange, columns: tuple[Column, ...], comparison: Comparison, written: tuple[int, ...]
) -> bool:
    """Whether the portal gives these rows to anybody who asks as the release has them."""
    wanted = comparison.wanted.path
    if not written or wanted is None:
        return not written
    with tempfile.TemporaryDirectory(prefix="vidkryto-written-") as folder:
        target = Path(folder) / "written.csv"
        portal.rows(change.id, written, [column.name for column in columns], target)
        with compared(wanted, target, columns, change.key) as found:
            return found.equal


def _renew_total(portal: Portal, table: str, rows: int, pause: float) -> None:
    """Make CKAN forget a cached total that is stale: writes through a trigger pass it by, and so do some others.

    An empty request is enough; it is sent again until clients see the right number.
    """
    for attempt in range(ROUNDS):
        if portal.search(table, limit=0)["total"] == rows:
            return
        try:
            portal.insert(table, [])
        except AnswerLost:
            time.sleep(pause * (attempt + 1))


def _as_planned(found: tuple[int, int, int], expected: RowChange, resource: str) -> None:
    if found != expected.counts:
        raise PortalMoved(
            f"the rows of {resource} changed on the portal since the plan was made",
            remedy="Plan again and look at what would change now.",
        )


def _write(
    portal: Portal, table: str, comparison: Comparison, route: str, before_write: Callable[[], None], mark: str
) -> None:
    if route == "staging":
        staging.send(portal, table, comparison, before_write, mark=mark)
        return
    for rows in in_requests(comparison.added()):
        before_write()
        portal.insert(table, rows)
    for rows in in_requests(comparison.changed()):
        before_write()
        portal.update(table, rows)
    for numbers in chunks(comparison.removed(), NUMBERS_PER_REQUEST):
        before_write()
        portal.delete(table, numbers)
