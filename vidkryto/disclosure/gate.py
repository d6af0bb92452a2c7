"""The gate: one resource goes in as read, what may be published comes out, or findings that say why nothing does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto.catalogue.classes import Action, ClassName, ColumnClass, DisclosureRules, towards_open
from vidkryto.disclosure.anonymity import NOTHING, Anonymity, anonymity
from vidkryto.disclosure.columns import Seen, judge_table
from vidkryto.disclosure.counts import CountTable
from vidkryto.disclosure.deny import DenyList, withheld_rows
from vidkryto.disclosure.detectors import BY_NAME, SURE_ENOUGH
from vidkryto.disclosure.exceptions import CLASS_CHANGE, Exemption, verdict
from vidkryto.disclosure.formulas import formula_cells
from vidkryto.disclosure.grid import snapped
from vidkryto.disclosure.places import Places, kind_words, row_numbers, safe_name
from vidkryto.disclosure.suppression import CellsOutcome, protect_cells
from vidkryto.disclosure.transform import FREE_TEXT_LEAST, hashed, masked, too_young, transformed
from vidkryto.findings import Finding, Severity
from vidkryto.settings import Secret

AT_HOME = {
    ClassName.GEO: frozenset({"coordinates"}),
    ClassName.QUASI: frozenset({"birth_date"}),
}
"""Kinds that a class may hold: a place in a column of places, a date of birth where k-anonymity is measured."""


@dataclass(frozen=True, slots=True)
class Previous:
    """What the last release said: the classes it was published under, and its published counts."""

    classes: Mapping[str, ColumnClass] = field(default_factory=dict)
    cells: CountTable | None = None

    def to_json(self) -> str:
        """What the next release needs to know; all of it is public."""
        written = {
            name: one.model_dump(mode="json", by_alias=True, exclude_none=True) for name, one in self.classes.items()
        }
        return json.dumps(
            {"classes": written, "cells": self.cells.to_json() if self.cells else None},
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> Previous:
        """What `to_json` wrote."""
        stored = json.loads(text)
        classes = {name: ColumnClass.model_validate(one) for name, one in stored["classes"].items()}
        return cls(classes, CountTable.from_json(stored["cells"]) if stored["cells"] else None)


@dataclass(frozen=True, slots=True)
class ResidualRisk:
    """What remains when everything declared is done; each number is about the published columns."""

    k: int = 0
    """Rows in the smallest group over the quasi-identifiers; 0 without quasi-identifiers."""
    l: int | None = None  # noqa: E741 - l-diversity has this name in the literature
    reidentification: float = 0.0
    """Mean chance to pick the right row of a person whose quasi-identifiers are known."""
    hidden_cells: int = 0
    narrowest_interval: int | None = None
    """Width of the narrowest interval the attacker derives for a hidden count."""
    excepted_cells: int = 0
    """Cells that contradict their class and are published by a recorded decision."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What may be published of one resource. When blocked, `columns` and `rows` are empty: nothing is left to leak."""

    columns: pa.Table = field(repr=False)
    rows: pa.Array = field(repr=False)
    findings: tuple[Finding, ...]
    residual_risk: ResidualRisk
    protected: frozenset[str] = field(repr=False)
    """Fields whose values of the export may never be quoted."""
    evidence: Mapping[str, Any]
    """Counts without values, ready for JSON: for the ledger and the report."""
    cells: CountTable | None = field(default=None, repr=False)
    """The published counts: pass them to the next linked resource, keep them for the next release."""

    @property
    def blocked(self) -> bool:
        """Whether an error stops the publication."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def protected_fields(classes: Mapping[str, ColumnClass]) -> frozenset[str]:
    """The fields whose values may never be quoted, by their declared classes; known before anything is read."""
    return frozenset(name for name, declared in classes.items() if declared.protected)


@dataclass(slots=True)
class _Work:
    """The resource on its way through the gate."""

    columns: pa.Table
    rows: pa.Array
    places: Places
    classes: Mapping[str, ColumnClass]
    exceptions: tuple[Exemption, ...]
    today: date
    findings: list[Finding] = field(default_factory=list)
    evidence: dict[str, Any] = field(default_factory=dict)
    excepted: int = 0
    unreadable: frozenset[str] = frozenset()
    """Columns that are hashed or masked: searched before, not again."""
    seen_in: set[str] = field(default_factory=set)
    """Fields in which a detector saw a person."""

    def find(self, code: str, name: str = "", **more: Any) -> None:
        count, rows, wanted = more.pop("count", 1), more.pop("rows", ()), more.pop("wanted", None)
        place = self.places.of(name, rows[0] if rows else None)
        self.findings.append(Finding(code, place, wanted=wanted, count=count, rows=rows, details=more))

    def keep_rows(self, mask: pa.Array) -> None:
        self.columns, self.rows = self.columns.filter(mask), self.rows.filter(mask)

    def replace(self, name: str, column: pa.Array) -> None:
        self.columns = self.columns.set_column(self.columns.column_names.index(name), name, column)

    def column(self, name: str) -> pa.Array:
        return self.columns.column(name).combine_chunks()


def disclose(
    columns: pa.Table,
    rows: pa.Array,
    *,
    classes: Mapping[str, ColumnClass],
    schema: Mapping[str, Any],
    resource: str,
    file: str,
    dataset: str = "",
    sheet: str = "",
    headers: Mapping[str, str] | None = None,
    rules: DisclosureRules | None = None,
    salt: Secret | None = None,
    deny: DenyList | None = None,
    previous: Previous | None = None,
    linked: tuple[CountTable, ...] = (),
    exceptions: tuple[Exemption, ...] = (),
    addresses: tuple[pa.Array, pa.Array] | None = None,
    today: date | None = None,
) -> Disclosure:
    """Turn what was read into what may be published.

    In: text columns named by the fields of `schema`, and for each row its number in the officer's file.
    `headers` are the words of the file above each field; `linked` the published counts of other resources of
    the dataset; `addresses` latitudes and longitudes of all addresses of the city, for grids of people.
    `today` decides ages, delays and expiries: pass the date of the run, so that a repeated run gives the same.
    Out: a Disclosure; an error among its findings blocks and leaves it without rows. Raises nothing for data.
    """
    texts = (
        pa.table({name: _text(columns.column(name)) for name in columns.column_names})
        if columns.num_columns
        else columns
    )
    work = _Work(
        texts,
        rows,
        Places(resource, file, sheet, headers or {}),
        classes,
        exceptions,
        today or datetime.now(UTC).date(),
    )
    work.evidence["rows_in"] = columns.num_rows
    names = tuple(columns.column_names)
    work.findings += work.places.findings(names)
    _unclassed(work, names)
    _loosened(work, previous or Previous())
    _withhold(work, deny or DenyList())
    _delay(work)
    _transform(work, f"{dataset}/{resource}", salt or Secret(""))
    _snap(work, addresses)
    _formulas(work, schema)
    _detect(work, headers or {})
    measured = _anonymity(work, rules or DisclosureRules())
    outcome = _cells(work, rules or DisclosureRules(), linked, previous or Previous())
    return _disclosed(work, names, measured, outcome)


def _text(column: pa.ChunkedArray) -> pa.Array:
    """Text without nulls: an absent cell is an empty one."""
    plain = column.cast(pa.string()).combine_chunks() if column.type != pa.string() else column.combine_chunks()
    return pc.fill_null(plain, "")


def _unclassed(work: _Work, names: tuple[str, ...]) -> None:
    for name in names:
        if name not in work.classes:
            work.find("column-unclassed", name)
    known = set(names)
    for name, declared in work.classes.items():
        if declared.snap and name in known and declared.snap.pair not in known:
            work.find("class-unusable", name, wanted=declared.snap.pair)
    work.evidence["classes"] = {
        safe_name(name): declared.name.value for name, declared in work.classes.items() if name in known
    }


def _loosened(work: _Work, previous: Previous) -> None:
    """A class that moved towards open since the last release needs a decision of two people."""
    for name, before in previous.classes.items():
        after = work.classes.get(name)
        if after is None or name not in work.columns.column_names or not towards_open(before, after):
            continue
        decided = verdict(work.exceptions, work.places.resource, name, CLASS_CHANGE, cells=0, today=work.today)
        if decided.covered:
            words = {"kind_uk": "зміна класу", "kind_en": "change of class"}
            work.find("contradiction-excepted", name, **words)
        else:
            work.find("class-loosened", name, before=before.name.value, wanted=after.name.value)


def _withhold(work: _Work, deny: DenyList) -> None:
    """Rows that a deny list closes leave before anything else looks at them."""
    if not deny.rules or not work.columns.num_columns:
        return
    withheld = withheld_rows(work.columns, deny, coordinates=_coordinate_pairs(work), geometry=_geometry(work))
    for rule, count in withheld.by_rule.items():
        work.findings.append(Finding("rows-withheld", work.places.of(), count=count, details={"rule": rule}))
    work.evidence["withheld_by_rule"] = dict(withheld.by_rule)
    work.keep_rows(pc.invert(withheld.mask))


def _geo_fields(work: _Work) -> list[str]:
    return [
        name for name in work.columns.column_names if name in work.classes and work.classes[name].name is ClassName.GEO
    ]


_LATITUDE_WORDS = ("lat", "шир")
_LONGITUDE_WORDS = ("lon", "lng", "довг")


def _coordinate_pairs(work: _Work) -> tuple[tuple[str, str], ...]:
    """Pairs (latitude, longitude) of class geo: declared by `snap.with`, else by their names in order."""
    pairs = [(name, declared.snap.pair) for name in _geo_fields(work) if (declared := work.classes[name]).snap]
    pairs = [pair for pair in pairs if pair[1] in work.columns.column_names]
    taken = {name for pair in pairs for name in pair}
    free = [name for name in _geo_fields(work) if name not in taken]
    latitudes = [name for name in free if any(word in name.casefold() for word in _LATITUDE_WORDS)]
    longitudes = [name for name in free if any(word in name.casefold() for word in _LONGITUDE_WORDS)]
    return (*pairs, *zip(latitudes, longitudes, strict=False))


def _geometry(work: _Work) -> tuple[str, ...]:
    paired = {name for pair in _coordinate_pairs(work) for name in pair}
    return tuple(name for name in _geo_fields(work) if name not in paired)


def _delay(work: _Work) -> None:
    for name in work.columns.column_names:
        declared = work.classes.get(name)
        if declared is None or not declared.delay:
            continue
        young = too_young(work.column(name), declared.delay, today=work.today)
        if count := int(pc.sum(young).as_py() or 0):
            work.find("rows-delayed", name, count=count, days=declared.delay)
            work.keep_rows(pc.invert(young))
            work.evidence.setdefault("delayed", {})[safe_name(name)] = count


def _transform(work: _Work, scope: str, salt: Secret) -> None:
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


def _hash(work: _Work, name: str, scope: str, salt: Secret) -> str:
    if not salt:
        work.find("salt-missing", name)
        work.columns = work.columns.drop_columns([name])
        return "drop"
    work.replace(name, hashed(work.column(name), salt, scope=scope).column)
    return "hash"


def _mask(work: _Work, name: str) -> None:
    after, kinds = masked(work.column(name))
    work.replace(name, after.column)
    for kind, count in kinds.items():
        work.find("free-text-masked", name, count=count, **kind_words(kind))
    if after.failed:
        work.find("transformation-failed", name, count=after.failed)
    work.evidence.setdefault("masked", {})[safe_name(name)] = kinds


def _snap(work: _Work, addresses: tuple[pa.Array, pa.Array] | None) -> None:
    for name in _geo_fields(work):
        rule = work.classes[name].snap
        if rule is None or rule.pair not in work.columns.column_names:
            continue
        pair = (rule.pair, name) if any(word in name.casefold() for word in _LONGITUDE_WORDS) else (name, rule.pair)
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


def _formulas(work: _Work, schema: Mapping[str, Any]) -> None:
    """Text fields only: a number, a date or a boolean that is valid cannot carry a formula."""
    types = {entry["name"]: entry.get("type", "any") for entry in schema.get("fields", ()) if "name" in entry}
    for name in work.columns.column_names:
        if types.get(name, "any") not in ("string", "any", "array", "object", "list", "geojson"):
            continue
        mask = formula_cells(work.column(name))
        if count := int(pc.sum(mask).as_py() or 0):
            places = tuple(pc.indices_nonzero(mask)[:5].to_pylist())
            work.find("formula-cell", name, count=count, rows=row_numbers(work.rows, places))


def _detect(work: _Work, headers: Mapping[str, str]) -> None:
    """What would leave is judged by every detector; a declaration that is contradicted blocks."""
    judged_names = [name for name in work.columns.column_names if name not in work.unreadable]
    table = work.columns.select(judged_names)
    titles = {name: " ".join(dict.fromkeys((name, headers.get(name, name)))) for name in judged_names}
    least = {name: FREE_TEXT_LEAST if _is_free_text(work, name) else SURE_ENOUGH for name in judged_names}
    told: list[dict[str, Any]] = []
    for name, seen in judge_table(table, titles, least=least).items():
        declared = work.classes[name]
        for one in seen:
            told.append(
                {
                    "field": safe_name(name),
                    "kind": one.kind,
                    "cells": one.cells,
                    "share": round(one.share, 4),
                    "confidence": one.confidence,
                    "by": one.by,
                }
            )
            if not BY_NAME[one.kind].place:
                work.seen_in.add(name)
            if one.kind not in AT_HOME.get(declared.name, frozenset()):
                _contradicted(work, name, declared, one)
    work.evidence["detected"] = told


def _is_free_text(work: _Work, name: str) -> bool:
    return work.classes[name].name is ClassName.FREE_TEXT


def _contradicted(work: _Work, name: str, declared: ColumnClass, seen: Seen) -> None:
    words = kind_words(seen.kind)
    decided = verdict(work.exceptions, work.places.resource, name, seen.kind, cells=seen.cells, today=work.today)
    if decided.covered:
        work.excepted += seen.cells
        work.find("contradiction-excepted", name, count=seen.cells, **words)
        return
    if decided.defect:
        work.find("exception-invalid", name, defect=decided.defect, **words)
    rows = row_numbers(work.rows, seen.places)
    if declared.name is ClassName.FREE_TEXT:
        work.find("free-text-personal", name, count=seen.cells, rows=rows, **words)
        return
    work.find(
        "class-contradicted", name, count=seen.cells, rows=rows, declared=declared.name.value,
        share=f"{seen.share:.1%}", confidence=f"{seen.confidence:.2f}", **words,
    )  # fmt: skip


def _anonymity(work: _Work, rules: DisclosureRules) -> Anonymity:
    published = [name for name in work.columns.column_names if name in work.classes]
    quasi = tuple(name for name in published if work.classes[name].name is ClassName.QUASI)
    sensitive = tuple(name for name in published if work.classes[name].name is ClassName.SENSITIVE)
    if rules.cells or not quasi:
        return NOTHING
    measured = anonymity(work.columns, quasi, sensitive, k=rules.k, l=rules.l)
    if measured.small_groups:
        work.find(
            "k-anonymity-low",
            found_k=measured.k,
            wanted=str(rules.k),
            groups=measured.small_groups,
            count=measured.small_rows,
        )
    if measured.uniform_groups:
        work.find("l-diversity-low", found_l=measured.l, wanted=str(rules.l), count=measured.uniform_groups)
    return measured


def _cells(
    work: _Work, rules: DisclosureRules, linked: tuple[CountTable, ...], previous: Previous
) -> CellsOutcome | None:
    if rules.cells is None:
        return None
    for name in (rules.cells.counts, *rules.cells.over):
        if name not in work.columns.column_names:
            work.find("class-unusable", rules.cells.counts, wanted=name)
            return None
    outcome = protect_cells(work.columns, rules.cells, linked=linked, previous=previous.cells)
    for problem in outcome.problems:
        work.find(problem.code, rules.cells.counts, count=problem.count, wanted=problem.wanted, **problem.words)
    if outcome.column is not None:
        work.replace(rules.cells.counts, outcome.column)
    work.evidence["cells"] = outcome.evidence
    return outcome


def _disclosed(work: _Work, names: tuple[str, ...], measured: Anonymity, outcome: CellsOutcome | None) -> Disclosure:
    protected = protected_fields(work.classes) | {name for name in names if name not in work.classes} | work.seen_in
    risk = ResidualRisk(
        k=measured.k,
        l=measured.l,
        reidentification=round(measured.risk, 6),
        hidden_cells=outcome.hidden if outcome else 0,
        narrowest_interval=outcome.narrowest if outcome else None,
        excepted_cells=work.excepted,
    )
    blocked = any(finding.severity is Severity.ERROR for finding in work.findings)
    work.evidence.update(rows_out=0 if blocked else work.columns.num_rows, blocked=blocked)
    return Disclosure(
        columns=work.columns.schema.empty_table().select([]) if blocked else work.columns,
        rows=work.rows.slice(0, 0) if blocked else work.rows,
        findings=tuple(work.findings),
        residual_risk=risk,
        protected=frozenset(protected),
        evidence=work.evidence,
        cells=None if blocked or outcome is None else outcome.published,
    )
