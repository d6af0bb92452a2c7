"""The fault campaign: every request of a publication is spoilt in every way, and the next run mends it.

`make test-all` runs it whole and prints the table (request × fault → outcome). The normal run takes one
request of each kind.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.publish.proxy import FAULTS, Proxy, proxied
from tests.publish.releases import STOPS, a_release, stop
from tests.support.local_portal import LocalPortal
from vidkryto.errors import VidkrytoError
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


def pair(folder: Path, scenario: str, dataset: str) -> tuple[Release, Release]:
    """Two releases between which a scenario goes forth and back."""
    first = a_release(folder, [stop(n) for n in range(12)], dataset=dataset)
    if scenario.startswith("delta"):
        rows = [stop(n, label="нова") if n < 5 else stop(n) for n in range(2, 15)]
        return first, a_release(folder, rows, dataset=dataset, version="1.1.0", extra={"report.json": b"{}"})
    fields = [f if f["name"] != "platforms" else {**f, "type": "string"} for f in STOPS["fields"][1:]]
    schema = {"fields": [{"name": "code", "type": "string"}, *fields]}
    rows = [stop(n, code=f"c{n}") for n in range(50, 60)]
    return first, a_release(folder, rows, dataset=dataset, version="2.0.0", schema=schema, key=("code",))


def run(release: Release, portal: CkanPortal) -> None:
    """Plan and apply once."""
    apply(make_plan(release, portal), release, portal, Applying(pause=0.02, attempts=3))


def check(release: Release, portal: CkanPortal) -> None:
    """The portal equals the release: nothing left to plan, no drift, no lock, no resource too many."""
    plan = make_plan(release, portal)
    assert plan.kind == "nothing", (plan.metadata, plan.resources, plan.tables)
    assert drift(apply(plan, release, portal), portal) == ()
    live = portal.dataset(release.dataset, {})
    assert live is not None
    assert not live.private
    anchor = live.resource(anchor_id(release.dataset))
    assert anchor is not None
    assert anchor.text(LOCK) == "free"
    names = [resource.text("vidkryto_name") for resource in live.resources]
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
    proxy.clean()
    if outcome != "same run":
        run(release, calm)
    check(release, calm)
    return outcome


def requests_of(proxy: Proxy, release: Release, portal: CkanPortal) -> list[str]:
    """The requests of a publication that nothing disturbs."""
    proxy.clean()
    run(release, portal)
    return list(proxy.seen)


SCENARIOS = ("first", "delta", "replace", "first, staging", "delta, staging", "replace, staging")


def campaign(
    scenario: str, portal: LocalPortal, proxy: Proxy, folder: Path, *, every: bool
) -> Iterator[tuple[str, str, str]]:
    """All cases of a scenario: (request, fault, outcome)."""
    sysadmin = CkanPortal(portal.url, Secret(portal.sysadmin_token), portal.organization, CALM)
    staging = scenario.endswith("staging")

    def dataset() -> str:
        name = f"faults-{next(_numbers)}-stops"
        if staging:
            prepare(sysadmin, {name: ["stops.csv"]})
        return name

    calm = through(proxy, portal, CALM)
    proxy.clean()
    name = dataset()
    if scenario.startswith("first"):
        (release, _) = pair(folder / name, "delta", name)
        seen = requests_of(proxy, release, through(proxy, portal, CALM))
        for number, fault in cases(seen, every=every):
            name = dataset()
            (release, _) = pair(folder / name, "delta", name)
            hasty = through(proxy, portal, HASTY)
            yield f"{number:02d} {seen[number]}", fault, spoil(proxy, number, fault, release, hasty, calm)
        return
    releases = pair(folder / name, scenario, name)
    run(releases[0], calm)
    there = 0
    seen_of = {}
    for target in (1, 0):
        seen_of[target] = requests_of(proxy, releases[target], through(proxy, portal, CALM))
        there = target
    for number, fault in cases(seen_of[1], every=every):
        there = 1 - there
        seen = seen_of[there]
        if number < len(seen):
            hasty = through(proxy, portal, HASTY)
            yield f"{number:02d} {seen[number]}", fault, spoil(proxy, number, fault, releases[there], hasty, calm)


def cases(seen: list[str], *, every: bool) -> Iterator[tuple[int, str]]:
    """All pairs of request and fault, or a few that are spread over both.

    VIDKRYTO_FAULTS=writes leaves out the requests that only read, for a shorter campaign.
    """
    writes = [n for n, name in enumerate(seen) if name.startswith(WRITING)]
    if every:
        only_writes = os.environ.get("VIDKRYTO_FAULTS") == "writes"
        yield from itertools.product(writes if only_writes else range(len(seen)), FAULTS)
        return
    hard = ("cut after the last byte", "duplicated", "502 after it was done")
    yield from zip(writes[:4], itertools.cycle(hard), strict=False)


@pytest.mark.parametrize("scenario", ["delta"])
def test_a_lost_or_doubled_write_does_no_harm(
    scenario: str, portal_session: LocalPortal, proxy: Proxy, tmp_path: Path
) -> None:
    """The normal run's share of the campaign: each write once, in the ways that hurt most."""
    outcomes = list(campaign(scenario, portal_session, proxy, tmp_path, every=False))
    assert outcomes


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_request_may_be_spoilt_in_every_way(
    scenario: str, portal_session: LocalPortal, proxy: Proxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the next run the portal equals the plan; the table of outcomes is printed."""
    cases_of = campaign(scenario, portal_session, proxy, tmp_path, every=True)
    outcomes: Counter[str] = Counter()
    for request, lines in itertools.groupby(cases_of, key=lambda line: line[0]):
        told = []
        for _, fault, outcome in lines:
            told.append(f"{fault} → {outcome}")
            outcomes[outcome] += 1
        with capsys.disabled():
            print(f"  {scenario} {request}: {'; '.join(told)}", flush=True)
    with capsys.disabled():
        print(f"{scenario}: {outcomes.total()} cases, {dict(outcomes)}", flush=True)
    assert outcomes


def killed(url: str, token: str, organization: str, folder: str, number: int, when: str) -> None:
    """Publish in a process of its own that kills itself before or after its n-th request."""
    portal = CkanPortal(url, Secret(token), organization, CALM)
    transport, send, count = portal.transport, portal.transport._counted, itertools.count()

    def counted(request):  # type: ignore[no-untyped-def]
        mine = next(count) == number
        if mine and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = send(request)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    transport._counted = counted  # type: ignore[method-assign]
    run(load_release(Path(folder)), portal)


def kill_at(release: Release, portal: LocalPortal, number: int, when: str) -> bool:
    """Whether the process was killed before it was done."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["vidkryto.publish.apply", "tests.publish.test_faults", "duckdb", "pyarrow.csv"])
    arguments = (portal.url, portal.editor_token, portal.organization, str(release.folder), number, when)
    process = context.Process(target=killed, args=arguments)
    process.start()
    process.join(120)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.parametrize(
    "numbers",
    [pytest.param((12,), id="one"), pytest.param(tuple(range(40)), id="every", marks=pytest.mark.slow)],
)
@pytest.mark.timeout(3600)
def test_a_killed_run_is_finished_by_the_next(
    numbers: tuple[int, ...], portal_session: LocalPortal, tmp_path: Path
) -> None:
    """SIGKILL before and after each request of a first publication and a full replace: the next run goes on."""
    calm = CkanPortal(portal_session.url, Secret(portal_session.editor_token), portal_session.organization, CALM)
    for number, when in itertools.product(numbers, ("before", "after")):
        name = f"killed-{next(_numbers)}-stops"
        releases = pair(tmp_path / name, "replace", name)
        for release in releases:
            done = not kill_at(release, portal_session, number, when)
            if not done:
                run(release, calm)
            check(release, calm)
        if done:
            return
