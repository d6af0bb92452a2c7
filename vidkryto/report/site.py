"""The report site: static pages in two languages, from run records and the ledger, rewritten only where changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from vidkryto import clock
from vidkryto.pull.ledger import as_public, published_datasets, write_public_copy
from vidkryto.record import verifier
from vidkryto.record.note import Note
from vidkryto.record.run import RunRecord
from vidkryto.report.developers import croissant_document, developer_facts
from vidkryto.report.facts import (
    calendar_facts,
    dataset_facts,
    ledger_facts,
    overview_facts,
    score_facts,
)
from vidkryto.report.history import History, read_history
from vidkryto.report.kept_scores import read_scores
from vidkryto.report.openapi import openapi_of
from vidkryto.report.pages import render
from vidkryto.report.plan_section import plan_facts
from vidkryto.report.run_facts import Edition, Facts, run_facts
from vidkryto.report.standing import DatasetDescription, Standing, standing
from vidkryto.report.words import CITY_TIME

FOLDERS: dict[Edition, str] = {"internal": "site", "public": "site-public"}


def build_site(
    home: Path,
    datasets: Sequence[DatasetDescription],
    *,
    edition: Edition = "internal",
    today: date | None = None,
) -> Path:
    """Bring the site up to date and return its folder: HOME/site, or HOME/site-public for the public edition.

    Reads run records, the ledger, published releases and kept scores, nothing else. A dataset that has runs but no
    description any more keeps its pages: evidence does not vanish with a contract. Pages whose facts did not change
    are left alone.
    Raises StateError for a run record that cannot be read.
    """
    site = _Site(home, home / FOLDERS[edition], edition, today or clock.now().astimezone(CITY_TIME).date())
    stands = [site.write_dataset(dataset) for dataset in _with_forgotten(home, datasets)]
    scores = read_scores(home)
    site.write("index", overview_facts(stands, edition, site.today, scores))
    site.write("score", score_facts(stands, edition, site.today, scores))
    site.write("calendar", calendar_facts(stands, edition, site.today))
    site.write("plan", plan_facts(stands, home, edition, site.today))
    site.write_ledger()
    site.remember()
    return site.root


def _with_forgotten(home: Path, datasets: Sequence[DatasetDescription]) -> Iterator[DatasetDescription]:
    """The datasets described, then those that only run records know."""
    yield from datasets
    described = {dataset.name for dataset in datasets}
    for folder in sorted((home / "runs").iterdir()) if (home / "runs").is_dir() else []:
        runs = sorted(folder.glob("*/run.json"))
        if folder.name not in described and runs:
            record = RunRecord.load(runs[-1])
            yield DatasetDescription(record.dataset, record.title, record.department, record.promise)


class _Site:
    """One build: where it writes, what it wrote last time, what it writes now."""

    def __init__(self, home: Path, root: Path, edition: Edition, today: date) -> None:
        self.home, self.root, self.edition, self.today = home, root, edition, today
        self._ledger = home / "ledger"
        self._lines = _complete_lines(self._ledger / "entries.jsonl")
        self._withdrawn = _withdrawals(self._lines)
        self._memory = root / ".memory"
        self._built = self._read_built()

    def write_dataset(self, dataset: DatasetDescription) -> Standing:
        """The dataset's page and the pages of its new runs."""
        history = read_history(self.home, dataset.name, self._memory / f"{dataset.name}.json")
        stand = standing(dataset, history, self._withdrawn.get(dataset.name, ""), self.today)
        extra = self._copy_findings(history, stand)
        facts = dataset_facts(stand, history, self.edition, self.today, extra)
        facts["developers"] = self._write_developers(dataset.name, facts["portal"])
        if self.write(f"datasets/{dataset.name}/index", facts) and stand.decisive is not None:
            self._write_graph(stand.decisive)
        self._write_runs(dataset.name, history)
        return stand

    def _write_developers(self, dataset: str, portal: str) -> bool:
        """The page for developers and the OpenAPI description, where there is a release; whether there is one."""
        facts = developer_facts(self.home / "releases" / dataset, portal, self.edition)
        if facts is None:
            return False
        if self.write(f"datasets/{dataset}/developers", facts):
            document = json.dumps(openapi_of(portal.partition("/dataset/")[0], facts), ensure_ascii=False, indent=1)
            _replace(self.root / "datasets" / dataset / "openapi.json", document + "\n")
            croissant = croissant_document(self.home / "releases" / dataset, portal)
            _replace(self.root / "datasets" / dataset / "croissant.json", croissant)
        return True

    def _write_graph(self, run: RunRecord) -> None:
        from vidkryto.report.quality_graph import quality_turtle  # rdflib takes a while to import

        _replace(self.root / "datasets" / run.dataset / "quality.ttl", quality_turtle(run))

    def _write_runs(self, dataset: str, history: History) -> None:
        previous = ""
        for run in history.runs:
            page = f"datasets/{dataset}/runs/{run.run_id}"
            # A run's record never changes, so its stamp stands for its facts and old records stay unread.
            mark = f"{run.stamp} {previous} {fingerprint()}"
            if self._built.get(page) != mark or not (self.root / f"{page}.html").is_file():
                self._put(page, run_facts(history.record(run.run_id), self.edition, previous))
                self._built[page] = mark
            previous = run.run_id

    def _copy_findings(self, history: History, stand: Standing) -> list[str]:
        """The full list of findings that a run left beside its record; never in the public edition."""
        if self.edition == "public" or stand.decisive is None:
            return []
        file = history.folder / stand.decisive.run_id / "findings.csv"
        target = self.root / "datasets" / history.dataset / "findings.csv"
        if not file.is_file():
            target.unlink(missing_ok=True)
            return []
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        return ["findings.csv"]

    def write_ledger(self) -> None:
        """The ledger's page, with the files that an auditor takes away beside it.

        The public edition tells what the ledger as a dataset tells (`pull/ledger.py`): no account, no hidden dataset.
        """
        entries = [json.loads(line) for line in self._lines[-200:]]
        if self.edition == "public":
            published = (json.loads(line) for line in self._lines if b'"outcome":"Published"' in line)
            out = published_datasets(published)
            entries = [as_public(entry, out) for entry in entries]
        checkpoint = self._ledger / "checkpoint"
        note = checkpoint.read_text(encoding="utf-8") if checkpoint.is_file() else ""
        key = next((json.loads(line)["body"]["key"] for line in reversed(self._lines) if b'"kind":"key"' in line), "")
        cosigned = sorted((self._ledger / "cosigned").glob("*.checkpoint"))
        facts = ledger_facts(entries, len(self._lines), note, key, [_cosigned(file) for file in cosigned], self.edition)
        self.write("ledger", facts)
        if self._lines and self.edition == "public":
            (self.root / "ledger" / "entries.jsonl").unlink(missing_ok=True)
            write_public_copy(self._ledger, self.root / "ledger")
            self._copy([checkpoint], "ledger")
            self._copy(cosigned, "ledger/cosigned")
        elif self._lines:
            self._copy([self._ledger / "entries.jsonl", checkpoint, Path(verifier.__file__)], "ledger")
            self._copy(cosigned, "ledger/cosigned")

    def _copy(self, sources: Sequence[Path], folder: str) -> None:
        target = self.root / folder
        target.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copyfile(source, target / source.name)

    def write(self, page: str, facts: Facts) -> bool:
        """Write a page in both languages and its JSON twin, unless they are there already just so."""
        twin = json.dumps(facts, ensure_ascii=False, sort_keys=True)
        mark = hashlib.sha256((twin + fingerprint()).encode()).hexdigest()
        if self._built.get(page) == mark and (self.root / f"{page}.html").is_file():
            return False
        self._put(page, facts)
        self._built[page] = mark
        return True

    def _put(self, page: str, facts: Facts) -> None:
        # The pages are made from the twin as it reads back, so they cannot say more than it does.
        twin = json.dumps(facts, ensure_ascii=False, indent=1)
        said = json.loads(twin)
        _replace(self.root / f"{page}.json", twin + "\n")
        _replace(self.root / f"{page}.html", render(page, said, "uk"))
        _replace(self.root / "en" / f"{page}.html", render(page, said, "en"))

    def _read_built(self) -> dict[str, str]:
        try:
            return cast("dict[str, str]", json.loads((self._memory / "built.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def remember(self) -> None:
        """Keep what was written for the next build."""
        _replace(self._memory / "built.json", json.dumps(self._built))


def _replace(file: Path, content: str) -> None:
    """Write in one step for readers; not flushed, because every page can be made again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    part.write_text(content, encoding="utf-8")
    part.replace(file)


def _complete_lines(file: Path) -> list[bytes]:
    if not file.is_file():
        return []
    return file.read_bytes().split(b"\n")[:-1]


def _withdrawals(lines: Sequence[bytes]) -> dict[str, str]:
    """When a dataset was last withdrawn, unless it was restored since."""
    found: dict[str, str] = {}
    for line in lines:
        if b'"kind":"withdrawal"' in line or b'"kind":"restore"' in line:
            entry: dict[str, Any] = json.loads(line)
            if entry["kind"] == "withdrawal":
                found[entry["dataset"]] = entry["time"]
            else:
                found.pop(entry["dataset"], None)
    return found


def _cosigned(file: Path) -> Facts:
    note = Note.parse(file.read_text(encoding="utf-8"))
    return {"file": file.name, "size": int(note.text.split("\n")[1]), "names": [s.name for s in note.signatures[1:]]}


@cache
def fingerprint() -> str:
    """A hash over everything that shapes a page, so that a new version of the program rewrites them all."""
    digest = hashlib.sha256()
    for folder in (files("vidkryto.report"), files("vidkryto.findings").joinpath("codes")):
        for file in sorted(Path(str(folder)).rglob("*")):
            if file.suffix in (".py", ".toml", ".html", ".css"):
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
