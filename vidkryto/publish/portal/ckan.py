"""CKAN 2.10 or later as a portal to publish to."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vidkryto.errors import PortalError
from vidkryto.plan.live import Capabilities, LiveColumn, LiveDataset, LiveResource, LiveTable, Mark
from vidkryto.plan.names import staging_id
from vidkryto.publish.portal.transport import Absent, NotAllowed, Patience, Transport
from vidkryto.settings import Secret, Settings

OLDEST = (2, 10)
ROWS_PER_QUESTION = 2_000
LOADERS = frozenset({"xloader", "datapusher", "datapusher_plus"})


class CkanPortal:
    """A CKAN portal, asked with the token of an editor of `organization`."""

    def __init__(self, url: str, token: Secret, organization: str, patience: Patience | None = None) -> None:
        if not url:
            raise PortalError(
                "no portal is set",
                remedy="Set VIDKRYTO_CKAN_URL and VIDKRYTO_CKAN_TOKEN, or start one here: vidkryto portal up",
            )
        self.organization = organization
        self.transport = Transport(url, token, patience)
        self._capabilities: Capabilities | None = None
        self._sql: bool | None = None

    @classmethod
    def of(cls, settings: Settings, organization: str) -> CkanPortal:
        """The portal of these settings, as patient and as polite as they say."""
        patience = Patience(
            read=settings.timeout, concurrent=settings.concurrent, places=settings.home / "requests"
        )  # fmt: skip
        return cls(settings.ckan_url, settings.ckan_token, organization, patience)

    @property
    def written(self) -> int:
        """How many requests were sent that could change something."""
        return self.transport.written

    @property
    def sent(self) -> int:
        """How many requests were sent in all."""
        return self.transport.sent

    def capabilities(self) -> Capabilities:
        """What the portal can do, asked once. Raises PortalError with the remedy when it cannot be used."""
        if self._capabilities is None:
            self._capabilities = self._probe()
        return self._capabilities

    def _probe(self) -> Capabilities:
        url = self.transport.url
        status = self.transport.read("status_show")
        version = str(status.get("ckan_version", ""))
        parts = version.split(".")
        if not (len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit()):
            raise PortalError(f"{url} does not say its CKAN version", remedy="Check that the address is a CKAN portal.")
        if (int(parts[0]), int(parts[1])) < OLDEST:
            raise PortalError(
                f"{url} runs CKAN {version}; 2.10 or later is needed",
                remedy="Ask the portal's administrators to update CKAN.",
            )
        extensions = frozenset(status.get("extensions", ()))
        if "datastore" not in extensions:
            raise PortalError(
                f"{url} has no DataStore", remedy="Ask the administrators to add `datastore` to ckan.plugins."
            )
        site = str(status.get("site_url") or "")
        return Capabilities(url, version, extensions, self._organization_id(), extensions & LOADERS, site)

    def _organization_id(self) -> str:
        """The organisation's id, if the token may create datasets in it."""
        name = self.organization
        mine = self.transport.read("organization_list_for_user", permission="create_dataset")
        for organization in mine:
            if name in (organization["name"], organization["id"]):
                return str(organization["id"])
        if not self.transport.headers or not self._knows_us():
            raise PortalError(
                "the portal does not accept the token",
                remedy="Make a new token on the portal (user page, API Tokens) and set VIDKRYTO_CKAN_TOKEN.",
            )
        known = ", ".join(sorted(organization["name"] for organization in mine)) or "none"
        raise PortalError(
            f"the token's owner may not publish for the organisation {name!r}; it may publish for: {known}",
            remedy="Ask an administrator to make this user an editor of it, or set VIDKRYTO_ORGANIZATION.",
        )

    def _knows_us(self) -> bool:
        """Whether the portal takes us for a user: without an id it shows the token's owner."""
        try:
            self.transport.read("user_show")
        except (NotAllowed, Absent):
            return False
        return True

    def sql(self) -> bool:
        """Whether `datastore_search_sql` is switched on (ckan.datastore.sqlsearch.enabled), asked once."""
        if self._sql is None:
            try:
                self.transport.read("help_show", name="datastore_search_sql")
            except Absent:
                self._sql = False
            else:
                self._sql = True
        return self._sql

    def dataset(self, name: str, tables: Mapping[str, str]) -> LiveDataset | None:
        """The dataset as it is now, with those of the tables that exist."""
        try:
            package = self.transport.read("package_show", id=name)
        except Absent:
            return None
        resources = tuple(LiveResource(entry["id"], entry) for entry in package["resources"])
        held = {resource.id for resource in resources}
        found = (self._table(id_) for id_ in tables.values() if id_ in held)
        return LiveDataset(
            id=package["id"],
            name=package["name"],
            private=bool(package["private"]),
            state=package["state"],
            fields={key: value for key, value in package.items() if key != "resources"},
            resources=resources,
            tables={table.id: table for table in found if table is not None},
        )

    def _table(self, id_: str) -> LiveTable | None:
        try:
            info = self.transport.read("datastore_info", id=id_)
        except Absent:
            return None
        columns = tuple(
            LiveColumn(
                entry["id"], entry["type"], entry.get("info") or {}, bool(entry.get("schema", {}).get("is_index"))
            )
            for entry in info["fields"]
        )
        meta = info["meta"]
        return LiveTable(id_, columns, int(meta["count"]), tuple(sorted(meta.get("aliases") or ())))

    def staged(self, tables: Iterable[str]) -> dict[str, int]:
        """Those of the tables whose staging table exists and names them, with the version of its function."""
        return {id_: version for id_ in tables if (version := self._prepared(id_))}

    def _prepared(self, table: str) -> int:
        try:
            info = self.transport.read("datastore_info", id=staging_id(table))
        except (Absent, NotAllowed):
            return 0
        entries = [entry.get("info") or {} for entry in info["fields"]]
        found = (entry.get("version", "1") for entry in entries if entry.get("target") == table)
        return next((int(text) for text in found if str(text).isdigit()), 0)

    def mark(self, table: str) -> Mark | None:
        """The one row that a staging table keeps (vidkryto.publish.staging_function)."""
        try:
            found = self.search(staging_id(table), limit=2, include_total=False)["records"]
        except (Absent, NotAllowed):
            return None
        try:
            (values,) = (json.loads(row["payload"]) for row in found)
            return Mark(str(values["sha256"]), str(values["state"]), tuple(int(id_) for id_ in values["written"]))
        except (ValueError, TypeError, KeyError):
            return None

    def dump(self, table: str, target: Path) -> int:
        """The whole table as CSV with `_id`, as PostgreSQL's COPY prints it."""
        return self.transport.get(f"datastore/dump/{table}?format=csv&bom=false", target)

    def rows(self, table: str, numbers: Sequence[int], names: Sequence[str], target: Path) -> None:
        """The rows of these `_id`s as CSV, as `dump` writes them."""
        fields = ["_id", *names]
        with target.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerow(fields)
            for start in range(0, len(numbers), ROWS_PER_QUESTION):
                part = list(numbers[start : start + ROWS_PER_QUESTION])
                found = self.search(
                    table, filters={"_id": part}, fields=fields, limit=len(part), records_format="csv",
                    include_total=False,
                )  # fmt: skip
                stream.write(found["records"])

    def create(self, fields: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> str:
        """package_create, private. CKAN ignores an editor's state=draft, private it honours."""
        package = self.transport.write(
            "package_create",
            **_package(fields),
            owner_org=self.capabilities().organization,
            private=True,
            resources=[dict(resource) for resource in resources],
        )
        return str(package["id"])

    def revise(
        self,
        dataset: str,
        match: Mapping[str, str],
        *,
        fields: Mapping[str, Any] | None = None,
        resources: Mapping[str, Mapping[str, Any]] | None = None,
        extend: Sequence[Mapping[str, Any]] = (),
        files: Mapping[str, tuple[str, Path, str]] | None = None,
    ) -> None:
        """package_revise: row-locked, all or nothing, with the files in the same request."""
        parts: dict[str, str] = {"match": json.dumps({"id": dataset}), "include": "-*"}
        parts |= {f"match__{path}": value for path, value in match.items()}
        package = _package(fields or {})
        if lists := [name for name in ("tags", "extras") if name in package]:
            # Lists are merged place by place unless the old one is taken away first.
            parts["filter"] = ",".join(f"-{name}" for name in lists)
        if package:
            parts["update"] = json.dumps(package)
        if extend:
            parts["update__resources__extend"] = json.dumps([dict(resource) for resource in extend])
        for id_, changes in (resources or {}).items():
            if changes:
                parts[f"update__resources__{id_}"] = json.dumps(dict(changes))
        uploads = {f"update__resources__{id_}__upload": file for id_, file in (files or {}).items()}
        self.transport.upload("package_revise", parts, uploads)

    def shape(self, table: str, **parts: Any) -> None:
        """datastore_create on an existing resource."""
        self.transport.write("datastore_create", resource_id=table, force=True, calculate_record_count=False, **parts)

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """datastore_upsert, method insert: one transaction, a key that exists refuses the whole request."""
        self._rows(table, "insert", rows)

    def update(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """datastore_upsert, method update: unlike upsert it renews the full text of the row."""
        self._rows(table, "update", rows)

    def _rows(self, table: str, method: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.transport.write(
            "datastore_upsert",
            resource_id=table,
            method=method,
            force=True,
            # With True CKAN 2.12 keeps the old total, see the protocol's page; False forgets the cached one.
            calculate_record_count=False,
            records=[dict(row) for row in rows],
        )

    def delete(self, table: str, numbers: Sequence[int]) -> None:
        """datastore_records_delete by `_id`. Never datastore_delete: without filters it drops the table."""
        self.transport.write(
            "datastore_records_delete",
            resource_id=table,
            force=True,
            calculate_record_count=False,
            filters={"_id": list(numbers)},
        )

    def search(self, table: str, **parts: Any) -> Mapping[str, Any]:
        """datastore_search: what API clients get."""
        found: Mapping[str, Any] = self.transport.read("datastore_search", resource_id=table, **parts)
        return found

    def drop(self, table: str) -> None:
        """Drop a table with its dictionary and aliases: only to withdraw it."""
        self.transport.write("datastore_delete", resource_id=table, force=True, calculate_record_count=False)

    def take_down(self, dataset: str) -> None:
        """package_delete: nobody but the organisation sees the dataset any more."""
        self.transport.write("package_delete", id=dataset)

    def views(self, dataset: str) -> None:
        """package_create_default_resource_views, after the tables are filled."""
        package = self.transport.read("package_show", id=dataset)
        self.transport.write("package_create_default_resource_views", package=package, create_datastore_views=True)

    def download(self, address: str, target: Path | None, *, anonymous: bool = False) -> int:
        """GET an address of the portal, with the token unless `anonymous`."""
        return self.transport.get(address, target, anonymous=anonymous)


def _package(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `plan.metadata.package_fields` as CKAN takes them."""
    package = dict(fields)
    if "tags" in package:
        package["tags"] = [{"name": tag} for tag in package["tags"]]
    if "extras" in package:
        package["extras"] = [{"key": key, "value": value} for key, value in package["extras"].items()]
    return package
