"""Withdraw: take down every copy of a dataset on the portal, and prove it by asking for each address."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vidkryto import clock
from vidkryto.errors import PortalError
from vidkryto.plan.live import FREE, LOCK, LiveDataset
from vidkryto.plan.make import anchor_id
from vidkryto.publish import lock as locks
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
    before. May be repeated after any failure. Raises PortalError naming every address that still answers.
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
        _settle(lambda: portal.revise(live.id, {}, fields={"private": True}), lambda: reread().private, pause)
        for id_ in tuple(reread().tables):
            _settle(partial(portal.drop, id_), partial(_lacks, reread, id_), pause)
        _overwrite(portal, reread, pause)
        if reread().state == "active":
            _settle(lambda: portal.take_down(live.id), lambda: reread().state == "deleted", pause)
    finally:
        if held is not None:
            held.forget()
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


def _lacks(reread: Callable[[], LiveDataset], table: str) -> bool:
    return table not in reread().tables


def _overwrite(portal: Portal, reread: Callable[[], LiveDataset], pause: float) -> None:
    """Every uploaded file becomes the tombstone; hashes, notes and the lock go with it."""
    with tempfile.TemporaryDirectory(prefix="vidkryto-withdraw-") as folder:
        stone = Path(folder) / "withdrawn.txt"
        stone.write_text(TOMBSTONE, encoding="utf-8")
        size = str(stone.stat().st_size)
        for resource in reread().resources:
            if resource.text("url_type") != "upload":
                continue
            id_, name = resource.id, resource.text("url").rsplit("/", 1)[-1]
            fields = {field: "" for field in resource.fields if field.startswith("vidkryto_") or field == "hash"}
            fields |= {LOCK: FREE} if LOCK in resource.fields else {}
            fields |= {"vidkryto_withdrawn": "true", "vidkryto_name": resource.text("vidkryto_name")}

            def write(id_: str = id_, name: str = name, fields: dict[str, str] = fields) -> None:
                files = {id_: (name, stone, "text/plain")}
                portal.revise(reread().id, {}, resources={id_: fields}, files=files)

            def done(id_: str = id_) -> bool:
                there = reread().resource(id_)
                return there is None or (there.text("size") == size and bool(there.text("vidkryto_withdrawn")))

            if not done():
                _settle(write, done, pause)


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
