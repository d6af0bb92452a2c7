"""The stage quality: the suite of a dataset over its typed tables, against what its history says is normal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa
from pyarrow import csv

from vidkryto.pipeline import stages
from vidkryto.pipeline.job import Job, Tables
from vidkryto.pipeline.placing import placed
from vidkryto.quality import Surroundings, check_quality, load_suite, measure, parameters


def judge_quality(job: Job, tables: Tables) -> Tables:
    """Run the dataset's suite over its typed tables, against the metrics of the last release.

    Nothing is judged while a table is invalid: its numbers would mean nothing.
    """
    if not tables.complete:
        return tables
    hidden = {name: stages.protected(job, name, tables.texts[name]) for name in tables.typed}
    publication = job.dataset.contract.publication
    # Counts are measured before small ones are hidden: their sum would tell what the gate hides afterwards.
    counts = {publication.disclosure.cells.counts} if publication.disclosure.cells else set()
    hidden = {name: fields | counts for name, fields in hidden.items()}
    metrics = {name: measure(table, protected=hidden[name]) for name, table in tables.typed.items()}
    past = {name: job.history.of(name) for name in tables.typed}
    quality = check_quality(
        surroundings(job, tables, hidden),
        load_suite(job.dataset.folder).for_release(past),
        {
            name: parameters(
                told, publication.bands, job.started, frequency=publication.frequency, protected=hidden[name]
            )
            for name, told in past.items()
        },
        files={name: tables.texts[name].file for name in tables.typed},
        protected=frozenset().union(*hidden.values()),
        large=job.settings.quality_rows,
    )
    told = (*tables.findings, *placed(quality.findings, tables.texts))
    return replace(tables, metrics=metrics, findings=told)


def surroundings(job: Job, tables: Tables, hidden: Mapping[str, frozenset[str]]) -> Surroundings:
    """What expectations may look at: the tables, their total rows, and the keys of the published release.

    A protected key is published in another form, so its keys cannot be compared.
    """
    published = job.releases.published()
    before, uncomparable = {}, set()
    for table in published.tables if published else ():
        key = job.dataset.key_of.get(table.resource, ())
        if not key or table.resource not in tables.typed:
            continue
        if key != table.key or hidden[table.resource] & set(key):
            uncomparable.add(table.resource)
        elif table.csv.path.is_file():
            options = csv.ConvertOptions(include_columns=list(key), column_types=dict.fromkeys(key, pa.string()))
            before[table.resource] = csv.read_csv(table.csv.path, convert_options=options)
    return Surroundings(
        tables.typed,
        {name: tables.texts[name].numbers for name in tables.typed},
        {name: (text.columns, text.numbers) for name, text in tables.with_totals.items()},
        job.dataset.key_of,
        before,
        frozenset(uncomparable),
    )
