"""A glance at the portal where nothing changed on our side: one request instead of a comparison of every row.

After a comparison in full that found nothing to do, the dataset's page as the portal shows it is remembered by a hash.
As long as the same release meets the same page, the following nights ask for the page alone; the seventh compares in
full again. What somebody changes in the rows of a table between two comparisons is for `vidkryto watch`, which looks
at every table.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vidkryto.archive import written_atomically
from vidkryto.errors import PortalError
from vidkryto.pipeline.going_out import portal_of
from vidkryto.pipeline.job import Job
from vidkryto.plan.fingerprint import fingerprint
from vidkryto.plan.live import FREE, LOCK
from vidkryto.plan.make import anchor_id
from vidkryto.release import Release

NIGHTS = 6
"""Glances between two comparisons in full."""


def remembered(job: Job, release: Release) -> bool:
    """Whether a page of this release on this portal is remembered and a glance is left."""
    seen = _read(_place(job))
    same = seen.get("portal") == job.settings.ckan_url and seen.get("release") == release.sha256
    return bool(same and isinstance(seen.get("left"), int) and seen["left"] > 0)


def still_live(job: Job) -> bool:
    """Whether the page `remembered` is there; counts the glance. Raises PortalError when the portal does not answer."""
    seen, page = _read(_place(job)), _page(job)
    if not page or page != seen.get("page"):
        return False
    _write(_place(job), {**seen, "left": seen["left"] - 1})
    return True


def remember(job: Job, release: Release) -> None:
    """Keep the page as it is now, after a comparison that found nothing to do. A portal that fails now is no matter."""
    try:
        page = _page(job)
    except PortalError:
        return
    portal = job.settings.ckan_url
    _write(_place(job), {"portal": portal, "release": release.sha256, "page": page, "left": NIGHTS})


def _page(job: Job) -> str:
    """A hash of what the portal shows of the dataset without its tables; nothing where a run is under way on it."""
    name = job.dataset.name
    live = portal_of(job).dataset(name, {})
    anchor = live.resource(anchor_id(name)) if live else None
    if live is None or anchor is None or live.state != "active" or live.private or anchor.text(LOCK) != FREE:
        return ""
    return fingerprint(live)


def _place(job: Job) -> Path:
    return job.settings.home / "glances" / f"{job.dataset.name}.json"


def _read(place: Path) -> dict[str, Any]:
    """What was remembered; nothing where the file is absent or damaged, so that the comparison is made in full."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(place: Path, value: dict[str, Any]) -> None:
    with written_atomically(place) as part:
        part.write_text(json.dumps(value), encoding="utf-8")
