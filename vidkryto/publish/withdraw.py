"""Withdraw: take down every copy of a dataset on the portal, and prove it by asking for each address."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vidkryto import clock
from vidkryto.errors import PortalError, VidkrytoError
from vidkryto.plan.live import FREE, LOCK, LiveDataset
from vidkryto.plan.make import anchor_id
from vidkryto.publish import lock as locks
from vidkryto.publish import staging
from vidkryto.publish.portal import Absent, AnswerLost, NotAllowed, Portal, Refused
from vidkryto.publish.receipt import FileReceipt, Receipt, TableReceipt

TOMBSTONE = "Набір даних вилучено. / The dataset was withdrawn.\n"
ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a dataset is withdrawn: words for the public and the article of the law."""

    reason: str
    legal_basis: str


def withdraw(dataset: str, portal: Portal, why: Reason, *, pause: float = 0.5) -> Receipt:
    """Take a dataset down: hidden first, then tables dropped, files overwritten, package deleted, all proven.

    CKAN leaves the bytes of a deleted resource on its disk, so each file is overwritten by a line of text
    before. The lock is held to the end, and what was done is looked at again with the owner's token: what somebody
    put back meanwhile goes too. May be repeated after any failure. Raises PortalError naming every address that
    still answers.
    """
    started, run, before = _now(), locks.new_run(), portal.written
    sent = portal.sent
    live = portal.dataset(dataset, {})
    if live is None:
        raise PortalError(f"the portal has no dataset {dataset}", remedy="Check the name and --portal.")
    tables = {resource.id: resource.id for resource in live.resources}

    def reread() -> LiveDataset:
        found = portal.dataset(dataset, tables)
        if found is None:
            raise PortalError("the dataset vanished while it was withdrawn", remedy="Run again.")
        return found

    live = reread()
    anchor = anchor_id(dataset)
    held = None
    if live.resource(anchor) is not None and live.state == "active":
        held = locks.take(portal, live, anchor, "withdraw", reread, run=run)
    try:
        _hide_and_clear(portal, live.id, reread, held, pause)
    except BaseException:
        if held is not None:
            held.forget()
        raise
    if held is not None:
        with suppress(VidkrytoError):  # of a dataset that is gone; it expires
            held.release()
    alive = _still_there(portal, live)
    if alive:
        raise PortalError(
            f"these addresses still answer: {', '.join(alive)}", remedy="Run again, or ask the portal's administrators."
        )
    return Receipt(
        dataset=dataset,
        portal=portal.capabilities().url,
        package=live.id,
        version="",
        release_sha256="",
        plan="",
        run=run,
        outcome="withdrawn",
        started=started,
        ended=_now(),
        writes=portal.written - before,
        requests=portal.sent - sent,
        files=tuple(FileReceipt(r.id, r.text("name"), r.text("url"), 0, "", True) for r in live.resources),
        tables=tuple(TableReceipt(t.id, "", ",".join(t.aliases), 0, "", "none") for t in live.tables.values()),
        reason=f"{why.reason} ({why.legal_basis})",
    )


def _hide_and_clear(
    portal: Portal, id_: str, reread: Callable[[], LiveDataset], held: locks.Held | None, pause: float
) -> None:
    """Hide the dataset, then clear it until nothing is left. Raises PortalError when it comes back every time."""
    _settle(lambda: portal.revise(id_, {}, fields={"private": True}), lambda: reread().private, pause)
    for _ in range(ATTEMPTS):
        if not _cleared(portal, reread, held, pause):
            return
    raise PortalError("the dataset comes back while it is withdrawn", remedy="Find who writes to it.")


def _cleared(portal: Portal, reread: Callable[[], LiveDataset], held: locks.Held | None, pause: float) -> bool:
    """Drop tables, empty staging tables, overwrite files, delete the package; whether there was anything to do."""
    there = reread()
    done = bool(there.tables) or there.state == "active"
    for id_ in there.tables:
        _confirm(held)
        _settle(partial(portal.drop, id_), partial(_lacks, reread, id_), pause)
    for resource in there.resources:
        if staging.kept(portal, resource.id):
            done = True
            _settle(partial(staging.empty, portal, resource.id), partial(_unstaged, portal, resource.id), pause)
    done = _overwritten(portal, reread, held, pause) or done
    if there.state == "active":
        _confirm(held)
        _settle(lambda: portal.take_down(there.id), lambda: reread().state == "deleted", pause)
    return done


def _confirm(held: locks.Held | None) -> None:
    if held is not None:
        held.confirm()


def _lacks(reread: Callable[[], LiveDataset], table: str) -> bool:
    return table not in reread().tables


def _unstaged(portal: Portal, table: str) -> bool:
    return not staging.kept(portal, table)


def _overwritten(portal: Portal, reread: Callable[[], LiveDataset], held: locks.Held | None, pause: float) -> bool:
    """Every uploaded file becomes the tombstone; hashes and notes go with it. Whether there was one to overwrite."""
    written = False
    with tempfile.TemporaryDirectory(prefix="vidkryto-withdraw-") as folder:
        stone = Path(folder) / "withdrawn.txt"
        stone.write_text(TOMBSTONE, encoding="utf-8")
        for resource in reread().resources:
            if resource.text("url_type") != "upload":
                continue
            id_, name = resource.id, resource.text("url").rsplit("/", 1)[-1]
            fields = {field: "" for field in resource.fields if field.startswith("vidkryto_") or field == "hash"}
            _confirm(held)
            if LOCK in fields:
                # Whoever publishes now would put files and rows back behind our back: the lock goes last.
                fields |= {LOCK: FREE if held is None else str(held.lock)}
            fields |= {"vidkryto_withdrawn": "true", "vidkryto_name": resource.text("vidkryto_name")}

            def write(id_: str = id_, name: str = name, fields: dict[str, str] = fields) -> None:
                files = {id_: (name, stone, "text/plain")}
                portal.revise(reread().id, {}, resources={id_: fields}, files=files)

            def done(id_: str = id_) -> bool:
                return _is_stone(portal, reread(), id_)

            if not done():
                written = True
                _settle(write, done, pause)
    return written


def _is_stone(portal: Portal, live: LiveDataset, id_: str) -> bool:
    """Whether the file is the tombstone, by its metadata and by its bytes as the owner of the token gets them."""
    there = live.resource(id_)
    if there is None:
        return True
    if there.text("size") != str(len(TOMBSTONE.encode())) or not there.text("vidkryto_withdrawn"):
        return False
    with tempfile.TemporaryDirectory(prefix="vidkryto-withdraw-") as folder:
        target = Path(folder) / "file"
        try:
            portal.download(f"dataset/{live.id}/resource/{id_}/download/{there.text('url').rsplit('/', 1)[-1]}", target)
        except (Absent, NotAllowed):
            return True
        return target.read_text(encoding="utf-8", errors="replace") == TOMBSTONE


def _settle(write: Callable[[], None], done: Callable[[], bool], pause: float) -> None:
    """Write, and when nobody knows whether it happened, look before writing again."""
    for attempt in range(ATTEMPTS):
        try:
            write()
        except (AnswerLost, Refused):
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(pause * (attempt + 1))
        if done():
            return
    raise PortalError("a step of the withdrawal did not take effect", remedy="Run again.")


def _still_there(portal: Portal, live: LiveDataset) -> list[str]:
    """Addresses that anybody can still read: pages, files, dumps, by id and by alias."""
    addresses = [f"dataset/{live.name}", f"dataset/{live.id}", f"api/3/action/package_show?id={live.id}"]
    for resource in live.resources:
        addresses += [resource.text("url"), f"datastore/dump/{resource.id}"]
        addresses += [f"api/3/action/datastore_search?resource_id={resource.id}"]
    for table in live.tables.values():
        addresses += [f"api/3/action/datastore_search?resource_id={alias}" for alias in table.aliases]
    return [address for address in addresses if address and _answers(portal, address)]


def _answers(portal: Portal, address: str) -> bool:
    try:
        portal.download(address, None, anonymous=True)
    except (Absent, NotAllowed):
        return False
    return True


def _now() -> str:
    return clock.now().isoformat(timespec="seconds")
