"""Restore, withdraw, watch and approvals, on a real CKAN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from tests.publish.conftest import QUICK
from tests.publish.releases import STOPS, a_release, stop
from tests.publish.test_publication import lock_of, public, table_rows
from tests.support.local_portal import LocalPortal
from vidkryto.errors import PlanError, SettingsError
from vidkryto.findings import codes
from vidkryto.plan.make import make_plan
from vidkryto.plan.names import resource_id, staging_id
from vidkryto.portals import settings_of
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.approvals import Approvals
from vidkryto.publish.lock import Busy
from vidkryto.publish.portal import Absent, CkanPortal
from vidkryto.publish.receipt import Receipt, Receipts
from vidkryto.publish.restore import restored_release
from vidkryto.publish.staging import kept, prepare
from vidkryto.publish.watch import drift
from vidkryto.publish.withdraw import Reason, withdraw
from vidkryto.release import Release, Releases
from vidkryto.settings import Secret, Settings

Publish = Callable[..., Receipt]


def test_restore_puts_an_earlier_release_back_as_a_new_one(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """File, table, dictionary and metadata are the old ones together; the version goes on."""
    schema = {"fields": [field for field in STOPS["fields"] if field["name"] != "routes"]}
    releases = Releases(folder)
    publish(a_release(folder, [stop(n) for n in range(5)], dataset=dataset))
    second = a_release(folder, [stop(9)], dataset=dataset, version="2.0.0", schema=schema)
    publish(second)
    releases.mark_published(second)

    restored = restored_release(releases, "1.0.0")
    assert (restored.version, restored.previous) == ("2.1.0", "2.0.0")
    receipt = publish(restored)
    assert [row["uid"] for row in table_rows(portal, receipt.tables[0].alias)] == [f"HM{n:04d}" for n in range(5)]
    assert "routes" in {field["id"] for field in public(portal, "datastore_info", id=receipt.tables[0].id)["fields"]}
    assert public(portal, "package_show", id=dataset)["version"] == "2.1.0"
    descriptor = next(file for file in receipt.files if file.name == "datapackage.json")
    assert requests.get(descriptor.url, timeout=30).json()["version"] == "2.1.0"


def test_restore_of_an_unknown_or_damaged_release_is_refused(dataset: str, folder: Path) -> None:
    """What cannot be put back whole is not put back."""
    release = a_release(folder, [stop(1)], dataset=dataset)
    with pytest.raises(PlanError, match=r"there is no release 9\.9\.9; releases kept: 1\.0\.0"):
        restored_release(Releases(folder), "9.9.9")
    release.tables[0].csv.path.write_text("uid\nінше\n", encoding="utf-8")
    with pytest.raises(PlanError, match="missing or damaged"):
        restored_release(Releases(folder), "1.0.0")


def test_withdraw_leaves_no_address_that_answers(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Page, file, dump, table by id and by alias: all are gone for the public; the bytes are overwritten."""
    receipt = publish(a_release(folder, [stop(n) for n in range(5)], dataset=dataset, extra={"r.json": b"{}"}))
    gone = withdraw(dataset, portal, Reason("помилкові дані", "стаття 6 Закону 2939-VI"), pause=0.05)
    assert gone.outcome == "withdrawn"
    assert gone.reason == "помилкові дані (стаття 6 Закону 2939-VI)"
    assert public(portal, "package_show", id=dataset) == 403
    for file in receipt.files:
        assert requests.get(file.url, timeout=30).status_code in (403, 404)
        answer = requests.get(file.url, headers=portal.transport.headers, timeout=30)
        assert "вилучено" in answer.content.decode()
    for name in (receipt.tables[0].id, receipt.tables[0].alias):
        assert public(portal, "datastore_search", resource_id=name) in (403, 404)
    assert drift(gone, portal) == ()


def by_another_publisher(portal: CkanPortal, release: Release) -> None:
    with pytest.raises(Busy):
        apply(make_plan(release, portal), release, portal, Applying(pause=0.05))


def by_a_hand(portal: CkanPortal, release: Release) -> None:
    (table,) = release.tables
    id_ = resource_id(release.dataset, table.csv.name)
    live = portal.dataset(release.dataset, {})
    assert live is not None
    portal.revise(live.id, {}, files={id_: (table.csv.name, table.csv.path, "text/csv")})
    portal.shape(id_, fields=[{"id": "uid", "type": "text"}])


@pytest.mark.parametrize("other", [by_another_publisher, by_a_hand])
def test_what_is_put_back_while_a_dataset_is_withdrawn_goes_too(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path, monkeypatch: pytest.MonkeyPatch,
    other: Callable[[CkanPortal, Release], None],
) -> None:  # fmt: skip
    """A publisher waits for the lock to the end; a hand's file and table are found when all is looked at again."""
    release = a_release(folder, [stop(n) for n in range(5)], dataset=dataset, extra={"z.json": b"{}"})
    receipt = publish(release)
    take_down, times = portal.take_down, []

    def disturbed(name: str) -> None:
        if not times:
            times.append(name)
            other(portal, release)
        take_down(name)

    monkeypatch.setattr(portal, "take_down", disturbed)
    assert withdraw(dataset, portal, Reason("перевірка", "стаття 6"), pause=0.05).outcome == "withdrawn"
    assert times
    for file in receipt.files:
        answer = requests.get(file.url, headers=portal.transport.headers, timeout=30)
        assert "вилучено" in answer.content.decode()
    with pytest.raises(Absent):
        portal.search(receipt.tables[0].id)
    assert lock_of(portal, dataset) == "free"


def test_withdraw_takes_what_a_staging_table_keeps(
    portal: CkanPortal, portal_session: LocalPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Steps with rows in them, left there by a trigger that is gone, leave no copy."""
    sysadmin = CkanPortal(portal_session.url, Secret(portal_session.sysadmin_token), portal_session.organization, QUICK)
    prepare(sysadmin, {dataset: ["stops.csv"]})
    table = resource_id(dataset, "stops.csv")
    sysadmin.transport.write("datastore_create", resource_id=staging_id(table), force=True, triggers=[])
    publish(a_release(folder, [stop(n) for n in range(5)], dataset=dataset))
    assert kept(portal, table) == []  # the stock route that took over cleaned up
    portal.insert(staging_id(table), [{"op": "insert", "payload": "[]"}] * 3)
    assert len(kept(portal, table)) == 3
    withdraw(dataset, portal, Reason("перевірка", "стаття 6"), pause=0.05)
    assert kept(portal, table) == []


def test_a_withdrawn_dataset_comes_back_only_with_approval(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """A plan that would bring a withdrawn dataset back is not routine; applied, everything is there again."""
    release = a_release(folder, [stop(n) for n in range(5)], dataset=dataset)
    publish(release)
    withdraw(dataset, portal, Reason("перевірка", "стаття 6"), pause=0.05)
    plan = make_plan(release, portal)
    assert plan.needs_approval
    assert "plan-dataset-deleted" in {finding.code for finding in plan.findings}
    receipt = publish(release)
    assert len(table_rows(portal, receipt.tables[0].alias)) == 5
    assert receipt.warnings == ()


def test_watch_finds_nothing_right_after_publication(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Watching writes nothing, and a portal that nobody touched has no drift."""
    receipt = publish(a_release(folder, [stop(n) for n in range(20)], dataset=dataset))
    written = portal.written
    assert drift(receipt, portal) == ()
    assert portal.written == written


def by_title(portal: CkanPortal, receipt: Receipt) -> None:
    portal.transport.write("package_patch", id=receipt.dataset, title="Рукою")


def by_row(portal: CkanPortal, receipt: Receipt) -> None:
    portal.update(receipt.tables[0].id, [{"_id": 3, "label": "Рукою"}])


def by_new_row(portal: CkanPortal, receipt: Receipt) -> None:
    portal.insert(receipt.tables[0].id, [stop(999)])


def by_upsert(portal: CkanPortal, receipt: Receipt) -> None:
    row = stop(0, label="Чужинська назва")
    portal.transport.write("datastore_upsert", resource_id=receipt.tables[0].id, method="upsert", records=[row],
                           force=True, calculate_record_count=False)  # fmt: skip


def by_total(portal: CkanPortal, receipt: Receipt) -> None:
    portal.transport.write("datastore_upsert", resource_id=receipt.tables[0].id, method="insert", records=[stop(999)],
                           force=True, calculate_record_count=True)  # fmt: skip
    portal.transport.write("datastore_upsert", resource_id=receipt.tables[0].id, method="insert", records=[stop(998)],
                           force=True, calculate_record_count=True)  # fmt: skip


def by_dropping(portal: CkanPortal, receipt: Receipt) -> None:
    portal.drop(receipt.tables[0].id)


def by_alias(portal: CkanPortal, receipt: Receipt) -> None:
    portal.shape(receipt.tables[0].id, aliases=[])


def by_column(portal: CkanPortal, receipt: Receipt) -> None:
    portal.shape(receipt.tables[0].id, fields=[{"id": "мій", "type": "text"}])


def by_file(portal: CkanPortal, receipt: Receipt) -> None:
    path = Path(__file__)
    portal.revise(receipt.package, {}, files={receipt.files[0].id: ("stops.csv", path, "text/csv")})


def by_removal(portal: CkanPortal, receipt: Receipt) -> None:
    portal.transport.write("resource_delete", id=receipt.files[-1].id)


def by_hiding(portal: CkanPortal, receipt: Receipt) -> None:
    portal.transport.write("package_patch", id=receipt.dataset, private=True)


EDITS = {
    by_title: {"watch-metadata-differs"},
    by_row: {"watch-rows-differ"},
    by_new_row: {"watch-rows-differ"},
    by_upsert: {"watch-rows-differ", "watch-search-stale"},
    by_total: {"watch-rows-differ", "watch-total-stale"},
    by_dropping: {"watch-table-missing"},
    by_alias: {"watch-alias-missing"},
    by_column: {"watch-columns-differ"},
    by_file: {"watch-file-differs"},
    by_removal: {"watch-resource-missing"},
    by_hiding: {"watch-dataset-missing"},
}


LESS_OFTEN = (by_new_row, by_alias, by_column, by_total)
CASES = [pytest.param(edit, marks=pytest.mark.slow) if edit in LESS_OFTEN else edit for edit in EDITS]


@pytest.mark.parametrize("edit", CASES, ids=lambda edit: edit.__name__)
def test_watch_names_what_a_hand_edit_changed(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path, edit: Callable[[CkanPortal, Receipt], None]
) -> None:
    """Each kind of drift has its code, in both languages, and a repair by publishing again ends it."""
    release = a_release(folder, [stop(n) for n in range(20)], dataset=dataset)
    receipt = publish(release)
    edit(portal, receipt)
    found = drift(receipt, portal)
    assert {finding.code for finding in found} == EDITS[edit]
    assert all(finding.message("uk") and finding.message("en") for finding in found)
    repaired = publish(release)
    assert {finding.code for finding in drift(repaired, portal)} == set()


def test_an_approval_is_bound_to_the_plan_and_ends(portal: CkanPortal, dataset: str, folder: Path) -> None:
    """No approval, another plan's approval or an old one let nothing pass."""
    release = a_release(folder, [stop(1)], dataset=dataset)
    approvals, plan = Approvals(folder / "state"), make_plan(release, portal)
    with pytest.raises(PlanError, match="waits for approval"):
        approvals.require(plan)
    with pytest.raises(PlanError, match="0 plans begin with"):
        approvals.approve(plan.hash[:12], who="data-office-1", role="відділ даних", reason="перевірено")
    approvals.keep(plan)
    approvals.approve(plan.hash[:12], who="data-office-1", role="відділ даних", reason="перевірено")
    granted = approvals.require(plan)
    assert granted is not None
    assert granted.who == "data-office-1"
    other = make_plan(a_release(folder, [stop(2)], dataset=dataset), portal)
    assert approvals.find(other) is None
    assert not granted.holds(plan, datetime.now(UTC) + timedelta(days=15))
    assert not replace(granted, plan="0" * 64).holds(plan)


def test_the_contract_may_waive_approval(portal: CkanPortal, dataset: str, folder: Path) -> None:
    """`approval: {first: none}` lets first publications pass."""
    plan = make_plan(a_release(folder, [stop(1)], dataset=dataset), portal)
    assert Approvals(folder / "state").require(plan, first="none") is None


def test_receipts_are_kept_and_read_back(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> None:
    """The newest receipt of a dataset is found again, equal."""
    receipt = publish(a_release(folder, [stop(1)], dataset=dataset))
    receipts = Receipts(folder / "receipts")
    receipts.save(receipt)
    assert receipts.latest(dataset) == receipt
    assert receipts.datasets() == (dataset,)
    assert receipts.latest("інший") is None


def test_every_code_of_plan_and_publish_has_both_languages() -> None:
    """The table of codes is complete; the messages need no details beyond those given."""
    ours = [code for code in codes().values() if code.stage in ("plan", "publish")]
    assert len(ours) >= 25
    assert all(set(code.message) == {"uk", "en"} for code in ours)


def test_portals_are_chosen_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staging and production stand in one file; a misspelt name says what was meant; the token stays hidden."""
    (folder / "portals.toml").write_text(
        '[production]\nurl = "https://data.example.ua/"\norganization = "rada"\ntoken_variable = "PRODUCTION_TOKEN"\n'
        'concurrent = 1\ntimeout = 60\n[broken]\nulr = "x"\n[slow]\ntimeout = "long"\n', encoding="utf-8",
    )  # fmt: skip
    monkeypatch.setenv("PRODUCTION_TOKEN", "very-secret")
    settings = Settings(root=folder, home=folder, store="s3://city/vidkryto/")
    chosen = settings_of(settings, "production")
    assert (chosen.ckan_url, chosen.organization) == ("https://data.example.ua", "rada")
    assert (chosen.concurrent, chosen.timeout) == (1, 60)
    assert chosen.ckan_token.reveal() == "very-secret"
    assert "very-secret" not in repr(chosen)
    assert chosen.home == folder / "portals" / "production"
    assert chosen.store == "s3://city/vidkryto/portals/production"
    assert settings_of(replace(settings, store=""), "production").store == ""
    with pytest.raises(SettingsError, match="did you mean production"):
        settings_of(settings, "prodution")
    with pytest.raises(SettingsError, match=r"unknown key .ulr. of portal broken in portals\.toml; did you mean url"):
        settings_of(settings, "broken")
    with pytest.raises(SettingsError, match="timeout of portal slow"):
        settings_of(settings, "slow")
    (folder / "portals.toml").write_text('["../up"]\nurl = "x"\n')
    with pytest.raises(SettingsError, match="is not a portal"):
        settings_of(settings, "../up")
