"""A large table's difference: told from the files, written where nobody touched the table meanwhile."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.publish.conftest import QUICK
from tests.publish.releases import a_release, stop
from tests.publish.test_publication import public
from tests.support.local_portal import LocalPortal
from vidkryto.errors import PlanError, PortalMoved
from vidkryto.plan import delta
from vidkryto.plan.delta import Shown
from vidkryto.plan.make import make_plan
from vidkryto.plan.names import resource_id, staging_id
from vidkryto.plan.value import Plan
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.portal import AnswerLost, CkanPortal, Refused
from vidkryto.publish.receipt import Receipt, Receipts
from vidkryto.publish.staging import prepare
from vidkryto.publish.watch import drift
from vidkryto.release import Releases
from vidkryto.release.value import Release
from vidkryto.settings import Secret

FIRST = [stop(n) for n in range(30)]
SECOND = [stop(n, label='Нова, "перша"') if n < 8 else stop(n) for n in range(3, 34)]
"""Against FIRST: 4 added, 5 changed, 3 removed."""


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of any size is treated as a large one."""
    monkeypatch.setattr(delta, "FROM", 1)


class City:
    """A dataset on the portal with the receipts that its publisher keeps."""

    def __init__(self, portal: CkanPortal, dataset: str, folder: Path) -> None:
        self.portal = portal
        self.dataset = dataset
        self.folder = folder
        self.releases = Releases(folder / "releases" / dataset)
        self.receipts = Receipts(folder / "receipts")
        self.table = resource_id(dataset, "stops.csv")

    def release(self, rows: list[dict[str, Any]], version: str, **more: Any) -> Release:
        """A release of that dataset."""
        return a_release(self.releases.folder, rows, dataset=self.dataset, version=version, **more)

    def shown(self) -> dict[str, Shown]:
        """What the last receipt says."""
        return self.receipts.shown(self.releases, self.dataset)

    def plan(self, release: Release) -> Plan:
        """A plan as the pipeline makes it."""
        return make_plan(release, self.portal, shown=self.shown())

    def apply(self, plan: Plan, release: Release, **how: Any) -> Receipt:
        """Apply it, and keep what a publisher keeps."""
        receipt = apply(plan, release, self.portal, Applying(pause=0.05, shown=self.shown(), **how))
        self.receipts.save(receipt)
        self.releases.mark_published(release)
        return receipt

    def publish(self, release: Release) -> Receipt:
        """Both."""
        return self.apply(self.plan(release), release)


@pytest.fixture
def sysadmin(portal_session: LocalPortal) -> CkanPortal:
    """The portal as its administrator sees it."""
    return CkanPortal(portal_session.url, Secret(portal_session.sysadmin_token), portal_session.organization, QUICK)


@pytest.fixture
def city(portal: CkanPortal, sysadmin: CkanPortal, dataset: str, folder: Path) -> City:
    """A dataset whose table was prepared, and published once."""
    prepare(sysadmin, {dataset: ["stops.csv"]})
    made = City(portal, dataset, folder)
    made.publish(made.release(FIRST, "1.0.0"))
    return made


@pytest.fixture
def unread(city: City, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tables that were read whole meanwhile."""
    read: list[str] = []
    dump = city.portal.dump

    def noted(table: str, target: Path) -> int:
        read.append(table)
        return dump(table, target)

    monkeypatch.setattr(city.portal, "dump", noted)
    return read


def raiser(error: Exception) -> Any:
    """A function that only raises it."""

    def fail(*_: object) -> None:
        raise error

    return fail


def rows_on(city: City) -> list[dict[str, Any]]:
    """The table as anybody gets it, by key, with the portal's numbers."""
    records = public(city.portal, "datastore_search", resource_id=city.table, limit=1_000)["records"]
    return sorted(records, key=lambda row: str(row["uid"]))


def test_the_portal_is_not_read_and_ends_equal(city: City, unread: list[str]) -> None:
    """Added, changed and removed rows; only those written are read back, and the receipt says so."""
    release = city.release(SECOND, "1.1.0")
    plan = city.plan(release)
    assert plan.tables[0].since
    assert plan.tables[0].rows.counts == (4, 5, 3)
    receipt = city.apply(plan, release)
    assert unread == []
    (table,) = receipt.tables
    assert (table.route, table.read_back, table.rows) == ("staging", "written", 31)
    assert make_plan(release, city.portal).kind == "nothing"  # reads the table whole
    assert unread == [city.table]
    assert drift(receipt, city.portal) == ()
    assert public(city.portal, "datastore_search", resource_id=city.table)["total"] == 31
    assert public(city.portal, "datastore_search", resource_id=city.table, q="перша")["total"] == 5
    assert public(city.portal, "datastore_search", resource_id=city.table, q="HM0001")["total"] == 0


def test_one_such_difference_follows_another(city: City, unread: list[str]) -> None:
    """Every one leaves what the next begins with; numbers of rows stay."""
    numbers = {row["uid"]: row["_id"] for row in rows_on(city)}
    for minor, rows in enumerate((SECOND, FIRST, [stop(n, platforms=str(n)) for n in range(30)]), start=1):
        receipt = city.publish(city.release(rows, f"1.{minor}.0"))
        assert receipt.tables[0].read_back == "written"
    assert unread == []
    now = {row["uid"]: row["_id"] for row in rows_on(city)}
    assert {uid: now[uid] for uid in ("HM0005", "HM0029")} == {uid: numbers[uid] for uid in ("HM0005", "HM0029")}
    assert make_plan(city.releases.published() or city.release([], "9.0.0"), city.portal).kind == "nothing"


@pytest.mark.parametrize("lost", [False, True], ids=["mark forgotten", "mark kept by a lost answer"])
def test_a_table_touched_since_is_found_before_anything_is_written(
    city: City, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    """A row changed by hand stops the run; the next plan reads the table and says what would happen to it.

    Where the request that takes the mark away is lost, the next run is stopped too, and the one after it goes on.
    """
    release = city.release(SECOND, "1.1.0")
    plan = city.plan(release)
    other = rows_on(city)[20]
    city.portal.update(city.table, [{"_id": other["_id"], "uid": other["uid"], "label": "вручну"}])
    before = rows_on(city)
    if lost:
        with monkeypatch.context() as patch:
            patch.setattr(city.portal, "delete", raiser(AnswerLost("lost")))
            with pytest.raises(PortalMoved, match="rows of stops"):
                city.apply(plan, release)
        assert rows_on(city) == before
        plan = city.plan(release)
    with pytest.raises(PortalMoved, match="rows of stops"):
        city.apply(plan, release)
    assert rows_on(city) == before
    again = city.plan(release)
    assert (again.tables[0].since, again.tables[0].rows.counts) == ("", (4, 6, 3))
    receipt = city.apply(again, release)
    assert receipt.tables[0].read_back == "whole"
    assert city.plan(city.release(FIRST, "1.2.0")).tables[0].since


FOREIGN = """
BEGIN
  UPDATE "{table}" SET label = 'РУКОЮ' WHERE uid = 'HM0020';
  PERFORM FROM "{table}" WHERE uid = 'HM0004' FOR UPDATE;
  FOR moment IN 1..200 LOOP
    EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted);
    PERFORM pg_sleep(0.1);
  END LOOP;
  RETURN NULL;
END;
"""
"""Another program's transaction that ends when somebody waits for it."""


def test_a_row_that_another_writes_meanwhile_is_not_taken_for_ours(
    city: City, sysadmin: CkanPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that began before ours and ends during it: ours waits, and the run stops instead of marking it."""
    sysadmin.transport.write(
        "datastore_function_create", name="foreign_hand", or_replace=True, rettype="trigger",
        definition=FOREIGN.replace("{table}", city.table),
    )  # fmt: skip
    other = sysadmin.transport.write(
        "datastore_create", resource={"package_id": city.dataset, "name": "other"},
        fields=[{"id": "a", "type": "text"}], triggers=[{"function": "foreign_hand"}],
    )["resource_id"]  # fmt: skip
    hand = threading.Thread(target=sysadmin.insert, args=(other, [{"a": "x"}]))
    insert = city.portal.insert

    def raced(table: str, rows: Any) -> None:
        if not hand.ident:
            hand.start()
            time.sleep(1)
        insert(table, rows)

    monkeypatch.setattr(city.portal, "insert", raced)
    release = city.release([stop(n, label="нова") if n == 4 else stop(n) for n in range(30)], "1.1.0")
    with pytest.raises(PortalMoved, match="rows of stops"):
        city.publish(release)
    hand.join()
    assert {row["label"] for row in rows_on(city)} >= {"РУКОЮ"}
    plan = city.plan(release)
    assert (plan.tables[0].since, plan.tables[0].rows.counts) == ("", (0, 2, 0))
    assert drift(city.apply(plan, release), city.portal) == ()


def test_a_column_that_was_dropped_and_made_again_is_noticed(city: City) -> None:
    """Its cells are gone, though no row was written and it looks as before."""
    live = city.portal.dataset(city.dataset, {"stops": city.table})
    assert live is not None
    table = live.tables[city.table]
    whole = [{"id": column.name, "type": column.type, "info": dict(column.info)} for column in table.columns]
    kept = [column for column in whole if column["id"] != "platforms"]
    city.portal.shape(city.table, aliases=[])
    city.portal.shape(city.table, fields=kept, delete_fields=True)
    city.portal.shape(city.table, fields=whole, aliases=list(table.aliases))
    release = city.release([stop(n, label="нова") if n == 4 else stop(n) for n in range(30)], "1.1.0")
    with pytest.raises(PortalMoved, match="rows of stops"):
        city.publish(release)
    receipt = city.publish(release)
    assert receipt.tables[0].read_back == "whole"
    assert [row["platforms"] for row in rows_on(city)] == [n % 4 for n in range(30)]
    assert drift(receipt, city.portal) == ()


def test_a_table_written_to_and_set_right_is_read_whole(city: City) -> None:
    """Somebody changed a row and changed it back: no harm, but the table is compared, not believed."""
    release = city.release(SECOND, "1.1.0")
    plan = city.plan(release)
    row = rows_on(city)[20]
    for label in ("вручну", row["label"]):
        city.portal.update(city.table, [{"_id": row["_id"], "uid": row["uid"], "label": label}])
    receipt = city.apply(plan, release)
    assert receipt.tables[0].read_back == "whole"
    assert make_plan(release, city.portal).kind == "nothing"


@pytest.mark.parametrize("how", ["lost", "twice"])
def test_a_request_whose_answer_is_lost_or_that_comes_twice_is_carried_out_once(
    city: City, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The state it asks for is gone after the first time."""
    insert, times = city.portal.insert, []

    def spoilt(table: str, rows: Any) -> None:
        insert(table, rows)
        if table == staging_id(city.table) and not times:
            times.append(table)
            if how == "lost":
                raise AnswerLost("lost")
            with pytest.raises(Refused, match="not as it was left"):
                insert(table, rows)

    monkeypatch.setattr(city.portal, "insert", spoilt)
    receipt = city.publish(city.release(SECOND, "1.1.0"))
    assert (times, receipt.tables[0].read_back) == ([staging_id(city.table)], "written")
    assert make_plan(city.release(SECOND, "1.1.0"), city.portal).kind == "nothing"


def test_a_request_that_never_arrived_is_sent_again(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark still names the release before."""
    insert, times = city.portal.insert, []

    def lost(table: str, rows: Any) -> None:
        times.append(table)
        if times.count(staging_id(city.table)) == 1:
            raise AnswerLost("lost")
        insert(table, rows)

    monkeypatch.setattr(city.portal, "insert", lost)
    assert city.publish(city.release(SECOND, "1.1.0")).tables[0].read_back == "written"
    assert times.count(staging_id(city.table)) == 2


def test_a_run_that_died_between_rows_and_switch_is_finished(city: City) -> None:
    """The rows are the new ones, files and hash the old: the next run reads the table and goes on."""
    release = city.release(SECOND, "1.1.0")

    def die(step: str) -> None:
        if step == "switch":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        city.apply(city.plan(release), release, step=die)
    assert len(rows_on(city)) == 31
    receipt = city.publish(release)
    assert (receipt.tables[0].read_back, receipt.tables[0].changed) == ("whole", 0)
    assert make_plan(release, city.portal).kind == "nothing"
    assert city.plan(city.release(FIRST, "1.2.0")).tables[0].since


def test_a_row_that_reads_back_otherwise_sends_the_run_over_the_whole_table(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written is compared cell by cell."""
    rows = city.portal.rows

    def other(table: str, numbers: Any, names: Any, target: Path) -> None:
        rows(table, numbers, names, target)
        target.write_text(target.read_text(encoding="utf-8").replace("Нова", "Стара", 1), encoding="utf-8")

    monkeypatch.setattr(city.portal, "rows", other)
    assert city.publish(city.release(SECOND, "1.1.0")).tables[0].read_back == "whole"
    assert city.portal.mark(city.table) is None


@pytest.mark.parametrize("why", ["another file", "no receipt", "an older function"])
def test_without_what_it_needs_the_table_is_read_whole(city: City, why: str) -> None:
    """The last release's file as it was published, its receipt, and a function that marks."""
    if why == "another file":
        published = city.releases.published()
        assert published is not None
        with published.tables[0].csv.path.open("a", encoding="utf-8") as stream:
            stream.write("\n")
    elif why == "no receipt":
        city.receipts = replace(city.receipts, folder=city.folder / "elsewhere")
    else:
        info = {"target": city.table, "version": "2"}
        fields = [{"id": "op", "type": "text", "info": info}, {"id": "payload", "type": "text"}]
        city.portal.shape(staging_id(city.table), fields=fields)
    plan = city.plan(city.release(SECOND, "1.1.0"))
    assert (plan.tables[0].since, plan.tables[0].rows.counts) == ("", (4, 5, 3))


def test_a_key_that_repeats_is_told_as_without_it(city: City) -> None:
    """The portal refuses the new row beside the one that stays; then the comparison says what is wrong."""
    release = city.release([*SECOND, stop(20, label="двічі")], "1.1.0")
    before = rows_on(city)
    with pytest.raises(PlanError, match="repeated in 1"):
        city.apply(city.plan(release), release)
    assert rows_on(city) == before


def test_a_key_of_several_columns_is_matched_whole(
    portal: CkanPortal, sysadmin: CkanPortal, dataset: str, folder: Path
) -> None:
    """With names that need quoting, numbers with their last zeros, moments and JSON in the rows."""
    prepare(sysadmin, {dataset: ["stops.csv"]})
    city = City(portal, dataset, folder)
    kinds = {"рік": "integer", "Вид «А»": "string", "сума": "number", "час": "datetime", "склад": "object"}
    schema = {"fields": [{"name": name, "type": kind} for name, kind in kinds.items()]}

    def row(year: int, kind: str, amount: str) -> dict[str, str]:
        cells = (str(year), kind, amount, "2026-10-01T10:00:00Z", json.dumps({"а": [amount]}, ensure_ascii=False))
        return dict(zip(kinds, cells, strict=True))

    shape = {"schema": schema, "key": ("рік", "Вид «А»")}
    city.publish(city.release([row(y, k, "1.50") for y in (1, 2) for k in "аб"], "1.0.0", **shape))
    rows = [row(1, "а", "1.50"), row(1, "б", "2.00"), row(2, "а", "1.5"), row(3, "в", "0.10")]
    receipt = city.publish(city.release(rows, "1.1.0", **shape))
    (table,) = receipt.tables
    assert (table.read_back, table.added, table.changed, table.removed) == ("written", 1, 2, 1)
    assert make_plan(city.release(rows, "1.1.0", **shape), portal).kind == "nothing"
    assert drift(receipt, portal) == ()


def test_a_wrong_step_by_key_rolls_everything_back(city: City) -> None:
    """A row that is not there, a state that is not the table's: nothing of the request stays."""
    before = rows_on(city)
    mark = city.portal.mark(city.table)
    assert mark is not None
    drop = {"op": "remove", "payload": json.dumps({"key": ["uid"], "rows": [{"uid": "HM0001"}]})}
    gone = {"op": "remove", "payload": json.dumps({"key": ["uid"], "rows": [{"uid": "HM9999"}]})}
    other = {"op": "change", "payload": json.dumps({"key": ["uid"], "rows": [{"uid": "HM9999", "label": "x"}]})}
    for wrong in (gone, other, {"op": "same", "payload": mark.state}, {"op": "same", "payload": ""}):
        with pytest.raises(Refused):
            city.portal.insert(staging_id(city.table), [drop, wrong])
        assert rows_on(city) == before
    city.portal.insert(staging_id(city.table), [{"op": "same", "payload": mark.state}])
    assert city.portal.mark(city.table) == mark
