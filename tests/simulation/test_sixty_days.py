"""Sixty days of a city of 73 datasets: fake time, real code, a real portal for a part of them."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.conftest import Hook, hook
from tests.pipeline.conftest import READING
from tests.support.catalogue import CONTRACT, DEPARTMENT, write_catalogue
from tests.support.local_portal import LocalPortal
from vidkryto.alerts import Configuration, Delivery, causes, send_alerts
from vidkryto.catalogue import find_dataset
from vidkryto.catalogue.calendar import moments
from vidkryto.clock import told_by
from vidkryto.errors import PortalError, stage
from vidkryto.pipeline import direct, due_datasets, ledger_of, new_job, publish_dataset
from vidkryto.plan.value import Cost, Plan
from vidkryto.publish.approvals import Approvals
from vidkryto.publish.receipt import Receipt
from vidkryto.record import Ledger, SigningKey
from vidkryto.record.run import RunRecord
from vidkryto.record.verifier import verify
from vidkryto.release import Releases
from vidkryto.settings import Secret, Settings

__all__ = ["hook"]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # raised inside GX
]
START = datetime(2026, 9, 1, tzinfo=UTC)
DAYS, DATASETS, DAILY, WEEKLY, ON_PORTAL = 60, 73, 6, 14, 3
PORTAL_DOWN, WORKER_DOWN, SOURCE_GONE = (10, 11), (20, 21, 22), (30,)
NO_EXPORT, BAD_EXPORT = range(40, 46), (15, 16)
KILLED = 33
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Killed(BaseException):
    """What SIGKILL is to a run: nothing of ours hears of it."""


@dataclass
class Life:
    """The city, its clock, and what was seen."""

    settings: Settings
    portal: bool = True
    now: datetime = START
    delivered: dict[str, str] = field(default_factory=dict)
    """The label in the last good export of each dataset."""
    sent: list[tuple[datetime, Delivery]] = field(default_factory=list)
    kill: str = ""

    def name(self, number: int) -> str:
        return f"sim-{number:02}"

    def folder(self, number: int) -> Path:
        return self.settings.datasets / f"office-{number % 6}" / self.name(number)

    def export(self, number: int, day: int, *, bad: bool = False) -> None:
        """The department hands over the table of the day; a bad one has a word where a number must be."""
        label, lat = f"День {day}", "не знаю" if bad else f"49,{number:02}"
        text = f"uid;label;lat;lon;opened\n1;{label};{lat};26,98;01.09.2020\n2;Інша;49,1;26,9;\n"
        file = self.folder(number) / "exports" / "stops.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if not bad:
            self.delivered[self.name(number)] = label

    def call(self, name: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Stages as they are; for the datasets without the real portal, plan and publish are answered here."""
        job = arguments[0]
        if name == "publish" and self.kill == job.dataset.name:
            self.kill = ""
            raise Killed
        if int(job.dataset.name[-2:]) < ON_PORTAL:
            return direct(name, function, *arguments)
        if name in ("plan", "publish") and not self.portal:
            with stage(job.dataset.name, name):
                raise PortalError("the portal does not answer", transient=True)
        if name == "plan":
            return self.plan(job, arguments[1])
        return self.receipt(job, *arguments[1:]) if name == "publish" else direct(name, function, *arguments)

    def plan(self, job: Any, release: Any) -> Plan:
        live = job.releases.published()
        same = live is not None and live.sha256 == release.sha256
        return Plan(
            job.dataset.name,
            "https://double.example",
            release.version,
            release.sha256,
            release.contract_sha256,
            live.version if live else "",
            live.sha256 if live else "",
            "nothing" if same else "routine",
            live is None,
            (),
            (),
            (),
            (),
            Cost(0, 0, 0),
        )

    def receipt(self, job: Any, plan: Plan, release: Any) -> Receipt:
        at = self.now.isoformat()
        package = "00000000-0000-0000-0000-000000000000"
        return Receipt(
            job.dataset.name,
            plan.portal,
            package,
            release.version,
            release.sha256,
            plan.hash,
            job.run,
            "published",
            at,
            at,
            0,
            0,
            (),
            (),
        )

    def night(self) -> None:
        """What a worker does: every due dataset, once."""
        self.now = self.now.replace(hour=3)
        settings = self.settings if self.portal else replace(self.settings, ckan_url="http://127.0.0.1:9")
        for dataset in due_datasets(self.settings):
            self.now += timedelta(seconds=20)
            try:
                publish_dataset(new_job(find_dataset(settings.datasets, dataset.name), settings), call=self.call)
            except Killed:
                continue

    def morning(self, chosen: Configuration) -> None:
        """Alerts at ten in Kyiv, and a second call a quarter of an hour later, as a timer makes them."""
        for minute in (0, 15):
            self.now = self.now.replace(hour=7, minute=minute)
            self.sent += [(self.now, item) for item in send_alerts(self.settings, configuration=chosen)]

    def afternoon(self) -> None:
        """The office approves what waits."""
        self.now = self.now.replace(hour=11)
        for cause in causes(self.settings):
            if cause.kind == "approval":
                name, plan = cause.key.split()
                by = {"who": "data-office", "role": "Відділ даних", "reason": "Перевірено"}
                given = Approvals(self.settings.home / "plans").approve(plan, **by)
                body = {"decision": "approved", **by, "plan": given.plan}
                ledger_of(self.settings).append("approval", name, body)
                publish_dataset(new_job(find_dataset(self.settings.datasets, name), self.settings), call=self.call)


@pytest.fixture
def life(tmp_path: Path, portal_session: LocalPortal) -> Life:
    """73 datasets in six offices; the first three are published to the real portal."""
    settings = Settings(
        tmp_path,
        tmp_path / "state",
        portal_session.url,
        Secret(portal_session.editor_token),
        report_url="https://r.example",
    )
    made = Life(settings)
    for number in range(DATASETS):
        contract = copy.deepcopy(CONTRACT)
        contract["name"] = made.name(number)
        contract["resources"][0]["reading"] = READING
        contract["resources"][0]["source"]["settle"] = 0
        kind = "daily" if number < DAILY else "weekly" if number < DAILY + WEEKLY else "monthly"
        cron = {"daily": "30 4 * * *", "weekly": "30 4 * * 1", "monthly": f"30 4 {1 + number % 28} * *"}[kind]
        first = "required" if number % 5 == 4 else "none"
        contract["publication"] |= {
            "frequency": kind,
            "schedule": {"cron": cron},
            "approval": {"first": first, "breaking": "required"},
        }
        folder = write_catalogue(tmp_path, contract)
        office = made.folder(number).parent
        office.mkdir(exist_ok=True)
        department = {**DEPARTMENT, "name": office.name}
        (office / "department.yaml").write_text(yaml.safe_dump(department, allow_unicode=True), encoding="utf-8")
        folder.rename(made.folder(number))
    (settings.home).mkdir()
    SigningKey.generate("vidkryto-test/simulation").save(settings.home / "practice.key")
    Ledger.create(
        settings.home,
        key=settings.home / "practice.key",
    )
    return made


@contextmanager
def gone(folder: Path) -> Iterator[None]:
    """A source that is not there for a night."""
    away = folder.with_name("away")
    folder.rename(away)
    yield
    away.rename(folder)


def hands_over(number: int, day: int) -> bool:
    """Whether a department has a new export on this day: the day on which its dataset is to run."""
    date = START + day * DAY
    if number < DAILY or day == 0:
        return True
    return date.weekday() == 0 if number < DAILY + WEEKLY else date.day == 1 + number % 28


def live_through(life: Life, chosen: Configuration) -> None:
    """Sixty days with everything that goes wrong in them."""
    for day in range(DAYS):
        life.now = START + day * DAY
        life.portal = day not in PORTAL_DOWN
        for number in range(DATASETS):
            if hands_over(number, day) and not (number == 3 and day in NO_EXPORT):
                life.export(number, day, bad=number == 4 and day in BAD_EXPORT)
        if day in WORKER_DOWN:
            continue
        life.kill = life.name(5) if day == KILLED else ""
        if day in SOURCE_GONE:
            with gone(life.folder(2) / "exports"):
                life.night()
                life.morning(chosen)
        else:
            life.night()
            life.morning(chosen)
        life.afternoon()
        life.now = life.now.replace(hour=12)


def runs_of(life: Life, number: int) -> list[RunRecord]:
    """The records of a dataset, oldest first."""
    return [
        RunRecord.load(file) for file in sorted((life.settings.home / "runs" / life.name(number)).glob("*/run.json"))
    ]


def test_after_sixty_days_every_promise_is_accounted_for(
    life: Life,
    hook: Hook,
    monkeypatch: pytest.MonkeyPatch,  # the fixture
) -> None:
    """No scheduled moment without a run, nothing lost, nobody alerted twice, and the ledger holds."""
    monkeypatch.setenv("VIDKRYTO_TEST_HOOK", hook.url)
    route = {"name": "chat", "kind": "webhook", "form": "slack", "url_variable": "VIDKRYTO_TEST_HOOK"}
    with told_by(lambda: life.now):
        live_through(life, Configuration.model_validate({"routes": [route], "quiet": None}))

    for number in range(DATASETS):
        schedule = find_dataset(life.settings.datasets, life.name(number)).contract.publication.schedule
        assert schedule is not None
        nights = Counter(datetime.fromisoformat(run.started).date() for run in runs_of(life, number) if _at_night(run))
        assert max(nights.values()) == 1, "one run a night, after an outage too"
        for moment in moments(schedule, START):
            day = (moment.astimezone(UTC) - START).days
            if day >= DAYS:
                break
            wanted = max(WORKER_DOWN) + 1 if day in WORKER_DOWN else day
            killed = number == 5 and day == KILLED
            assert nights[(START + wanted * DAY).date()] == (0 if killed else 1), (number, day)

    for number in range(DATASETS):
        if life.settings.home.joinpath("runs", life.name(number)).is_dir():
            published = Releases(life.settings.home / "releases" / life.name(number)).published()
            assert published is not None, life.name(number)
            last = runs_of(life, number)[-1]
            assert last.outcome in ("Published", "Unchanged"), (number, last.reason)
            if number < DAILY:
                assert life.delivered[life.name(number)] in published.tables[0].csv.path.read_text(encoding="utf-8")

    told = [(item.route, cause) for _, item in life.sent for cause in item.causes]
    assert not any(item.error for _, item in life.sent)
    assert len(hook.posts) == len(life.sent)
    twice = {key: count for key, count in Counter((route, cause.id) for route, cause in told).items() if count > 1}
    assert not twice
    kinds = {
        kind: {name for _, cause in told if cause.kind == kind for name in cause.datasets} for kind in _kinds(told)
    }
    assert kinds["late"] == {life.name(3), life.name(4)}
    assert kinds["withheld"] >= {life.name(4)}
    assert kinds["approval"] == {life.name(number) for number in range(DATASETS) if number % 5 == 4}
    down = [cause for _, cause in told if cause.kind == "failed"]
    assert down
    assert len(down) <= 2, "an outage of the portal is told once for each way in which it shows"

    report = verify(
        life.settings.home / "ledger", objects=life.settings.home / "objects", runs=life.settings.home / "runs"
    )
    assert report.good
    results = [entry for entry in ledger_of(life.settings).entries() if entry.kind == "result"]
    assert len(results) == len(list((life.settings.home / "runs").glob("*/*/run.json")))


def _at_night(run: RunRecord) -> bool:
    return run.started[11:13] == "03"


def _kinds(told: list[tuple[str, Any]]) -> set[str]:
    return {cause.kind for _, cause in told}
