"""What plan, publication and watch tell, each by the name of its code, on a real CKAN."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.publish.releases import STOPS, a_release, stop
from vidkryto.errors import PortalError
from vidkryto.findings import Finding
from vidkryto.plan.live import LOCK, TABLE_HASH, Lock
from vidkryto.plan.make import anchor_id, make_plan
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipt
from vidkryto.publish.watch import drift
from vidkryto.publish.withdraw import Reason, withdraw

Publish = Callable[..., Receipt]


def told(findings: tuple[Finding, ...]) -> set[str]:
    """The codes, after a look that each speaks both languages with nothing left to fill in."""
    for finding in findings:
        for language in ("uk", "en"):
            words = finding.message(language) + finding.remedy(language)
            assert words
            assert "{" not in words
    return {finding.code for finding in findings}


def test_a_plan_tells_what_leaves(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> None:
    """A first publication; then a field under another name, most rows, a table and a file that are gone."""
    routes = {"fields": [{"name": "route", "type": "string"}]}
    first = a_release(
        folder,
        [stop(n) for n in range(20)],
        dataset=dataset,
        more={"routes": ([{"route": "5"}], routes, ("route",))},
        extra={"report.json": b"{}"},
    )
    assert told(make_plan(first, portal).findings) == {"plan-first-publication"}
    publish(first)
    fields = [{**field, "name": "stands"} if field["name"] == "platforms" else field for field in STOPS["fields"]]
    rows = [{**stop(n), "stands": "2"} for n in range(5)]
    second = a_release(folder, rows, dataset=dataset, version="2.0.0", schema={"fields": fields})
    plan = make_plan(second, portal)
    assert told(plan.findings) == {
        "plan-field-renamed", "plan-rows-dropped", "plan-table-retired", "plan-file-retired",
    }  # fmt: skip
    assert plan.needs_approval


def test_a_lock_that_stays_and_a_hash_that_does_not_fit_are_told(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """The next plan names both; watch names a lock whose time is over."""
    release = a_release(folder, [stop(n) for n in range(5)], dataset=dataset)
    receipt = publish(release)
    left = str(Lock("a-run", "a" * 12, datetime.now(UTC) - timedelta(hours=1)))
    changes = {receipt.tables[0].id: {TABLE_HASH: "0" * 64}}
    anchor = anchor_id(dataset)
    changes[anchor] = {**changes.get(anchor, {}), LOCK: left}
    portal.revise(receipt.package, {}, resources=changes)
    assert told(make_plan(release, portal).findings) == {"plan-table-hash-stale", "plan-lock-held"}
    assert "watch-lock-left" in told(drift(receipt, portal))


def test_watch_tells_of_a_dead_download_and_of_a_withdrawn_dataset_that_is_back(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """A resource whose address leads nowhere; a page that somebody made public again."""
    release = a_release(folder, [stop(n) for n in range(5)], dataset=dataset)
    receipt = publish(release)
    nowhere = f"{receipt.portal}/dataset/nowhere.csv"
    portal.transport.write("resource_patch", id=receipt.files[0].id, url=nowhere, url_type="")
    assert "watch-download-broken" in told(drift(receipt, portal))
    gone = withdraw(dataset, portal, Reason("перевірка", "стаття 6"), pause=0.05)
    assert told(drift(gone, portal)) == set()
    publish(release)
    assert told(drift(gone, portal)) == {"watch-withdrawn-is-back"}


def test_a_publication_tells_what_it_could_not_finish(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Previews that the portal refuses and a file that the public gets in other bytes are warnings of the receipt."""
    honest = CkanPortal.download

    def refuse(_: CkanPortal, _dataset: str) -> None:
        raise PortalError("no previews today", remedy="Ask tomorrow.")

    def spoil(self: CkanPortal, address: str, target: Path | None, *, anonymous: bool = False) -> int:
        size = honest(self, address, target, anonymous=anonymous)
        if anonymous and target is not None:
            target.write_bytes(b"something else")
        return size

    monkeypatch.setattr(CkanPortal, "views", refuse)
    monkeypatch.setattr(CkanPortal, "download", spoil)
    receipt = publish(a_release(folder, [stop(1)], dataset=dataset))
    assert set(receipt.warnings) == {"publish-view-missing", "publish-download-differs"}
    told(tuple(Finding(code) for code in receipt.warnings))
