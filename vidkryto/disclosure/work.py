"""A resource on its way through the gate: rows withheld, columns transformed, findings collected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.classes import Action, ColumnClass
from vidkryto.disclosure.areas import LONGITUDE_WORDS, geo_columns, geo_fields, unreadable_cells
from vidkryto.disclosure.columns import one_array
from vidkryto.disclosure.deny import DenyList, withheld_rows
from vidkryto.disclosure.exceptions import Exemption
from vidkryto.disclosure.grid import snapped
from vidkryto.disclosure.places import Places, kind_words, row_numbers, safe_name
from vidkryto.disclosure.transform import due_days, hashed, masked, too_young, transformed
from vidkryto.findings import Finding
from vidkryto.settings import Secret


@dataclass(slots=True)
class Work:
    """The resource on its way through the gate."""

    columns: pa.Table = field(repr=False)
    rows: pa.Array = field(repr=False)
    places: Places
    classes: Mapping[str, ColumnClass]
    exceptions: tuple[Exemption, ...]
    today: date
    decided: date
    """The day on which exceptions, the ends of rules and delays are judged."""
    findings: list[Finding] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    excepted: int = 0
    unreadable: frozenset[str] = frozenset()
    """Columns that are hashed or masked: searched before, not again."""
    withheld: pa.Table | None = field(default=None, repr=False)
    """The rows that a deny list closes, as read."""
    due: list[date] = field(default_factory=list)
    """For each delay the first day on which a row that waits may go out."""
    seen_in: set[str] = field(default_factory=set)
    """Fields in which a detector saw a person."""

    def find(self, code: str, name: str = "", **more: Any) -> None:
        """Add a finding about a field; `count`, `rows` and `wanted` are its own, the rest fills the message."""
        count, rows, wanted = more.pop("count", 1), more.pop("rows", ()), more.pop("wanted", None)
        place = self.places.of(name, rows[0] if rows else None)
        self.findings.append(Finding(code, place, wanted=wanted, count=count, rows=rows, details=more))

    def keep_rows(self, mask: pa.Array) -> None:
        """Let the other rows go, with their numbers."""
        self.columns, self.rows = self.columns.filter(mask), self.rows.filter(mask)

    def replace(self, name: str, column: pa.Array) -> None:
        """Put another column in the place of this one."""
        self.columns = self.columns.set_column(self.columns.column_names.index(name), name, column)

    def column(self, name: str) -> pa.Array:
        """The column in one piece."""
        return one_array(self.columns.column(name))


def withhold(work: Work, deny: DenyList) -> None:
    """Rows that a deny list closes leave before anything else looks at them.

    Where an area is closed, a place that nobody can read blocks: it might lie inside.
    """
    if not deny.rules or not work.columns.num_columns:
        return
    places = geo_columns(work.columns, work.classes)
    if deny.closes_areas:
        for name, mask in unreadable_cells(work.columns, places).items():
            rows = row_numbers(work.rows, tuple(pc.indices_nonzero(mask)[:5].to_pylist()))
            work.find("place-unreadable", name, count=int(pc.sum(mask).as_py()), rows=rows)
    withheld = withheld_rows(work.columns, deny, places)
    for rule, count in withheld.by_rule.items():
        work.findings.append(Finding("rows-withheld", work.places.of(), count=count, details={"rule": rule}))
    work.evidence["withheld_by_rule"] = dict(withheld.by_rule)
    work.withheld = work.columns.filter(withheld.mask)
    work.keep_rows(pc.invert(withheld.mask))


def delay(work: Work) -> None:
    """Rows whose date is younger than the declared delay, on the day of the run, wait for a later release."""
    for name in work.columns.column_names:
        declared = work.classes.get(name)
        if declared is None or not declared.delay:
            continue
        young = too_young(work.column(name), declared.delay, today=work.decided)
        if count := int(pc.sum(young).as_py() or 0):
            work.due += due_days(work.column(name).filter(young), declared.delay)
            work.find("rows-delayed", name, count=count, days=declared.delay)
            work.keep_rows(pc.invert(young))
            work.evidence.setdefault("delayed", {})[safe_name(name)] = count


def transform(work: Work, scope: str, salt: Secret) -> None:
    """Drop, hash, mask, generalise, round, top-code: column by column, as declared."""
    done: dict[str, str] = {}
    for name in work.columns.column_names:
        declared = work.classes.get(name)
        if declared is None or declared.effective_action is Action.DROP:
            work.columns = work.columns.drop_columns([name])
            done[name] = "drop"
            continue
        if declared.effective_action is Action.HASH:
            done[name] = _hash(work, name, f"{scope}/{name}", salt)
        elif declared.effective_action is Action.MASK:
            _mask(work, name)
            done[name] = "mask"
        elif declared.transformed and not declared.snap:
            after = transformed(work.column(name), declared, today=work.today)
            work.replace(name, after.column)
            done[name] = "transform"
            if after.failed:
                work.find("transformation-failed", name, count=after.failed)
    work.evidence["actions"] = {safe_name(name): action for name, action in done.items()}
    work.unreadable = frozenset(name for name, action in done.items() if action in ("hash", "mask"))


def _hash(work: Work, name: str, scope: str, salt: Secret) -> str:
    if not salt:
        work.find("salt-missing", name)
        work.columns = work.columns.drop_columns([name])
        return "drop"
    work.replace(name, hashed(work.column(name), salt, scope=scope).column)
    return "hash"


def _mask(work: Work, name: str) -> None:
    after, kinds = masked(work.column(name))
    work.replace(name, after.column)
    for kind, count in kinds.items():
        work.find("free-text-masked", name, count=count, **kind_words(kind))
    if after.failed:
        work.find("transformation-failed", name, count=after.failed)
    work.evidence.setdefault("masked", {})[safe_name(name)] = kinds


def snap(work: Work, addresses: tuple[pa.Array, pa.Array] | None) -> None:
    """Pairs of coordinates moved to their grid, each pair once."""
    done: set[str] = set()
    for name in geo_fields(work.columns.column_names, work.classes):
        rule = work.classes[name].snap
        if rule is None or name in done or rule.pair not in work.columns.column_names:
            continue
        done |= {name, rule.pair}
        pair = (rule.pair, name) if any(word in name.casefold() for word in LONGITUDE_WORDS) else (name, rule.pair)
        after = snapped(work.column(pair[0]), work.column(pair[1]), rule, addresses)
        work.replace(pair[0], after.latitude)
        work.replace(pair[1], after.longitude)
        if after.withheld:
            work.find("points-withheld", pair[0], count=after.withheld, pair=pair[1])
        if after.failed:
            work.find("transformation-failed", pair[0], count=after.failed)
        work.evidence.setdefault("snapped", {})[safe_name(name)] = {
            "grid_metres": rule.grid, "withheld": after.withheld, "fewest_addresses": after.smallest,
        }  # fmt: skip
