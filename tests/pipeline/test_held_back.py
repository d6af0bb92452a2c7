"""A release that waits for its moment is approved before it and goes out at it; what died half way does not stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.pipeline.conftest import APPROVER, EXPORT, City
from tests.pipeline.test_pipeline import contract, live_rows
from tests.support.catalogue import write_catalogue
from vidkryto.clock import told_by
from vidkryto.pipeline import due_datasets
from vidkryto.pipeline.approving import approvals_of, decide, waiting_plan
from vidkryto.plan.make import make_plan
from vidkryto.publish.apply import Applying, apply
from vidkryto.publish.portal import CkanPortal
from vidkryto.release import Releases

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # raised inside GX
NOW = datetime.now(UTC).replace(microsecond=0)
MOMENT = NOW + timedelta(days=40)
MORE = EXPORT + "4;Озерна;49,4400;26,9400;01.02.2022\n"
WRONG = EXPORT.replace("01.09.2020", "колись")


def at(moment: datetime) -> Any:
    """Let it be that moment."""
    return told_by(lambda: moment)


def names(city: City) -> list[str]:
    """The datasets that are due."""
    return [dataset.name for dataset in due_datasets(city.settings)]


def portal_of(city: City) -> CkanPortal:
    """The city's portal."""
    return CkanPortal(city.settings.ckan_url, city.settings.ckan_token, "khmelnytskyi")


def test_an_embargoed_release_is_approved_ahead_and_goes_out_at_its_moment(make_city: Callable[..., City]) -> None:
    """Asked ahead, though an embargo may outlast an approval; due at the moment, not a month later."""
    schedule = {"cron": "30 4 1 * *"}
    city = make_city("held-embargo", contract(approval={"first": "required"}, embargo=MOMENT, schedule=schedule))
    city.export(EXPORT)
    asked = city.run()
    plan = waiting_plan(asked)
    assert plan
    decide(approvals_of(city.settings), city.settings, plan, APPROVER)
    held = city.run()
    assert (held.outcome, held.not_before) == ("Withheld", MOMENT.isoformat())
    assert held.reason is not None
    assert held.reason.en.startswith("embargo until")
    with at(MOMENT - timedelta(minutes=1)):
        assert city.run().not_before == MOMENT.isoformat()
        assert names(city) == []
    with at(MOMENT):
        assert names(city) == ["held-embargo"]
        assert city.run().outcome == "Published"
        assert names(city) == []


def test_a_breaking_change_is_announced_once_a_person_agreed_and_comes_on_its_day(
    make_city: Callable[..., City],
) -> None:
    """Nothing is told to the public before; one approval serves for its day; a change taken back takes its words."""
    made = contract(notice="20d", schedule={"cron": "30 4 1 1 *"})
    city = make_city("held-notice", made)
    city.export(EXPORT)
    assert city.run().outcome == "Published"

    def extras() -> dict[str, str]:
        shown = portal_of(city).transport.read("package_show", id="held-notice")
        return {extra["key"]: extra["value"] for extra in shown["extras"]}

    changed = {**contract(notice="20d", schedule={"cron": "30 4 1 1 *"}), "name": "held-notice"}
    fields = changed["resources"][0]["schema"]["fields"]
    changed["resources"][0]["schema"]["fields"] = [field for field in fields if field["name"] != "opened"]
    changed["resources"][0]["reading"] = {
        **changed["resources"][0]["reading"],
        "fields": {name: how for name, how in changed["resources"][0]["reading"]["fields"].items() if name != "opened"},
        "ignore": ["opened"],
    }
    changed["publication"]["columns"].pop("opened")
    write_catalogue(city.root, changed)
    asked = city.run()
    plan = waiting_plan(asked)
    assert plan, asked.reason
    assert not any(name.startswith("breaking_change") for name in extras())
    decide(approvals_of(city.settings), city.settings, plan, APPROVER)
    told = city.run()
    assert told.reason is not None
    assert told.reason.en.startswith("users are told")
    assert "opened" in extras()["breaking_change"]
    day = datetime.fromisoformat(told.not_before)
    assert day.date() == NOW.date() + timedelta(days=20)

    write_catalogue(city.root, {**made, "name": "held-notice"})
    assert city.run().outcome == "Published"
    assert not any(name.startswith("breaking_change") for name in extras())

    write_catalogue(city.root, changed)
    again = city.run()
    assert again.reason is not None
    assert again.reason.en.startswith("users are told"), "the approval of this very change still holds"
    with at(day - timedelta(minutes=1)):
        assert names(city) == []
    with at(day):
        assert names(city) == ["held-notice"]
        assert city.run().outcome == "Published"
    assert not any(name.startswith("breaking_change") for name in extras())


def test_rows_of_a_run_that_died_do_not_stay_when_the_next_export_is_wrong(make_city: Callable[..., City]) -> None:
    """The last release is put back whole; the lock of the dead run is gone."""
    city = make_city("held-half", contract())
    city.export(EXPORT)
    assert city.run().outcome == "Published"
    whole = live_rows(city)
    city.export(MORE)

    class Death(Exception):
        """The process ends here."""

    def dies(step: str) -> None:
        if step == "switch":
            raise Death

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "vidkryto.pipeline.going_out.apply",
            lambda plan, release, portal, how: apply(plan, release, portal, Applying(step=dies, shown=how.shown)),
        )
        assert city.run().outcome == "Failed"
    assert len(live_rows(city)) == len(whole) + 1
    city.export(WRONG)
    assert city.run().outcome == "Withheld"
    assert live_rows(city) == whole
    live = Releases(city.settings.home / "releases" / "held-half").published()
    assert live is not None
    assert make_plan(live, portal_of(city)).kind == "nothing"
