"""Apply a plan: lock, structure, rows, read-back, one switch, receipt. Safe to repeat at any point."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from vidkryto import clock
from vidkryto.errors import PlanError, PortalError, PortalMoved, VidkrytoError
from vidkryto.plan.columns import Column, columns_of
from vidkryto.plan.delta import Shown
from vidkryto.plan.feed import FEED, fed, feed_id
from vidkryto.plan.fingerprint import fingerprint
from vidkryto.plan.live import LOCK, LiveDataset, LiveTable, Lock
from vidkryto.plan.make import anchor_id
from vidkryto.plan.metadata import package_fields, resource_fields
from vidkryto.plan.names import resource_id
from vidkryto.plan.notes import NOTICE
from vidkryto.plan.value import Plan, TableChange
from vidkryto.publish import lock as locks
from vidkryto.publish.load import Loaded, bring
from vidkryto.publish.portal import AnswerLost, Portal, Refused
from vidkryto.publish.proof import file_receipts, table_receipts
from vidkryto.publish.receipt import Outcome, Receipt
from vidkryto.publish.structure import close_up, free_alias, open_up
from vidkryto.publish.switch import switch
from vidkryto.release.value import Release

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Applying:
    """How a plan is applied. `step` is told the name of each step before it is taken."""

    lifetime: timedelta = locks.LIFETIME
    pause: float = 0.5
    """Seconds between a lost answer and reading back."""
    attempts: int = 6
    outcome: Outcome = "published"
    reason: str = ""
    shown: Mapping[str, Shown] = field(default_factory=dict)
    """The tables of the last release by resource, with which the plan was made."""
    step: Step = lambda _name: None


def apply(plan: Plan, release: Release, portal: Portal, how: Applying | None = None) -> Receipt:
    """Make the portal show `release`, by the plan made for it, and return the receipt.

    Approval is the caller's business (`Approvals.require`). Raises PlanError when the plan is not the
    release's, PortalMoved when the portal changed since the plan was made, `lock.Busy` when another run
    publishes the dataset, and PortalError when the portal cannot be written; the next run then goes on
    from whatever state was reached.
    """
    how = how or Applying()
    _fitting(plan, release, portal)
    work = _Work(plan, release, portal, how)
    return work.unchanged() if plan.kind == "nothing" else work.published()


def _fitting(plan: Plan, release: Release, portal: Portal) -> None:
    if plan.release_sha256 != release.sha256:
        raise PlanError(
            f"the plan was made for another release ({plan.version}, {plan.release_sha256[:12]})",
            remedy="Plan again for the release that is to be published.",
        )
    if plan.portal != portal.capabilities().url:
        raise PlanError(f"the plan was made for the portal {plan.portal}", remedy="Plan again with the same --portal.")
    if plan.early() and plan.announcement is not None:
        raise PlanError(
            f"users are told of this breaking change until {plan.announcement.day.isoformat()}",
            remedy="Wait for that day, or shorten publication.notice in the contract and plan again.",
        )


class _Work:
    """One run of `apply`."""

    def __init__(self, plan: Plan, release: Release, portal: Portal, how: Applying) -> None:
        self.plan = plan
        self.release = release
        self.portal = portal
        self.how = how
        self.run = locks.new_run()
        self.anchor = anchor_id(release.dataset)
        self.ids = {FEED: feed_id(release.dataset)} | {change.resource: change.id for change in plan.tables}
        self.started = _now()
        self.writes_before = portal.written
        self.sent_before = portal.sent
        self.resumed = False
        self.whole = release
        """The release with the feed of changes as one more table, while there is one."""
        self.loaded: dict[str, Loaded] = {}

    def look(self) -> LiveDataset | None:
        """The dataset as the portal shows it now."""
        return self.portal.dataset(self.release.dataset, self.ids)

    def there(self) -> LiveDataset:
        """The dataset, which must be there."""
        live = self.look()
        if live is None:
            raise PortalMoved("the dataset vanished from the portal while it was published", remedy="Plan again.")
        return live

    def unchanged(self) -> Receipt:
        """The receipt of a plan with nothing to do; nothing is written but the lock of a run that died, set free."""
        live = self.there()
        self._unmoved(live)
        anchor = live.resource(self.anchor)
        left = Lock.parse(anchor.text(LOCK)) if anchor else None
        if left is not None and locks.abandoned(left, datetime.now(UTC)):
            locks.take(self.portal, live, self.anchor, self.plan.hash, self.there, run=self.run).release()
            live = self.there()
        with fed(self.release, live, self.portal) as self.whole:
            return self._receipt(live, "unchanged", ())

    def published(self) -> Receipt:
        """Every step, in the order of the protocol."""
        self.how.step("lock")
        held, live = self._locked()
        written = self.portal.written
        try:
            with fed(self.release, live, self.portal) as self.whole:
                live = self._with_table_resources(held, live)
                for change in self.plan.tables:
                    self._table(held, change)
            held.confirm()
            self.how.step("switch")
            back = any(change.name.removeprefix("extras.") in NOTICE for change in self.plan.metadata)
            live = switch(
                self.release, self.portal, held, self.there, self.loaded, take_back=back, pause=self.how.pause
            )
        except BaseException as error:
            _give_up(held, error, touched=self.portal.written > written)
            raise
        held.forget()
        warnings = self._views(live)
        live = self.there()
        self.how.step("receipt")
        return self._receipt(live, self.how.outcome, warnings)

    def _locked(self) -> tuple[locks.Held, LiveDataset]:
        """The lock and the state under it, which must be what the plan was made for."""
        live = self.look()
        if live is None:
            self._create()
            live = self.there()
        resumes = self._resumes(live)
        if bare := live.resource(self.anchor) is None:
            # Taking the lock makes its resource anew, in one step with a check that nothing else moved.
            self._unmoved(live)
        held = locks.take(
            self.portal, live, self.anchor, self.plan.hash, self.there, run=self.run, lifetime=self.how.lifetime
        )
        live = self.there()
        try:
            if not (resumes or bare):
                self._unmoved(live)
        except PortalMoved:
            held.release()
            raise
        self.resumed = resumes
        return held, live

    def _unmoved(self, live: LiveDataset) -> None:
        if fingerprint(live) != self.plan.live:
            raise PortalMoved(
                "the dataset changed on the portal since the plan was made",
                remedy="Plan again and look at what would change now.",
            )

    def _resumes(self, live: LiveDataset) -> bool:
        """Whether a run of this very plan was interrupted (or has just created the dataset)."""
        anchor = live.resource(self.anchor)
        lock = Lock.parse(anchor.text(LOCK)) if anchor else None
        return lock is not None and lock.plan == self.plan.hash

    def _create(self) -> None:
        """Create the dataset private, with all its resources and the lock already ours."""
        if self.plan.live:
            raise PortalMoved("the dataset is gone from the portal since the plan was made", remedy="Plan again.")
        self.how.step("create")
        lock = Lock(self.run, self.plan.hash, datetime.now(UTC) + self.how.lifetime)
        resources = []
        for file in self.release.files:
            id_ = resource_id(self.release.dataset, file.name)
            fields = resource_fields(self.release, file, self.portal.capabilities())
            # Without `url` CKAN 2.12 fails (500) when it asks text_view for previews.
            held = {LOCK: str(lock)} if id_ == self.anchor else {}
            resources.append({"url": "", **fields, "id": id_, **held})
        fields = package_fields(self.release, self.portal.capabilities())
        for attempt in range(self.how.attempts):
            try:
                self.portal.create({"name": self.release.dataset, **fields}, resources)
            except AnswerLost:
                time.sleep(self.how.pause * (attempt + 1))
                if self.look() is not None:
                    return
            except Refused:
                # Another run was faster with the same name; its lock decides.
                if self.look() is None:
                    raise
                return
            else:
                return
        raise _not_settled("the dataset could not be created")

    def _with_table_resources(self, held: locks.Held, live: LiveDataset) -> LiveDataset:
        """Resources that a table needs before it can be made: of new tables, and of tables that stand apart."""
        for _ in range(self.how.attempts):
            missing = [table for table in self.whole.tables if live.resource(self.ids[table.resource]) is None]
            if not missing:
                return live
            self.how.step("resources")
            new = []
            for table in missing:
                fields = resource_fields(self.release, table.csv, self.portal.capabilities())
                id_ = self.ids[table.resource]
                if id_ != resource_id(self.release.dataset, table.csv.name):
                    fields = {
                        "name": f"{fields['name']} (API)", "description": fields.get("description", ""),
                        "url_type": "datastore", "url": "_datastore_only_resource", "vidkryto_role": "api",
                        "license": fields.get("license", ""),
                    }  # fmt: skip
                # Its file comes with the switch; until then the sha256 would promise what is not there.
                later = ("vidkryto_sha256", "hash")
                new.append({"url": "", "id": id_, **{k: v for k, v in fields.items() if k not in later}})
            try:
                self.portal.revise(live.id, held.match, extend=new)
            except (AnswerLost, Refused):
                time.sleep(self.how.pause)
            live = self.there()
        raise _not_settled("the resources could not be created")

    def _table(self, held: locks.Held, change: TableChange) -> None:
        table = next(table for table in self.whole.tables if table.resource == change.resource)
        columns = columns_of(table)

        def look() -> LiveTable | None:
            return self.there().tables.get(change.id)

        def confirmed() -> None:
            self.how.step(f"rows {change.resource}")
            held.confirm()

        held.confirm()
        self.how.step(f"structure {change.resource}")
        open_up(self.portal, change, columns, look, self.how.pause)
        self._activate(change, columns)
        expected = None if self.resumed else change.rows
        self.loaded[change.id] = bring(
            self.portal, change, table.csv.path, columns, expected=expected, before_write=confirmed,
            shown=self.how.shown.get(change.resource), pause=self.how.pause,
        )  # fmt: skip
        held.confirm()
        self.how.step(f"dictionary {change.resource}")
        if change.moved:
            free_alias(self.portal, change.moved, self._other(change.moved), self.how.pause)
        close_up(self.portal, change, columns, look, self.how.pause)

    def _other(self, table: str) -> Callable[[], LiveTable | None]:
        """How to look at a table that is not among those of the release."""

        def look() -> LiveTable | None:
            live = self.portal.dataset(self.release.dataset, {"other": table})
            return live.tables.get(table) if live else None

        return look

    def _activate(self, change: TableChange, columns: tuple[Column, ...]) -> None:
        """Tell CKAN that the resource has a table: one of a purged dataset stays in the DataStore, unknown to it."""
        for _ in range(self.how.attempts):
            resource = self.there().resource(change.id)
            if resource is not None and resource.fields.get("datastore_active"):
                return
            try:
                self.portal.shape(change.id, fields=[{"id": column.name, "type": column.type} for column in columns])
            except AnswerLost:
                time.sleep(self.how.pause)
        raise _not_settled("the table could not be tied to its resource")

    def _views(self, live: LiveDataset) -> tuple[str, ...]:
        """Previews for new resources. A preview that cannot be made is a warning, not a failure."""
        actions = {*(r.action for r in self.plan.resources), *(t.action for t in self.plan.tables)}
        if "create" not in actions and not self.resumed:
            return ()
        self.how.step("views")
        for _ in range(self.how.attempts):
            try:
                self.portal.views(live.id)
            except AnswerLost:
                time.sleep(self.how.pause)
            except PortalError:
                break
            else:
                return ()
        return ("publish-view-missing",)

    def _receipt(self, live: LiveDataset, outcome: Outcome, warnings: tuple[str, ...]) -> Receipt:
        written = {change.id for change in self.plan.resources if change.action in ("create", "replace")}
        if self.resumed:
            written = {resource_id(self.release.dataset, file.name) for file in self.release.files}
        files, faults = file_receipts(
            self.release, live, self.portal, frozenset() if outcome == "unchanged" else frozenset(written)
        )
        return Receipt(
            dataset=self.release.dataset,
            portal=self.portal.capabilities().url,
            package=live.id,
            version=self.release.version,
            release_sha256=self.release.sha256,
            plan=self.plan.hash,
            run=self.run,
            outcome=outcome,
            started=self.started,
            ended=_now(),
            writes=self.portal.written - self.writes_before,
            requests=self.portal.sent - self.sent_before,
            files=files,
            tables=table_receipts(self.whole, self.plan.tables, self.loaded),
            warnings=(*warnings, *faults),
            reason=self.how.reason,
            state=fingerprint(live),
        )


def _give_up(held: locks.Held, error: BaseException, *, touched: bool) -> None:
    """Let the next run go on at once, if the portal can still be told; else the lock expires."""
    try:
        if isinstance(error, PortalMoved) and not touched:
            held.release()
        else:
            held.give_up()
    except VidkrytoError:
        held.forget()


def _not_settled(message: str) -> PortalError:
    """What a portal that only errs leaves: the same call may succeed later."""
    return PortalError(message, remedy="Run again; the next run looks first.", transient=True)


def _now() -> str:
    return clock.now().isoformat(timespec="seconds")
