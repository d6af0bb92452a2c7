"""Approvals: a person's word on one plan, yes or no, bound to its hash, with an end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from vidkryto import clock
from vidkryto.archive import written_atomically
from vidkryto.errors import PlanError
from vidkryto.language import Language
from vidkryto.plan.render import as_markdown
from vidkryto.plan.value import Plan

LIFETIME = timedelta(days=14)
SHORTEST = 8
LANGUAGES: tuple[Language, ...] = ("uk", "en")
Policy = Literal["required", "none"]
Decision = Literal["approved", "refused"]


@dataclass(frozen=True, slots=True)
class Approval:
    """Who let which plan pass or refused it, in which office, why, and until when."""

    plan: str
    dataset: str
    release_sha256: str
    who: str
    role: str
    reason: str
    at: str
    until: str
    decision: Decision = "approved"

    def holds(self, plan: Plan, now: datetime | None = None) -> bool:
        """Whether it is about this plan, or about the one that this plan finishes, and has not ended."""
        about = self.plan == plan.hash or (self.plan == plan.resumes and self.release_sha256 == plan.release_sha256)
        return about and datetime.fromisoformat(self.until) > (now or clock.now())


def waits(plan: Plan, *, first: Policy = "required", breaking: Policy = "required") -> bool:
    """Whether a plan waits for a person, by the contract's `approval`."""
    if plan.kind == "nothing":
        return False
    return (plan.first and first == "required") or (plan.kind == "breaking" and breaking == "required")


@dataclass(frozen=True, slots=True)
class Approvals:
    """Plans that were shown and the approvals given to them, in the state folder."""

    folder: Path

    def keep(self, plan: Plan, not_before: datetime | None = None) -> Path:
        """Keep a plan, and its text for people, so that it can be approved by the first digits of its hash.

        `not_before` is the moment before which it will not be applied: an approval's time begins there.
        """
        path = self.folder / "plans" / f"{plan.hash}.json"
        for language in LANGUAGES:
            with written_atomically(path.with_suffix(f".{language}.md")) as part:
                part.write_text(as_markdown(plan, language), encoding="utf-8")
        waits = {"not_before": not_before.isoformat()} if not_before else {}
        _write(path, {"hash": plan.hash, **plan.content(), **waits})
        return path

    def text(self, plan: str, language: Language) -> str:
        """The text of a kept plan for people, in Markdown; empty when it is not kept."""
        path = self.folder / "plans" / f"{plan}.{language}.md"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def plan(self, reference: str) -> dict[str, Any]:
        """The kept plan whose hash begins with `reference`. Raises PlanError when none or several do."""
        short = Path(reference).stem if reference.endswith(".json") else reference
        found = sorted((self.folder / "plans").glob(f"{short}*.json")) if len(short) >= SHORTEST else []
        if len(found) != 1:
            raise PlanError(
                f"{len(found)} plans begin with {short!r}; one is wanted",
                remedy=f"Give at least {SHORTEST} digits of the hash that `vidkryto plan` printed.",
            )
        values: dict[str, Any] = json.loads(found[0].read_text(encoding="utf-8"))
        return values

    def approve(
        self,
        reference: str,
        *,
        who: str,
        role: str,
        reason: str,
        lifetime: timedelta = LIFETIME,
        decision: Decision = "approved",
    ) -> Approval:
        """Let a kept plan pass until `lifetime` is over, or refuse it for as long.

        Where the plan waits for its moment, the time is counted from there.
        """
        plan, now = self.plan(reference), clock.now()
        approval = Approval(
            plan=plan["hash"],
            dataset=plan["dataset"],
            release_sha256=plan["release_sha256"],
            who=who,
            role=role,
            reason=reason,
            at=now.isoformat(timespec="seconds"),
            until=self.end(plan, lifetime).isoformat(timespec="seconds"),
            decision=decision,
        )
        _write(self.folder / "approvals" / f"{approval.plan}.json", asdict(approval))
        return approval

    def end(self, plan: Mapping[str, Any], lifetime: timedelta) -> datetime:
        """Until when an approval given now would hold."""
        now = clock.now()
        return max(now, datetime.fromisoformat(plan.get("not_before") or now.isoformat())) + lifetime

    def find(self, plan: Plan, decision: Decision = "approved") -> Approval | None:
        """The approval that lets this plan pass, or the refusal; None when there is none or it ended."""
        for hash_ in (plan.hash, plan.resumes):
            approval = self.said(hash_)
            if approval is not None and approval.decision == decision and approval.holds(plan):
                return approval
        return None

    def said(self, plan: str) -> Approval | None:
        """What a person last said about the plan of this hash, whether or not it still holds."""
        path = self.folder / "approvals" / f"{plan}.json"
        if not plan or not path.is_file():
            return None
        return Approval(**json.loads(path.read_text(encoding="utf-8")))

    def require(self, plan: Plan, *, first: Policy = "required", breaking: Policy = "required") -> Approval | None:
        """The approval of a plan that waits for one. Raises PlanError when it is missing."""
        if not waits(plan, first=first, breaking=breaking):
            return None
        if (approval := self.find(plan)) is None:
            what = "a first publication" if plan.first else "a breaking change"
            raise PlanError(
                f"{what} of {plan.dataset} waits for approval",
                remedy=f'vidkryto approve {plan.hash[:12]} --as ACCOUNT --role OFFICE --reason "…"',
            )
        return approval


def _write(path: Path, values: dict[str, Any]) -> None:
    with written_atomically(path) as part:
        part.write_text(json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
