"""Sixty days of a city of 73 datasets in minutes: fake time, real code, the real local CKAN.

What happens is drawn from a seed: exports that are late, wrong or the same again, an outage of the portal and of a
department's source, plans that wait for a person, three days without a keeper. At the end every promise is accounted
for, nothing is lost and nobody was told anything twice.
"""

from __future__ import annotations

import copy
import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from tests.publish.test_publication import public
from tests.support.catalogue import CITY, CONTRACT, DEPARTMENT
from tests.support.local_portal import LocalPortal
from vidkryto.alerts.cause import Cause
from vidkryto.alerts.causes import causes
from vidkryto.alerts.configuration import Configuration
from vidkryto.alerts.send import send_alerts
from vidkryto.archive import sha256_of
from vidkryto.catalogue import Dataset, load_all
from vidkryto.catalogue.calendar import moments
from vidkryto.clock import told_by
from vidkryto.pipeline import Approver, due_datasets, new_job, publish_dataset
from vidkryto.pipeline.agenda import agenda
from vidkryto.pipeline.approving import approvals_of, decide, waiting_plan
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.portal.transport import Patience
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import RunRecord
from vidkryto.record.verifier import verify
from vidkryto.settings import Secret, Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(5400)]
KYIV = ZoneInfo("Europe/Kyiv")
FIRST, DAYS, QUIET_FROM = date(2026, 9, 7), 60, 52
STEPS = (time(5), time(13))
"""When the keeper looks what is due; schedules begin between four and five."""
PORTAL_OUT = (datetime(2026, 9, 28, 3, tzinfo=KYIV), datetime(2026, 9, 29, 15, tzinfo=KYIV))
KEEPER_OUT = (datetime(2026, 10, 16, 3, tzinfo=KYIV), datetime(2026, 10, 19, 3, tzinfo=KYIV))
SOURCE_OUT = (datetime(2026, 10, 7, 3, tzinfo=KYIV), datetime(2026, 10, 9, 12, tzinfo=KYIV))
WITHOUT_SOURCE = "d3"
APPROVED, REFUSED = "weekly-01", "weekly-02"
"""Two tables that lose half of their rows on one day."""
BREAKING = datetime(2026, 10, 12, 3, tzinfo=KYIV)
KINDS = (("daily", 2), ("weekly", 12), ("monthly", 52), ("quarterly", 7))
OFFICER = Approver("data-office-2", "Відділ відкритих даних", "Переглянуто")
CHOSEN = Configuration.model_validate({"routes": [{"name": "events", "kind": "prefect"}], "quiet": None})


@dataclass
class Folder:
    """What a department does with the exports of one dataset."""

    dataset: Dataset
    path: Path
    content: str = ""
    """The last good content that was put there."""
    rows: int = 20
    version: int = 0
    wrong_since: datetime | None = None
    planned: list[tuple[datetime, str]] = field(default_factory=list)
    """When which export comes: good, same or wrong."""

    def put(self, moment: datetime, kind: str) -> None:
        """Put an export there, as of that moment."""
        self.version += 1
        if kind != "same" or not self.content:
            lines = [f"{n},Рядок {n} випуску {self.version},{n + self.version % 7}" for n in range(self.rows)]
            content = "\n".join(["uid,label,places", *lines, ""])
        else:
            content = self.content
        if kind == "wrong":
            content = content.replace("\n3,Рядок 3", "\nтри,Рядок 3")
        else:
            self.content = content
        file = self.path / f"{moment:%Y-%m-%dT%H%M}.csv"
        file.write_text(content, encoding="utf-8")
        os.utime(file, (moment.timestamp(), moment.timestamp()))


@dataclass
class Life:
    """The city, its portal, and what happened."""

    settings: Settings
    folders: dict[str, Folder]
    now: datetime
    runs: list[tuple[datetime, RunRecord]] = field(default_factory=list)
    pulled: set[str] = field(default_factory=set)
    """The sha256 of every export that lay there as the newest when a run looked."""
    told: list[tuple[datetime, Cause]] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    open: set[str] = field(default_factory=set)
    told_open: set[str] = field(default_factory=set)

    def here(self) -> Settings:
        """The settings of this moment: while the portal is out, its address answers nobody."""
        out = PORTAL_OUT[0] <= self.now < PORTAL_OUT[1]
        return replace(self.settings, ckan_url="http://127.0.0.1:9") if out else self.settings

    def run_what_is_due(self) -> None:
        """As the keeper does; each run takes some seconds."""
        for dataset in due_datasets(self.settings):
            if newest := max(self.folders[dataset.name].path.glob("*.csv"), default=None):
                self.pulled.add(sha256_of(newest))
            record = publish_dataset(new_job(dataset, self.here()))
            self.runs.append((self.now, record))
            self.now += timedelta(seconds=3)

    def answer(self, rng: random.Random) -> None:
        """Once a day a person answers what waits; of the two breaking changes the second is refused."""
        latest = {record.dataset: record for _, record in self.runs}
        for name, record in sorted(latest.items()):
            plan = waiting_plan(record)
            if plan and approvals_of(self.settings).said(plan) is None and rng.random() < 0.7:
                refused = name == REFUSED and self.now >= BREAKING
                decision = "refused" if refused else "approved"
                decide(approvals_of(self.settings), self.settings, plan, OFFICER, decision=decision)

    def tell(self) -> None:
        """Send alerts; a cause is told once for as long as it is open."""
        self.open = {cause.id for cause in causes(self.settings)}
        self.told_open &= self.open
        fresh: list[Cause] = []
        send_alerts(self.settings, configuration=CHOSEN, emit=fresh.append)
        for cause in fresh:
            if cause.id in self.told_open:
                self.twice.append(f"{self.now:%d.%m %H:%M} {cause.kind} {cause.key}")
            self.told_open.add(cause.id)
            self.told.append((self.now, cause))


def contract(name: str, frequency: str, cron: str, number: int) -> dict[str, Any]:
    """A dataset of three columns; some move over holidays, some want a first publication looked at."""
    made = copy.deepcopy(CONTRACT)
    made |= {"name": name, "title": f"Набір {name}"}
    made["resources"][0]["source"]["settle"] = 0
    fields = (("uid", "integer"), ("label", "string"), ("places", "integer"))
    made["resources"][0]["schema"] = {
        "fields": [{"name": field, "type": kind, "constraints": {"required": True}} for field, kind in fields],
        "primaryKey": ["uid"],
    }
    schedule = {"cron": cron, "holidays": "next-working-day"} if number % 3 == 1 else {"cron": cron}
    if frequency == "daily":
        schedule = {"cron": cron}
    made["publication"] |= {
        "frequency": frequency,
        "schedule": schedule,
        "columns": {field: "open" for field, _ in fields},
        "approval": {"first": "required" if number % 8 == 2 else "none", "breaking": "required"},
    }
    return made


def crons(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Name, frequency and schedule of each dataset."""
    for frequency, count in KINDS:
        for number in range(1, count + 1):
            minute, day = rng.randrange(60), rng.randint(1, 28)
            days = {"daily": "* * *", "weekly": f"* * {rng.randrange(1, 6)}", "monthly": f"{day} * *",
                    "quarterly": f"{day} 1,4,7,10 *"}[frequency]  # fmt: skip
            yield f"{frequency}-{number:02}", frequency, f"{minute} 4 {days}"


@pytest.fixture
def life(tmp_path: Path, portal_session: LocalPortal) -> Life:
    """The city on its first day."""
    rng = random.Random(60)
    root, home = tmp_path / "city", tmp_path / "state"
    for number, (name, frequency, cron) in enumerate(crons(rng)):
        department = f"d{number % 6}"
        folder = root / "datasets" / department / name
        (folder / "exports").mkdir(parents=True)
        for file, value in (
            (root / "datasets" / "city.yaml", CITY),
            (folder.parent / "department.yaml", {**DEPARTMENT, "name": department}),
            (folder / "dataset.yaml", contract(name, frequency, cron, number)),
        ):
            file.write_text(yaml.safe_dump(value, allow_unicode=True), encoding="utf-8")
    home.mkdir()
    SigningKey.generate("vidkryto-test/sixty").save(home / "practice.key")
    Ledger.create(home, key=home / "practice.key")
    datasets, problems = load_all(root / "datasets")
    assert (len(datasets), list(problems)) == (73, [])
    folders = {item.name: Folder(item, item.folder / "exports") for item in datasets}
    settings = Settings(root, home, portal_session.url, Secret(portal_session.editor_token))
    made = Life(settings, folders, datetime.combine(FIRST, time(0), KYIV))
    plan_exports(made, rng)
    return made


def plan_exports(life: Life, rng: random.Random) -> None:
    """One export before each scheduled moment: most in time, some late, wrong (and mended a day later) or the same."""
    end = datetime.combine(FIRST + timedelta(days=DAYS), time(0), KYIV)
    calm = datetime.combine(FIRST + timedelta(days=QUIET_FROM), time(0), KYIV)
    for folder in life.folders.values():
        schedule = folder.dataset.contract.publication.schedule
        assert schedule is not None
        at = life.now - timedelta(hours=6)
        folder.planned.append((at, "good"))
        for moment in moments(schedule, life.now):
            if moment >= end:
                break
            at, kind, luck = moment - timedelta(hours=10), "good", rng.random()
            if moment < calm and luck < 0.08 and not folder.dataset.name.startswith("quarterly"):
                at += timedelta(days=rng.randint(1, 4))
            elif moment < calm and luck < 0.15:
                folder.planned.append((at, "wrong"))
                at += timedelta(days=1)
            elif moment < calm and luck < 0.5 and folder.dataset.name.startswith(("daily", "weekly")):
                kind = "same"
            folder.planned.append((at, kind))
        folder.planned.sort()


def departments_work(life: Life) -> None:
    """Put what has come by now; lose a department's folders for two days; halve two tables on one day."""
    for folder in life.folders.values():
        gone = folder.path.with_name("lost")
        lost = folder.dataset.department.name == WITHOUT_SOURCE and SOURCE_OUT[0] <= life.now < SOURCE_OUT[1]
        if lost and folder.path.is_dir():
            folder.path.rename(gone)
        elif not lost and gone.is_dir():
            gone.rename(folder.path)
        if folder.dataset.name in (APPROVED, REFUSED) and life.now >= BREAKING:
            folder.rows = 9
        while not lost and folder.planned and folder.planned[0][0] <= life.now:
            folder.put(*folder.planned.pop(0))


def days_pass(life: Life) -> None:
    """Sixty days, four looks a day; three days without a keeper."""
    rng = random.Random(61)
    for day in range(DAYS):
        for step in STEPS:
            life.now = datetime.combine(FIRST + timedelta(days=day), step, KYIV)
            departments_work(life)
            if KEEPER_OUT[0] <= life.now < KEEPER_OUT[1]:
                continue
            life.run_what_is_due()
            life.tell()
            if step == STEPS[1]:
                life.answer(rng)


def test_sixty_days_are_accounted_for(
    life: Life, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of the sentences below, over some hundreds of runs."""
    monkeypatch.setattr(Patience, "wait", lambda *_: 0.02)  # an outage is noticed at once
    with told_by(lambda: life.now.astimezone(UTC)):
        days_pass(life)
        end = {row.dataset.name: row for row in agenda(life.settings)}
    with capsys.disabled():
        outcomes = Counter(record.outcome for _, record in life.runs)
        kinds = Counter(cause.kind for _, cause in life.told)
        print(f"\n{len(life.runs)} runs: {dict(outcomes)}; told: {dict(kinds)}")
    every_moment_has_its_run(life)
    no_run_without_a_reason(life)
    assert life.twice == []
    assert {"late", "withheld", "failed", "approval"} <= {cause.kind for _, cause in life.told}
    refused = {name for name, row in end.items() if row.state != "on time"}
    assert refused == {REFUSED}, {name: (row.state, row.days_late, row.missed) for name, row in end.items()
                                      if row.state != "on time"}  # fmt: skip
    nothing_was_lost(life)


def every_moment_has_its_run(life: Life) -> None:
    """A run before the next look after each scheduled moment, or once for all that passed without a keeper."""
    runs = defaultdict(list)
    for at, record in life.runs:
        runs[record.dataset].append(at)
    last = datetime.combine(FIRST + timedelta(days=DAYS - 1), STEPS[0], KYIV)
    for name, folder in life.folders.items():
        schedule = folder.dataset.contract.publication.schedule
        assert schedule is not None
        for moment in moments(schedule, datetime.combine(FIRST, time(5), KYIV)):
            if moment > last:
                break
            until = moment + timedelta(hours=3)
            if KEEPER_OUT[0] <= moment < KEEPER_OUT[1]:
                until = KEEPER_OUT[1] + timedelta(hours=3)
            assert [at for at in runs[name] if moment <= at <= until], f"{name} was not run at {moment}"


def no_run_without_a_reason(life: Life) -> None:
    """Two runs within a day only after a failure, or after something withheld was answered or looked at again."""
    before: dict[str, tuple[datetime, RunRecord]] = {}
    for at, record in life.runs:
        if earlier := before.get(record.dataset):
            soon = at - earlier[0] < timedelta(hours=20)
            assert not soon or earlier[1].outcome in ("Failed", "Withheld"), (
                f"{record.dataset} at {at} and {earlier[0]}"
            )
        before[record.dataset] = (at, record)


def nothing_was_lost(life: Life) -> None:
    """Every export that a run saw is archived, the portal shows the last good one, the ledger vouches for it all."""
    settings = life.settings
    portal = CkanPortal(settings.ckan_url, settings.ckan_token, CITY["organization"])
    assert all(settings.archive.path(sha256).is_file() for sha256 in life.pulled)
    for name, folder in life.folders.items():
        rows = public(portal, "datastore_search", resource_id=f"testove_{name.replace('-', '_')}_stops")["records"]
        shown = [f"{row['uid']},{row['label']},{row['places']}" for row in sorted(rows, key=lambda row: row["uid"])]
        good = folder.content.splitlines()[1:]
        assert (shown == good) is (name != REFUSED), name
    assert verify(settings.home / "ledger", objects=settings.home / "objects", runs=settings.home / "runs").good
    entries = list(Ledger.open(settings.home).entries())
    results = [entry.body["outcome"] for entry in entries if entry.kind == "result"]
    assert Counter(results) == Counter(record.outcome for _, record in life.runs)
