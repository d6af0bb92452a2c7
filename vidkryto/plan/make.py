"""Make a plan: a release against the live portal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vidkryto import clock
from vidkryto.errors import PlanError
from vidkryto.findings import Finding, Place
from vidkryto.plan.delta import Shown
from vidkryto.plan.feed import FEED, ROLE, fed, feed_id
from vidkryto.plan.fingerprint import fingerprint
from vidkryto.plan.live import (
    FREE,
    LOCK,
    RELEASE,
    SHA256,
    VERSION,
    Capabilities,
    LiveDataset,
    LiveResource,
    Lock,
    Readable,
)
from vidkryto.plan.metadata import EXTRAS, package_fields, resource_fields
from vidkryto.plan.names import resource_id, table_id
from vidkryto.plan.notes import NOTICE, announcement
from vidkryto.plan.tables import Means, table_change, table_findings
from vidkryto.plan.value import Action, Cost, FieldChange, Kind, Plan, ResourceChange, TableChange
from vidkryto.release.value import Release, ReleaseFile

DESCRIPTOR = "datapackage.json"
NOTICE_LOCK = "notice"
"""What the lock names instead of a plan while an announcement is made."""
ROWS_PER_REQUEST = 5_000
RATES = {"insert": 8_000, "update": 3_500, "delete": 15_000, "staging": 15_000}
"""Rows a second on a small portal (measured on two cores); only for the estimate."""
BYTES_PER_SECOND = 50_000_000
SECONDS_PER_REQUEST = 0.05
BREAKING = frozenset(
    {"plan-field-removed", "plan-field-retyped", "plan-field-renamed", "plan-key-changed", "plan-rows-dropped",
     "plan-table-moved", "plan-table-retired", "plan-dataset-deleted"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a contract says about plans."""

    rows_band: float = 0.2
    """The share of rows that may vanish before a plan is breaking."""
    notice_days: int = 0
    """How many days before it happens a breaking change is announced."""
    take_back: bool = False
    """Whether an announcement that the portal shows is over where the release is the live one: a pipeline's plan knows
    that no other release is coming, a repair does not."""


def anchor_id(dataset: str) -> str:
    """The id of the resource that holds the lock and the version: the descriptor's."""
    return resource_id(dataset, DESCRIPTOR)


def place_of(dataset: str, csv: str, capabilities: Capabilities, live: LiveDataset | None) -> str:
    """The id of the DataStore table of a CSV on that portal.

    Where a loader runs, the table stands apart from its file. One that stands apart stays there when the loader goes.
    """
    apart = table_id(dataset, csv, apart=True)
    stands = live is not None and live.resource(apart) is not None
    return apart if capabilities.tables_apart or stands else table_id(dataset, csv, apart=False)


def table_ids(release: Release, capabilities: Capabilities, live: LiveDataset | None) -> dict[str, str]:
    """The id of each table's DataStore table on that portal, and of the feed's."""
    return {FEED: feed_id(release.dataset)} | {
        table.resource: place_of(release.dataset, table.csv.name, capabilities, live)
        for table in release.tables
        if table.csv.role != ROLE
    }


def _seen(release: Release, portal: Readable) -> tuple[LiveDataset | None, dict[str, str]]:
    """The dataset as the portal shows it, with its tables in their places, and those places."""
    capabilities = portal.capabilities()
    csvs = [table.csv.name for table in release.tables if table.csv.role != ROLE]
    places = {f"{csv}/table": table_id(release.dataset, csv, apart=True) for csv in csvs}
    if not capabilities.tables_apart:
        places |= {csv: table_id(release.dataset, csv, apart=False) for csv in csvs}
    live = portal.dataset(release.dataset, {FEED: feed_id(release.dataset), **places})
    ids = table_ids(release, capabilities, live)
    if live is not None:
        live = replace(live, tables={id_: live.tables[id_] for id_ in ids.values() if id_ in live.tables})
    return live, ids


def _moved(change: TableChange, csv: str, dataset: str, portal: Readable) -> TableChange:
    """The change, with the table on the file's own resource if that one holds the alias: it is ours, and moves."""
    near = table_id(dataset, csv, apart=False)
    if change.id in (near, feed_id(dataset)) or not (change.action == "create" or change.realias):
        return change
    there = portal.dataset(dataset, {"near": near})
    table = there.tables.get(near) if there else None
    return replace(change, moved=near) if table is not None and change.alias in table.aliases else change


def make_plan(
    release: Release,
    portal: Readable,
    settings: PlanSettings | None = None,
    shown: Mapping[str, Shown] | None = None,
) -> Plan:
    """Compare `release` with what the portal shows now; nothing is written.

    `shown` are the tables of the last release by resource (`vidkryto.publish.receipt.shown`): with them the rows of a
    large prepared table are not read from the portal (vidkryto.plan.delta).

    Raises PortalError when the portal cannot be read and PlanError when the release cannot be held by a
    portal (a column's name, a value outside its type, a key that repeats).
    """
    settings = settings or PlanSettings()
    if all(file.name != DESCRIPTOR for file in release.files):
        raise PlanError(f"the release has no {DESCRIPTOR}", remedy="Build the release with vidkryto; it writes one.")
    capabilities = portal.capabilities()
    live, ids = _seen(release, portal)
    staged = portal.staged(ids[table.resource] for table in release.tables)
    with fed(release, live, portal) as whole:
        tables = tuple(
            _moved(
                table_change(
                    whole, table, id_, live, portal, Means(staged.get(id_, 0), (shown or {}).get(table.resource))
                ),
                table.csv.name, release.dataset, portal,
            )
            for table in whole.tables
            for id_ in (ids[table.resource],)
        )  # fmt: skip
    resources = resource_changes(release, live, capabilities)
    metadata = metadata_changes(release, live, capabilities)
    if settings.take_back and is_live(release, live):
        metadata += notice_taken_back(live)
    anchor = live.resource(anchor_id(release.dataset)) if live else None
    findings = _findings(release, live, capabilities, tables, resources, settings)
    lock = Lock.parse(anchor.text(LOCK)) if anchor else None
    first = anchor is None or not anchor.text(VERSION)
    kind = _kind(first, live, metadata, resources, tables, findings)
    # A run that is finished was let through when it began; half of its changes are on the portal by now.
    days = settings.notice_days if kind == "breaking" and (lock is None or lock.plan == NOTICE_LOCK) else 0
    return Plan(
        dataset=release.dataset,
        portal=capabilities.url,
        version=release.version,
        release_sha256=release.sha256,
        contract_sha256=release.contract_sha256,
        live_version=anchor.text(VERSION) if anchor else "",
        live=fingerprint(live) if live else "",
        kind=kind,
        first=first,
        metadata=metadata,
        resources=resources,
        tables=tables,
        findings=findings,
        cost=_cost(resources, tables),
        announcement=announcement(findings, live, days, clock.now().date()),
        resumes=lock.plan if lock else "",
    )


def _kind(
    first: bool,
    live: LiveDataset | None,
    metadata: tuple[FieldChange, ...],
    resources: tuple[ResourceChange, ...],
    tables: tuple[TableChange, ...],
    findings: tuple[Finding, ...],
) -> Kind:
    if not first and any(finding.code in BREAKING for finding in findings):
        return "breaking"
    quiet = not metadata and not any(tables) and all(r.action == "keep" and not r.fields for r in resources)
    return "nothing" if quiet and not first and live is not None and live.state == "active" else "routine"


def is_live(release: Release, live: LiveDataset | None) -> bool:
    """Whether this very release is on the portal."""
    anchor = live.resource(anchor_id(release.dataset)) if live else None
    return anchor is not None and anchor.text(RELEASE) == release.sha256


def notice_taken_back(live: LiveDataset | None) -> tuple[FieldChange, ...]:
    """The announcement that the portal shows, as changes that take it away."""
    extras: Mapping[str, str] = live_fields(live)["extras"] if live else {}
    return tuple(FieldChange(f"extras.{name}", extras[name], None) for name in NOTICE if name in extras)


def metadata_changes(release: Release, live: LiveDataset | None, capabilities: Capabilities) -> tuple[FieldChange, ...]:
    """The fields of the dataset that differ from the release's; fields that are not ours are left out.

    So is the announcement of a breaking change: it stays while this release is the live one, and goes with the next.
    """
    wanted = package_fields(release, capabilities)
    there = live_fields(live) if live else {}
    changes = [
        FieldChange(name, there.get(name), value)
        for name, value in wanted.items()
        if name != "extras" and (there.get(name) or "") != (value or "") and (value or there.get(name))
    ]
    if live is not None and live.private:
        changes.append(FieldChange("private", True, False))
    if live is not None and live.state != "active":
        changes.append(FieldChange("state", live.state, "active"))
    extras: Mapping[str, str] = there.get("extras", {})
    for key in sorted({*wanted["extras"], *(set(extras) & set(EXTRAS))} - set(NOTICE)):
        before, after = extras.get(key), wanted["extras"].get(key)
        if before != after:
            changes.append(FieldChange(f"extras.{key}", before, after))
    return tuple(changes)


def live_fields(live: LiveDataset) -> dict[str, Any]:
    """The package's fields in the form of `package_fields`."""
    return {
        **live.fields,
        "tags": sorted(tag["name"] for tag in live.fields.get("tags", ())),
        "extras": {extra["key"]: extra["value"] for extra in live.fields.get("extras", ())},
    }


def resource_changes(
    release: Release, live: LiveDataset | None, capabilities: Capabilities
) -> tuple[ResourceChange, ...]:
    """What happens to each file, and to those of earlier releases that this one does not have."""
    tables = frozenset(table_ids(release, capabilities, live).values())
    wanted = {resource_id(release.dataset, file.name): file for file in release.files}
    changes = [
        _resource(release, file, id_, live.resource(id_) if live else None, capabilities)
        for id_, file in wanted.items()
    ]
    for resource in live.resources if live else ():
        ours = bool(resource.text("vidkryto_name")) and resource.id not in wanted and resource.id not in tables
        if ours and resource.text("vidkryto_role") != "changes":
            fields = {} if resource.text("vidkryto_retired") else {"vidkryto_retired": release.version}
            name, sha256 = resource.text("vidkryto_name"), resource.text(SHA256)
            changes.append(ResourceChange("retire" if fields else "keep", resource.id, name, sha256, 0, sha256, fields))
    return tuple(changes)


def _resource(
    release: Release, file: ReleaseFile, id_: str, live: LiveResource | None, capabilities: Capabilities
) -> ResourceChange:
    wanted = resource_fields(release, file, capabilities)
    if live is None:
        return ResourceChange("create", id_, file.name, file.sha256, file.bytes, "", wanted)
    fields = {key: value for key, value in wanted.items() if live.text(key) != str(value)}
    if live.text("vidkryto_retired"):
        fields["vidkryto_retired"] = ""
    same = (
        live.text(SHA256) == file.sha256
        and live.text("size") == str(file.bytes)
        and live.text("url_type") == "upload"
        and live.text("url").endswith(f"/{file.name}")
    )
    action: Action = "keep" if same else ("replace" if live.text("url_type") == "upload" else "create")
    return ResourceChange(action, id_, file.name, file.sha256, file.bytes, live.text(SHA256), fields)


def _findings(
    release: Release,
    live: LiveDataset | None,
    capabilities: Capabilities,
    tables: tuple[TableChange, ...],
    resources: tuple[ResourceChange, ...],
    settings: PlanSettings,
) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if live is None:
        found.append(Finding("plan-first-publication"))
    elif live.resource(anchor_id(release.dataset)) is None:
        found.append(Finding("plan-dataset-adopted", details={"resources": len(live.resources)}))
    if live is not None and live.state != "active":
        found.append(Finding("plan-dataset-deleted"))
    for change in tables:
        if change.id == feed_id(release.dataset):
            continue  # its form is ours, and no promise of the dataset
        found += table_findings(change, live, settings.rows_band)
    for resource in resources:
        if resource.action == "retire":
            code = "plan-table-retired" if resource.name.endswith(".csv") else "plan-file-retired"
            found.append(Finding(code, Place(file=resource.name)))
    if capabilities.loaders:
        found.append(Finding("plan-loader-active", details={"loaders": ", ".join(sorted(capabilities.loaders))}))
    anchor = live.resource(anchor_id(release.dataset)) if live else None
    if anchor is not None and anchor.text(LOCK) not in ("", FREE):
        found.append(Finding("plan-lock-held", details={"lock": anchor.text(LOCK)}))
    return tuple(found)


def _cost(resources: tuple[ResourceChange, ...], tables: tuple[TableChange, ...]) -> Cost:
    requests, seconds = 6, 0.0
    size = sum(resource.bytes for resource in resources if resource.action in ("create", "replace"))
    for table in tables:
        rows = table.rows
        if table.route == "staging":
            requests += 2
            seconds += (rows.added + rows.changed + rows.removed) / RATES["staging"]
        else:
            parts = {"insert": rows.added, "update": rows.changed, "delete": rows.removed}
            requests += sum(-(-count // ROWS_PER_REQUEST) for count in parts.values())
            seconds += sum(count / RATES[part] for part, count in parts.items())
        requests += 2 if table else 0
    return Cost(requests, size, round(seconds + requests * SECONDS_PER_REQUEST + size / BYTES_PER_SECOND, 1))
