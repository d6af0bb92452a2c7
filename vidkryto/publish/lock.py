"""The lock of a dataset: one field of one resource, taken by compare-and-swap, with an expiry."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vidkryto.errors import PortalError, PortalMoved
from vidkryto.plan.live import FREE, LOCK, LiveDataset, Lock
from vidkryto.publish.portal import AnswerLost, Portal, Refused

LIFETIME = timedelta(minutes=15)
ATTEMPTS = 6
INTERRUPTED = "interrupted"
_active: set[str] = set()


class Busy(PortalError):
    """Another run is publishing this dataset now."""


def _machine() -> str:
    """A short hash of where this process runs: machine, its start, the namespace that numbers its processes.

    A lock is public, a machine's name is not. Containers on one machine may share all but the namespace.
    """
    place = f"{socket.gethostname()} {_boot()} {_namespace()}"
    return hashlib.sha256(place.encode()).hexdigest()[:8]


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def new_run() -> str:
    """A name for a run: which machine, which process and when it began, which run."""
    return f"{_machine()}.{os.getpid()}-{_began(os.getpid())}.{secrets.token_hex(4)}"


def abandoned(lock: Lock, now: datetime | None = None) -> bool:
    """Whether nobody holds this lock any more: it expired, was given up, or its process on this machine died."""
    if lock.run == INTERRUPTED or lock.expires <= (now or datetime.now(UTC)):
        return True
    parts = lock.run.split(".")
    number, _, began = parts[1].partition("-") if len(parts) == 3 else ("", "", "")
    if parts[0] != _machine() or not number.isdigit():
        return False
    process = int(number)
    if not _alive(process, began):
        return True
    return process == os.getpid() and lock.run not in _active


def _alive(process: int, began: str) -> bool:
    """Whether that very process runs; a number is given again to others."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    there = _began(process)
    return not (there and began) or there == began


def _began(process: int) -> str:
    """When a process began, in the kernel's ticks since its start; empty where that cannot be read."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[19] if len(fields) > 19 else ""


class Held:
    """A lock that this run holds. `confirm()` before every write that takes long; `give_up()` after a failure."""

    def __init__(
        self, portal: Portal, dataset: str, anchor: str, lock: Lock, reread: Callable[[], LiveDataset]
    ) -> None:
        self.portal = portal
        self.dataset = dataset
        self.anchor = anchor
        self.lock = lock
        self._reread = reread
        self._lifetime = lock.expires - datetime.now(UTC)
        _active.add(lock.run)

    @property
    def match(self) -> dict[str, str]:
        """The condition under which a revision is ours to make."""
        return {f"resources__{self.anchor}__{LOCK}": str(self.lock)}

    def confirm(self) -> None:
        """Extend the lock when half of its time is over. Raises PortalMoved when it is not ours any more."""
        now = datetime.now(UTC)
        if self.lock.expires - now > self._lifetime / 2:
            return
        longer = Lock(self.lock.run, self.lock.plan, now + self._lifetime)
        self._swap(longer)

    def give_up(self) -> None:
        """Say that the run ended before its end; the next run goes on at once."""
        try:
            self._swap(Lock(INTERRUPTED, self.lock.plan, datetime.now(UTC)))
        finally:
            self.forget()

    def release(self) -> None:
        """Free the lock of a run that changed nothing."""
        try:
            self._swap(None)
        finally:
            self.forget()

    def forget(self) -> None:
        """The run is over, the lock is gone or will expire."""
        _active.discard(self.lock.run)

    def _swap(self, lock: Lock | None) -> None:
        text = str(lock) if lock else FREE
        for _ in range(ATTEMPTS):
            try:
                self.portal.revise(self.dataset, self.match, resources={self.anchor: {LOCK: text}})
            except (AnswerLost, Refused):
                if _text(self._reread(), self.anchor) not in (text, str(self.lock)):
                    raise PortalMoved(
                        "the lock of the dataset was lost while publishing",
                        remedy="Another run took it after it expired; plan again.",
                    ) from None
                if _text(self._reread(), self.anchor) != text:
                    continue
            if lock:
                self.lock = lock
            return
        remedy = "Run again; the next run reads back first."
        raise PortalError("the lock could not be renewed", remedy=remedy, transient=True)


def take(
    portal: Portal,
    live: LiveDataset,
    anchor: str,
    plan: str,
    reread: Callable[[], LiveDataset],
    *,
    run: str,
    lifetime: timedelta = LIFETIME,
) -> Held:
    """Take the lock of a dataset. Raises Busy when another run holds it, AnswerLost when the portal only errs."""
    new_anchor = {"id": anchor, "name": "datapackage.json", "url": "", "vidkryto_name": "datapackage.json"}
    lost: AnswerLost | None = None
    for _ in range(ATTEMPTS):
        current = _text(live, anchor)
        held = Lock.parse(current)
        now = datetime.now(UTC)
        if held and held.run != run and not abandoned(held, now):
            raise _busy(held)
        mine = Lock(run, plan, now + lifetime)
        try:
            if live.resource(anchor) is None:
                # Removed by hand, or a dataset that others made: the resource comes back with the lock in it.
                portal.revise(live.id, _condition(live, anchor, ""), extend=[{**new_anchor, LOCK: str(mine)}])
            else:
                portal.revise(live.id, _condition(live, anchor, current), resources={anchor: {LOCK: str(mine)}})
        except (AnswerLost, Refused) as error:
            live, lost = reread(), error if isinstance(error, AnswerLost) else None
            if _text(live, anchor) != str(mine):
                if isinstance(error, Refused) and "match" not in error.details:
                    raise
                continue
        return Held(portal, live.id, anchor, mine, reread)
    raise lost or Busy("the lock of the dataset changes hands too quickly", remedy="Run again later.", transient=True)


def _condition(live: LiveDataset, anchor: str, current: str) -> dict[str, str]:
    """Compare with the lock's text; where the field is missing, with the time of the last change."""
    if current:
        return {f"resources__{anchor}__{LOCK}": current}
    return {"metadata_modified": str(live.fields.get("metadata_modified", ""))}


def _text(live: LiveDataset, anchor: str) -> str:
    resource = live.resource(anchor)
    return resource.text(LOCK) if resource else ""


def _busy(lock: Lock) -> Busy:
    until = lock.expires.isoformat(timespec="seconds")
    return Busy(
        f"another run ({lock.run}) is publishing this dataset; its lock ends at {until}",
        remedy="Wait for it, or until its lock ends; then run again.",
    )
