"""The doctor: is everything that a night needs in order, and if not, what mends it?"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from types import MappingProxyType
from typing import Literal

from packaging.requirements import Requirement

from vidkryto import clock
from vidkryto.alerts import load_configuration
from vidkryto.alerts.configuration import Email, Webhook
from vidkryto.alerts.expiry import WARNED_BEFORE, certificate_end, token_end
from vidkryto.catalogue import deployments, load_all
from vidkryto.errors import VidkrytoError
from vidkryto.observe.reach import reach
from vidkryto.pipeline import last_run, ledger_of, shared
from vidkryto.pipeline.agenda import agenda
from vidkryto.publish.portal import CkanPortal
from vidkryto.record.keys import SigningKey
from vidkryto.settings import Settings, secret_from

LEAST_BYTES, LEAST_SHARE = 5 << 30, 0.05
TOO_FEW_BYTES = 256 << 20
"""With less a night fails: exports, releases and Prefect's database are written first."""
CLOCK_APART = 60.0
State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: how it is, in English words of the catalogue, and what mends it."""

    name: str
    state: State
    found: str
    remedy: str = ""


Look = Callable[[Settings], Iterator[Check]]
"""One look of the doctor: what it found, good or bad."""


def examine(settings: Settings, more: Mapping[str, Look] = MappingProxyType({})) -> tuple[Check, ...]:
    """Look at everything, and at `more`; a check that cannot be made is itself an error with its remedy."""
    made: list[Check] = []
    for name, check in {**CHECKS, **more}.items():
        try:
            made += check(settings)
        except VidkrytoError as error:
            made.append(Check(name, "error", error.message, error.remedy))
        except OSError as error:
            made.append(Check(name, "error", f"cannot be looked at: {error.strerror}", "See the path and its rights."))
    return tuple(made)


def _contracts(settings: Settings) -> Iterator[Check]:
    datasets, errors = load_all(settings.datasets)
    for error in errors:
        yield Check("contracts", "error", error.message, error.remedy)
    active = sum(dataset.contract.publication.status == "active" for dataset in datasets)
    if not active:
        yield Check(
            "contracts", "error", "no active dataset was found", "Set VIDKRYTO_ROOT to the folder of datasets/."
        )
    elif not errors:
        yield Check("contracts", "ok", f"{active} active datasets")


def _portal(settings: Settings) -> Iterator[Check]:
    datasets, _ = load_all(settings.datasets)
    organization = settings.organization or (datasets[0].city.organization if datasets else "")
    portal = CkanPortal.of(settings, organization)
    started = time.monotonic()
    can = portal.capabilities()
    yield Check(
        "portal", "ok", f"CKAN {can.version} answers in {time.monotonic() - started:.2f} s; the token may publish"
    )
    for what, end in (
        ("token", token_end(settings.ckan_token.reveal())),
        ("certificate", certificate_end(settings.ckan_url)),
    ):
        if end is not None:
            soon = end - clock.now() <= WARNED_BEFORE
            remedy = "Replace it before that day." if soon else ""
            yield Check("portal", "warning" if soon else "ok", f"the {what} ends on {end.date().isoformat()}", remedy)


def _clock(settings: Settings) -> Iterator[Check]:
    theirs = reach(f"{settings.ckan_url}/api/3/action/status_show").clock if settings.ckan_url else None
    if theirs is None:
        yield Check("clock", "warning", "there is no other clock to compare with", "Mend the portal's address first.")
        return
    apart = abs(theirs - time.time())
    if apart > CLOCK_APART:
        yield Check(
            "clock", "error", f"this clock and the portal's are {apart:.0f} s apart", "Switch on time synchronisation."
        )
    else:
        yield Check("clock", "ok", "this clock and the portal's agree")


def _disk(settings: Settings) -> Iterator[Check]:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    usage = shutil.disk_usage(folder)
    free = f"{usage.free / (1 << 30):.1f} GiB free"
    if not os.access(folder, os.W_OK):
        yield Check("disk", "error", "the state folder cannot be written", "Give this user the right to write it.")
    elif usage.free < TOO_FEW_BYTES:
        yield Check("disk", "error", free, "Free space, or see what may go: vidkryto gc --dry-run")
    elif usage.free < LEAST_BYTES or usage.free < LEAST_SHARE * usage.total:
        yield Check("disk", "warning", free, "Free space, or see what may go: vidkryto gc --dry-run")
    else:
        yield Check("disk", "ok", free)


def _store(settings: Settings) -> Iterator[Check]:
    if not settings.store:
        return
    shared.reached(settings)
    datasets, _ = load_all(settings.datasets)
    last = (last_run(settings, dataset.name) for dataset in datasets)
    owing = [record.dataset for record in last if record is not None and shared.owing(settings, record)]
    if owing:
        words = f"the shared store has not got everything of: {', '.join(owing[:5])}"
        yield Check("store", "warning", words, "Run vidkryto publish --due: these are due, and give the rest.")
    else:
        yield Check("store", "ok", "the shared store answers and has what this machine published")


def _keys(settings: Settings) -> Iterator[Check]:
    ledger = ledger_of(settings)
    key = ledger.signing_key_file
    SigningKey.load(key)
    if key.stat().st_mode & 0o077:
        yield Check("keys", "error", "the ledger's key can be read by others", f"chmod 600 {key.name}")
    elif settings.home in key.parents:
        yield Check(
            "keys",
            "warning",
            "the ledger is signed with the practice key",
            "Before real use: vidkryto audit init, and set VIDKRYTO_AUDIT_KEY.",
        )
    else:
        yield Check("keys", "ok", "the ledger's key is there and only its owner can read it")
    if not list((settings.home / "ledger" / "cosigned").glob("*.checkpoint")):
        yield Check("keys", "warning", "no other office cosigns the ledger", "Ask one to run: vidkryto audit cosign")


def _schedules(settings: Settings) -> Iterator[Check]:
    datasets, _ = load_all(settings.datasets)
    file = settings.root / "prefect.yaml"
    fresh = file.is_file() and file.read_text(encoding="utf-8") == deployments.render(
        datasets, version("prefect"), alerts=deployments.has_alerts(settings.root)
    )
    if not fresh:
        yield Check("schedules", "warning", "prefect.yaml is stale", "Run vidkryto deployments render.")
    missed = [row.dataset.name for row in agenda(settings, datasets=datasets) if row.missed > 1]
    if missed:
        words = f"scheduled runs were missed: {', '.join(missed[:5])}"
        yield Check("schedules", "error", words, "Start vidkryto up, or run vidkryto publish --due.")
    server = os.environ.get("PREFECT_API_URL", "").rstrip("/")
    if server and (answer := reach(f"{server}/health")).status != 200:
        words = f"the Prefect server does not answer: {answer.error or answer.status}"
        yield Check("schedules", "error", words, "Start it with vidkryto up, or mend PREFECT_API_URL.")
    elif fresh and not missed:
        yield Check("schedules", "ok", "prefect.yaml is fresh and no run was missed")


def _pins(_settings: Settings) -> Iterator[Check]:
    wrong = []
    for line in requires("vidkryto") or ():
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} {found}, wanted {wanted.specifier}")
    if wrong:
        yield Check("pins", "error", "; ".join(wrong), "Install from requirements.lock: make setup")
    else:
        yield Check("pins", "ok", "the libraries are those that were tested")


def _alerts(settings: Settings) -> Iterator[Check]:
    routes = load_configuration(settings.root).routes
    if not routes:
        yield Check("alerts", "warning", "nobody is told of anything", "Write alerts.yaml: docs/how-to/alerts.md")
        return
    for route in routes:
        if isinstance(route, Webhook):
            secret_from(route.url_variable, route.url_file)
        elif isinstance(route, Email) and route.user:
            secret_from(route.password_variable, route.password_file)
    yield Check("alerts", "ok", f"{len(routes)} routes")


CHECKS: dict[str, Look] = {
    "contracts": _contracts,
    "portal": _portal,
    "clock": _clock,
    "disk": _disk,
    "store": _store,
    "keys": _keys,
    "schedules": _schedules,
    "pins": _pins,
    "alerts": _alerts,
}
