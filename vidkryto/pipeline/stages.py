"""One function for each stage that works on data: pull, read, validate, quality, disclosure, release."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from vidkryto.catalogue.classes import Action, ColumnClass, towards_open
from vidkryto.disclosure import (
    DenyList,
    Disclosure,
    Previous,
    ResidualRisk,
    closed_rows,
    column_words,
    deny_list_from_environment,
    detect_protected,
    disclose,
    protected_fields,
    salt_from_environment,
    scan_release,
)
from vidkryto.errors import ReadError, StateError
from vidkryto.findings import Finding, Place, Severity
from vidkryto.pipeline.job import Exports, Job, Tables, TextTable
from vidkryto.pipeline.partitions import check_apart, keys_across
from vidkryto.pipeline.placing import placed
from vidkryto.pull import one_by_one, pull
from vidkryto.quality import load_suite
from vidkryto.read import Table, load_corrections, read
from vidkryto.read.lock import check_lock, load_lock
from vidkryto.read.transform import transform, transformation
from vidkryto.release import ReadyTable, Release, build_release
from vidkryto.release.changes import ClosedRows
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
        hidden |= detect_protected(table.columns, words_of(job, resource.name, table.labels))
        findings += _without_values((*table.findings, *table.repairs), hidden)
        read_tables[resource.name] = table
    texts, told = _transformed(job, exports, read_tables)
    findings += told
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
            found[resource.name] = replace(
                texts[resource.name], columns=table.columns, rows=table.rows, sources=table.sources
            )
    return found


def _transformed(job: Job, exports: Exports, tables: dict[str, Table]) -> tuple[dict[str, TextTable], list[Finding]]:
    """The tables after the dataset's own transformations, where it has any and all that they need could be read.

    And what is told of the transformations: their hash, and rows that did not come out.
    """
    texts = {}
    findings: list[Finding] = []
    complete = len(tables) == len(job.dataset.contract.resources)
    for name, table in tables.items():
        file = transformation(job.dataset.folder, name)
        done = transform(tables, name, file, job.dataset.schemas[name]) if file and complete else table
        findings += (*done.findings[len(table.findings) :], *done.repairs[len(table.repairs) :])
        exported = ", ".join(dict.fromkeys(snapshot.file for snapshot in exports.snapshots[name]))
        texts[name] = TextTable(done.columns, done.rows, done.sources, exported, done.account, done.labels)
    return texts, findings


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
        validation = validation or validate_table(text.columns, schema, rows=text.numbers, lookups=others, name=name)
        hidden = protected(job, name, text)
        places = [replace(place, resource=name) for place in text.places]
        noticed = to_findings(
            validation, resource=name, file=text.file, sheet=text.sheet, sources=places, protected=hidden
        )
        listed = rows_found(validation, file=text.file, sheet=text.sheet, sources=places)
        found |= {(name, kind): rows for kind, rows in listed.items()}
        if not validation.valid and job.dataset.contract.publication.on_invalid == "publish-valid":
            kept = without_rejected(text, validation)
            again = validate_table(kept.columns, schema, rows=kept.numbers, lookups=others, name=name)
            if again.valid and kept.rows:
                rejected = len(text.rows) - len(kept.rows)
                noticed = tuple(replace(item, override=Severity.WARNING) for item in noticed)
                noticed += (Finding("rows-rejected", Place(name, text.file, text.sheet), count=rejected),)
                texts[name] = text = kept
                validation = again
        findings += noticed
        if validation.valid:
            values[name] = typed(text.columns, schema)
            reports[name] = _timeless(validation.report_descriptor())
    told = (*tables.findings, *findings)
    return replace(tables, texts=texts, typed=values, reports=reports, findings=told, rows_found=found)


def without_rejected(text: TextTable, validation: Validation) -> TextTable:
    """The table without the rows that have findings, and their number moved from data to rejected in the account.

    The account counts rows of the export: one of which several rows were made is rejected when none of them stays.
    A finding on the header or on the whole table has no row: then nothing is left out, and the table stays invalid.
    """
    if validation.head or validation.tail or validation.places is None:
        return text
    keep = np.ones(len(text.rows), dtype=bool)
    keep[validation.places - FIRST_ROW] = False
    mask = pa.array(keep)
    numbers = np.asarray(text.numbers)
    gone = min(len(np.setdiff1d(numbers[~keep], numbers[keep])), text.account.data)
    account = replace(text.account, data=text.account.data - gone, rejected=text.account.rejected + gone)
    return replace(text.filter(mask), account=account)


def guard_disclosure(job: Job, tables: Tables, today: date) -> Tables:
    """Let through what the classes of the columns allow; what is let through is ready for a release.

    Every table that could be read is searched, also an invalid one, so that all tasks are told at once.
    `today` decides ages; it is the day the export was first seen, so that a repeated run gives the same.
    Exceptions and delays are judged on the day of the run, which its record keeps.
    """
    findings: list[Finding] = []
    ready = {}
    disclosed: dict[str, Previous] = {}
    risks: dict[str, ResidualRisk] = {}
    due: list[date] = []
    salt, deny = salt_from_environment(), deny_list_from_environment(repository=job.settings.root)
    for name, text in tables.texts.items():
        classes = classes_of(job, name)
        headers = headers_of(job, name, text.labels)
        previous = last_disclosed(job, name)
        outcome = disclose(
            text.columns,
            text.numbers,
            classes=classes,
            schema=job.dataset.schemas[name],
            resource=name,
            file=text.file,
            dataset=job.dataset.name,
            sheet=text.sheet,
            headers=headers,
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
        lasting = (previous or Previous()).lasting(classes, headers, job.dataset.contract.publication.disclosure)
        disclosed[name] = replace(lasting, cells=outcome.cells, earlier=remembered)
        risks[name] = outcome.residual_risk
        due += [outcome.due] if outcome.due else []
        if name in tables.typed and not outcome.blocked:
            ready[name] = _ready(job, name, outcome, previous, tables.reports[name], deny.on(job.started.date()))
    told = (*tables.findings, *placed(findings, tables.texts))
    first = min(due, default=None)
    return replace(tables, ready=ready, disclosed=disclosed, risks=risks, findings=told, due=first)


def _ready(
    job: Job,
    resource: str,
    outcome: Disclosure,
    previous: Previous | None,
    report: Mapping[str, Any],
    deny: DenyList,
) -> ReadyTable:
    """A table that passed, as the release takes it; its key only where all of it goes out."""
    classes, key = classes_of(job, resource), job.dataset.key_of[resource]
    schema = published_schema(job.dataset.schemas[resource], outcome.columns.column_names, classes)
    return ReadyTable(
        canonical=canonical(outcome.columns, schema),
        typed=typed(outcome.columns, schema),
        schema=schema,
        key=key if set(key) <= set(outcome.columns.column_names) else (),
        report=report,
        closed=_closed(classes, previous),
        public=frozenset(item.place.field for item in outcome.findings if item.code == "contradiction-excepted"),
        denied=_denied(job, resource, outcome, deny),
    )


def _closed(classes: Mapping[str, ColumnClass], previous: Previous | None) -> frozenset[str]:
    """The columns that say less than in the last release."""
    before = previous.classes if previous else {}
    return frozenset(
        name for name, declared in classes.items() if name in before and towards_open(declared, before[name])
    )


def _denied(job: Job, resource: str, outcome: Disclosure, deny: DenyList) -> ClosedRows | None:
    """What a deny list closes in a table; its keys only where they go out as they are."""
    if not deny.rules or outcome.withheld is None:
        return None
    classes, schema, key = classes_of(job, resource), job.dataset.schemas[resource], job.dataset.key_of[resource]
    kept = {name for name, one in classes.items() if one.effective_action is Action.KEEP and not one.transformed}
    fields = {**schema, "fields": [field for field in schema["fields"] if field["name"] in key]}
    named = [field["name"] for field in fields["fields"]]
    keys = canonical(outcome.withheld.select(named), fields) if key and set(key) <= kept else None
    return ClosedRows(outcome.withheld.num_rows, keys, partial(closed_rows, deny=deny, classes=classes))


def last_disclosed(job: Job, resource: str) -> Previous | None:
    """Under what classes and counts a table went out last; None where it never did.

    Raises StateError when it did and they are lost: every class would pass as if it had always been so.
    """
    published = job.releases.published()
    kept = [job.disclosed(resource)]
    if published is not None:
        kept.append(job.disclosed_by(published.folder.name, resource))
    for file in kept:
        if file.is_file():
            return Previous.from_json(file.read_text(encoding="utf-8"))
    if published is not None and resource in {table.resource for table in published.tables}:
        raise StateError(
            f"the classes under which {job.dataset.name} was published are gone: {kept[0].name}",
            remedy="Restore the folder `disclosed` of its releases from a backup of VIDKRYTO_HOME.",
        )
    return None


def make_release(job: Job, tables: Tables, created: str) -> Release:
    """Build a release of what is ready; the published one when the new one would say the same."""
    built = build_release(job.dataset, tables.ready, created=created, releases=job.releases)
    return built or _published(job)


def _published(job: Job) -> Release:
    published = job.releases.published()
    if published is None:  # build_release gives None only against a published release
        raise AssertionError("no release was built, and none is published")
    return published


def look_again(job: Job, release: Release, tables: Tables | None = None) -> tuple[Finding, ...]:
    """Open the finished files as a stranger would; what must not leave is a finding, without its value.

    `tables` are those the release was made of, where they were read: they know the headers of the exports.
    """
    texts = tables.texts if tables else {}
    classes = {name: value for item in release.tables for name, value in classes_of(job, item.resource).items()}
    contacts = [value for key in ("contact", "publisher") for value in release.metadata[key].values()]
    return scan_release(
        release.folder,
        [file.name for file in release.files],
        classes=classes,
        known=[value for value in contacts if isinstance(value, str)],
        exceptions=job.exceptions,
        resources={file.name: file.resource for file in release.files},
        words={
            item.resource: words_of(job, item.resource, texts[item.resource].labels if item.resource in texts else {})
            for item in release.tables
        },
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
    seen = detect_protected(text.columns, words_of(job, resource, text.labels))
    return protected_fields(classes_of(job, resource)) | seen


def headers_of(job: Job, resource: str, labels: Mapping[str, str]) -> dict[str, str]:
    """The header above each field of a table: as it stands in the file, else as the contract declares it."""
    declared = job.dataset.resource(resource).reading.columns
    return {**{name: header for header, name in declared.items()}, **labels}


def words_of(job: Job, resource: str, labels: Mapping[str, str]) -> dict[str, str]:
    """All that names each field of a table: name, titles and header."""
    return column_words(job.dataset.schemas[resource], headers_of(job, resource, labels))


def published_schema(
    schema: Mapping[str, Any], columns: Iterable[str], classes: Mapping[str, ColumnClass]
) -> dict[str, Any]:
    """The Table Schema of what goes out: dropped fields are gone, replaced values are words without constraints.

    Examples stay at home: those of the recommended structures name people.
    """
    kept = set(columns)
    refers = {name for key in schema.get("foreignKeys", ()) for name in _names(key["fields"])}
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
        if name in refers:
            told["indexed"] = True
        plain = {part: value for part, value in told.items() if part not in ("format", "constraints")}
        fields.append({**plain, "type": "string"} if worded else told)
    out = {part: value for part, value in schema.items() if part not in ("fields", "primaryKey", "foreignKeys")}
    key = _names(schema.get("primaryKey") or [])
    return {**out, "fields": fields, **({"primaryKey": key} if key and set(key) <= kept else {})}


def _names(fields: str | Sequence[str]) -> list[str]:
    return [fields] if isinstance(fields, str) else list(fields)


def _without_values(findings: Iterable[Finding], hidden: frozenset[str]) -> list[Finding]:
    return [finding.without_value() if finding.place.field in hidden else finding for finding in findings]


def _timeless(part: Any) -> Any:
    """A validation report without the seconds it took, so that the same export gives the same bytes."""
    if isinstance(part, Mapping):
        return {key: _timeless(value) for key, value in part.items() if key != "seconds"}
    return [_timeless(item) for item in part] if isinstance(part, list) else part
