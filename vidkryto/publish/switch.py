"""The switch: one revision of the dataset changes files, hashes, metadata and lock together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from vidkryto.errors import PortalError, PortalMoved
from vidkryto.plan.live import FREE, LOCK, RELEASE, ROWS, RUN, TABLE_HASH, VERSION, Capabilities, LiveDataset
from vidkryto.plan.make import is_live, live_fields, metadata_changes, notice_taken_back, resource_changes
from vidkryto.plan.metadata import EXTRAS, package_fields
from vidkryto.plan.notes import NOTICE
from vidkryto.publish.load import Loaded
from vidkryto.publish.lock import Held
from vidkryto.publish.portal import AnswerLost, Portal, Refused
from vidkryto.release.value import Release

ATTEMPTS = 6


def switch(
    release: Release,
    portal: Portal,
    held: Held,
    reread: Callable[[], LiveDataset],
    loaded: Mapping[str, Loaded],
    *,
    take_back: bool = False,
    pause: float = 0.5,
) -> LiveDataset:
    """Publish files and metadata and free the lock, in one request; returns the dataset after it.

    An announcement of a breaking change goes with another release, and with the live one where `take_back` says so.

    The request is bound to our lock, so that carried out twice it does nothing the second time. When its
    answer is lost, the dataset says by the run's name whether it happened.
    """
    for attempt in range(ATTEMPTS):
        live = reread()
        anchor = live.resource(held.anchor)
        if anchor is not None and anchor.text(RUN) == held.lock.run:
            return live
        if anchor is None or anchor.text(LOCK) != str(held.lock):
            raise PortalMoved("the lock of the dataset was lost before the switch", remedy="Plan again.")
        try:
            _revise(release, portal, held, live, loaded, take_back=take_back)
        except AnswerLost:
            time.sleep(pause * (attempt + 1))
        except Refused as error:
            if "match" not in error.details:
                raise
    live = reread()
    anchor = live.resource(held.anchor)
    if anchor is not None and anchor.text(RUN) == held.lock.run:
        return live
    raise PortalError(
        "files and metadata could not be switched; the last release is still shown",
        remedy="Run again; the rows are in place and only the switch is left.",
        transient=True,
    )


def _revise(
    release: Release,
    portal: Portal,
    held: Held,
    live: LiveDataset,
    loaded: Mapping[str, Loaded],
    *,
    take_back: bool,
) -> None:
    capabilities = portal.capabilities()
    changes = resource_changes(release, live, capabilities)
    there = {resource.id for resource in live.resources}
    fields: dict[str, dict[str, Any]] = {change.id: dict(change.fields) for change in changes if change.id in there}
    for id_, table in loaded.items():
        fields.setdefault(id_, {}).update({ROWS: str(table.digest.rows), TABLE_HASH: table.digest.sha256})
    fields.setdefault(held.anchor, {}).update(
        {LOCK: FREE, RUN: held.lock.run, VERSION: release.version, RELEASE: release.sha256}
    )
    extend = [{"url": "", "id": change.id, **change.fields} for change in changes if change.id not in there]
    files = {
        change.id: (change.name, file.path, file.media_type)
        for change in changes
        if change.action in ("create", "replace")
        for file in release.files
        if file.name == change.name
    }
    portal.revise(
        live.id,
        held.match,
        fields={**_package(release, live, capabilities, take_back=take_back), "private": False, "state": "active"},
        resources=fields,
        extend=extend,
        files=files,
    )


def _package(release: Release, live: LiveDataset, capabilities: Capabilities, *, take_back: bool) -> dict[str, Any]:
    """The package's fields that differ. Extras are one list: ours as wanted, all others as they stand."""
    wanted = package_fields(release, capabilities)
    changed = {change.name.partition(".")[0] for change in metadata_changes(release, live, capabilities)}
    keeps = is_live(release, live) and not take_back
    if not keeps and notice_taken_back(live):
        changed.add("extras")
    fields = {name: value for name, value in wanted.items() if name in changed}
    if "extras" in fields:
        ours = set(EXTRAS) - set(NOTICE if keeps else ())
        others = {key: value for key, value in live_fields(live)["extras"].items() if key not in ours}
        fields["extras"] = {**others, **wanted["extras"]}
    return fields
