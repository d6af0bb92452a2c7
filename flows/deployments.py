"""Bring the deployments of a Prefect server in line with the contracts: only differences, nothing stale."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists

from vidkryto.catalogue.deployments import OWNER, POOL
from vidkryto.errors import VidkrytoError

PAGE = 200
"""The most that Prefect's server gives in one answer."""


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did, by names of deployments."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    schedules_removed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as the server has it. `cron` is empty for one of another kind, `slug` for one without."""

    id: UUID
    slug: str
    cron: str
    active: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """A deployment as the server has it."""

    id: UUID
    name: str
    version: str
    paused: bool
    schedules: tuple[Schedule, ...]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Registered:
        """One deployment of the server's answer."""
        schedules = tuple(
            Schedule(UUID(item["id"]), item.get("slug") or "", item["schedule"].get("cron", ""), item["active"])
            for item in answer["schedules"]
        )
        return cls(UUID(answer["id"]), answer["name"], answer["version"] or "", answer["paused"], schedules)


def server_deployments(client: SyncPrefectClient) -> dict[str, Registered]:
    """The deployments of the server that are ours, by name, in one request for each 200 of them.

    The answers are read as they come: Prefect's own models look up all time zones of the machine for each schedule,
    which takes longer than the server does.
    """
    found: dict[str, Registered] = {}
    seen = 0
    while True:
        body = {"deployments": {"tags": {"all_": [OWNER]}}, "limit": PAGE, "offset": seen, "sort": "NAME_ASC"}
        page = client.request("POST", "/deployments/filter", json=body).json()
        found |= {item["name"]: Registered.of(item) for item in page}
        seen += len(page)
        if len(page) < PAGE:
            return found


def sync(wanted: list[Mapping[str, Any]], root: Path, limits: Mapping[str, int] | None = None) -> Synced:
    """Apply `wanted`, the entries of prefect.yaml, to the server of PREFECT_API_URL.

    Unchanged entries are skipped by their version. Prefect itself removes neither a deployment nor a schedule
    that the file no longer names, so both are removed here. `limits` are concurrency limits to create where they
    are missing. Raises VidkrytoError when Prefect refuses an entry.
    """
    by_name = {str(entry["name"]): entry for entry in wanted}
    with get_client(sync_client=True) as client:
        with contextlib.suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        _limit(client, limits or {})
        have = server_deployments(client)
        added = tuple(name for name in by_name if name not in have)
        changed = tuple(name for name in by_name if name in have and have[name].version != by_name[name]["version"])
        if added or changed:
            _deploy((*added, *changed), root)
        removed = tuple(name for name in have if name not in by_name)
        for name in removed:
            client.delete_deployment(have[name].id)
        stale = 0
        now = server_deployments(client) if added or changed or removed else have
        for name, deployment in now.items():
            slugs = {schedule["slug"] for schedule in by_name[name]["schedules"]}
            for schedule in deployment.schedules:
                if schedule.slug not in slugs:
                    client.delete_deployment_schedule(deployment.id, schedule.id)
                    stale += 1
    return Synced(added, changed, removed, stale, len(by_name) - len(added) - len(changed))


def _limit(client: SyncPrefectClient, limits: Mapping[str, int]) -> None:
    """Create the concurrency limits that are missing; one that somebody changed keeps its value."""
    page: list[Any] = []
    have: set[str] = set()
    while page := client.read_global_concurrency_limits(limit=PAGE, offset=len(have)):
        have |= {item.name for item in page}
        if len(page) < PAGE:
            break
    for name in limits.keys() - have:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=limits[name]))


def _deploy(names: tuple[str, ...], root: Path) -> None:
    """Let Prefect's own command register entries of prefect.yaml."""
    options = [option for name in names for option in ("--name", name)]
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", *options],
        cwd=root,
        env={**os.environ, "VIDKRYTO_ROOT": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise VidkrytoError(f"prefect deploy refused: {tail}", remedy="`vidkryto check` names the contract's line.")


def status() -> list[dict[str, Any]]:
    """Every deployment of ours on the server, with its schedules and whether somebody paused it."""
    with get_client(sync_client=True) as client:
        return [
            {
                "name": name,
                "version": deployment.version,
                "paused": deployment.paused or any(not schedule.active for schedule in deployment.schedules),
                "schedules": [schedule.cron for schedule in deployment.schedules],
            }
            for name, deployment in sorted(server_deployments(client).items())
        ]
