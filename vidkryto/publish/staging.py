"""The staging route: one request that inserts, updates and deletes in one transaction on a stock CKAN.

A sysadmin prepares it once for each table (`prepare`): a private staging table whose trigger function
applies what is inserted into it to one target table and stores nothing. After that an editor's token is
enough. The function is bound to its staging table and its target by name, so that attaching it to
another table does nothing but fail.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from vidkryto.errors import PortalError
from vidkryto.plan.names import staging_id
from vidkryto.plan.rows import Comparison
from vidkryto.publish.portal import Portal

NUMBERS_PER_STEP = 20_000


class NotPrepared(PortalError):
    """The staging table does not do what it should; the stock route takes over."""


def send(portal: Portal, table: str, comparison: Comparison, before_write: Callable[[], None]) -> None:
    """Apply the difference in one request; the portal refuses it whole when the row count is not as expected."""
    steps = list(_steps(comparison))
    before_write()
    portal.insert(staging_id(table), steps)
    # The trigger's writes pass CKAN's cached total by; an empty request makes CKAN forget it.
    portal.insert(table, [])


def _steps(comparison: Comparison) -> Iterator[dict[str, Any]]:
    from vidkryto.publish.load import chunks, in_requests

    for numbers in chunks(comparison.removed(), NUMBERS_PER_STEP):
        yield {"op": "delete", "payload": json.dumps(numbers)}
    for rows in in_requests(comparison.changed()):
        yield {"op": "update", "payload": json.dumps(rows, ensure_ascii=False)}
    for rows in in_requests(comparison.added()):
        yield {"op": "insert", "payload": json.dumps(rows, ensure_ascii=False)}
    yield {"op": "expect", "payload": str(comparison.wanted.rows)}
