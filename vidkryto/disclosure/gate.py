"""The gate: one resource goes in as read, what may be published comes out, or findings that say why nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vidkryto import clock
from vidkryto.catalogue.classes import (
    Action,
    Cells,
    ClassName,
    ColumnClass,
    DisclosureRules,
    cells_loosened,
)
from vidkryto.disclosure.anonymity import NOTHING, Anonymity, anonymity
from vidkryto.disclosure.columns import Seen, column_words, judge_table, one_array
from vidkryto.disclosure.counts import CountTable
from vidkryto.disclosure.deny import DenyList
from vidkryto.disclosure.detectors import BY_NAME, SURE_ENOUGH
from vidkryto.disclosure.exceptions import CLASS_CHANGE, DEFECTS, FORMULA, Exemption, verdict
from vidkryto.disclosure.formulas import formula_cells
from vidkryto.disclosure.outcome import Disclosure, Previous, ResidualRisk
from vidkryto.disclosure.places import AT_HOME, Places, kind_words, row_numbers, safe_name
from vidkryto.disclosure.suppression import CellsOutcome, protect_cells
from vidkryto.disclosure.transform import FREE_TEXT_LEAST
from vidkryto.disclosure.work import Work, delay, snap, transform, withhold
from vidkryto.findings import Severity
from vidkryto.settings import Secret


def protected_fields(classes: Mapping[str, ColumnClass]) -> frozenset[str]:
    """The fields whose values may never be quoted, by their declared classes; known before anything is read."""
    return frozenset(name for name, declared in classes.items() if declared.protected)


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
    decided: date | None = None,
    finished: bool = False,
) -> Disclosure:
    """Turn what was read into what may be published.

    In: text columns named by the fields of `schema`, and for each row its number in the officer's file.
    `headers` are the words of the file above each field; with the field's name and titles they tell the detectors
    what a column is said to hold; `linked` the published counts of other resources of
    the dataset; `addresses` latitudes and longitudes of all addresses of the city, for grids of people.
    `today` decides ages, `decided` (without it `today`) delays, and whether an exception or a rule has ended:
    a repeated run of an old export keeps the ages of its day, does not bring an expired exception back, and lets out
    what has waited long enough.
    `finished` columns are those of a release: what their classes ask for was done to them, so that they are judged as
    they are; their hidden counts were audited when they were hidden.
    Out: a Disclosure; an error among its findings blocks and leaves it without rows. Raises nothing for data.
    """
    rules, previous = rules or DisclosureRules(), previous or Previous()
    places, day = Places(resource, file, sheet, headers or {}), today or clock.now().date()
    work = Work(_texts(columns), rows, places, classes, exceptions, day, decided or day)
    work.evidence["rows_in"] = columns.num_rows
    names = tuple(columns.column_names)
    work.findings += work.places.findings(names)
    _unclassed(work, names)
    _loosened(work, previous)
    _rules_loosened(work, previous, rules)
    withhold(work, (deny or DenyList()).on(work.decided))
    if finished:
        _take_as_finished(work)
    else:
        delay(work)
        transform(work, f"{dataset}/{resource}", salt or Secret(""))
        snap(work, addresses)
    _formulas(work, schema)
    _detect(work, column_words(schema, headers or {}))
    measured = _anonymity(work, rules)
    outcome = None if finished else _cells(work, rules, linked, previous)
    return _disclosed(work, names, measured, outcome)


def _texts(columns: pa.Table) -> pa.Table:
    if not columns.num_columns:
        return columns  # a table made of no columns would forget how many rows it has
    return pa.table({name: _text(columns.column(name)) for name in columns.column_names})


def _text(column: pa.ChunkedArray) -> pa.Array:
    """Text without nulls: an absent cell is an empty one."""
    plain = column if column.type in (pa.string(), pa.large_string()) else column.cast(pa.string())
    return pc.fill_null(one_array(plain), "")


def _take_as_finished(work: Work) -> None:
    """Search the columns of a release as they are, but not those that went out hashed or masked."""
    work.columns = work.columns.select([name for name in work.columns.column_names if name in work.classes])
    written = (Action.HASH, Action.MASK)
    work.unreadable = frozenset(name for name, one in work.classes.items() if one.effective_action in written)


def _unclassed(work: Work, names: tuple[str, ...]) -> None:
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


def _loosened(work: Work, previous: Previous) -> None:
    """A class that moved towards open since the last release needs a decision of two people."""
    for name in work.columns.column_names:
        after = work.classes.get(name)
        before = previous.closed(name, work.places.headers.get(name, ""), after) if after else None
        if after and before:
            _step(work, name, before.name.value, after.name.value)


def _rules_loosened(work: Work, previous: Previous, rules: DisclosureRules) -> None:
    """A threshold that protects less than in the last release is such a step of the columns it protects."""
    before = previous.rules
    if before is None:
        return
    for name in work.columns.column_names:
        declared = work.classes.get(name)
        if before.cells and before.cells.counts in previous.fields_of(name, work.places.headers.get(name, "")):
            if cells_loosened(before.cells, rules.cells) or (rules.cells and rules.cells.counts != name):
                _step(work, name, _in_words(before.cells), _in_words(rules.cells))
        elif declared and not before.cells and declared.name is ClassName.QUASI and (rules.cells or rules.k < before.k):
            _step(work, name, f"k = {before.k}", "cells" if rules.cells else f"k = {rules.k}")
        elif declared and declared.name is ClassName.SENSITIVE and rules.l < before.l:
            _step(work, name, f"l = {before.l}", f"l = {rules.l}")


def _in_words(cells: Cells | None) -> str:
    return f"cells: threshold {cells.threshold}, width {cells.width}, over {len(cells.over)}" if cells else "—"


def _step(work: Work, name: str, before: str, after: str) -> None:
    """A step towards open: let pass by a decision of two people, else told."""
    decided = verdict(work.exceptions, work.places.resource, name, CLASS_CHANGE, cells=0, today=work.decided)
    if decided.covered:
        work.find("contradiction-excepted", name, **kind_words(CLASS_CHANGE))
        return
    if decided.defect:
        _invalid(work, name, CLASS_CHANGE, decided.defect)
    work.find("class-loosened", name, before=before, wanted=after)


def _formulas(work: Work, schema: Mapping[str, Any]) -> None:
    """Text fields only: a number, a date or a boolean that is valid cannot carry a formula."""
    types = {entry["name"]: entry.get("type", "any") for entry in schema.get("fields", ()) if "name" in entry}
    for name in work.columns.column_names:
        if types.get(name, "any") not in ("string", "any", "array", "object", "list", "geojson"):
            continue
        mask = formula_cells(work.column(name))
        if count := int(pc.sum(mask).as_py() or 0):
            decided = verdict(work.exceptions, work.places.resource, name, FORMULA, cells=count, today=work.decided)
            if decided.covered:
                work.find("contradiction-excepted", name, count=count, **kind_words(FORMULA))
                continue
            if decided.defect:
                _invalid(work, name, FORMULA, decided.defect)
            places = tuple(pc.indices_nonzero(mask)[:5].to_pylist())
            work.find("formula-cell", name, count=count, rows=row_numbers(work.rows, places), kind=FORMULA)


def _detect(work: Work, words: Mapping[str, str]) -> None:
    """What would leave is judged by every detector; a declaration that is contradicted blocks."""
    judged_names = [name for name in work.columns.column_names if name not in work.unreadable]
    table = work.columns.select(judged_names)
    least = {name: FREE_TEXT_LEAST if _is_free_text(work, name) else SURE_ENOUGH for name in judged_names}
    told: list[dict[str, Any]] = []
    for name, seen in judge_table(table, words, least=least).items():
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


def _is_free_text(work: Work, name: str) -> bool:
    return work.classes[name].name is ClassName.FREE_TEXT


def _contradicted(work: Work, name: str, declared: ColumnClass, seen: Seen) -> None:
    words = kind_words(seen.kind)
    decided = verdict(work.exceptions, work.places.resource, name, seen.kind, cells=seen.cells, today=work.decided)
    if decided.covered:
        work.excepted += seen.cells
        work.find("contradiction-excepted", name, count=seen.cells, **words)
        return
    if decided.defect:
        _invalid(work, name, seen.kind, decided.defect)
    rows = row_numbers(work.rows, seen.places)
    if declared.name is ClassName.FREE_TEXT:
        work.find("free-text-personal", name, count=seen.cells, rows=rows, **words)
        return
    work.find(
        "class-contradicted", name, count=seen.cells, rows=rows, declared=declared.name.value,
        share=f"{seen.share:.1%}", confidence=f"{seen.confidence:.2f}", **words,
    )  # fmt: skip


def _invalid(work: Work, name: str, kind: str, defect: str) -> None:
    defect_uk, defect_en = DEFECTS[defect]
    work.find("exception-invalid", name, defect_uk=defect_uk, defect_en=defect_en, **kind_words(kind))


def _anonymity(work: Work, rules: DisclosureRules) -> Anonymity:
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
    work: Work, rules: DisclosureRules, linked: tuple[CountTable, ...], previous: Previous
) -> CellsOutcome | None:
    if rules.cells is None:
        return None
    for name in (rules.cells.counts, *rules.cells.over):
        if name not in work.columns.column_names:
            work.find("class-unusable", rules.cells.counts, wanted=name)
            return None
    outcome = protect_cells(work.columns, rules.cells, linked=linked, earlier=previous.releases[: rules.cells.releases])
    for problem in outcome.problems:
        work.find(problem.code, rules.cells.counts, count=problem.count, wanted=problem.wanted, **problem.words)
    if outcome.column is not None:
        work.replace(rules.cells.counts, outcome.column)
    work.evidence["cells"] = outcome.evidence
    return outcome


def _disclosed(work: Work, names: tuple[str, ...], measured: Anonymity, outcome: CellsOutcome | None) -> Disclosure:
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
        withheld=work.withheld,
        due=min(work.due, default=None),
    )
