"""What must hold for the report site."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from vidkryto.errors import StateError
from vidkryto.record import Ledger
from vidkryto.record.public_copy import check_copy
from vidkryto.record.run import RunRecord, Task
from vidkryto.report import DatasetDescription, build_site

TODAY = date(2026, 11, 23)


@pytest.fixture
def site(home: Path, descriptions: list[DatasetDescription]) -> Path:
    """The internal edition, built."""
    return build_site(home, descriptions, today=TODAY)


def overview(site: Path) -> list[dict[str, object]]:
    """The rows of the overview's JSON twin."""
    rows: list[dict[str, object]] = json.loads((site / "index.json").read_text(encoding="utf-8"))["datasets"]
    return rows


def test_the_overview_is_sorted_by_need_for_action(site: Path) -> None:
    """Failures and blocked releases first, then late ones; what is withdrawn comes last."""
    assert [(row["dataset"], row["status"]) for row in overview(site)] == [
        ("air-quality", "failed"),
        ("public-transport-stops", "blocked"),
        ("parking-lots", "late"),
        ("school-catalogue", "exception"),
        ("budget-spending", "published"),
        ("waste-containers", "published"),
        ("green-zones", "new"),
        ("council-contracts", "withdrawn"),
    ]


def test_lateness_is_counted_from_the_promise(site: Path) -> None:
    """Promised by 15 October, looked at on 23 November: 39 days."""
    late = next(row for row in overview(site) if row["dataset"] == "parking-lots")
    assert (late["next_due"], late["days_late"]) == ("2026-10-15", 39)
    assert late["sentence"] == {
        "uk": "Обіцяного випуску немає: прострочено на 39 днів.",
        "en": "The promised release is missing: 39 days late.",
    }


def test_an_unchanged_export_leaves_the_earlier_verdict(site: Path) -> None:
    """The last run saw nothing new; the dataset stays published with the release before."""
    row = next(row for row in overview(site) if row["dataset"] == "waste-containers")
    assert (row["status"], row["last_run"]) == ("published", "2026-11-23T04:15:00Z")
    facts = json.loads((site / "datasets/waste-containers/index.json").read_text(encoding="utf-8"))
    assert facts["live"]["version"] == "1.400.0"
    assert facts["runs"][0]["outcome"] == "Unchanged"


def test_an_exception_that_ended_turns_no_page_green(home: Path, descriptions: list[DatasetDescription]) -> None:
    """What is live stands under it still: the page says so at once, and also when later runs are blocked."""
    site = build_site(home, descriptions, today=date(2026, 12, 2))
    row = next(row for row in overview(site) if row["dataset"] == "school-catalogue")
    assert (row["status"], row["exceptions"]) == ("exception", 0)
    assert "винятком, строк якого минув 01.12.2026" in text_of(site / "datasets/school-catalogue/index.html")
    last = RunRecord.load(max((home / "runs" / "school-catalogue").glob("*/run.json")))
    blocked = replace(last, run_id="2026-12-02-0415", started="2026-12-02T04:15:00Z", outcome="Withheld", exceptions=())
    blocked.save(home)
    site = build_site(home, descriptions, today=date(2026, 12, 2))
    row = next(row for row in overview(site) if row["dataset"] == "school-catalogue")
    assert row["status"] == "blocked"
    page = text_of(site / "datasets/school-catalogue/index.html")
    assert "винятком, строк якого минув 01.12.2026" in page
    assert "строк минув" in page


def test_a_blocked_dataset_names_file_sheet_rows_column_value_and_remedy(site: Path) -> None:
    """From the page alone an officer finds the cell and knows what to do."""
    page = text_of(site / "datasets/public-transport-stops/index.html")
    for said in (
        "Зупинено",
        "2 помилки не пропускають новий випуск.",
        "zupynky_2026-11.xlsx",
        "Зупинки",
        "Широта",
        "17",
        "204",
        "511",
        "49,4l2<script>alert(1)</script>",
        "число від 49,3 до 49,5",
        "Як виправити",
        "випуск 1.370.0",
    ):
        assert said in page


def test_a_protected_value_is_said_to_be_hidden(site: Path) -> None:
    """The task of the telephone column has rows but no value."""
    assert "приховано: захищений стовпець" in text_of(site / "datasets/public-transport-stops/index.html")


def test_what_an_export_says_is_never_markup(site: Path) -> None:
    """A cell with a script in it is shown as text: no page holds a script element."""
    for page in site.rglob("*.html"):
        assert "<script" not in page.read_text(encoding="utf-8").lower()


def test_the_public_edition_has_no_value_no_file_and_no_account(
    home: Path, descriptions: list[DatasetDescription]
) -> None:
    """Rule, count and remedy stay; cell values, names of files and accounts do not, in HTML and in JSON."""
    site = build_site(home, descriptions, edition="public", today=TODAY)
    assert site.name == "site-public"
    for page in [*site.rglob("*.html"), *site.rglob("*.json")]:
        text = page.read_text(encoding="utf-8")
        for hidden in ("49,4l2", "Сервер джерела", "source's server", "zupynky_2026-11.xlsx", ".xlsx"):
            assert hidden not in text, page
        assert "data-office-1" not in text, page
    said = text_of(site / "datasets/public-transport-stops/index.html")
    assert "12 місць" in said
    assert "Як виправити" in said


def test_the_public_ledger_tells_no_account_and_no_hidden_dataset_and_can_be_checked(
    home: Path, descriptions: list[DatasetDescription]
) -> None:
    """Page, twin and files: of a decision, and of a dataset that never went out, only the hash."""
    Ledger.open(home, key=home.parent / "keys" / "audit.key").append(
        "result", "bunkers", {"run": "r1", "outcome": "Withheld"}
    )
    site = build_site(home, descriptions, edition="public", today=TODAY)
    assert sorted(file.name for file in (site / "ledger").iterdir() if file.is_file()) == [
        "checkpoint", "checkpoints.csv", "entries.csv",
    ]  # fmt: skip
    pages = [*site.glob("**/ledger.*"), *(site / "ledger").rglob("*.*")]
    for page in pages:
        assert not {"bunkers", "data-office-1"} & set(re.findall(r"[\w-]+", page.read_text(encoding="utf-8"))), page
    entries, checkpoints = ((site / "ledger" / name).read_text("utf-8") for name in ("entries.csv", "checkpoints.csv"))
    lines = [base64.b64decode(row["line"]) for row in csv.DictReader(io.StringIO(entries))]
    assert any(lines)
    assert not [line for line in lines if b"bunkers" in line or b"data-office-1" in line]
    assert check_copy(entries, checkpoints).good
    assert "verify-copy" in text_of(site / "ledger.html")


def test_both_languages_link_to_each_other_and_to_the_twin(site: Path) -> None:
    """Every page has its other language and its JSON; every relative link leads to a file."""
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        links = links_of(page)
        assert links["languages"] == {"uk" if site / "en" in page.parents else "en"}
        for target in links["targets"]:
            assert (page.parent / target).resolve().is_file(), (page, target)


def test_a_page_says_nothing_that_its_twin_does_not(site: Path) -> None:
    """Every number of five digits or more and every hash on a page stands in its JSON."""
    for page in sorted((site / "datasets").rglob("*.html")):
        twin = page.with_suffix(".json").read_text(encoding="utf-8")
        for number in re.findall(r"\b[0-9a-f]{40,64}\b", text_of(page)):
            assert number in twin, page


def test_a_second_build_writes_nothing(home: Path, site: Path, descriptions: list[DatasetDescription]) -> None:
    """The same facts on the same day: no page is touched."""
    before = {file: file.stat().st_mtime_ns for file in site.rglob("*.html")}
    build_site(home, descriptions, today=TODAY)
    assert {file: file.stat().st_mtime_ns for file in site.rglob("*.html")} == before


def test_a_new_run_touches_only_its_dataset(home: Path, site: Path, descriptions: list[DatasetDescription]) -> None:
    """One more run of one dataset: its page, its run page, overview and calendar; nothing of the others."""
    before = {file: file.stat().st_mtime_ns for file in site.rglob("*.html")}
    latest = RunRecord.load(sorted((home / "runs/budget-spending").rglob("run.json"))[-1])
    replace(latest, run_id="2026-11-23-0900", started="2026-11-23T09:00:00Z", finished="2026-11-23T09:00:04Z").save(
        home
    )
    build_site(home, descriptions, today=TODAY)
    after = {file: file.stat().st_mtime_ns for file in site.rglob("*.html")}
    touched = {file.relative_to(site).as_posix() for file in after if before.get(file) != after[file]}
    assert touched - {f"en/{page}" for page in touched} == {
        "datasets/budget-spending/index.html",
        "datasets/budget-spending/runs/2026-11-23-0900.html",
        "index.html",
        "calendar.html",
    }


def test_a_dataset_without_contract_keeps_its_pages(home: Path, descriptions: list[DatasetDescription]) -> None:
    """Evidence does not vanish with a contract."""
    site = build_site(home, [item for item in descriptions if item.name != "budget-spending"], today=TODAY)
    assert "Видатки міського бюджету" in text_of(site / "index.html")


def test_a_damaged_record_stops_the_build(home: Path, descriptions: list[DatasetDescription]) -> None:
    """A report that silently leaves a run out would be a lie."""
    record = next((home / "runs").rglob("run.json"))
    record.write_text("{}", encoding="utf-8")
    with pytest.raises(StateError, match=r"run\.json"):
        build_site(home, descriptions, today=TODAY)


def test_an_unknown_code_and_a_foreign_address_do_no_harm(home: Path, descriptions: list[DatasetDescription]) -> None:
    """A record of another program version is still shown; a script address never becomes a link."""
    latest = RunRecord.load(sorted((home / "runs/budget-spending").rglob("run.json"))[-1])
    assert latest.receipt is not None
    changed = replace(
        latest,
        run_id="2026-11-23-2300",
        started="2026-11-23T23:00:00Z",
        tasks=(Task("code-of-2031", "warning"),),
        receipt=replace(latest.receipt, url="javascript:alert(1)"),
    )
    changed.save(home)
    site = build_site(home, descriptions, today=TODAY)
    page = (site / "datasets/budget-spending/index.html").read_text(encoding="utf-8")
    assert "code-of-2031" in page
    assert "javascript:" not in page


@pytest.mark.slow
def test_a_thousand_runs_stay_linear(
    tmp_path: Path, make_city: Callable[[Path], Path], descriptions: list[DatasetDescription]
) -> None:
    """A thousand runs: a build after one more takes under two seconds."""
    home = make_city(tmp_path)
    latest = RunRecord.load(sorted((home / "runs/budget-spending").rglob("run.json"))[-1])
    for number in range(1000):
        day = (date(2024, 1, 1) + timedelta(days=number)).isoformat()
        replace(latest, run_id=f"{day}-0415", started=f"{day}T04:15:00Z", finished=f"{day}T04:15:05Z").save(home)
    build_site(home, descriptions, today=TODAY)
    replace(latest, run_id="2026-11-23-0900", started="2026-11-23T09:00:00Z").save(home)
    began = time.perf_counter()
    build_site(home, descriptions, today=TODAY)
    assert time.perf_counter() - began < 2


class _Text(HTMLParser):
    """The text and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.targets: set[str] = set()
        self.languages: set[str] = set()
        self._silent = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._silent = tag == "style"
        found = dict(attributes)
        target = found.get("href") or ""
        if target and not target.startswith(("#", "http", "mailto:", "data:")):
            self.targets.add(target)
        if found.get("hreflang"):
            self.languages.add(str(found["hreflang"]))

    def handle_endtag(self, tag: str) -> None:
        self._silent = self._silent and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text.append(data)


def text_of(page: Path) -> str:
    """All words of a page, with single spaces."""
    parser = _Text()
    parser.feed(page.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", " ".join(parser.text))


def links_of(page: Path) -> dict[str, set[str]]:
    """Relative targets and languages that a page links to."""
    parser = _Text()
    parser.feed(page.read_text(encoding="utf-8"))
    return {"targets": parser.targets, "languages": parser.languages}
