"""A client for the tables of a portal, with nothing but Python: all rows, typed, in a lasting order; and what changed.

python client.py https://data.example.ua khmelnytskyi_public_transport_stops uid
"""

import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

PAGE = 5_000  # rows in one answer; the portal gives at most 32,000


class Portal:
    """A CKAN portal, by its address."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")

    def ask(self, action: str, **query: object) -> Any:
        """What an action of the API answers; an error of the portal is an exception."""
        with urlopen(f"{self.address}/api/3/action/{action}?{urlencode(query)}", timeout=60) as answer:  # noqa: S310
            return json.load(answer)["result"]

    def rows(self, table: str, key: str, **filters: object) -> Iterator[dict[str, Any]]:
        """All rows of a table by its alias, sorted by its key, part by part; the portal's own `_id` is left out."""
        query = {"resource_id": table, "sort": key, "limit": PAGE, "filters": json.dumps(filters)}
        offset = 0
        while records := self.ask("datastore_search", offset=offset, **query)["records"]:
            for record in records:
                record.pop("_id", None)
                yield record
            offset += len(records)

    def release(self, dataset: str) -> tuple[str, list[str]]:
        """The version of a dataset that is live, and the addresses of its files of changes."""
        package = self.ask("package_show", id=dataset)
        changes = [item["url"] for item in package["resources"] if item.get("vidkryto_role") == "changes"]
        return package["version"], changes


if __name__ == "__main__":
    address, table, key = sys.argv[1:4]
    count = 0
    for row in Portal(address).rows(table, key):
        count += 1
        if count == 1:
            print(json.dumps(row, ensure_ascii=False))
    print(count, "rows", file=sys.stderr)
