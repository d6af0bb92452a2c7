"""Before an earlier release goes out once more: the rules of today decide over it, not those of its day."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from vidkryto.catalogue import Dataset, find_dataset, unpack_rules
from vidkryto.catalogue.classes import Action, ColumnClass
from vidkryto.disclosure import DenyList, closed_rows, deny_list_from_environment, disclose
from vidkryto.disclosure.outcome import Previous
from vidkryto.findings import Finding, Place, Severity, worst
from vidkryto.pipeline.exceptions import decisions_of, exemptions
from vidkryto.pipeline.going_out import portal_of
from vidkryto.pipeline.job import Job, new_job
from vidkryto.pipeline.remember import ledger_of
from vidkryto.pipeline.shared import fetch
from vidkryto.pipeline.stages import classes_of, headers_of, last_disclosed, look_again
from vidkryto.plan.live import LOCK, Lock
from vidkryto.plan.make import NOTICE_LOCK, anchor_id, make_plan
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.lock import abandoned
from vidkryto.publish.receipt import Receipts
from vidkryto.release import Release
from vidkryto.release.changes import ClosedRows
from vidkryto.release.value import ReleaseTable
from vidkryto.settings import Settings

OPEN = ColumnClass.model_validate("open")


def judge_again(settings: Settings, dataset: Dataset, release: Release) -> tuple[Finding, ...]:
    """What the gate says today about a release that was built before; an error keeps it in.

    Its columns are finished: they are searched as they are, and each must have gone out under a class that shows no
    more than today's, or than that of the last release; a step towards open needs the exception of two people. No row
    may be closed by a deny list of today, and hidden counts must be those of today's rule. Then the finished files are
    opened once more. What the classes were is told by the rules kept in the archive; without them all is held open.
    """
    job = new_job(dataset, settings)
    job = replace(job, exceptions=exemptions(decisions_of(settings, dataset.name)))
    then = _rules_then(job, release)
    deny = deny_list_from_environment(repository=settings.root).on(job.started.date())
    found = [finding for table in release.tables for finding in _judge_table(job, table, then, deny)]
    if worst(found) is not Severity.ERROR:
        found += look_again(job, release)
    return tuple(found)


def put_back(job: Job) -> bool:
    """Publish the last release once more where a run died half way; True when that was needed.

    Rows of two releases would stay under the files of one until the department's next good export. What the gate of
    today would not let out is left as it is.
    """
    release, name = job.releases.published(), job.dataset.name
    if release is None:
        return False
    portal, receipts = portal_of(job), Receipts(job.settings.home / "receipts")
    live = portal.dataset(name, {})
    anchor = live.resource(anchor_id(name)) if live else None
    lock = Lock.parse(anchor.text(LOCK)) if anchor else None
    if lock is None or lock.plan == NOTICE_LOCK or not abandoned(lock):
        return False
    if worst(judge_again(job.settings, job.dataset, release)) is Severity.ERROR:
        return False
    shown = receipts.shown(job.releases, name)
    receipts.save(apply(make_plan(release, portal, None, shown), release, portal, Applying(shown=shown)))
    return True


def closed_today(settings: Settings, dataset: Dataset) -> Mapping[str, ClosedRows]:
    """What the deny lists of today close of the published tables: a list of changes does not tell it once more."""
    job = new_job(dataset, settings)
    deny = deny_list_from_environment(repository=settings.root).on(job.started.date())
    if not deny.rules:
        return {}
    return {
        name: ClosedRows(0, None, partial(closed_rows, deny=deny, classes=classes_of(job, name)))
        for name in dataset.schemas
    }


def _judge_table(job: Job, table: ReleaseTable, then: Dataset | None, deny: DenyList) -> list[Finding]:
    name = table.resource
    today = classes_of(job, name) if name in job.dataset.schemas else {}
    before = classes_of(replace(job, dataset=then), name) if then and name in then.schemas else {}
    columns, rules = _text_of(table), job.dataset.contract.publication.disclosure
    lasting = (last_disclosed(job, name) or Previous()).lasting(
        today, headers_of(job, name, {}) if name in job.dataset.schemas else {}, rules
    )
    outcome = disclose(
        columns,
        pa.array(range(2, 2 + columns.num_rows), pa.int64()),
        classes={
            field: _gone_out_as(today[field], before.get(field)) for field in columns.column_names if field in today
        },
        schema=table.schema,
        resource=name,
        file=table.csv.name,
        dataset=job.dataset.name,
        headers={field: title["uk"] for field, title in table.labels.items()},
        rules=rules,
        deny=deny,
        previous=replace(lasting, cells=None, earlier=()),
        exceptions=job.exceptions,
        today=job.started.date(),
        finished=True,
    )
    found = [replace(item, code="release-rows-closed") if item.code == "rows-withheld" else item
             for item in outcome.findings]  # fmt: skip
    cells = rules.cells
    known = then.contract.publication.disclosure.cells if then else None
    if cells and cells.counts in columns.column_names and cells != known:
        found.append(Finding("release-counts-differ", Place(name, table.csv.name, field=cells.counts)))
    return found


def _gone_out_as(today: ColumnClass, before: ColumnClass | None) -> ColumnClass:
    """The class under which a column of the release went out.

    Where it went out as it was, and today's class would not change it either, that is today's class. A column whose
    class is not known, or says that it stayed in, went out as open.
    """
    if before is None or before.effective_action is Action.DROP:
        before = OPEN
    same = _as_it_is(before) and _as_it_is(today) and (before.delay or 0) >= (today.delay or 0)
    return today if same else before


def _as_it_is(column: ColumnClass) -> bool:
    return column.effective_action in (Action.KEEP, Action.BLOCK) and not column.transformed


def _rules_then(job: Job, release: Release) -> Dataset | None:
    """The dataset under the rules that the release was built by: today's, or those that a run kept in the archive."""
    if release.contract_sha256 == job.dataset.sha256:
        return job.dataset
    entries = ledger_of(job.settings).entries()
    bundles = {
        entry.body["contract"]
        for entry in entries
        if entry.dataset == job.dataset.name and entry.body.get("rules") == release.contract_sha256
        if "contract" in entry.body
    }
    for bundle in sorted(bundles):
        kept = fetch(job.settings, bundle)
        if kept.is_file():
            with tempfile.TemporaryDirectory(prefix="vidkryto-rules-") as folder:
                unpack_rules(kept.read_bytes(), Path(folder))
                found = find_dataset(Path(folder) / "datasets", job.dataset.name)
            if found.sha256 == release.contract_sha256:
                return found
    return None


def _text_of(table: ReleaseTable) -> pa.Table:
    """The published CSV as columns of text."""
    names = [field["name"] for field in table.schema["fields"]]
    return pa.csv.read_csv(
        table.csv.path,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
