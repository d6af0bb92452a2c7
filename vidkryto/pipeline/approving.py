"""A person's word on a plan: the same entry and the same record, whether it came from a command or from a form."""

from __future__ import annotations

import re
from datetime import timedelta

from vidkryto.pipeline.job import Approver
from vidkryto.pipeline.remember import ledger_of
from vidkryto.publish.approvals import LIFETIME, Approval, Approvals, Decision
from vidkryto.record.run import RunRecord
from vidkryto.settings import Settings

WAITING = re.compile(r"vidkryto approve ([0-9a-f]{8,64})")
"""How the reason of a run names the plan that waits."""


def waiting_plan(record: RunRecord) -> str:
    """The hash of the plan with which a run stopped because it waits for a person; empty when it does not."""
    waits = record.outcome == "Withheld" and record.reason is not None and WAITING.search(record.reason.en)
    return record.plan if waits else ""


def approvals_of(settings: Settings) -> Approvals:
    """Plans and approvals of the settings' portal."""
    return Approvals(settings.home / "plans")


def decide(
    store: Approvals,
    settings: Settings,
    reference: str,
    by: Approver,
    *,
    decision: Decision = "approved",
    lifetime: timedelta = LIFETIME,
    run: str = "",
) -> Approval:
    """Write what a person decided about a kept plan into the ledger, then into the store that the pipeline reads.

    Raises PlanError when no plan, or more than one, begins with `reference`.
    """
    plan = store.plan(reference)
    until = store.end(plan, lifetime).date().isoformat()
    body = {
        "decision": decision, "who": by.who, "role": by.role, "reason": by.reason, "plan": plan["hash"],
        "until": until,
    }  # fmt: skip
    ledger_of(settings).append("approval", plan["dataset"], {**body, "run": run} if run else body)
    return store.approve(plan["hash"], who=by.who, role=by.role, reason=by.reason, lifetime=lifetime, decision=decision)
