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

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectAlreadyExists

from vidkryto.catalogue.deployments import OWNER, POOL
from vidkryto.errors import VidkrytoError

PAGE = 200


@dataclass(frozen=True, slots=True)
class Synced:
    """What a sync did, by names of deployments."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    schedules_removed: int
    unchanged: int


def server_deployments(client: SyncPrefectClient) -> dict[str, DeploymentResponse]:
    """The deployments of the server that are ours, by name."""
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[OWNER]))
    found: dict[str, DeploymentResponse] = {}
    while True:
        page = client.read_deployments(deployment_filter=ours, limit=PAGE, offset=len(found))
        found |= {item.name: item for item in page}
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
                "schedules": [getattr(schedule.schedule, "cron", "") for schedule in deployment.schedules],
            }
            for name, deployment in sorted(server_deployments(client).items())
        ]
