"""The fault campaign: every request of a publication is spoilt in every way, and the next run mends it.

`make test-all` runs it whole, prints the table (request × fault → outcome) and writes it to the file that
VIDKRYTO_FAULT_TABLE names. The normal run takes one request of each kind.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.publish.proxy import FAULTS, LATE, Proxy, proxied
from tests.publish.releases import STOPS, a_release, stop
from tests.support.local_portal import LocalPortal
from vidkryto.errors import PortalError, VidkrytoError
from vidkryto.plan import delta
from vidkryto.plan.delta import Shown
from vidkryto.plan.live import LOCK
from vidkryto.plan.make import anchor_id, make_plan
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.portal import CkanPortal, Patience
from vidkryto.publish.staging import prepare
from vidkryto.publish.watch import drift
from vidkryto.release.store import load_release
from vidkryto.release.value import Release
from vidkryto.settings import Secret

HASTY = Patience(connect=2, read=1.5, attempts=3, pause=0.02, longest=0.1)
CALM = Patience(connect=5, read=60, attempts=6, pause=0.05, longest=0.5)
WRITING = (
    "package_create", "package_revise", "datastore_create", "datastore_upsert", "datastore_records_delete",
)  # fmt: skip
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def proxy(portal_session: LocalPortal) -> Iterator[Proxy]:
    """One proxy for the campaign."""
    with proxied(portal_session.url) as running:
        yield running


def through(proxy: Proxy, portal: LocalPortal, patience: Patience) -> CkanPortal:
    """The portal as an editor sees it through the proxy."""
    return CkanPortal(proxy.url, Secret(portal.editor_token), portal.organization, patience)


def a_step(folder: Path, scenario: str, dataset: str, number: int) -> Release:
    """Release `number` of a dataset: from an even one to an odd one and back, a scenario's change is made each time.

    Each has a version and a list of changes of its own, so that the feed grows in every case.
    """
    changes = {"stops-changes.csv": b"change,uid\nadded,HM0001\nremoved,HM0002\n"} if number else {}
    if not number % 2:
        rows = [stop(n) for n in range(12)]
        return a_release(folder, rows, dataset=dataset, version=f"1.{number}.0", extra=changes)
    if scenario.startswith("delta"):
        rows = [stop(n, label="нова") if n < 5 else stop(n) for n in range(2, 15)]
        extra = {"report.json": b"{}", **changes}
        return a_release(folder, rows, dataset=dataset, version=f"1.{number}.0", extra=extra)
    fields = [f if f["name"] != "platforms" else {**f, "type": "string"} for f in STOPS["fields"][1:]]
    schema = {"fields": [{"name": "code", "type": "string"}, *fields]}
    rows = [stop(n, code=f"c{n}") for n in range(50, 60)]
    return a_release(
        folder, rows, dataset=dataset, version=f"1.{number}.0", schema=schema, key=("code",), extra=changes
    )


SHOWN: dict[str, dict[str, Shown]] = {}
"""By dataset what its last receipt says, for the scenarios in which the difference is told from the files."""


def run(release: Release, portal: CkanPortal, shown: dict[str, Shown] | None = None) -> None:
    """Plan and apply once."""
    known = SHOWN.get(release.dataset, shown or {})
    plan = make_plan(release, portal, shown=known)
    receipt = apply(plan, release, portal, Applying(pause=0.02, attempts=3, shown=known))
    if release.dataset in SHOWN:
        read = {table.resource: table.sha256 for table in receipt.tables}
        SHOWN[release.dataset] = {t.resource: Shown(t.csv.path, read[t.resource]) for t in release.tables}


@pytest.fixture
def from_files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In scenarios that end with `files` a table of any size is compared by the files of its releases."""
    if str(request.getfixturevalue("scenario")).endswith("files"):
        monkeypatch.setattr(delta, "FROM", 1)


def check(release: Release, portal: CkanPortal, *, deep: bool = True) -> None:
    """The portal equals the release: nothing left to plan, no lock, no resource too many.

    `deep` also downloads every file as the public does and searches the table.
    """
    plan = make_plan(release, portal)
    assert plan.kind == "nothing", (plan.metadata, plan.resources, plan.tables)
    if deep:
        assert drift(apply(plan, release, portal), portal) == ()
    live = portal.dataset(release.dataset, {})
    assert live is not None
    assert not live.private
    anchor = live.resource(anchor_id(release.dataset))
    assert anchor is not None
    assert anchor.text(LOCK) == "free"
    names = [resource.text("vidkryto_name") or resource.id for resource in live.resources]
    assert len(set(names)) == len(names)
    assert [resource.fields["position"] for resource in live.resources] == list(range(len(names)))


def spoil(proxy: Proxy, number: int, fault: str, release: Release, hasty: CkanPortal, calm: CkanPortal) -> str:
    """Publish with one request spoilt, then run again as the next night would; returns which run reached the end."""
    proxy.ruin(number, fault)
    try:
        run(release, hasty)
        outcome = "same run"
    except VidkrytoError as error:
        outcome = f"next run ({type(error).__name__})"
    hit = proxy.seen[number] if number < len(proxy.seen) else ""
    proxy.clean()
    if fault == "answer late":
        # What lands when the run is over must do nothing: rows have keys, changes of metadata ask for the lock.
        time.sleep(LATE)
    if outcome != "same run":
        run(release, calm)
    check(release, calm, deep=hit.startswith(WRITING))
    return outcome


def requests_of(proxy: Proxy, release: Release, portal: CkanPortal) -> list[str]:
    """The requests of a publication that nothing disturbs."""
    proxy.clean()
    run(release, portal)
    return list(proxy.seen)


SCENARIOS = (
    "first", "delta", "replace", "first, staging", "delta, staging", "replace, staging", "delta, files",
)  # fmt: skip


def campaign(
    scenario: str, portal: LocalPortal, proxy: Proxy, folder: Path, *, every: bool
) -> Iterator[tuple[str, str, str]]:
    """All cases of a scenario: (request, fault, outcome)."""
    sysadmin = CkanPortal(portal.url, Secret(portal.sysadmin_token), portal.organization, CALM)
    staging = scenario.endswith(("staging", "files"))

    def dataset() -> str:
        name = f"faults-{next(_numbers)}-stops"
        if staging:
            prepare(sysadmin, {name: ["stops.csv"]})
        if scenario.endswith("files"):
            SHOWN[name] = {}
        return name

    calm = through(proxy, portal, CALM)
    proxy.clean()
    name = dataset()
    if scenario.startswith("first"):
        seen = requests_of(proxy, a_step(folder / name, scenario, name, 0), through(proxy, portal, CALM))
        for number, fault in cases(seen, every=every):
            name = dataset()
            release = a_step(folder / name, scenario, name, 0)
            hasty = through(proxy, portal, HASTY)
            yield f"{number:02d} {seen[number]}", fault, spoil(proxy, number, fault, release, hasty, calm)
        return
    run(a_step(folder, scenario, name, 0), calm)
    seen_of = {}
    # The feed is made by the first change; from the third on every change asks the same.
    for step in range(1, 5):
        release = a_step(folder, scenario, name, step)
        seen_of[step % 2] = requests_of(proxy, release, through(proxy, portal, CALM))
    numbers = itertools.count(5)
    for number, fault in cases(max(seen_of.values(), key=len), every=every):
        step = next(numbers)
        if number >= len(seen_of[step % 2]):
            # The way back takes fewer requests; the next step has them all.
            run(a_step(folder, scenario, name, step), calm)
            step = next(numbers)
        hasty = through(proxy, portal, HASTY)
        release = a_step(folder, scenario, name, step)
        yield f"{number:02d} {seen_of[step % 2][number]}", fault, spoil(proxy, number, fault, release, hasty, calm)


def cases(seen: list[str], *, every: bool) -> Iterator[tuple[int, str]]:
    """All pairs of request and fault, or a few that are spread over both.

    VIDKRYTO_FAULTS=writes leaves out the requests that only read, =reads those that write, for a shorter campaign.
    """
    writes = [n for n, name in enumerate(seen) if name.startswith(WRITING)]
    if every:
        numbers = set(range(len(seen)))
        left_out = {"writes": numbers.difference(writes), "reads": set(writes)}
        numbers -= left_out.get(os.environ.get("VIDKRYTO_FAULTS", ""), set())
        yield from itertools.product(sorted(numbers), FAULTS)
        return
    hard = ("cut after the last byte", "duplicated", "502 after it was done")
    yield from zip(writes[:3], hard, strict=True)


@pytest.mark.usefixtures("from_files")
@pytest.mark.parametrize("scenario", ["delta", pytest.param("delta, files", marks=pytest.mark.slow)])
def test_a_lost_or_doubled_write_does_no_harm(
    scenario: str, portal_session: LocalPortal, proxy: Proxy, tmp_path: Path
) -> None:
    """The normal run's share of the campaign: each write once, in the ways that hurt most."""
    outcomes = list(campaign(scenario, portal_session, proxy, tmp_path, every=False))
    assert outcomes


@pytest.mark.parametrize(("action", "release"), [("package_create", 0), ("package_revise", 1)])
def test_a_portal_that_only_errs_is_told_as_that_and_asked_again(
    action: str, release: int, portal_session: LocalPortal, proxy: Proxy, tmp_path: Path
) -> None:
    """Not as another run that publishes; the error says that it may pass, and what a try had begun is finished."""
    portal_session.reset()
    portal = through(proxy, portal_session, HASTY)
    proxy.clean()
    releases = [a_step(tmp_path / str(number), "delta", "errs", number) for number in range(release + 1)]
    for before in releases[:-1]:
        run(before, portal)
    proxy.errs_on = action
    try:
        with pytest.raises(PortalError) as caught:
            run(releases[-1], portal)
    finally:
        proxy.errs_on = ""
    assert caught.value.transient
    assert "hands" not in caught.value.message
    run(releases[-1], portal)
    check(releases[-1], portal)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("from_files")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_request_may_be_spoilt_in_every_way(
    scenario: str, portal_session: LocalPortal, proxy: Proxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the next run the portal equals the plan; the table of outcomes is printed and written."""
    cases_of = campaign(scenario, portal_session, proxy, tmp_path, every=True)
    outcomes: Counter[str] = Counter()
    for request, lines in itertools.groupby(cases_of, key=lambda line: line[0].split()[1]):
        for _, lines_of in itertools.groupby(lines, key=lambda line: line[0]):
            told = {fault: outcome for _, fault, outcome in lines_of}
            outcomes.update(told.values())
            report(capsys, f"| {scenario} | {request} | {'; '.join(f'{f}: {o}' for f, o in told.items())} |")
    report(capsys, f"| {scenario} | all | {outcomes.total()} cases: {dict(outcomes)} |")
    assert outcomes


def report(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Print a line of the table, and write it to the file that VIDKRYTO_FAULT_TABLE names."""
    with capsys.disabled():
        print(line, flush=True)
    if table := os.environ.get("VIDKRYTO_FAULT_TABLE", ""):
        with Path(table).open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")


def killed(
    url: str, token: str, organization: str, folder: str, number: int, when: str, shown: dict[str, Shown]
) -> None:
    """Publish in a process of its own that kills itself before or after its n-th request that writes."""
    portal = CkanPortal(url, Secret(token), organization, CALM)
    transport, send, count = portal.transport, portal.transport._counted, itertools.count()
    writes = [0]

    def counted(request):  # type: ignore[no-untyped-def]
        mine = transport.written > writes[0] and next(count) == number
        writes[0] = transport.written
        if mine and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = send(request)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    transport._counted = counted  # type: ignore[method-assign]
    if shown:
        delta.FROM = 1
    run(load_release(Path(folder)), portal, shown)


def kill_at(release: Release, portal: LocalPortal, number: int, when: str) -> bool:
    """Whether the process was killed before it was done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["vidkryto.publish.apply", "tests.publish.test_faults", "duckdb", "pyarrow.csv"])
    place = (portal.url, portal.editor_token, portal.organization)
    arguments = (*place, str(release.folder), number, when, SHOWN.get(release.dataset, {}))
    process = context.Process(target=killed, args=arguments)
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def killings(scenario: str, portal: LocalPortal, folder: Path, numbers: Iterable[int]) -> int:
    """Kill a run before and after each of its writes; the next run goes on. Returns how often one was killed."""
    calm = CkanPortal(portal.url, Secret(portal.editor_token), portal.organization, CALM)
    sysadmin = CkanPortal(portal.url, Secret(portal.sysadmin_token), portal.organization, CALM)
    steps, kills, missed, name = itertools.count(1), 0, 0, ""
    for number, when in ((number, when) for number in numbers for when in ("before", "after")):
        if not name or scenario.startswith("first"):
            name = f"killed-{next(_numbers)}-stops"
            if scenario.endswith(("staging", "files")):
                prepare(sysadmin, {name: ["stops.csv"]})
            if scenario.endswith("files"):
                SHOWN[name] = {}
            if not scenario.startswith("first"):
                run(a_step(folder, scenario, name, 0), calm)
        step = 0 if scenario.startswith("first") else next(steps)
        release = a_step(folder, scenario, name, step)
        if not kill_at(release, portal, number, when):
            check(release, calm)
            missed += 1
            if missed == 2:  # the way back takes fewer requests than the way there
                break
            continue
        kills, missed = kills + 1, 0
        run(release, calm)
        check(release, calm)
    return kills


@pytest.mark.parametrize("scenario", ["first", "replace"])
def test_a_killed_run_is_finished_by_the_next(scenario: str, portal_session: LocalPortal, tmp_path: Path) -> None:
    """SIGKILL before and after one write in the middle: the normal run's share of the next test."""
    assert killings(scenario, portal_session, tmp_path, (2,)) == 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("from_files")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_run_may_be_killed_at_every_write(
    scenario: str, portal_session: LocalPortal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL before and after each request that writes, on both routes; between two writes the portal is the same."""
    kills = killings(scenario, portal_session, tmp_path, itertools.count())
    report(capsys, f"| {scenario} | SIGKILL | {kills} kills, before and after each write: next run |")
    assert kills >= 4
