"""`prefect.yaml` from the contracts: one deployment for each active dataset, and those that look after them all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from vidkryto.catalogue.contract import Schedule
from vidkryto.catalogue.load import Dataset
from vidkryto.catalogue.source import RemoteSource, WebSource

POOL = "vidkryto"
PAGE = 200
"""The most that Prefect's server gives in one answer."""
OWNER = "managed:vidkryto"
"""The tag of deployments that are ours: sync removes those no contract asks for, and touches no others."""
PORTAL_LIMIT = "vidkryto-portal"
"""Prefect's concurrency limit of runs that ask the portal at the same time."""
LIMITS = {"portal": 4, "host": 2}
"""How many runs a new limit lets pass; who changes one on the server (`prefect gcl update`) is left alone."""
STANDING = (
    ("catch-up", "flows/catch_up.py:catch_up", "Starts what an outage, a late or a mended export left undone",
     "25 * * * *"),
    ("watch-portal", "flows/watch.py:watch_portal", "Compares the portal with the receipts", "40 6 * * *"),
    ("housekeeping", "flows/housekeeping.py:tidy", "Removes old releases and exports by the contracts' rules",
     "10 2 * * 0"),
)  # fmt: skip
"""Deployments that every city with an active dataset has: name, flow, what it does, schedule."""
ALERTS_FILE = "alerts.yaml"
"""Beside datasets/: whom a city tells of what. Where it exists, there is a deployment that does so."""
ALERTS = ("send-alerts", "flows/alerts.py:tell", "Tells people what was not told yet, by alerts.yaml", "*/15 * * * *")
HEADER = "# Made by `vidkryto deployments render` from datasets/*/*/dataset.yaml; edit those.\n"


def has_alerts(root: Path) -> bool:
    """Whether the city has configured whom to tell."""
    return (root / ALERTS_FILE).is_file()


def entries(datasets: Iterable[Dataset], *, alerts: bool = False) -> list[dict[str, Any]]:
    """The deployments, each with a version that is the hash of its entry, so that sync finds what differs.

    After those of the datasets come the city's own: `STANDING`, and with `alerts` the flow that tells people, for a
    city that has an alerts.yaml.
    `active` is left out of schedules on purpose: an officer's pause in the UI then survives a sync.
    """
    made = []
    for dataset in datasets:
        publication = dataset.contract.publication
        if publication.status != "active":
            continue
        entry: dict[str, Any] = {
            "name": dataset.name,
            "entrypoint": "flows/publish.py:publish_dataset",
            "description": dataset.contract.title,
            "tags": [OWNER, dataset.department.name],
            "parameters": {"dataset": dataset.name},
            "work_pool": {"name": POOL},
            "concurrency_limit": {"limit": 1, "collision_strategy": "CANCEL_NEW"},
            "schedules": [],
        }
        if publication.schedule is not None:
            entry["schedules"] = [_schedule(publication.schedule)]
        made.append(_versioned(entry))
    own = [*(STANDING if made else ()), *((ALERTS,) if alerts else ())]
    return [*made, *(_of_the_city(*parts) for parts in own)]


def _of_the_city(name: str, entrypoint: str, description: str, cron: str) -> dict[str, Any]:
    """A deployment that is no dataset's."""
    return _versioned(
        {
            "name": name,
            "entrypoint": entrypoint,
            "description": description,
            "tags": [OWNER],
            "parameters": {},
            "work_pool": {"name": POOL},
            "concurrency_limit": {"limit": 1, "collision_strategy": "CANCEL_NEW"},
            "schedules": [{"cron": cron, "timezone": "Europe/Kyiv", "slug": "main"}],
        }
    )


def _versioned(entry: Mapping[str, Any]) -> dict[str, Any]:
    text = json.dumps(entry, sort_keys=True, ensure_ascii=False)
    return {**entry, "version": hashlib.sha256(text.encode()).hexdigest()[:12]}


def source_limits(dataset: Dataset) -> list[str]:
    """The names of the concurrency limits of the hosts that a dataset's exports come from; a folder has none."""
    addresses = (
        source.url if isinstance(source, WebSource) else source.remote
        for resource in dataset.contract.resources
        if isinstance(source := resource.source, WebSource | RemoteSource)
    )
    return sorted({f"vidkryto-host-{host}" for address in addresses if (host := urlsplit(address).hostname)})


def limits(datasets: Iterable[Dataset]) -> dict[str, int]:
    """Every concurrency limit that the active datasets keep to, with its first value."""
    active = (dataset for dataset in datasets if dataset.contract.publication.status == "active")
    hosts = sorted({name for dataset in active for name in source_limits(dataset)})
    return {PORTAL_LIMIT: LIMITS["portal"], **dict.fromkeys(hosts, LIMITS["host"])}


def _schedule(schedule: Schedule) -> dict[str, Any]:
    """A schedule for Prefect. One whose days move asks every day, and the flow runs when the dataset is due."""
    if schedule.holidays == "run":
        return {"cron": schedule.cron, "timezone": schedule.timezone, "slug": "main"}
    minute, hour, *_ = schedule.cron.split()
    daily = {"cron": f"{minute} {hour} * * *", "timezone": schedule.timezone, "slug": "main"}
    return {**daily, "parameters": {"when_due": True}}


def pauses(ask: Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]) -> dict[str, bool]:
    """Of each dataset that the server has a deployment of, whether a person has paused it, or all of its schedules.

    `ask` puts a question to the server's `/deployments/filter`.
    """
    found: dict[str, bool] = {}
    seen = 0
    while True:
        wanted = {"deployments": {"tags": {"all_": [OWNER]}}, "limit": PAGE, "offset": seen, "sort": "NAME_ASC"}
        page = ask(wanted)
        for item in page:
            if dataset := item["parameters"].get("dataset"):
                off = [not schedule["active"] for schedule in item["schedules"]]
                found[dataset] = item["paused"] or (bool(off) and all(off))
        seen += len(page)
        if len(page) < PAGE:
            return found


def pull_steps(directory: str) -> list[dict[str, Any]]:
    """What a worker does before a run: it goes to the city's folder."""
    return [{"prefect.deployments.steps.set_working_directory": {"directory": directory}}]


def render(datasets: Iterable[Dataset], prefect_version: str, *, alerts: bool = False) -> str:
    """The text of prefect.yaml."""
    document = {
        "name": "vidkryto",
        "prefect-version": prefect_version,
        "pull": pull_steps("{{ $VIDKRYTO_ROOT }}"),
        "deployments": entries(datasets, alerts=alerts),
    }
    return HEADER + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
