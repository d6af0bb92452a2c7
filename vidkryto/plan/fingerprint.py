"""The fingerprint of a dataset on a portal: has anything moved that a plan was made for?"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from vidkryto.plan.live import LOCK, RUN, LiveDataset, LiveResource
from vidkryto.plan.metadata import EXTRAS
from vidkryto.plan.notes import NOTICE

PACKAGE = (
    "id", "name", "state", "private", "owner_org", "title", "notes", "version", "license_id", "url", "author",
    "maintainer", "maintainer_email",
)  # fmt: skip
RESOURCE = (
    "name", "name_en", "description", "description_en", "format", "mimetype", "license", "language", "availability",
    "conforms_to", "url", "url_type", "size", "state",
)  # fmt: skip
"""`hash` is left out: xloader sets it in its own time. Our own field holds the sha256."""


OURS = frozenset(EXTRAS) - frozenset(NOTICE)
"""An announcement is made between two publications; no plan depends on it."""


def fingerprint(live: LiveDataset) -> str:
    """A hash of all that a plan depends on, except the rows: those are compared in full when they are written.

    Left out are the lock, the times that a portal sets by itself, and what is not ours: a revision of any
    field makes CKAN fill in defaults of resources that others made.
    """
    extras = {entry["key"]: entry["value"] for entry in live.fields.get("extras", ()) if entry["key"] in OURS}
    whole = {
        "package": {name: live.fields.get(name) for name in PACKAGE},
        "tags": sorted(tag["name"] for tag in live.fields.get("tags", ())),
        "extras": extras,
        "resources": [_resource(resource) for resource in live.resources],
        "tables": {
            id_: [table.rows, sorted(table.aliases), [[c.name, c.type, dict(c.info), c.indexed] for c in table.columns]]
            for id_, table in sorted(live.tables.items())
        },
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()


def _resource(resource: LiveResource) -> dict[str, Any]:
    own = {name: value for name, value in resource.fields.items() if name.startswith("vidkryto_")}
    if not own:
        return {"id": resource.id}
    own = {name: value for name, value in own.items() if name not in (LOCK, RUN)}
    return {"id": resource.id, **own, **{name: resource.fields.get(name) for name in RESOURCE}}
