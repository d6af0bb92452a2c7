"""Announce a breaking change: users read in the dataset's metadata what will change and from which day."""

from __future__ import annotations

import time
from typing import Any

from vidkryto.errors import PortalError, PortalMoved
from vidkryto.plan.live import FREE, LOCK, LiveDataset
from vidkryto.plan.make import NOTICE_LOCK, anchor_id, live_fields
from vidkryto.plan.value import Plan
from vidkryto.publish import lock as locks
from vidkryto.publish.portal import AnswerLost, Portal, Refused

ATTEMPTS = 6


def announce(plan: Plan, portal: Portal, *, pause: float = 0.5) -> bool:
    """Show the plan's announcement with the dataset; files, tables and all other metadata stay as they are.

    Returns False when there is nothing to announce or the portal shows it already. One request, bound to
    the dataset's lock; a lost answer is followed by a look. Raises `lock.Busy` while another run publishes.
    """
    told = plan.announcement
    if told is None or told.made:
        return False
    wanted = told.extras()

    def reread() -> LiveDataset:
        found = portal.dataset(plan.dataset, {})
        if found is None:
            raise PortalMoved("the dataset vanished from the portal", remedy="Plan again.")
        return found

    live = reread()
    held = locks.take(portal, live, anchor_id(plan.dataset), NOTICE_LOCK, reread, run=locks.new_run())
    try:
        for attempt in range(ATTEMPTS):
            live = reread()
            extras: dict[str, Any] = live_fields(live)["extras"]
            anchor = live.resource(held.anchor)
            free = anchor is not None and anchor.text(LOCK) == FREE
            if free and all(extras.get(name) == value for name, value in wanted.items()):
                return True
            try:
                portal.revise(
                    live.id, held.match, fields={"extras": {**extras, **wanted}}, resources={held.anchor: {LOCK: FREE}}
                )
            except (AnswerLost, Refused):
                time.sleep(pause * attempt)
    finally:
        held.forget()
    remedy = "Run again; the next run looks first."
    raise PortalError("the announcement could not be made", remedy=remedy, transient=True)
