"""Runs the checks over the segments of a table, in order and in parallel, until the end or until enough is found."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
from frictionless import FrictionlessException

from vidkryto.validate import spill
from vidkryto.validate.arrays import Rows
from vidkryto.validate.cells import from_records
from vidkryto.validate.check import Checked, KeyPart, Plan, check_cells, check_text
from vidkryto.validate.content import content, numbered_rows
from vidkryto.validate.found import Found, Late, joined
from vidkryto.validate.identities import KeyTable
from vidkryto.validate.keys import LookUp, violations
from vidkryto.validate.order import findings_table, reordered, sorted_found, weights
from vidkryto.validate.segments import Segment
from vidkryto.validate.tokenise import split_whole, tokenise

THREADS = max(2, min(4, os.cpu_count() or 2))
AHEAD = 2
"""Segments waiting for each thread, at most: more would only fill memory."""
SMALL = 1 << 20
"""Segments below this size are checked one after the other: starting threads would cost more."""
TINY = 1 << 14
"""Segments below this size are tokenised by Python's csv module: waking Arrow's threads would take longer."""
BATCH = 20_000
"""Records of a batch from frictionless' own cell stream."""

Progress = Callable[[int, int], None]
"""Called with the bytes (of a file) or rows (of a table) done so far, and their total."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found: the table of findings of rows, how many rows it read, and whether it stopped early."""

    findings: Any
    rows: int
    stopped: bool


@dataclass(slots=True)
class Run:
    """A validation under way."""

    plan: Plan
    lookup: LookUp
    limit: int
    """Findings after which to stop, those of the header already taken off; 0 for all."""
    hurry: bool = False
    """Whether the header alone reaches the limit: then one row is enough."""
    base: int = 0
    rows: int = 0
    count: int = 0
    found: list[Found] = field(default_factory=list)
    numbers: list[Rows] = field(default_factory=list)
    keys: dict[int, list[KeyPart]] = field(default_factory=dict)
    next_look: int = 0
    text_bytes: int = 0
    """Bytes of key texts in memory."""
    filed: spill.Spill | None = None
    """Key texts that were moved out of memory."""
    numbering: Rows | None = None
    """The numbers by which rows are shown, where they are not the positions in the table."""

    def add(self, checked: Checked) -> None:
        """Take in the next segment."""
        self.found.append(self._sorted(checked.found).moved(self.base))
        self.count += len(checked.found)
        self.rows += len(checked.rows)
        if checked.keys or self.limit or self.hurry:
            self.numbers.append(checked.rows + self.base)
        for position, part in checked.keys.items():
            self.keys.setdefault(position, []).append(part)
            self.text_bytes += part.values.nbytes if isinstance(part.values, pa.Array) else 0
        self.base += checked.records
        if self.text_bytes > spill.MEMORY or self.filed is not None:
            self._spill()

    def _spill(self) -> None:
        """Move the texts of key fields out of memory."""
        self.filed = self.filed or spill.Spill()
        self.text_bytes = 0
        for position, parts in self.keys.items():
            start = 0
            for index, part in enumerate(parts):
                if isinstance(part.values, pa.Array):
                    accepted = part.codes[: len(part.values)] < 0
                    parts[index] = KeyPart(part.codes, self.filed.take(position, start, part.values, accepted))
                start += len(part.codes)

    def close(self) -> None:
        """Remove what was moved out of memory."""
        if self.filed is not None:
            self.filed.close()

    def _sorted(self, found: Found) -> Found:
        structure = self.plan.structure
        return sorted_found(found, weights(self.plan.kinds.all(), self._reads(), len(structure.fields)))

    def _reads(self) -> tuple[int, ...]:
        structure = self.plan.structure
        foreign = (structure.names.index(name) for key in structure.foreign for name in key.fields)
        return (*structure.unique, *structure.primary, *foreign)

    @property
    def keyed(self) -> bool:
        """Whether any key is checked."""
        structure = self.plan.structure
        return bool(structure.unique or structure.primary or structure.foreign or structure.unique_keys)

    def late(self) -> list[Late]:
        """The violated keys among the rows so far."""
        return violations(self.plan, self.key_table(), self.lookup) if self.keyed and self.numbers else []

    def key_table(self) -> KeyTable:
        """The key fields of the rows so far."""
        return KeyTable(
            np.concatenate(self.numbers) if self.numbers else np.zeros(0, np.int64), self.keys, self.numbering
        )

    def enough(self) -> bool:
        """Whether the limit is reached. Keys are looked at each time the rows have doubled."""
        if self.hurry and self.rows:
            return True
        if not self.limit:
            return False
        if self.count >= self.limit:
            return True
        if not self.keyed or self.rows < self.next_look:
            return False
        self.next_look = self.rows * 2
        return self.count + sum(len(part.rows) for part in self.late()) >= self.limit

    def outcome(self) -> Outcome:
        """All findings in frictionless' order, cut at the limit."""
        kinds = self.plan.kinds.all()
        late = self.late()
        found = reordered(joined(self.found), late, kinds, len(self.plan.structure.fields))
        table = findings_table(found, late, kinds)
        if self.hurry and self.rows:
            return Outcome(table.slice(0, 0), 1, True)
        if not self.limit or len(table) < self.limit:
            return Outcome(table, self.rows, False)
        table = table.slice(0, self.limit)
        last = table.column("row")[-1].as_py()
        return Outcome(table, int(np.count_nonzero(np.concatenate(self.numbers) <= last)), True)


def run_segments(
    run: Run, segments: Iterable[Segment], control: Any, *, size: int, whole: bool, progress: Progress | None
) -> None:
    """Check the segments of a file. `whole` forbids an early stop, for foreign keys that refer to the table itself."""
    for segment, checked in in_order(run, iter(segments), control):
        run.add(checked)
        if progress:
            progress(segment.position, size)
        if not whole and run.enough():
            return


def in_order(run: Run, segments: Iterator[Segment], control: Any) -> Iterator[tuple[Segment, Checked]]:
    """Segments and their outcomes, in order: one by one while they are small or hold rows that the dialect names by
    number, then several at a time."""

    def check(segment: Segment, base: int | None) -> Checked:
        if len(segment.data) < TINY:
            cells = from_records(split_whole(segment, control), run.plan.structure.width)
            return check_cells(run.plan, content(cells, run.plan.structure.dialect, base))
        cells = tokenise(segment, run.plan.structure.width, control, run.plan.encoded)
        return check_text(run.plan, cells, segment.data, control, base)

    horizon = numbered_rows(run.plan.structure.dialect)
    ahead = next(segments, None)
    while ahead is not None:
        following = next(segments, None)
        if following is not None and len(ahead.data) >= SMALL and run.base >= horizon:
            break
        yield ahead, check(ahead, run.base)
        ahead = following
    else:
        return
    waiting: deque[tuple[Segment, Future[Checked]]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        try:
            for segment in _chained(ahead, following, segments):
                waiting.append((segment, pool.submit(check, segment, None)))
                if len(waiting) >= THREADS * AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _chained(first: Segment, second: Segment | None, rest: Iterator[Segment]) -> Iterator[Segment]:
    yield first
    if second is not None:
        yield second
    yield from rest


def run_stream(run: Run, stream: Iterator[list[str]], *, whole: bool) -> Any:
    """Check the records of frictionless' own cell stream; the error that ended it, if one did."""
    error: list[Any] = []

    def records() -> Iterator[list[str]]:
        try:
            yield from stream
        except FrictionlessException as failure:
            error.append(failure.error)

    source = records()
    size = 200 if run.limit else BATCH
    while batch := list(islice(source, size)):
        cells = from_records(batch, run.plan.structure.width)
        run.add(check_cells(run.plan, content(cells, run.plan.structure.dialect, run.base)))
        if not whole and run.enough():
            return None
        size = min(size * 2, BATCH)
    return error[0] if error else None
