"""Great Expectations' own pages (Data Docs) of a dataset, for those who know them; made only when asked for."""

from __future__ import annotations

import json
from pathlib import Path

from vidkryto.errors import StateError
from vidkryto.language import Language, say
from vidkryto.pipeline import stages
from vidkryto.pipeline.job import Job, Tables
from vidkryto.quality import across, great, load_suite, parameters
from vidkryto.quality.offline_docs import DocsPage, make_offline, write_index
from vidkryto.quality.suite import Expectation


def build_data_docs(job: Job, folder: Path, language: Language) -> Path:
    """Judge the present exports and write the pages to `folder`; returns its index. They ask nothing of the web.

    Pages of earlier calls stay, so the folder becomes a history. Expectations on protected columns are left out:
    the pages quote cells. So are our own (across rows, tables and releases), which Great Expectations does not know.
    Raises StateError when a table is invalid or too large for these pages, or none of its expectations is left.
    """
    tables = stages.validate_tables(job, stages.read_exports(job, stages.pull_exports(job)))
    if not tables.complete:
        raise StateError(
            f"{job.dataset.name} has tables with errors, so its suite is not run",
            remedy=f"See them first: vidkryto publish {job.dataset.name}",
        )
    written = [name for name in tables.typed if _write(job, tables, name, folder / name)]
    if not written:
        raise StateError(
            f"{job.dataset.name} has no expectation that Great Expectations can show",
            remedy="Write one into expectations.yaml.",
        )
    words = {
        "lang": language,
        "run": say("run", language),
        "table": say("table", language),
        "result": say("result", language),
        "held": say("all expectations hold", language),
        "failed": say("an expectation failed", language),
    }
    index = folder / "index.html"
    pages = [page for name in written for page in _pages(folder, name)]
    write_index(index, job.dataset.contract.title_in(language), pages, words)
    return index


def _write(job: Job, tables: Tables, name: str, folder: Path) -> bool:
    """Build the site of one table; False when no expectation is left for it."""
    table, text = tables.typed[name], tables.texts[name]
    if table.num_rows > job.settings.quality_rows:
        raise StateError(
            f"{name} has {table.num_rows} rows, too many for Data Docs",
            remedy="Read its findings in the report; they are the same.",
        )
    hidden = stages.protected(job, name, text)
    past, publication = job.history.of(name), job.dataset.contract.publication
    given = parameters(past, publication.bands, job.started, frequency=publication.frequency, protected=hidden)
    suite = tuple(
        # With the values put in: pages about a parameter fail to show.
        replace_arguments(item, given.values)
        for item in load_suite(job.dataset.folder).for_release({other: job.history.of(other) for other in tables.typed})
        if (item.resource or next(iter(tables.typed))) == name
        and item.type not in across.MODELS
        and not hidden & set(map(str, item.kwargs.values()))
    )
    if not suite:
        return False
    great.judge(name, table.drop_columns(sorted(hidden)), text.rows, suite, {}, docs=folder)
    make_offline(folder / "site")
    return True


def replace_arguments(item: Expectation, values: object) -> Expectation:
    """The expectation with its parameters filled in."""
    return item.model_copy(update={"kwargs": item.resolved(dict(values))})  # type: ignore[call-overload]


def _pages(folder: Path, name: str) -> list[DocsPage]:
    """The pages of all runs kept of a table, with their verdicts."""
    found = []
    for kept in sorted((folder / name / "validations").rglob("*.json")):
        place = kept.relative_to(folder / name / "validations").with_suffix(".html")
        page = folder / name / "site" / "validations" / place
        if page.is_file():
            success = bool(json.loads(kept.read_text(encoding="utf-8"))["success"])
            found.append(DocsPage(name, kept.parent.name, success, page.relative_to(folder).as_posix()))
    return found
