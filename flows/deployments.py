"""Bring the deployments of a Prefect server in line with the contracts: only differences, nothing stale."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, PrefectHTTPStatusError

from vidkryto.catalogue.deployments import OWNER, PAGE, POOL, pauses, pull_steps
from vidkryto.errors import VidkrytoError
from vidkryto.pipeline.promised import note_pauses
from vidkryto.settings import Settings

CONCURRENT = 2
"""Deployments sent at the same time: of more the server, on SQLite, refuses some as busy, and those wait seconds."""


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


def sync(
    wanted: list[Mapping[str, Any]],
    root: Path,
    limits: Mapping[str, int] | None = None,
    *,
    kept: Collection[str] = (),
) -> Synced:
    """Apply `wanted`, the entries of prefect.yaml, to the server of PREFECT_API_URL.

    Unchanged entries are skipped by their version. Prefect itself removes neither a deployment nor a schedule
    that the file no longer names, so both are removed here. `limits` are concurrency limits to create where they
    are missing. What is named in `kept` stays as the server has it, wanted or not. Raises VidkrytoError when Prefect
    refuses an entry.
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
            _register(client, [by_name[name] for name in (*added, *changed)], have, root)
        removed = tuple(name for name in have if name not in by_name and name not in kept)
        for name in removed:
            client.delete_deployment(have[name].id)
        stale = 0
        now = server_deployments(client) if added or changed or removed else have
        for name in by_name.keys() & now.keys():
            deployment = now[name]
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


def _register(
    client: SyncPrefectClient, entries: list[Mapping[str, Any]], have: Mapping[str, Registered], root: Path
) -> None:
    """Create the deployments that `have` does not name, and change the others."""
    flows = {
        entrypoint: _flow(client, root, entrypoint) for entrypoint in {str(each["entrypoint"]) for each in entries}
    }

    def send(entry: Mapping[str, Any]) -> None:
        there = have.get(str(entry["name"]))
        body = _body(entry, flows[entry["entrypoint"]], root, new=there is None)
        try:
            if there is None:
                client.request("POST", "/deployments/", json=body)
            else:
                client.request("PATCH", "/deployments/{id}", path_params={"id": there.id}, json=body)
        except PrefectHTTPStatusError as error:
            raise VidkrytoError(
                f"Prefect refused the deployment {entry['name']}: {error.response.text[:500]}",
                remedy="`vidkryto check` names the contract's line.",
            ) from None

    with ThreadPoolExecutor(CONCURRENT) as pool:
        for _ in pool.map(send, entries):
            pass


@dataclass(frozen=True, slots=True)
class Flow:
    """What the server is told of a flow."""

    id: UUID
    description: str | None
    parameters: dict[str, Any]


def _flow(client: SyncPrefectClient, root: Path, entrypoint: str) -> Flow:
    """The flow of an entrypoint, once for all its deployments; the server gives the id, and makes it if need be."""
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    try:
        flow: Any = load_flow_from_entrypoint(str(root / entrypoint))
    except Exception as error:  # whatever the import of a flow's file may raise
        raise VidkrytoError(
            f"the flow {entrypoint} cannot be loaded: {error}", remedy="Is the folder flows/ beside datasets/ complete?"
        ) from error
    schema = parameter_schema(flow).model_dump(exclude_unset=True)
    return Flow(client.create_flow_from_name(flow.name), flow.description, schema)


def _body(entry: Mapping[str, Any], flow: Flow, root: Path, *, new: bool) -> dict[str, Any]:
    """What `prefect deploy` would send of an entry.

    Of what exists already, neither the deployment's pause nor that of a schedule is spoken of, so both stay.
    """
    limit = entry["concurrency_limit"]
    body = {
        "version": entry["version"],
        "description": entry["description"] or flow.description,
        "tags": entry["tags"],
        "parameters": entry["parameters"],
        "entrypoint": entry["entrypoint"],
        "work_pool_name": entry["work_pool"]["name"],
        "concurrency_limit": limit["limit"],
        "concurrency_options": {"collision_strategy": limit["collision_strategy"]},
        "pull_steps": pull_steps(str(root)),
        "parameter_openapi_schema": flow.parameters,
        "enforce_parameter_schema": True,
    }
    schedules = [
        {
            "schedule": {"cron": schedule["cron"], "timezone": schedule["timezone"]},
            "slug": schedule["slug"],
            "parameters": schedule.get("parameters", {}),
        }
        for schedule in entry["schedules"]
    ]
    if schedules:
        body["schedules"] = schedules
    return {**body, "name": entry["name"], "flow_id": str(flow.id)} if new else body


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


def keep_pauses(client: SyncPrefectClient, settings: Settings) -> None:
    """Note in the state folder which datasets a person has paused on the server: nobody missed their nights."""
    note_pauses(settings, pauses(lambda body: client.request("POST", "/deployments/filter", json=body).json()))
