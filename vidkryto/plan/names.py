"""Names and ids on the portal that never change from release to release."""

from __future__ import annotations

import hashlib
import re
import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://opendata.khmelnytskyi.example/vidkryto")
"""The root of all ids. Changing it would change every address that anybody has ever noted."""

LONGEST_ALIAS = 63
FREE = "free"


def resource_id(dataset: str, name: str) -> str:
    """The id of a dataset's resource: the same on every portal and in every release."""
    return str(uuid.uuid5(NAMESPACE, f"{dataset}/{name}"))


def table_id(dataset: str, csv_name: str, *, apart: bool) -> str:
    """The id of the DataStore table of a CSV: the CSV's own resource, or one apart from it.

    Apart where xloader or datapusher would overwrite a table that stands on a file's resource.
    """
    return resource_id(dataset, f"{csv_name}/table" if apart else csv_name)


def staging_id(table: str) -> str:
    """The id of the private staging table of a table."""
    return str(uuid.uuid5(NAMESPACE, f"staging/{table}"))


def alias_of(city: str, dataset: str, resource: str) -> str:
    """The name by which clients ask for a table: `khmelnytskyi_public_transport_stops`.

    The table's own name is left out where the dataset's name ends with it. At most 63 bytes (PostgreSQL's
    limit for a view's name); a longer one is cut and closed with eight digits of its hash, so that two
    long names never meet.
    """
    words = [city, dataset] if resource in (dataset, dataset.rsplit("-", 1)[-1]) else [city, dataset, resource]
    name = re.sub(r"[^a-z0-9]+", "_", "_".join(word for word in words if word).lower()).strip("_")
    if len(name) <= LONGEST_ALIAS:
        return name
    return f"{name[: LONGEST_ALIAS - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
