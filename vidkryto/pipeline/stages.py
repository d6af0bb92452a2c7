"""One function for each stage that works on data: pull, read, validate, quality, disclosure, release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from vidkryto.catalogue.classes import Action, ColumnClass, towards_open
from vidkryto.disclosure import (
    Previous,
    ResidualRisk,
    deny_list_from_environment,
    detect_protected,
    disclose,
    protected_fields,
    salt_from_environment,
    scan_release,
)
from vidkryto.errors import ReadError
from vidkryto.findings import Finding, Place, Severity
from vidkryto.pipeline.job import Exports, Job, Tables, TextTable, one_by_one
from vidkryto.pipeline.partitions import check_apart, keys_across
from vidkryto.pull import pull
from vidkryto.quality import load_suite
from vidkryto.read import Table, load_corrections, read
from vidkryto.read.lock import check_lock, load_lock
from vidkryto.read.transform import transform, transformation
from vidkryto.release import ReadyTable, Release, build_release
from vidkryto.validate import Validation, canonical, to_findings, typed, validate_table
from vidkryto.validate.words import Kind, rows_found

TOTALS = "expect_parts_to_sum_to_total"
FIRST_ROW = 2
"""The number that validation gives to the first row of data: the header is row 1."""


def pull_exports(job: Job) -> Exports:
    """Fetch the export of every table into the archive.

    Raises SourceError for a technical failure, ExportMissing when the source has nothing to give.
    """
    return Exports(
        {
            resource.name: pull(
                resource.source,
                folder=job.dataset.folder,
                archive=job.settings.archive,
                resource=resource.name,
                each=job.each,
            )
            for resource in job.dataset.contract.resources
            if resource.source is not None
        }
    )


def read_exports(job: Job, exports: Exports) -> Tables:
    """Turn every export into a table of text; one that cannot be read is told in the findings."""
    read_tables: dict[str, Table] = {}
    findings: list[Finding] = []
    apart: set[str] = set()
    corrections = load_corrections(job.dataset.folder / "corrections.yaml")
    lock = load_lock(job.dataset.folder)
    for resource in job.dataset.contract.resources:
        snapshots = exports.snapshots[resource.name]
        hidden = protected_fields(classes_of(job, resource.name))
        try:
            findings += check_lock(lock, resource.name, resource.reading, job.dataset.schemas[resource.name])
            schema = job.dataset.schemas[resource.name]
            checked = None
            if len(snapshots) > 1 and job.each is not one_by_one:
                checked = check_apart(job.each, snapshots, resource.reading, schema, resource.name)
            table = read(
                snapshots,
                resource.reading,
                schema,
                resource=resource.name,
                corrections=corrections,
                today=exports.newest.date(),
                parts=[part for one in checked for part in one.parts] if checked else None,
            )
            untouched = not corrections and transformation(job.dataset.folder, resource.name) is None
            if checked and untouched and all(one.valid for one in checked):
                apart.add(resource.name)
        except ReadError as error:
            findings += _without_values(error.findings, hidden)
            continue
        hidden |= detect_protected(table.columns)
        findings += _without_values((*table.findings, *table.repairs), hidden)
        read_tables[resource.name] = table
    texts = _transformed(job, exports, read_tables)
    totals = _with_totals(job, exports, texts)
    return Tables(texts=texts, with_totals=totals, findings=tuple(findings), apart=frozenset(apart))


def _with_totals(job: Job, exports: Exports, texts: Mapping[str, TextTable]) -> dict[str, TextTable]:
    """Once more with their total rows those tables whose suite compares totals with parts."""
    suite = load_suite(job.dataset.folder)
    wanted = {item.resource or next(iter(texts), "") for item in suite.all() if item.type == TOTALS}
    found = {}
    for resource in job.dataset.contract.resources:
        if resource.name in wanted & set(texts) and resource.reading.totals:
            reading = resource.reading.model_copy(update={"totals": None})
            schema = job.dataset.schemas[resource.name]
            table = read(exports.snapshots[resource.name], reading, schema, resource=resource.name)
            found[resource.name] = replace(texts[resource.name], columns=table.columns, rows=table.rows)
    return found


def _transformed(job: Job, exports: Exports, tables: dict[str, Table]) -> dict[str, TextTable]:
    """The tables after the dataset's own transformations, where it has any and all that they need could be read."""
    texts = {}
    complete = len(tables) == len(job.dataset.contract.resources)
    for name, table in tables.items():
        file = transformation(job.dataset.folder, name)
        done = transform(tables, name, file, job.dataset.schemas[name]) if file and complete else table
        exported = ", ".join(dict.fromkeys(snapshot.file for snapshot in exports.snapshots[name]))
        texts[name] = TextTable(done.columns, done.rows, exported, done.account, _sheet(done))
    return texts


def _sheet(table: Table) -> str:
    """The sheet that all rows of a table come from; empty where there is none or several."""
    named = {str(source).partition(" / ")[2] for source in table.sources.dictionary.to_pylist()}
    return named.pop() if len(named) == 1 else ""


def placed(findings: Iterable[Finding], texts: Mapping[str, TextTable]) -> list[Finding]:
    """Findings with the sheet of their table, where the stage that made them saw only columns and rows."""
    return [
        replace(finding, place=replace(finding.place, sheet=texts[finding.place.resource].sheet))
        if finding.place.resource in texts and not finding.place.sheet
        else finding
        for finding in findings
    ]


def validate_tables(job: Job, tables: Tables) -> Tables:
    """Check every table against its Table Schema; valid ones get their types.

    Where the contract says `on_invalid: publish-valid`, rows with findings are left out and told as warnings, and
    what stays has to be valid on its own.
    """
    findings: list[Finding] = []
    texts = dict(tables.texts)
    values, reports = {}, {}
    found: dict[tuple[str, Kind], Sequence[int]] = {}
    lookups = {name: text.columns for name, text in tables.texts.items()}
    for name, text in tables.texts.items():
        schema = job.dataset.schemas[name]
        others = {other: columns for other, columns in lookups.items() if other != name}
        validation = keys_across(text, schema, others, name) if name in tables.apart else None
        validation = validation or validate_table(text.columns, schema, rows=text.rows, lookups=others, name=name)
        hidden = protected(job, name, text)
        noticed = to_findings(validation, resource=name, file=text.file, protected=hidden)
        found |= {(name, kind): rows for kind, rows in rows_found(validation).items()}
        if not validation.valid and job.dataset.contract.publication.on_invalid == "publish-valid":
            kept = without_rejected(text, validation)
            again = validate_table(kept.columns, schema, rows=kept.rows, lookups=others, name=name)
            if again.valid and kept.rows:
                rejected = len(text.rows) - len(kept.rows)
                noticed = tuple(replace(item, override=Severity.WARNING) for item in noticed)
                noticed += (Finding("rows-rejected", Place(name, text.file), count=rejected),)
                texts[name] = text = kept
                validation = again
        findings += noticed
        if validation.valid:
            values[name] = typed(text.columns, schema)
            reports[name] = _timeless(validation.report_descriptor())
    told = (*tables.findings, *placed(findings, texts))
    return replace(tables, texts=texts, typed=values, reports=reports, findings=told, rows_found=found)


def without_rejected(text: TextTable, validation: Validation) -> TextTable:
    """The table without the rows that have findings, and their number moved from data to rejected in the account.

    A finding on the header or on the whole table has no row: then nothing is left out, and the table stays invalid.
    """
    if validation.head or validation.tail or validation.places is None:
        return text
    keep = np.ones(len(text.rows), dtype=bool)
    keep[validation.places - FIRST_ROW] = False
    mask = pa.array(keep)
    gone = int((~keep).sum())
    account = replace(text.account, data=text.account.data - gone, rejected=text.account.rejected + gone)
    return replace(text, columns=text.columns.filter(mask), rows=text.rows.filter(mask), account=account)


def guard_disclosure(job: Job, tables: Tables, today: date) -> Tables:
    """Let through what the classes of the columns allow; what is let through is ready for a release.

    Every table that could be read is searched, also an invalid one, so that all tasks are told at once.
    `today` decides ages and delays; it is the day the export was first seen, so that a repeated run gives the same.
    Exceptions are judged on the day of the run.
    """
    findings: list[Finding] = []
    ready = {}
    disclosed: dict[str, Previous] = {}
    risks: dict[str, ResidualRisk] = {}
    salt, deny = salt_from_environment(), deny_list_from_environment(repository=job.settings.root)
    for name, text in tables.texts.items():
        classes = classes_of(job, name)
        previous = _last_disclosed(job, name)
        outcome = disclose(
            text.columns,
            text.rows,
            classes=classes,
            schema=job.dataset.schemas[name],
            resource=name,
            file=text.file,
            dataset=job.dataset.name,
            headers={field: header for header, field in job.dataset.resource(name).reading.columns.items()},
            rules=job.dataset.contract.publication.disclosure,
            salt=salt,
            deny=deny,
            previous=previous,
            linked=tuple(item.cells for item in disclosed.values() if item.cells),
            exceptions=job.exceptions,
            today=today,
            decided=job.started.date(),
        )
        findings += outcome.findings
        cells = job.dataset.contract.publication.disclosure.cells
        remembered = (previous or Previous()).followed_by(outcome.cells, cells.releases if cells else 1)
        disclosed[name] = Previous(_lasting(classes, previous), outcome.cells, remembered)
        risks[name] = outcome.residual_risk
        if name in tables.typed and not outcome.blocked:
            schema = published_schema(job.dataset.schemas[name], outcome.columns.column_names, classes)
            key = job.dataset.key_of[name]
            ready[name] = ReadyTable(
                canonical=canonical(outcome.columns, schema),
                typed=typed(outcome.columns, schema),
                schema=schema,
                key=key if set(key) <= set(outcome.columns.column_names) else (),
                report=tables.reports[name],
                closed=_closed(classes, previous),
                public=frozenset(
                    item.place.field for item in outcome.findings if item.code == "contradiction-excepted"
                ),
            )
    told = (*tables.findings, *placed(findings, tables.texts))
    return replace(tables, ready=ready, disclosed=disclosed, risks=risks, findings=told)


def _lasting(classes: Mapping[str, ColumnClass], previous: Previous | None) -> dict[str, ColumnClass]:
    """The classes against which the next release is compared.

    A class that moved towards open went out by an exception, which ends: the closed class stays the one to compare
    with, so that the day after its end the step is told again.
    """
    before = previous.classes if previous else {}
    return {
        name: before[name] if name in before and towards_open(before[name], declared) else declared
        for name, declared in classes.items()
    }


def _closed(classes: Mapping[str, ColumnClass], previous: Previous | None) -> frozenset[str]:
    """The columns that say less than in the last release."""
    before = previous.classes if previous else {}
    return frozenset(
        name for name, declared in classes.items() if name in before and towards_open(declared, before[name])
    )


def _last_disclosed(job: Job, resource: str) -> Previous | None:
    file = job.disclosed(resource)
    return Previous.from_json(file.read_text(encoding="utf-8")) if file.is_file() else None


def make_release(job: Job, tables: Tables, created: str) -> Release:
    """Build a release of what is ready; the published one when the new one would say the same."""
    built = build_release(job.dataset, tables.ready, created=created, releases=job.releases)
    return built or _published(job)


def _published(job: Job) -> Release:
    published = job.releases.published()
    if published is None:  # build_release gives None only against a published release
        raise AssertionError("no release was built, and none is published")
    return published


def look_again(job: Job, release: Release) -> tuple[Finding, ...]:
    """Open the finished files as a stranger would; what must not leave is a finding, without its value."""
    classes = {name: value for item in release.tables for name, value in classes_of(job, item.resource).items()}
    contacts = [value for key in ("contact", "publisher") for value in release.metadata[key].values()]
    return scan_release(
        release.folder,
        [file.name for file in release.files],
        classes=classes,
        known=[value for value in contacts if isinstance(value, str)],
        exceptions=job.exceptions,
        resources={file.name: file.resource for file in release.files},
        today=job.started.date(),
    )


def classes_of(job: Job, resource: str) -> dict[str, ColumnClass]:
    """The declared class of each field of a table; `table.field` in the contract goes before `field`."""
    declared = job.dataset.contract.publication.columns
    names = [field["name"] for field in job.dataset.schemas[resource]["fields"]]
    found = {name: declared.get(f"{resource}.{name}") or declared.get(name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def protected(job: Job, resource: str, text: TextTable) -> frozenset[str]:
    """The fields whose values may not be quoted: by their declared classes, or because they look personal.

    The gate comes later; until it has spoken, what is wrongly declared open must not leak through a finding.
    """
    return protected_fields(classes_of(job, resource)) | detect_protected(text.columns)


def published_schema(
    schema: Mapping[str, Any], columns: Iterable[str], classes: Mapping[str, ColumnClass]
) -> dict[str, Any]:
    """The Table Schema of what goes out: dropped fields are gone, replaced values are words without constraints.

    Examples stay at home: those of the recommended structures name people.
    """
    kept = set(columns)
    fields = []
    for field in schema["fields"]:
        name = field["name"]
        if name not in kept:
            continue
        declared = classes.get(name)
        worded = declared is not None and (
            declared.generalise or declared.top_code or declared.effective_action in (Action.HASH, Action.MASK)
        )
        told = {part: value for part, value in field.items() if part != "example"}
        plain = {part: value for part, value in told.items() if part not in ("format", "constraints")}
        fields.append({**plain, "type": "string"} if worded else told)
    out = {part: value for part, value in schema.items() if part not in ("fields", "primaryKey", "foreignKeys")}
    key = schema.get("primaryKey") or []
    key = [key] if isinstance(key, str) else list(key)
    return {**out, "fields": fields, **({"primaryKey": key} if key and set(key) <= kept else {})}


def _without_values(findings: Iterable[Finding], hidden: frozenset[str]) -> list[Finding]:
    return [finding.without_value() if finding.place.field in hidden else finding for finding in findings]


def _timeless(part: Any) -> Any:
    """A validation report without the seconds it took, so that the same export gives the same bytes."""
    if isinstance(part, Mapping):
        return {key: _timeless(value) for key, value in part.items() if key != "seconds"}
    return [_timeless(item) for item in part] if isinstance(part, list) else part
