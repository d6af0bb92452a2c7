"""A breaking change is announced ahead, on a real CKAN; the version's notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.publish.releases import STOPS, a_release, stop
from tests.publish.test_publication import public
from vidkryto.errors import PlanError
from vidkryto.plan.make import PlanSettings, anchor_id, make_plan
from vidkryto.plan.notes import NOTICE
from vidkryto.plan.render import as_text
from vidkryto.publish.announce import announce
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.portal import CkanPortal
from vidkryto.publish.receipt import Receipt
from vidkryto.publish.watch import drift
from vidkryto.release.value import Release

Publish = Callable[..., Receipt]
AHEAD = PlanSettings(notice_days=14)


def extras(portal: CkanPortal, dataset: str) -> dict[str, str]:
    """The dataset's extras as anybody sees them."""
    return {extra["key"]: extra["value"] for extra in public(portal, "package_show", id=dataset)["extras"]}


def without_routes(folder: Path, dataset: str) -> Release:
    """A release that lacks a field."""
    schema = {"fields": [field for field in STOPS["fields"] if field["name"] != "routes"]}
    return a_release(folder, [stop(n) for n in range(3)], dataset=dataset, version="2.0.0", schema=schema)


def announced(portal: CkanPortal, publish: Publish, dataset: str, folder: Path) -> Release:
    """The live release; that one of its fields goes is announced."""
    first = a_release(folder, [stop(n) for n in range(3)], dataset=dataset)
    publish(first)
    announce(make_plan(without_routes(folder, dataset), portal, AHEAD), portal)
    return first


def test_a_breaking_change_is_announced_and_waits_for_its_day(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """The announcement is metadata alone; it is made once, keeps its day, and goes when the change has come."""
    receipt = publish(a_release(folder, [stop(n) for n in range(3)], dataset=dataset))
    breaking = without_routes(folder, dataset)
    plan = make_plan(breaking, portal, AHEAD)
    day = datetime.now(UTC).date() + timedelta(days=14)
    assert plan.announcement is not None
    assert (plan.announcement.day, plan.early()) == (day, True)
    assert day.isoformat() in as_text(plan, "en")
    with pytest.raises(PlanError, match="users are told"):
        apply(plan, breaking, portal)

    assert announce(plan, portal)
    shown = extras(portal, dataset)
    assert shown["breaking_change_from"] == day.isoformat()
    assert "routes" in shown["breaking_change"]
    assert f"{day:%d.%m.%Y}" in shown["breaking_change"]
    assert "routes" in shown["breaking_change_en"]
    assert drift(receipt, portal) == ()
    again = make_plan(breaking, portal, AHEAD)
    assert not announce(again, portal)
    assert again.early()
    assert again.live == plan.live
    assert again.hash == plan.hash, "who approved the change approved it for its day"

    id_ = str(public(portal, "package_show", id=dataset)["id"])
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    portal.revise(id_, {}, fields={"extras": {**shown, "breaking_change_from": yesterday}})
    come = make_plan(breaking, portal, AHEAD)
    assert not come.early()
    apply(come, breaking, portal, Applying(pause=0.05))
    assert not any(name.startswith("breaking_change") for name in extras(portal, dataset))
    assert make_plan(breaking, portal, AHEAD).kind == "nothing"


def test_an_announcement_outlives_a_repair_and_goes_with_the_next_release(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """A repair with the live release leaves it; a release that breaks nothing takes it away."""
    first = announced(portal, publish, dataset, folder)
    assert make_plan(first, portal, AHEAD).kind == "nothing"
    id_ = str(public(portal, "package_show", id=dataset)["id"])
    portal.revise(id_, {}, fields={"title": "Чужа назва", "extras": {**extras(portal, dataset), "mandate": "?"}})
    publish(first)
    assert extras(portal, dataset)["mandate"] == "835/27"
    assert "breaking_change" in extras(portal, dataset)
    publish(a_release(folder, [stop(n) for n in range(4)], dataset=dataset, version="1.1.0"))
    assert "breaking_change" not in extras(portal, dataset)


def test_an_announcement_is_taken_back_when_the_change_will_not_come(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """The contract was put back: the pipeline builds the live release again, and one request takes the words away."""
    first = announced(portal, publish, dataset, folder)
    back = make_plan(first, portal, replace(AHEAD, take_back=True))
    assert (back.kind, {change.name for change in back.metadata}) == ("routine", {f"extras.{name}" for name in NOTICE})
    written = portal.written
    apply(back, first, portal, Applying(pause=0.05))
    assert portal.written - written == 2, "the lock, then the switch"
    assert not any(name.startswith("breaking_change") for name in extras(portal, dataset))
    assert make_plan(first, portal, replace(AHEAD, take_back=True)).kind == "nothing"


def test_a_routine_change_and_an_interrupted_run_wait_for_no_day(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Only what users' programs trip over is announced, and a run that was let through is finished at once."""
    publish(a_release(folder, [stop(n) for n in range(3)], dataset=dataset))
    rows = a_release(folder, [stop(n) for n in range(4)], dataset=dataset, version="1.1.0")
    assert make_plan(rows, portal, AHEAD).announcement is None
    package = public(portal, "package_show", id=dataset)
    left = "interrupted abc 2020-01-01T00:00:00+00:00"
    portal.revise(str(package["id"]), {}, resources={anchor_id(dataset): {"vidkryto_lock": left}})
    assert make_plan(without_routes(folder, dataset), portal, AHEAD).announcement is None


def test_the_version_says_what_it_changed(
    portal: CkanPortal, publish: Publish, dataset: str, folder: Path
) -> None:
    """Counts of rows by table, in both languages, with the dataset."""
    publish(a_release(folder, [stop(1)], dataset=dataset))
    changes = {"stops-changes.csv": b"change,uid\nadded,HM0002\nadded,HM0003\nremoved,HM0001\n"}
    publish(a_release(folder, [stop(2), stop(3)], dataset=dataset, version="1.1.0", extra=changes))
    shown = extras(portal, dataset)
    assert shown["version_notes"] == "stops: додано 2, вилучено 1"
    assert shown["version_notes_en"] == "stops: added 2, removed 1"
